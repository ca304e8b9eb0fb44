"""Makes up who the sample's customers are. Names, addresses, birthdays and consents are invented, and say so.

Everything follows from the customer's number, so that two runs make the same people.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from faker import Faker

from engine.record.customers import ConsentRow, CustomerRow, PreferenceRow

MADE_UP = "sample, made up"


@dataclass(frozen=True)
class Home:
    """A locale, a country and a time zone that go together, and how many in a hundred live so."""

    locale: str
    country: str
    zone: str
    share: int
    names: str


HOMES = (
    Home("en-US", "US", "America/New_York", 36, "en_US"),
    Home("en-US", "US", "America/Chicago", 22, "en_US"),
    Home("en-US", "US", "America/Denver", 6, "en_US"),
    Home("en-US", "US", "America/Los_Angeles", 20, "en_US"),
    Home("en-GB", "GB", "Europe/London", 5, "en_GB"),
    Home("de-DE", "DE", "Europe/Berlin", 6, "de_DE"),
    Home("es-ES", "ES", "Europe/Madrid", 5, "es_ES"),
)
SHARES = [home.share for home in HOMES]


class People:
    """Makes customers by their number."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._names = {home.names: Faker(home.names) for home in HOMES}

    def make(self, customer: str) -> CustomerRow:
        """The person with this number."""
        dice = _dice(customer)
        home = _home(dice)
        faker = self._names[home.names]
        faker.seed_instance(int(customer))
        first, last = faker.first_name(), faker.last_name()
        return CustomerRow(
            external_id=customer,
            # Some people never told us their name: their drafts must stop and ask, not say "Dear ,".
            first_name=None if dice.random() < 0.01 else first,
            last_name=last,
            locale=home.locale,
            country=home.country,
            zone=home.zone,
            traits={"made_up": "name, address, birthday, consent"},
            dates=_birthday(dice, self._today),
            contacts={"email": f"customer{customer}@example.com"},
            consents=_consents(dice, self._today),
            preferences=_preferences(dice),
            closed=dice.random() < 0.005,
            deceased=dice.random() < 0.001,
        )


def language_of(customer: str) -> str:
    """The language that the person with this number speaks: en, de, es."""
    return _home(_dice(customer)).locale.partition("-")[0]


def _dice(customer: str) -> random.Random:
    return random.Random(int(customer))  # noqa: S311 - made data, not a secret


def _home(dice: random.Random) -> Home:
    return dice.choices(HOMES, SHARES)[0]


def _birthday(dice: random.Random, today: date) -> dict[str, str]:
    """One in six has told us a birthday; some without the year, a few as a form's placeholder."""
    if dice.random() > 1 / 6:
        return {}
    born = today - timedelta(days=dice.randint(20 * 365, 75 * 365))
    if dice.random() < 0.03:
        return {"birthday": "1900-01-01"}
    if dice.random() < 0.2:
        return {"birthday": f"--{born:%m-%d}"}
    return {"birthday": born.isoformat()}


def _consents(dice: random.Random, today: date) -> tuple[ConsentRow, ...]:
    """More than half agreed to hear from us, some said no, and of the others nobody ever asked."""
    chance = dice.random()
    if chance > 0.65:
        return ()
    since = datetime.combine(today - timedelta(days=400), time(9), UTC)
    return (ConsentRow("refused" if chance > 0.55 else "granted", source=MADE_UP, given_at=since),)


def _preferences(dice: random.Random) -> tuple[PreferenceRow, ...]:
    """A few do not want to be greeted on their birthday."""
    return (PreferenceRow("birthday", wanted=False),) if dice.random() < 0.03 else ()
