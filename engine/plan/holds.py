"""Which moments must wait or must not go, by which names: one UNION ALL of the rules, over any set of moments.

Asked twice with the same statements: at planning, and for one batch in the commit of `submitting`.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, cast, null, select, union_all, update
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.ids import new_id
from engine.plan.candidates import FEW, Alike, Judged, alike_of, circumstances_from, given_again, judge, made_once
from engine.plan.reasons import EXCEPTION, KEPT, is_final
from engine.plan.rules import customer, house, limits, permission, trigger, trouble
from engine.plan.sql import instants, until
from engine.storage.models import Hold, Moment
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, insert_new, is_among, is_given

DEFAULT_CHANNELS = Offered()
_OPEN_HOLDS = select(Hold.id, Hold.moment_id, Hold.name, Hold.until).where(
    is_given(Hold.moment_id), Hold.released_at.is_(None)
)
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
_RULES_OF_SEVERAL_PARTS = (
    permission.suppressed,
    trigger.audience_not_met,
    trigger.exceptions,
    limits.cap,
    customer.relationship_quiet,
    house.pause,
    house.sensitive_day,
)


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


def current_holds(judged: Judged, *, but_for: Collection[Callable[..., Any]] = ()) -> CompoundSelect[Any]:
    """Every reason to hold one of these moments now, as (moment_id, name, detail, since, seconds); `but_for` the rules
    of which it is known that they would find none that counts."""
    rows = [rule(judged) for rule in _RULES if rule not in but_for]
    rows += [row for rule in _RULES_OF_SEVERAL_PARTS if rule not in but_for for row in rule(judged)]
    return union_all(*rows)


def holds_of(
    session: Session,
    moment_ids: Collection[uuid.UUID],
    *,
    now: datetime,
    channels: Offered = DEFAULT_CHANNELS,
    alike: Alike | None = None,
) -> dict[uuid.UUID, list[HoldView]]:
    """The reasons to hold each of these moments now; a moment without any is not in the answer.

    Includes what those who write opened and have not released. `alike`: as far as somebody has asked it already, of
    these moments or more.
    """
    found: dict[uuid.UUID, dict[str, HoldView]] = {}
    if not moment_ids:
        return {}
    for moment_id, name, detail, since, seconds in _current(session, moment_ids, now, channels, alike):
        views = found.setdefault(moment_id, {})
        views[name] = _longer(views.get(name), HoldView(name, detail, until(since, seconds)))
    return {moment_id: list(by_name.values()) for moment_id, by_name in found.items()}


def _longer(one: HoldView | None, other: HoldView) -> HoldView:
    """Of two reasons of one name the one that ends later; one without an end outlasts all others."""
    if one is None or other.until is None:
        return other
    return one if one.until is None or one.until > other.until else other


def _current_and_kept(judged: Judged) -> CompoundSelect[Any]:
    """The same with what those who write opened."""
    kept = (
        select(Hold.moment_id, Hold.name, Hold.detail, Hold.until, cast(null(), BigInteger))
        .join(judged.c, judged.c.c.moment_id == Hold.moment_id)
        .where(Hold.released_at.is_(None), Hold.name.in_(sorted(KEPT)))
    )
    return union_all(*current_holds(judged).selects, kept)


def _current(
    session: Session, moment_ids: Collection[uuid.UUID], now: datetime, channels: Offered, alike: Alike | None
) -> Sequence[Any]:
    """A batch that is sent looks the same to the database each time, which then reads and plans it once. A plan made so
    reckons with few moments: where they are many, it has to be made for them."""
    alike = alike_of(session, moment_ids) if alike is None else alike
    circumstances = circumstances_from(session, alike, now=now, channels=channels)
    if len(moment_ids) > FEW:
        scope = Moment.id.in_(moment_ids)
        statement = _current_and_kept(judge(session, scope, circumstances, channels=channels))
        return session.execute(statement, instants(now)).all()
    given_ones = is_given(Moment.id)
    statement = made_once(
        session,
        "holds",
        circumstances,
        channels,
        lambda wider: _current_and_kept(judge(session, given_ones, wider, channels=channels)),
    )
    values = instants(now) | given(moment_ids) | given_again(session, circumstances)
    return past_the_orm(session).execute(statement, values).all()


def store_holds(session: Session, moment_ids: Collection[uuid.UUID], holds: Holds, *, now: datetime) -> None:
    """Make the open `holds` rows of these moments what `holds` says: open new ones, release those that are gone."""
    stored = past_the_orm(session).execute(_OPEN_HOLDS, given(moment_ids)).all()
    wanted = {(moment_id, hold.name): hold for moment_id, found in holds.items() for hold in found}
    gone = [row.id for row in stored if (row.moment_id, row.name) not in wanted and row.name not in KEPT]
    if gone:
        session.execute(update(Hold).where(is_among(session, Hold.id, gone)).values(released_at=now))
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
            "until": hold.until,
        }
        for (moment_id, name), hold in new.items()
    ]
    if rows:
        # Two who look at the same moment at once open its hold once: uq_holds_open decides.
        insert_new(session, Hold, rows, same={"opened_at": now})
