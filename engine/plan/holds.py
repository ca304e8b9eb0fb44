"""Which moments must wait or must not go, by which names: one UNION ALL of the rules, over any set of moments.

Asked twice with the same statements: at planning, and for one batch in the commit of `submitting`.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, select, union_all, update
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.ids import new_id
from engine.plan.candidates import judge
from engine.plan.reasons import EXCEPTION, KEPT, is_final
from engine.plan.rules import customer, limits, permission, trigger, trouble
from engine.plan.sql import until
from engine.storage.models import Hold, Moment
from engine.storage.upsert import insert_into, is_among

DEFAULT_CHANNELS = Offered()
_FEW = 200
_RULES = (
    customer.deceased,
    customer.closed,
    customer.erased,
    customer.minor,
    customer.life_event,
    customer.not_now,
    permission.consent,
    permission.occasion_off,
    permission.no_channel,
    trouble.open_problem,
    trouble.settling,
    trouble.recovery_first,
    trouble.recovery_gap,
    trouble.low_answer,
    trigger.trigger_off,
)
_RULES_OF_SEVERAL_PARTS = (permission.suppressed, trigger.audience_not_met, trigger.exceptions, limits.cap)


@dataclass(frozen=True, slots=True)
class HoldView:
    """One reason to hold one moment. `until` is when it ends by itself, where that is known."""

    name: str
    detail: str | None = None
    until: datetime | None = None

    @property
    def final(self) -> bool:
        """Whether it ends the moment: then there is nothing to wait for."""
        return is_final(self.name) or (self.name.startswith(EXCEPTION) and self.detail == "skip")


Holds = Mapping[uuid.UUID, Sequence[HoldView]]


def current_holds(
    session: Session, scope: ColumnElement[bool], *, now: datetime, channels: Offered = DEFAULT_CHANNELS
) -> CompoundSelect[Any]:
    """Every reason to hold a moment of `scope` now, as (moment_id, name, detail, since, seconds)."""
    judged = judge(session, scope, now=now, channels=channels)
    rows = [rule(judged) for rule in _RULES]
    rows += [row for rule in _RULES_OF_SEVERAL_PARTS for row in rule(judged)]
    if (quiet := customer.relationship_quiet(judged, session)) is not None:
        rows.append(quiet)
    return union_all(*rows)


def holds_of(
    session: Session, moment_ids: Collection[uuid.UUID], *, now: datetime, channels: Offered = DEFAULT_CHANNELS
) -> dict[uuid.UUID, list[HoldView]]:
    """The reasons to hold each of these moments now; a moment without any is not in the answer.

    Includes what those who write opened and have not released.
    """
    found: dict[uuid.UUID, dict[str, HoldView]] = {}
    if not moment_ids:
        return {}
    for moment_id, name, detail, since, seconds in session.execute(
        current_holds(session, _are(session, moment_ids), now=now, channels=channels)
    ):
        found.setdefault(moment_id, {})[name] = HoldView(name, detail, until(since, seconds))
    kept = select(Hold.moment_id, Hold.name, Hold.detail, Hold.until).where(
        is_among(session, Hold.moment_id, moment_ids), Hold.released_at.is_(None), Hold.name.in_(KEPT)
    )
    for moment_id, name, detail, ends_at in session.execute(kept):
        found.setdefault(moment_id, {})[name] = HoldView(name, detail, ends_at)
    return {moment_id: list(by_name.values()) for moment_id, by_name in found.items()}


def _are(session: Session, moment_ids: Collection[uuid.UUID]) -> ColumnElement[bool]:
    """A batch that is sent looks the same to the database each time, which then reads and plans it once. A plan made so
    reckons with few moments: where they are many, it has to be made for them."""
    few = len(moment_ids) <= _FEW
    return is_among(session, Moment.id, moment_ids) if few else Moment.id.in_(moment_ids)


def store_holds(session: Session, moment_ids: Collection[uuid.UUID], holds: Holds, *, now: datetime) -> None:
    """Make the open `holds` rows of these moments what `holds` says: open new ones, release those that are gone."""
    stored = session.execute(
        select(Hold.id, Hold.moment_id, Hold.name, Hold.until).where(
            is_among(session, Hold.moment_id, moment_ids), Hold.released_at.is_(None)
        )
    ).all()
    wanted = {(moment_id, hold.name): hold for moment_id, found in holds.items() for hold in found}
    gone = [row.id for row in stored if (row.moment_id, row.name) not in wanted and row.name not in KEPT]
    if gone:
        session.execute(update(Hold).where(Hold.id.in_(gone)).values(released_at=now))
    moved = [
        {"id": row.id, "until": hold.until, "detail": hold.detail}
        for row in stored
        if (hold := wanted.get((row.moment_id, row.name))) and hold.until != row.until
    ]
    if moved:
        session.execute(update(Hold), moved)
    known = {(row.moment_id, row.name) for row in stored}
    _open(session, {key: hold for key, hold in wanted.items() if key not in known}, now=now)


def _open(session: Session, new: Mapping[tuple[uuid.UUID, str], HoldView], *, now: datetime) -> None:
    rows = [
        {
            "id": new_id(),
            "moment_id": moment_id,
            "name": name,
            "detail": hold.detail,
            "opened_at": now,
            "until": hold.until,
        }
        for (moment_id, name), hold in new.items()
    ]
    if rows:
        # Two who look at the same moment at once open its hold once: uq_holds_open decides.
        session.execute(insert_into(session, Hold).on_conflict_do_nothing(), rows)
