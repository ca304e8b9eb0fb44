"""Works out again when planned messages go: after a customer moved to another zone, or the zone data changed.

What is stored is local intent, a day and hours. The instants follow from it, once for each zone and day and not for
each customer.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.dates.windows import Window
from engine.dates.zones import zone_data_version
from engine.definitions.store import definition_of
from engine.plan.slots import Wish, first_slot
from engine.spot.dating import expiry
from engine.storage.models import Customer, Installation, Message, MessageMoment, Moment

ZONE_DATA = "zone_data_version"
_UNSENT = ("draft", "in_review", "approved")
_UTC_TEAM = TeamHours()


def zone_data_changed(session: Session) -> bool:
    """Whether the send times were last worked out with other zone data than this process has."""
    stored = session.get(Installation, ZONE_DATA)
    return stored is None or stored.value != zone_data_version()


def recompute_send_times(
    session: Session,
    *,
    customer_ids: Sequence[uuid.UUID] | None = None,
    now: datetime,
    team: TeamHours = _UTC_TEAM,
) -> int:
    """Bring unsent messages to their customers' present zones, all of them where the zone data changed; how many.

    Cheap where nothing moved. With `customer_ids` it looks at these customers alone.
    """
    everything = customer_ids is None and zone_data_changed(session)
    which: list[ColumnElement[bool]] = [Message.state.in_(_UNSENT)]
    which += [] if everything else [Message.zone != Customer.zone]
    which += [] if customer_ids is None else [Message.customer_id.in_(customer_ids)]
    ids = session.scalars(
        select(Message.id)
        .join(Customer, Customer.id == Message.customer_id)
        .where(*which)
        .order_by(Message.id)
        .with_for_update(of=Message)
    ).all()
    if ids:
        affected = Message.id.in_(ids)
        _move_expiry(session, affected)
        _move_messages(session, affected, now=now, team=team)
        session.expire_all()
    if everything:
        session.merge(Installation(name=ZONE_DATA, value=zone_data_version()))
        session.flush()
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


def _move_messages(session: Session, affected: ColumnElement[bool], *, now: datetime, team: TeamHours) -> None:
    columns = (Message.send_on, Message.window_start, Message.window_end, Message.expires_at)
    read = (Message.state != "approved").label("read")
    wishes = session.execute(
        select(Customer.zone, *columns, read)
        .join(Customer, Customer.id == Message.customer_id)
        .where(affected)
        .distinct()
    ).all()
    for zone, send_on, start, end, expires_at, is_read in wishes:
        slot = first_slot(Wish(zone, send_on, Window(start, end), expires_at, 0), team, now=now, read=is_read)
        values: dict[str, Any] = {"zone": zone}
        if slot is not None:  # else it expires before it could go, and expiry says so
            values |= {"send_at": slot.send_at, "deadline_at": slot.deadline_at}
        same = [column == value for column, value in zip(columns, (send_on, start, end, expires_at), strict=True)]
        session.execute(
            update(Message)
            .where(affected, *same, read == is_read, Message.customer_id == Customer.id, Customer.zone == zone)
            .values(values)
            .execution_options(synchronize_session=False)
        )
