"""Sensitive days: on which dates they are, where, and what they leave of a message's hours."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from engine.dates.hours import hours_for
from engine.dates.openings import Intent, is_open, slots, spoiled_by
from engine.dates.sensitive import SENSITIVE_DAY, DayRule
from engine.dates.windows import Window

CELEBRATE = ("celebrate",)


def rule(**fields: object) -> DayRule:
    return DayRule("a day", fields.pop("effect", "hold"), CELEBRATE, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "on", "country", "is_so"),
    [
        (rule(on=date(2026, 6, 10)), date(2026, 6, 10), None, True),
        (rule(on=date(2026, 6, 10)), date(2027, 6, 10), None, False),
        (rule(month_day=(9, 11), countries=("US",)), date(2026, 9, 11), "US", True),
        (rule(month_day=(9, 11), countries=("US",)), date(2031, 9, 11), "US", True),
        (rule(month_day=(9, 11), countries=("US",)), date(2026, 9, 11), "US-TX", True),
        (rule(month_day=(9, 11), countries=("US",)), date(2026, 9, 11), "DE", False),
        (rule(month_day=(9, 11), countries=("US",)), date(2026, 9, 11), None, False),
        # 29 February is 28 February in a year without one, and never dropped.
        (rule(month_day=(2, 29)), date(2024, 2, 29), None, True),
        (rule(month_day=(2, 29)), date(2024, 2, 28), None, False),
        (rule(month_day=(2, 29)), date(2026, 2, 28), None, True),
        (rule(month_day=(2, 28)), date(2024, 2, 28), None, True),
        # Good Friday was on 3 April 2026 and is on 26 March 2027; Germany has it, France (without Alsace) has not.
        (rule(holiday="Good Friday"), date(2026, 4, 3), "DE", True),
        (rule(holiday="Good Friday"), date(2027, 3, 26), "DE", True),
        (rule(holiday="Good Friday"), date(2026, 4, 4), "DE", False),
        (rule(holiday="Good Friday"), date(2026, 4, 3), "FR", False),
        (rule(holiday="Good Friday"), date(2026, 4, 3), None, False),
        (rule(holiday="Good Friday", countries=("GB",)), date(2026, 4, 3), "DE", False),
    ],
)
def test_when_and_where_it_is(one: DayRule, on: date, country: str | None, is_so: bool) -> None:
    """Once, every year, or with a holiday of the country that has it."""
    assert one.is_on(on, country) is is_so


def test_it_speaks_of_its_families_and_occasions() -> None:
    """Of no occasions means of all."""
    some = DayRule("a day", "hold", ("celebrate", "recover"), occasions=("birthday",), on=date(2026, 6, 10))
    assert some.speaks_of("celebrate", "birthday")
    assert not some.speaks_of("celebrate", "anniversary")
    assert not some.speaks_of("reassure", "birthday")
    assert rule(on=date(2026, 6, 10)).speaks_of("celebrate", "anything")


@pytest.mark.parametrize(
    ("zone", "country", "window", "first"),
    [
        # The day is 10 June everywhere; the window of 9 to 11 is the customers' own.
        ("Europe/Berlin", "DE", Window(time(9), time(11)), datetime(2026, 6, 11, 7, tzinfo=UTC)),
        # Across the date line from each other: there 10 June is over a day apart.
        ("Pacific/Kiritimati", "KI", Window(time(9), time(11)), datetime(2026, 6, 10, 19, tzinfo=UTC)),
        ("Pacific/Pago_Pago", "AS", Window(time(9), time(11)), datetime(2026, 6, 11, 20, tzinfo=UTC)),
        # A window over midnight keeps what of it is not on the day itself.
        ("Europe/Berlin", "DE", Window(time(22), time(2)), datetime(2026, 6, 10, 22, tzinfo=UTC)),
    ],
)
def test_a_shift_leaves_no_opening_of_the_day(zone: str, country: str, window: Window, first: datetime) -> None:
    """What would go on it is planned for the next day that is permitted, by the customer's own date."""
    closed = (rule(on=date(2026, 6, 10), effect="shift"),)
    hours = hours_for("email", country=country, region=None, zone_guessed=False, quiet=None, closed=closed)
    wish = Intent(date(2026, 6, 10), window, zone, datetime(2026, 6, 14, tzinfo=UTC), hours)
    assert next(slots(wish, after=datetime(2026, 6, 9, tzinfo=UTC))).at == first


@pytest.mark.parametrize("on", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_on_which_the_clocks_change_is_closed_from_its_first_minute_to_its_last(on: date) -> None:
    """23 or 25 hours long: any time is open the minute before and after it, and none between."""
    hours = hours_for(
        "email", country="DE", region=None, zone_guessed=False, quiet=None, closed=(rule(on=on, effect="shift"),)
    )
    wish = Intent(
        on - timedelta(days=2), Window(time(0), time(0)), "Europe/Berlin", datetime(2027, 1, 1, tzinfo=UTC), hours
    )
    midnight = datetime.combine(on, time(), UTC)
    shut = [at for at in (midnight + timedelta(minutes=30 * n) for n in range(-8, 60)) if not is_open(wish, now=at)]
    assert (shut[-1] - shut[0]) + timedelta(minutes=30) == timedelta(hours=23 if on.month == 3 else 25)
    assert shut == [shut[0] + timedelta(minutes=30 * n) for n in range(len(shut))]


def test_where_it_took_the_last_day_it_is_the_reason() -> None:
    """By the name under which people find it."""
    hours = hours_for(
        "email", country=None, region=None, zone_guessed=False, quiet=None,
        closed=(rule(on=date(2026, 6, 10), effect="shift"),),
    )  # fmt: skip
    wish = Intent(date(2026, 6, 10), Window(time(9), time(11)), "UTC", datetime(2026, 6, 11, tzinfo=UTC), hours)
    assert list(slots(wish, after=datetime(2026, 6, 9, tzinfo=UTC))) == []
    assert spoiled_by(wish, after=datetime(2026, 6, 9, tzinfo=UTC)) == SENSITIVE_DAY
