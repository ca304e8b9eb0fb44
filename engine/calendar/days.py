"""Sensitive days as people write them down, change them, and take them away."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.calendar.countries import country_code
from engine.dates.sensitive import Effect
from engine.dates.workdays import knows_holidays
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.plan.times import forget_times
from engine.storage.models import Person, SensitiveDay
from engine.unseen import unseen_in

ROLE = "marketing"
FAMILIES = ("celebrate", "reassure", "recover")
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class WantedDay:
    """A sensitive day as a person writes it down. Exactly one of `on`, `month_day` and `holiday` says when."""

    name: str
    effect: Effect = "hold"
    families: Sequence[str] = ("celebrate",)
    occasions: Sequence[str] = ()
    countries: Sequence[str] = ()
    on: date | None = None
    month_day: tuple[int, int] | None = None
    holiday: str | None = None
    source: str | None = None
    active: bool = True

    def columns(self) -> dict[str, object]:
        """As it is stored. Raises InvalidInput with what is to be mended."""
        name = " ".join(self.name.split())
        if not 1 <= len(name) <= _LONGEST:
            raise InvalidInput(f"Give the day a name of up to {_LONGEST} characters.")
        if said := unseen_in(name):
            raise InvalidInput(f"In the name {said}.")
        if sum(one is not None for one in (self.on, self.month_day, self.holiday)) != 1:
            raise InvalidInput("Say when it is: once, every year, or with a public holiday.")
        if not self.families or set(self.families) - set(FAMILIES):
            raise InvalidInput("Choose what is to wait on that day.")
        if self.effect not in ("hold", "shift"):
            raise InvalidInput("Choose whether messages wait, or are planned for the next day.")
        month, day = self.month_day or (None, None)
        if month is not None and day is not None:
            _check_day(month, day)
        countries = sorted({country_code(one) or one.strip() for one in self.countries if one.strip()})
        if unknown := [one for one in countries if country_code(one) is None]:
            raise InvalidInput(f"“{unknown[0]}” is no country: write its name or two letters, such as Germany or DE.")
        if self.holiday is not None and (strange := [one for one in countries if not knows_holidays(one)]):
            raise InvalidInput(f"No calendar of holidays is known for {strange[0]}.")
        return {
            **{"name": name, "effect": self.effect, "on_date": self.on, "month": month, "day": day},
            **{"holiday": self.holiday, "countries": countries, "occasions": sorted(set(self.occasions))},
            "families": [family for family in FAMILIES if family in self.families],
            **{"source": (self.source or "").strip() or None, "active": self.active},
        }


def add_day(session: Session, wanted: WantedDay, *, person: Person, now: datetime) -> SensitiveDay:
    """Write one down; send times that fall on it are worked out again by the next round."""
    require(person, ROLE)
    day = SensitiveDay(**wanted.columns(), created_at=now, changed_at=now, created_by=person.id)
    session.add(day)
    session.flush()
    record(session, Doer(person.name, person.id), "add_sensitive_day", day, now=now, name=day.name)
    forget_times(session)
    return day


def change_day(
    session: Session, day_id: uuid.UUID, wanted: WantedDay, *, version: int, person: Person, now: datetime
) -> None:
    """Change it, or switch it on or off. Raises Conflict where somebody else did so meanwhile."""
    require(person, ROLE)
    day = _stored(session, day_id, version)
    columns = wanted.columns()
    detail = {name: value for name, value in columns.items() if getattr(day, name) != value and name != "on_date"}
    for name, value in columns.items():
        setattr(day, name, value)
    day.changed_at, day.version = now, version + 1
    record(session, Doer(person.name, person.id), "change_sensitive_day", day, now=now, **({"name": day.name} | detail))
    forget_times(session)


def remove_day(session: Session, day_id: uuid.UUID, *, version: int, person: Person, now: datetime) -> None:
    """Take it away for good. A backtest does not know of it any more; switched off, it does not either."""
    require(person, ROLE)
    day = _stored(session, day_id, version)
    record(session, Doer(person.name, person.id), "remove_sensitive_day", day, now=now, name=day.name)
    session.execute(delete(SensitiveDay).where(SensitiveDay.id == day_id))
    forget_times(session)


def _stored(session: Session, day_id: uuid.UUID, version: int) -> SensitiveDay:
    day = session.scalar(select(SensitiveDay).where(SensitiveDay.id == day_id).with_for_update())
    if day is None:
        raise NotFound("There is no such day any more.")
    if day.version != version:
        raise Conflict("Somebody else has changed this day meanwhile. Look at it as it is now, and change it then.")
    return day


def _check_day(month: int, day: int) -> None:
    try:
        date(2000, month, day)  # a leap year, so that 29 February is a day
    except ValueError:
        raise InvalidInput(f"There is no day {day} in that month.") from None
