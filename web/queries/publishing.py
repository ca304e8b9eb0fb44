"""What somebody who publishes should know: what the runs of exactly this version found, and what pulls the brake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.backtest.kept import OPEN, RunWarning, latest_rehearsal, result_of, says_the_same, warnings_of
from engine.backtest.results import TriggerResult
from engine.definitions.publishing import asked
from engine.definitions.schema import Brake, TriggerDefinition
from engine.definitions.store import definitions_of
from engine.plan.brake import plausible
from engine.record.event_kinds import EVENT_KINDS
from engine.storage.models import CustomerDate, Event, Person, Publication, Rehearsal, Trigger
from triggers.overlap import overlap_words, overlaps
from web.queries.suggestions import events_of

LATELY = 10_000
waits_for_second = asked


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The latest run of one mode. `exact`: it was of exactly this version; of another one nothing is told."""

    rehearsal: Rehearsal
    exact: bool
    warnings: Sequence[RunWarning] = ()
    found: TriggerResult | None = None


@dataclass(frozen=True, slots=True)
class BrakeForecast:
    """What is expected, and what would pull the brake: the ceiling always, the other limit once a day is usual."""

    per_day: float
    most: int
    limit: float
    ceiling: int
    pulled: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers that a version was published with."""

    answers: Mapping[str, str]
    publication: Publication
    asked_by: str
    settled_by: str


def rehearsed(
    session: Session, definition: TriggerDefinition, mode: Literal["backtest", "forecast"]
) -> Rehearsed | None:
    """The latest run that is done; None where there was none of this trigger."""
    rehearsal = latest_rehearsal(session, definition.name, mode=mode)
    if rehearsal is None:
        return None
    result = result_of(session, rehearsal) if says_the_same(rehearsal, definition) else None
    if result is None:
        return Rehearsed(rehearsal, exact=False)
    found = next((one for one in result.triggers if one.name == definition.name), None)
    return Rehearsed(rehearsal, exact=True, warnings=warnings_of(result), found=found)


def under_way(
    session: Session, definition: TriggerDefinition, mode: Literal["backtest", "forecast"]
) -> Rehearsal | None:
    """A run of exactly this version that waits or runs."""
    about = Rehearsal.names.contains(f" {definition.name} ", autoescape=True)
    found = session.scalars(select(Rehearsal).where(Rehearsal.mode == mode, Rehearsal.state.in_(OPEN), about))
    return next((one for one in found if says_the_same(one, definition)), None)


def overlapping(session: Session, definition: TriggerDefinition) -> list[str]:
    """What to know of each other trigger, live or watching, that speaks of the same."""
    others = session.scalars(select(Trigger.version_id).where(Trigger.state.in_(("active", "shadow"))))
    known = definitions_of(session, [one for one in others if one]).values()
    return [overlap_words(definition, one) for one in known if overlaps(definition, one)]


def nobody_has(session: Session, definition: TriggerDefinition) -> str:
    """The date that it looks for, where no customer has one of this name yet; else nothing."""
    of = definition.params.get("of")
    name = of.get("date") if isinstance(of, Mapping) else None
    if not name or session.scalar(select(exists().where(CustomerDate.name == name))):
        return ""
    return str(name)


def unheard(session: Session, definition: TriggerDefinition) -> Sequence[str]:
    """The events that it looks for, of names that neither Jubilee knows nor any of the last LATELY events has.

    No index of the events begins with their names, and looking through all of them would take too long for a page.
    """
    lately = select(Event.name).order_by(Event.id.desc()).limit(LATELY).subquery()
    names = sorted(events_of(definition) - set(EVENT_KINDS))
    return [name for name in names if not session.scalar(select(exists().where(lately.c.name == name)))]


def brake_forecast(run: Rehearsed | None, brake: Brake) -> BrakeForecast | None:
    """From a forecast of exactly this version; None without one."""
    if run is None or run.found is None or not run.found.days:
        return None
    a_day = [day.sent + day.stopped + day.control for day in run.found.days]
    per_day = run.found.spotted / len(a_day)
    pulled = [f"{day.on.isoformat()}: {day.reason}" for day in run.found.brake]
    return BrakeForecast(per_day, max(a_day), plausible(per_day, brake), brake.daily_ceiling, pulled)


def answers_of(session: Session, trigger: Trigger, version_id: UUID | None) -> Answered | None:
    """What was answered when this version was last put in force."""
    publication = session.scalar(
        select(Publication)
        .where(Publication.trigger_id == trigger.id, Publication.version_id == version_id, Publication.state == "done")
        .order_by(Publication.settled_at.desc(), Publication.id.desc())
        .limit(1)
    )
    if publication is None:
        return None
    names = [session.get(Person, one) for one in (publication.asked_by, publication.settled_by)]
    asker, settler = (person.name if person else "somebody" for person in names)
    return Answered(publication.answers, publication, asker, settler)
