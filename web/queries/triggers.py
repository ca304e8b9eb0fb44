"""What the triggers' pages show besides what a definition says: what waits, what holds it, and what became of it.

No count goes over all that ever was: the list counts what is on its way, one trigger's page so far as people count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, Subquery, and_, func, literal, select, union_all
from sqlalchemy.orm import Session

from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definition_of, definitions_of
from engine.errors import InvalidDefinition
from engine.plan.reasons import sentence
from engine.storage.models import Hold, Moment, Trigger, TriggerVersion
from triggers.summary import in_a_sentence
from web.names import LONGEST

ON_THE_WAY = ("spotted", "planned", "written")
ENDED = ("closed", "control", "skipped", "expired", "cancelled")
COUNTED = 10_000
UNREADABLE = "What it says can no longer be read; save it anew."
_ORDER = ("active", "paused", "shadow", "draft", "retired")


@dataclass(frozen=True, slots=True)
class HeldBy:
    """How many moments one named hold keeps, and what it means."""

    name: str
    sentence: str
    moments: int


@dataclass(frozen=True, slots=True)
class TriggerLine:
    """One trigger in the list. `proposed` is the number of a version that waits to be published."""

    name: str
    title: str
    state: str
    paused_reason: str | None
    family: str
    occasion: str
    said: str
    definition: TriggerDefinition | None
    version: int
    proposed: int | None
    waiting: int


def trigger_lines(session: Session) -> list[TriggerLine]:
    """Every trigger, those that send first. Two queries, however many there are, and what is over is not counted."""
    newest = _newest()
    waits = (
        select(func.count())
        .where(Moment.trigger_id == Trigger.id, Moment.state.in_(ON_THE_WAY))
        .correlate(Trigger)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Trigger, TriggerVersion.number, newest.c.number.label("newest"), waits.label("waiting"))
        .join(TriggerVersion, TriggerVersion.id == Trigger.version_id)
        .join(newest, newest.c.trigger_id == Trigger.id)
        .order_by(Trigger.family, Trigger.name)
    ).all()
    known = definitions_of(session, [row.Trigger.version_id for row in rows])
    lines = [
        TriggerLine(
            name=trigger.name,
            title=definition.title if definition else trigger.name,
            state=trigger.state,
            paused_reason=trigger.paused_reason,
            family=trigger.family,
            occasion=trigger.occasion,
            said=in_a_sentence(definition) if definition else UNREADABLE,
            definition=definition,
            version=number,
            proposed=last if last > number else None,
            waiting=waiting,
        )
        for trigger, number, last, waiting in rows
        for definition in [known.get(trigger.version_id)]
    ]
    return sorted(lines, key=lambda line: _ORDER.index(line.state))


def newest_versions(session: Session) -> list[tuple[Trigger, TriggerVersion]]:
    """Every trigger with its newest version, in force or proposed, by name."""
    newest = _newest()
    rows = session.execute(
        select(Trigger, TriggerVersion)
        .join(newest, newest.c.trigger_id == Trigger.id)
        .join(TriggerVersion, and_(TriggerVersion.trigger_id == Trigger.id, TriggerVersion.number == newest.c.number))
        .order_by(Trigger.name)
    )
    return [(trigger, version) for trigger, version in rows]


def free_name(session: Session, name: str, title: str) -> str:
    """This name, or one with a number behind it where it is taken: a title in other letters than ours leaves little to
    make a name of. What is taken by a trigger of the same title stays as it is, and is refused as taken."""
    numbered = (name[: LONGEST - len(end)] + end for end in ("", *(f"_{number}" for number in range(2, 1_000))))
    return next((one for one in numbered if not _is_taken(session, one, title)), name)


def _is_taken(session: Session, name: str, title: str) -> bool:
    """By a trigger of another title."""
    trigger = session.scalar(select(Trigger).where(Trigger.name == name))
    there = in_force(session, trigger) if trigger else None
    return trigger is not None and (there is None or there.title != title)


def in_force(session: Session, trigger: Trigger) -> TriggerDefinition | None:
    """What it says now; None where an older Jubilee kept it in a shape that no longer reads."""
    try:
        return definition_of(session, trigger.version_id) if trigger.version_id else None
    except InvalidDefinition:
        return None


def holds_of(session: Session, trigger: Trigger) -> Sequence[HeldBy]:
    """What holds its moments now, the most of them first: of the first COUNTED in each state, where there are more."""
    some = union_all(*(select(_some(trigger, state, COUNTED).c.id) for state in ON_THE_WAY)).subquery()
    rows = session.execute(
        select(Hold.name, func.count())
        .join(some, some.c.id == Hold.moment_id)
        .where(Hold.released_at.is_(None))
        .group_by(Hold.name)
        .order_by(func.count().desc(), Hold.name)
    )
    return [HeldBy(name, sentence(name), count) for name, count in rows]


def became(session: Session, trigger: Trigger) -> Mapping[str, int]:
    """How many of its moments are in each state, counted up to just above COUNTED."""
    rows = session.execute(union_all(*(_so_many(trigger, state) for state in (*ON_THE_WAY, *ENDED))))
    return {str(state): int(count) for state, count in rows}


def few_wait(stand: Mapping[str, int]) -> bool:
    """Whether so few moments are on their way that a page may ask what has become of each."""
    return sum(stand[state] for state in ON_THE_WAY) <= COUNTED


def _newest() -> Subquery:
    """The number of the newest version of each trigger."""
    return (
        select(TriggerVersion.trigger_id, func.max(TriggerVersion.number).label("number"))
        .group_by(TriggerVersion.trigger_id)
        .subquery()
    )


def _so_many(trigger: Trigger, state: str) -> Select[str, int]:
    return select(literal(state), func.count()).select_from(_some(trigger, state, COUNTED + 1))


def _some(trigger: Trigger, state: str, most: int) -> Subquery:
    return select(Moment.id).where(Moment.trigger_id == trigger.id, Moment.state == state).limit(most).subquery()
