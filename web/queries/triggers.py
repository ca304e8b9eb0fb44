"""What the triggers page shows: each trigger with its version, its moments by state and what holds them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.plan.reasons import sentence
from engine.storage.models import Hold, Moment, Trigger, TriggerVersion


@dataclass(frozen=True, slots=True)
class HeldBy:
    """How many moments one named hold keeps, and what it means."""

    name: str
    sentence: str
    moments: int


@dataclass(frozen=True, slots=True)
class TriggerLine:
    """One trigger. `counts` are its moments by state."""

    name: str
    title: str
    state: str
    paused_reason: str | None
    kind: str
    family: str
    occasion: str
    version: int
    window: str
    review: str
    if_unreviewed: str
    counts: Mapping[str, int]
    holds: Sequence[HeldBy]

    @property
    def waiting(self) -> int:
        """Moments that are on their way to a message."""
        return sum(self.counts.get(state, 0) for state in ("spotted", "planned", "written"))


def trigger_lines(session: Session) -> list[TriggerLine]:
    """Every trigger, those that send first. Three queries, however many there are."""
    counts: dict[object, dict[str, int]] = defaultdict(dict)
    for trigger_id, state, count in session.execute(
        select(Moment.trigger_id, Moment.state, func.count()).group_by(Moment.trigger_id, Moment.state)
    ):
        counts[trigger_id][state] = count
    holds: dict[object, list[HeldBy]] = defaultdict(list)
    for trigger_id, name, count in session.execute(
        select(Moment.trigger_id, Hold.name, func.count())
        .join(Moment, Moment.id == Hold.moment_id)
        .where(Hold.released_at.is_(None), Moment.state.in_(("spotted", "planned", "written")))
        .group_by(Moment.trigger_id, Hold.name)
        .order_by(func.count().desc(), Hold.name)
    ):
        holds[trigger_id].append(HeldBy(name, sentence(name), count))
    rows = session.execute(
        select(Trigger, TriggerVersion.number, TriggerVersion.definition)
        .outerjoin(TriggerVersion, TriggerVersion.id == Trigger.version_id)
        .order_by(Trigger.state != "active", Trigger.state, Trigger.family, Trigger.name)
    )
    return [
        TriggerLine(
            name=trigger.name,
            title=(definition or {}).get("title", trigger.name),
            state=trigger.state,
            paused_reason=trigger.paused_reason,
            kind=trigger.kind,
            family=trigger.family,
            occasion=trigger.occasion,
            version=number or 0,
            window=_window(definition or {}),
            review=(definition or {}).get("review", {}).get("policy", "person"),
            if_unreviewed=(definition or {}).get("review", {}).get("if_unreviewed", "drop"),
            counts=counts[trigger.id],
            holds=holds[trigger.id],
        )
        for trigger, number, definition in rows
    ]


def _window(definition: Mapping[str, Mapping[str, str]]) -> str:
    send = definition.get("send", {})
    return f"{send.get('window_start', '09:00')[:5]} and {send.get('window_end', '11:00')[:5]}"
