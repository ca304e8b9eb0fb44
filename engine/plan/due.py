"""Which moments are due to be looked at, read under their customers' lock, and when each would go."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, false, func, or_, select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.conditions.expressions import json_boolean
from engine.dates.hours import ANY_TIME
from engine.dates.openings import POST_TOO_LATE, spoiled_by
from engine.dates.team import TeamHours
from engine.dates.windows import Window
from engine.definitions.store import ActiveTrigger
from engine.plan.candidates import (
    FEW,
    Alike,
    Circumstances,
    alike_of,
    circumstances_from,
    given_again,
    judge,
    made_once,
)
from engine.plan.contender import Contender
from engine.plan.intents import PLACE, hours_key, hours_of, post_on
from engine.plan.slots import Slot, Wish, first_slot
from engine.plan.sql import NOW, instants
from engine.storage.base import UtcDateTime
from engine.storage.models import Customer, Moment
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given
from engine.storage.words import in_words

NO_TERMS = Offered()
_SINCE: BindParameter[datetime] = bindparam("since", type_=UtcDateTime())


@dataclass(frozen=True, slots=True)
class Over:
    """No opening is left: why, besides the time, and when to look once more."""

    reason: str | None = None
    look_at: datetime | None = None


def lock_due(session: Session, *, now: datetime, limit: int, since: datetime | None = None) -> list[uuid.UUID]:
    """The moments that are due, of customers that nobody else is working on: the caps are counted under their lock.

    `since`: all that were due before then have been looked at, and need not be searched for.
    """
    statement, values = _to_lock(limit, is_bounded=since is not None), {NOW.key: now, _SINCE.key: since}
    return [moment_id for moment_id, _ in past_the_orm(session).execute(statement, values)]


@lru_cache(maxsize=8)
def _to_lock(limit: int, *, is_bounded: bool) -> Select[uuid.UUID, uuid.UUID]:
    return in_words(
        select(Moment.id, Customer.id)
        .join(Customer, Customer.id == Moment.customer_id)
        .where(Moment.state == "spotted", Moment.check_at <= NOW, *([Moment.check_at >= _SINCE] if is_bounded else []))
        .order_by(Moment.send_on, Moment.id)
        .limit(limit)
        .with_for_update(of=Customer, skip_locked=True, key_share=True)
    )


def read_due(
    session: Session, ids: Sequence[uuid.UUID], channels: Offered, *, now: datetime, alike: Alike | None = None
) -> Sequence[Any]:
    """What planning decides by. The state is asked again: before the lock was there it may have changed.

    As for holds: for few moments the statement is made once, for many the database has to plan it for them.
    """
    alike = alike_of(session, ids) if alike is None else alike
    circumstances = circumstances_from(session, alike, now=now, channels=channels)
    if len(ids) > FEW:
        scope = Moment.id.in_(ids)
        return session.execute(_due(session, scope, circumstances, channels), instants(now)).all()
    given_ones = is_given(Moment.id)
    statement = made_once(
        session, "due", circumstances, channels, lambda wider: _due(session, given_ones, wider, channels)
    )
    values = instants(now) | given(ids) | given_again(session, circumstances)
    return past_the_orm(session).execute(statement, values).all()


def _due(
    session: Session, scope: ColumnElement[bool], circumstances: Circumstances, channels: Offered
) -> Select[tuple[Any, ...]]:
    candidates = judge(session, scope, circumstances, channels=channels).c
    c = candidates.c
    columns: list[Any] = [
        Moment.id,
        Moment.customer_id,
        Moment.trigger_id,
        Moment.family,
        Moment.occasion,
        Moment.send_on,
        Moment.expires_at,
        Moment.weight,
        Moment.spotted_at,
        Customer.zone,
        Customer.bucket,
        *PLACE,
        hours_key().label("hours_key"),
        c.channel,
        c.channel_reason,
        grave().label("grave"),
    ]
    return (
        select(*columns)
        .join(Customer, Customer.id == Moment.customer_id)
        .join(candidates, c.moment_id == Moment.id)
        .where(Moment.state == "spotted")
        .order_by(Moment.send_on, Moment.id)
    )


def grave() -> ColumnElement[bool]:
    """Whether what a moment is about was serious or happened again."""
    facts = (json_boolean(Moment.facts, name, "value") for name in ("serious", "repeated"))
    return or_(*(func.coalesce(fact, false()) for fact in facts))


@dataclass(slots=True)
class ByTime:
    """Moments to be planned now, to be looked at when writing would begin, and too late: by the reason, if there is one
    besides the time."""

    ready: list[Contender] = field(default_factory=list)
    waiting: dict[uuid.UUID, datetime] = field(default_factory=dict)
    over: dict[str | None, list[uuid.UUID]] = field(default_factory=lambda: defaultdict(list))

    @property
    def settled(self) -> set[uuid.UUID]:
        """Those that are not looked at any further now."""
        return {*self.waiting, *(moment_id for ids in self.over.values() for moment_id in ids)}


def sort_by_time(
    rows: Sequence[Any],
    triggers: Mapping[uuid.UUID, ActiveTrigger],
    team: TeamHours,
    *,
    now: datetime,
    offered: Offered = NO_TERMS,
) -> ByTime:
    """Sort moments by when they would go. What depends on zone, day, hours and trigger is worked out once for each."""
    found = ByTime()
    slots: dict[Any, Slot | Over] = {}
    spread = timedelta(minutes=offered.spread_minutes)
    for row in rows:
        trigger = triggers.get(row.trigger_id)
        if trigger is None:
            continue
        read = is_read(row, trigger)
        key = (row.zone, row.hours_key, row.channel, row.send_on, row.expires_at, row.trigger_id, read)
        if key not in slots:
            slots[key] = when(wish_of(row, trigger, offered), team, now=now, read=read)
        slot = slots[key]
        if isinstance(slot, Over):
            if slot.look_at is None:
                found.over[slot.reason].append(row.id)
            else:
                found.waiting[row.id] = slot.look_at
        elif slot.write_at > now:
            found.waiting[row.id] = slot.write_at
        else:
            found.ready.append(_contender(row, trigger, slot.in_turn(row.bucket, spread)))
    return found


def when(wish: Wish, team: TeamHours, *, now: datetime, read: bool) -> "Slot | Over":
    """The opening that a moment would take if it were planned now, or why there is none."""
    slot = first_slot(wish, team, now=now, read=read)
    if slot is not None:
        return slot
    if wish.post_on is not None:
        return Over(POST_TOO_LATE)
    reason = spoiled_by(wish.intent, after=now)
    if reason is None:
        return Over()
    # Its hours leave it no opening. Until a text would be written, what is known of the customer may still change.
    plain = first_slot(replace(wish, hours=ANY_TIME), team, now=now, read=read)
    return Over(reason, plain.write_at if plain is not None and plain.write_at > now else None)


def wish_of(row: Any, trigger: ActiveTrigger, offered: Offered) -> Wish:
    """What the trigger asks for a row that has a customer's PLACE, a channel, a day and an expiry."""
    rules, review = trigger.definition.send, trigger.definition.review
    return Wish(
        zone=row.zone,
        send_on=row.send_on,
        window=Window(rules.window_start, rules.window_end),
        expires_at=row.expires_at,
        write_ahead_days=review.write_ahead_days,
        hours=hours_of(row, row.channel, trigger.definition, offered),
        post_on=post_on(row.send_on, row.channel, row.country, offered),
    )


def is_read(row: Any, trigger: ActiveTrigger) -> bool:
    """Whether a person reads it before it goes."""
    review = trigger.definition.review
    return review.policy == "person" or row.weight >= review.must_read_weight or row.grave


def _contender(row: Any, trigger: ActiveTrigger, slot: Slot) -> Contender:
    return Contender(
        moment_id=row.id,
        customer_id=row.customer_id,
        trigger_id=trigger.id,
        version_id=trigger.version_id,
        bucket=row.bucket,
        family=row.family,
        occasion=row.occasion,
        channel=row.channel,
        channel_reason=row.channel_reason,
        weight=row.weight,
        spotted_at=row.spotted_at,
        expires_at=row.expires_at,
        grave=bool(row.grave),
        salt=trigger.salt,
        definition=trigger.definition,
        slot=slot,
        hours_key=row.hours_key,
        template=trigger.definition.template,
    )
