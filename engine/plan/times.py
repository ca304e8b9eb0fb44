"""Works out again when planned messages go: after a customer moved to another zone or place, or wants other quiet
hours, or after the zone data changed.

What is stored is local intent, a day and hours. The instants follow from it, once for each zone, day and set of hours
and not for each customer.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.calendar.day_rules import with_days
from engine.channel_terms import Offered
from engine.dates.openings import TURNS
from engine.dates.team import TeamHours
from engine.dates.windows import Window
from engine.dates.zones import zone_data_version
from engine.definitions.store import definition_of
from engine.plan.intents import PLACE, hours_key, hours_of, post_on
from engine.plan.slots import Slot, Wish, first_slot
from engine.spot.dating import expiry
from engine.storage.base import UtcDateTime
from engine.storage.models import Customer, Installation, Message, MessageMoment, Moment
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, insert_into, is_given
from engine.storage.words import in_words

ZONE_DATA = "zone_data_version"
_ZONE_DATA = select(Installation.value).where(Installation.name == ZONE_DATA)
_UNSENT = ("draft", "in_review", "approved")
_UNSENT_MESSAGES = (
    select(Message.id)
    .join(Customer, Customer.id == Message.customer_id)
    .where(Message.state.in_(_UNSENT))
    .order_by(Message.id)
    .with_for_update(of=Message)
)
_MOVED = _UNSENT_MESSAGES.where(or_(Message.zone != Customer.zone, Message.hours_key != hours_key()))
_ALL_MOVED, _ALL_UNSENT = in_words(_MOVED), in_words(_UNSENT_MESSAGES)
_MOVED_OF_CUSTOMERS = in_words(_MOVED.where(is_given(Message.customer_id)))
_UTC_TEAM = TeamHours()
NO_TERMS = Offered()
# Databases take only so many values in one statement.
_PIECE = 5_000


def zone_data_changed(session: Session) -> bool:
    """Whether the send times were last worked out with other zone data than this process has."""
    stored = past_the_orm(session).scalar(_ZONE_DATA)
    return stored is None or stored != zone_data_version()


def forget_times(session: Session) -> None:
    """Have the next round work out every send time anew, as the days on which messages may go have changed."""
    session.execute(delete(Installation).where(Installation.name == ZONE_DATA))
    ring(session, "jubilee.plan")


def recompute_send_times(
    session: Session,
    *,
    customer_ids: Sequence[uuid.UUID] | None = None,
    now: datetime,
    team: TeamHours = _UTC_TEAM,
    channels: Offered = NO_TERMS,
) -> int:
    """Bring unsent messages to their customers' present zones and hours, all of them where the zone data changed; how
    many.

    Cheap where nothing moved. With `customer_ids` it looks at these customers alone.
    """
    everything = customer_ids is None and zone_data_changed(session)
    if customer_ids is not None:
        ids = past_the_orm(session).scalars(_MOVED_OF_CUSTOMERS, given(customer_ids)).all()
    else:
        ids = past_the_orm(session).scalars(_ALL_UNSENT if everything else _ALL_MOVED).all()
    channels = with_days(session, channels) if ids else channels
    for at in range(0, len(ids), _PIECE):
        affected = Message.id.in_(ids[at : at + _PIECE])
        _move_expiry(session, affected)
        _move_messages(session, affected, channels, now=now, team=team)
    if ids:
        session.expire_all()
    if everything:
        known = {"name": ZONE_DATA, "value": zone_data_version()}
        insert = insert_into(session, Installation).values(known)  # two planners may find out at the same time
        session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": known["value"]}))
        session.expire_all()
    return len(ids)


def _move_expiry(session: Session, affected: ColumnElement[bool]) -> None:
    """The end of the customer's local day, so many days after the moment's day; a message has the earliest."""
    theirs = (
        select(MessageMoment.moment_id)
        .join(Message, Message.id == MessageMoment.message_id)
        .where(affected, MessageMoment.live)
    )
    days = session.execute(
        select(Moment.trigger_version_id, Moment.send_on, Customer.zone)
        .join(Customer, Customer.id == Moment.customer_id)
        .where(Moment.id.in_(theirs))
        .distinct()
    ).all()
    for version_id, send_on, zone in days:
        rules = definition_of(session, version_id).send
        session.execute(
            update(Moment)
            .where(
                Moment.id.in_(theirs),
                Moment.trigger_version_id == version_id,
                Moment.send_on == send_on,
                Moment.customer_id == Customer.id,
                Customer.zone == zone,
            )
            .values(expires_at=expiry(send_on, rules, zone))
            .execution_options(synchronize_session=False)
        )
    earliest = (
        select(func.min(Moment.expires_at))
        .join(MessageMoment, MessageMoment.moment_id == Moment.id)
        .where(MessageMoment.message_id == Message.id, MessageMoment.live)
        .scalar_subquery()
    )
    session.execute(
        update(Message)
        .where(affected)
        .values(expires_at=func.coalesce(earliest, Message.expires_at))
        .execution_options(synchronize_session=False)
    )


def _move_messages(
    session: Session, affected: ColumnElement[bool], channels: Offered, *, now: datetime, team: TeamHours
) -> None:
    keys = {
        **{"zone": Customer.zone, "hours_key": hours_key(), "version_id": Message.trigger_version_id},
        **{"channel": Message.channel, "send_on": Message.send_on, "expires_at": Message.expires_at},
        **{"window_start": Message.window_start, "window_end": Message.window_end},
        "read": Message.state != "approved",
    }
    wishes: Sequence[Any] = session.execute(
        select(*(key.label(name) for name, key in keys.items()), *PLACE)
        .join(Customer, Customer.id == Message.customer_id)
        .where(affected)
        .distinct()
    ).all()
    for row in wishes:
        slot = first_slot(_wish(session, row, channels), team, now=now, read=row.read)
        values: dict[str, Any] = {"zone": row.zone, "hours_key": row.hours_key}
        if slot is not None:  # else it expires before it could go, and expiry says so
            values |= {"send_at": _in_turn(slot, channels), "deadline_at": slot.deadline_at}
        session.execute(
            update(Message)
            .where(affected, Message.customer_id == Customer.id)
            .where(*(key == getattr(row, name) for name, key in keys.items()))
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _wish(session: Session, row: Any, channels: Offered) -> Wish:
    definition = definition_of(session, row.version_id)
    return Wish(
        zone=row.zone,
        send_on=row.send_on,
        window=Window(row.window_start, row.window_end),
        expires_at=row.expires_at,
        write_ahead_days=0,
        hours=hours_of(row, row.channel, definition, channels),
        post_on=post_on(row.send_on, row.channel, row.country, channels),
    )


def _in_turn(slot: Slot, channels: Offered) -> Any:
    """The beginning of the opening, or the turn of each group of customers in it."""
    spread = timedelta(minutes=channels.spread_minutes)
    turns = {group: slot.in_turn(group, spread).send_at for group in range(TURNS)}
    if len(set(turns.values())) == 1:
        return slot.send_at
    return case({group: literal(at, UtcDateTime) for group, at in turns.items()}, value=Customer.bucket % TURNS)
