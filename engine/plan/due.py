"""Which moments are due to be looked at, read under their customers' lock, and when each would go."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.conditions.expressions import json_boolean
from engine.dates.team import TeamHours
from engine.dates.windows import Window
from engine.definitions.store import ActiveTrigger
from engine.plan.candidates import chosen_channel, of_the_occasion
from engine.plan.contender import Contender
from engine.plan.slots import Slot, Wish, first_slot
from engine.storage.models import Customer, Moment, Preference


def lock_due(session: Session, *, now: datetime, limit: int) -> list[uuid.UUID]:
    """The moments that are due, of customers that nobody else is working on: the caps are counted under their lock."""
    picked = session.execute(
        select(Moment.id, Customer.id)
        .join(Customer, Customer.id == Moment.customer_id)
        .where(Moment.state == "spotted", Moment.check_at <= now)
        .order_by(Moment.send_on, Moment.id)
        .limit(limit)
        .with_for_update(of=Customer, skip_locked=True, key_share=True)
    ).all()
    return [moment_id for moment_id, _ in picked]


def read_due(session: Session, ids: Sequence[uuid.UUID], channels: Offered) -> Sequence[Any]:
    """What planning decides by. The state is asked again: before the lock was there it may have changed."""
    grave = or_(
        *(func.coalesce(json_boolean(Moment.facts, name, "value"), false()) for name in ("serious", "repeated"))
    )
    return session.execute(
        select(
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
            chosen_channel(channels).label("channel"),
            grave.label("grave"),
        )
        .join(Customer, Customer.id == Moment.customer_id)
        .outerjoin(Preference, of_the_occasion())
        .where(Moment.id.in_(ids), Moment.state == "spotted")
        .order_by(Moment.send_on, Moment.id)
    ).all()


def sort_by_time(
    rows: Sequence[Any], triggers: Mapping[uuid.UUID, ActiveTrigger], team: TeamHours, *, now: datetime
) -> tuple[list[Contender], dict[uuid.UUID, datetime], list[uuid.UUID]]:
    """(to be planned now, to be looked at when writing would begin, too late for any window).

    What depends on zone, day and trigger is worked out once for each of these.
    """
    slots: dict[tuple[Wish, bool], Slot | None] = {}
    ready: list[Contender] = []
    waiting: dict[uuid.UUID, datetime] = {}
    over: list[uuid.UUID] = []
    for row in rows:
        trigger = triggers.get(row.trigger_id)
        if trigger is None:
            continue
        wish, read = _wish(row, trigger), _is_read(row, trigger)
        if (wish, read) not in slots:
            slots[wish, read] = first_slot(wish, team, now=now, read=read)
        slot = slots[wish, read]
        if slot is None:
            over.append(row.id)
        elif slot.write_at > now:
            waiting[row.id] = slot.write_at
        else:
            ready.append(_contender(row, trigger, slot))
    return ready, waiting, over


def _wish(row: Any, trigger: ActiveTrigger) -> Wish:
    rules, review = trigger.definition.send, trigger.definition.review
    window = Window(rules.window_start, rules.window_end)
    return Wish(row.zone, row.send_on, window, row.expires_at, review.write_ahead_days)


def _is_read(row: Any, trigger: ActiveTrigger) -> bool:
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
        weight=row.weight,
        spotted_at=row.spotted_at,
        expires_at=row.expires_at,
        grave=bool(row.grave),
        salt=trigger.salt,
        definition=trigger.definition,
        slot=slot,
        template=trigger.definition.template,
    )
