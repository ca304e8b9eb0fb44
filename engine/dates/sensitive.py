"""Sensitive days: on which local dates of a customer a celebration would hurt, and what is done about it. Pure.

`hold`: what would go on such a day waits until it is over. `shift`: such a day has no opening, so that everything is
planned for the next one that is permitted. Both only while there is time before the expiry.
"""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Literal

from engine.dates.homes import lives_in
from engine.dates.workdays import holidays_of

Effect = Literal["hold", "shift"]
SENSITIVE_DAY = "sensitive_day"
_ONE_DAY = timedelta(days=1)
_LEAP_DAY, _INSTEAD = (2, 29), (2, 28)


@dataclass(frozen=True, slots=True)
class DayRule:
    """One sensitive day: once `on`, every year (`month_day`), or with the `holiday` of this name where there is one.

    Without `countries` it is one everywhere, except that a holiday is only where its calendar has it; of no `occasions`
    means of all.
    """

    name: str
    effect: Effect
    families: tuple[str, ...]
    occasions: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    on: date | None = None
    month_day: tuple[int, int] | None = None
    holiday: str | None = None

    @property
    def speaks_to(self) -> Iterator[tuple[str, str]]:
        """Each family with each occasion that it is a matter of; "" means all."""
        return product(self.families, self.occasions or ("",))

    def speaks_of(self, family: str, occasion: str) -> bool:
        """Whether it is a matter of messages like this."""
        return family in self.families and (not self.occasions or occasion in self.occasions)

    def is_on(self, on: date, country: str | None) -> bool:
        """Whether this local date of somebody who lives there is such a day."""
        if self.countries and not any(lives_in(place, country) for place in self.countries):
            return False
        if self.on is not None:
            return on == self.on
        if self.month_day is not None:
            return (on.month, on.day) == _of_year(self.month_day, on.year)
        return country is not None and self.holiday in holidays_of(country, on.year).get(on, ())

    def dates(self, first: date, last: date, country: str | None) -> Iterator[date]:
        """Those of these days, both included, that are such days there."""
        days = (first + n * _ONE_DAY for n in range((last - first).days + 1))
        return (day for day in days if self.is_on(day, country))


def _of_year(month_day: tuple[int, int], year: int) -> tuple[int, int]:
    """29 February is 28 February in a year without one: it is never dropped."""
    return _INSTEAD if month_day == _LEAP_DAY and not isleap(year) else month_day
