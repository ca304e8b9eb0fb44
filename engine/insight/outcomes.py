"""The outcomes that the company looks for: named, changed and retired by people, and asked for inside a statement."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.conditions.expressions import json_text
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.plan.sql import plus_days
from engine.record.event_kinds import EVENT_KINDS, RETRACTED
from engine.record.last_correction import last_correction
from engine.storage.models import Event, Outcome, Person
from engine.storage.models.outcome import LONGEST_DAYS

MAY_NAME = "marketing"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Terms:
    """What an outcome says. `property` and `value` filter the events, or are both empty."""

    name: str
    event: str
    within_days: int
    good: bool
    property: str = ""
    value: str = ""

    def checked(self) -> dict[str, Any]:
        """As it is stored. Raises InvalidInput with what to mend."""
        name, event = " ".join(self.name.split()), self.event.strip()
        prop, value = self.property.strip(), self.value.strip()
        if not 3 <= len(name) <= _LONGEST:
            raise InvalidInput(f"name: give it a name of 3 to {_LONGEST} letters, such as Repeat purchase.")
        if not _NAME.fullmatch(event):
            raise InvalidInput("event: write the event's name as it is recorded, such as order_completed.")
        if not 1 <= self.within_days <= LONGEST_DAYS:
            raise InvalidInput(f"within_days: 1 to {LONGEST_DAYS} days.")
        if bool(prop) != bool(value):
            raise InvalidInput("property: a filter needs both, the property and what it says.")
        if prop and not _NAME.fullmatch(prop):
            raise InvalidInput("property: write it as it is recorded, such as plan.")
        if len(value) > _LONGEST:
            raise InvalidInput(f"value: at most {_LONGEST} letters.")
        told = {"name": name, "event": event, "within_days": self.within_days, "good": self.good}
        return told | {"property": prop or None, "value": value or None}


def outcomes(session: Session, *, retired: bool = False) -> Sequence[Outcome]:
    """Those that are looked for, by name; with the retired ones at the end where they are wanted."""
    query = select(Outcome).order_by(Outcome.retired_at.is_not(None), Outcome.name)
    return session.scalars(query if retired else query.where(Outcome.retired_at.is_(None))).all()


def outcome(session: Session, outcome_id: UUID) -> Outcome:
    """One of them. Raises NotFound."""
    found = session.get(Outcome, outcome_id)
    if found is None:
        raise NotFound("There is no such outcome.")
    return found


def add_outcome(session: Session, terms: Terms, *, person: Person, now: datetime) -> Outcome:
    """Look for one more."""
    require(person, MAY_NAME)
    made = Outcome(created_at=now, **terms.checked())
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise Conflict(f"name: there is an outcome {made.name} already, perhaps a retired one.") from error
    record(session, Doer(person.name, person.id), "add_outcome", made, now=now, **terms.checked())
    return made


def change_outcome(
    session: Session, outcome_id: UUID, terms: Terms, *, version: int, person: Person, now: datetime
) -> None:
    """Say it otherwise: what was counted before is counted anew. Raises Conflict where somebody else was quicker."""
    require(person, MAY_NAME)
    kept = outcome(session, outcome_id)
    values = terms.checked()
    try:
        with session.begin_nested():
            _update(session, kept, version, values)
    except IntegrityError as error:
        raise Conflict(f"name: there is an outcome {values['name']} already, perhaps a retired one.") from error
    record(session, Doer(person.name, person.id), "change_outcome", kept, now=now, **values)


def retire_outcome(session: Session, outcome_id: UUID, *, version: int, person: Person, now: datetime) -> None:
    """Look for it no more; or again, where it was retired."""
    require(person, MAY_NAME)
    kept = outcome(session, outcome_id)
    back = kept.retired_at is not None
    _update(session, kept, version, {"retired_at": None if back else now})
    what = "bring_back_outcome" if back else "retire_outcome"
    record(session, Doer(person.name, person.id), what, kept, now=now, name=kept.name)


def happened(wanted: Outcome, customer_id: Any, day: Any, after: Any) -> ColumnElement[bool]:
    """Whether it happened to this customer from that day on, and later than the event that made the moment.

    Days are the customer's own. A retracted event did not happen; an amended property counts as amended.
    """
    said = [Event.name == wanted.event]
    if wanted.property is not None:
        told = func.coalesce(
            last_correction(json_text, "properties", wanted.property), json_text(Event.properties, wanted.property)
        )
        said.append(told == wanted.value)
    return (
        select(Event.id)
        .where(
            Event.customer_id == customer_id,
            *said,
            Event.occurred_on.between(day, plus_days(day, wanted.within_days)),
            (Event.occurred_at > after) | after.is_(None),
            func.coalesce(last_correction(None), "") != RETRACTED,
        )
        .exists()
    )


def known_events(session: Session) -> list[str]:
    """Names to choose from: those that Jubilee knows, and those that outcomes use."""
    used = session.scalars(select(Outcome.event).distinct())
    return sorted({name for name in EVENT_KINDS if not name.startswith("event_")} | set(used))


def _update(session: Session, kept: Outcome, version: int, values: dict[str, Any]) -> None:
    changed = session.execute(
        update(Outcome)
        .where(and_(Outcome.id == kept.id, Outcome.version == version))
        .values(**values, version=Outcome.version + 1)
        .returning(Outcome.id)
    ).all()
    if not changed:
        raise Conflict("Somebody else changed this outcome in the meantime. Look at it again.")
    session.refresh(kept)
