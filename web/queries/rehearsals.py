"""The runs that are kept, as their list shows them, and the triggers that may be tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definition_of
from engine.errors import NotFound
from engine.storage.models import Person, Rehearsal, Trigger, TriggerVersion

SHOWN = 50


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run, with the first two numbers of what it found."""

    id: UUID
    mode: str
    names: Sequence[str]
    first_on: date
    last_on: date
    state: str
    progress: int
    asked_by: str
    asked_at: datetime
    spotted: int | None
    sent: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trigger that may be tried, with its newest version."""

    name: str
    title: str
    state: str
    version: int


def runs(session: Session, *, limit: int = SHOWN) -> list[RunLine]:
    """The newest first."""
    columns = (Rehearsal.id, Rehearsal.mode, Rehearsal.names, Rehearsal.first_on, Rehearsal.last_on)
    first = Rehearsal.result["triggers"][0]  # read by the database: a result of years is long
    found = (first["spotted"].as_integer(), first["sent"].as_integer())
    query = select(*columns, Rehearsal.state, Rehearsal.progress, Person.name, Rehearsal.asked_at, *found)
    rows = session.execute(
        query.join(Person, Person.id == Rehearsal.asked_by).order_by(Rehearsal.id.desc()).limit(limit)
    )
    return [RunLine(row[0], row[1], row[2].split(), *row[3:]) for row in rows]


def ahead_of(session: Session, rehearsal: Rehearsal) -> int:
    """How many have their turn before this one."""
    earlier = (Rehearsal.state == "waiting") & (Rehearsal.id < rehearsal.id)
    before = select(func.count()).select_from(Rehearsal).where((Rehearsal.state == "running") | earlier)
    return session.scalar(before) or 0


def candidates(session: Session) -> list[Candidate]:
    """All but the retired ones, by name. One statement, however many there are."""
    numbers = select(TriggerVersion.trigger_id, func.max(TriggerVersion.number).label("number"))
    newest = numbers.group_by(TriggerVersion.trigger_id).subquery("newest")
    rows = session.execute(
        select(Trigger.name, TriggerVersion.definition, Trigger.state, TriggerVersion.number)
        .join(newest, newest.c.trigger_id == Trigger.id)
        .join(TriggerVersion, (TriggerVersion.trigger_id == Trigger.id) & (TriggerVersion.number == newest.c.number))
        .where(Trigger.state != "retired")
        .order_by(Trigger.name)
    )
    return [Candidate(name, values.get("title", name), state, number) for name, values, state, number in rows]


def version_named(session: Session, trigger: str, version: int | None) -> TriggerDefinition:
    """This version of a trigger, or its newest. Raises NotFound, and InvalidDefinition where it no longer reads."""
    query = select(TriggerVersion.id).join(Trigger, Trigger.id == TriggerVersion.trigger_id)
    query = query.where(Trigger.name == trigger).order_by(TriggerVersion.number.desc()).limit(1)
    if version is not None:
        query = query.where(TriggerVersion.number == version)
    found = session.scalar(query)
    if found is None:
        which = f"version {version} of a trigger" if version is not None else "trigger"
        raise NotFound(f"There is no {which} {trigger!r}.")
    return definition_of(session, found)
