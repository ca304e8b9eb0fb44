"""How sending stands: the gates of the channels, what nobody knows the fate of, and what could not be handed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import Session

from engine.review.decisions import COULD_NOT_GO
from engine.send.away import is_refused
from engine.storage.models import Customer, Delivery, Gate, Message, Revision
from web.queries.customers import name_of
from web.queries.openings import opening_of

SHOWN = 100
GONE = ("accepted", "delivered", "bounced")


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One channel of the last 24 hours. `closed_until` is an instant of the machine's clock."""

    name: str
    went: int
    refused: int
    unconfirmed: int
    waiting: int
    closed_until: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Stuck:
    """One message that needs a person: `delivery_id` where it is about one attempt."""

    message_id: UUID
    version: int
    delivery_id: UUID | None
    customer_name: str
    external_id: str
    subject: str
    channel: str
    reason: str
    at: datetime
    expires_at: datetime


def channel_lines(session: Session, names: Sequence[str], *, now: datetime, machine: datetime) -> list[ChannelLine]:
    """The offered channels, and any other that something was sent by or waits for."""
    since = Delivery.claimed_at > now - timedelta(days=1)
    counts = _by_channel(session, Delivery.channel, Delivery.state, since)
    refused = _by_channel(session, Delivery.channel, Delivery.state, since & is_refused())
    waiting = _by_channel(session, Message.channel, Message.state, Message.state == "approved")
    gates = {gate.channel: gate for gate in session.scalars(select(Gate))}
    return [
        _line(
            name,
            {**counts.get(name, {}), "refused": 0, **refused.get(name, {})},
            sum(waiting.get(name, {}).values()),
            gates.get(name),
            machine,
        )
        for name in dict.fromkeys((*names, *sorted(counts.keys() | waiting.keys())))
    ]


def unconfirmed(session: Session) -> list[Stuck]:
    """What may have arrived or not, the oldest first."""
    rows = session.execute(
        _about(Delivery.id, Delivery.channel, Delivery.reason, Delivery.unconfirmed_at)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(Delivery.state == "unconfirmed")
        .order_by(Delivery.unconfirmed_at)
        .limit(SHOWN)
    )
    return [_stuck(*row) for row in rows]


def given_up(session: Session, *, now: datetime) -> list[Stuck]:
    """What could not be handed over, and ended within the last week."""
    reason = Message.reason
    rows = session.execute(
        _about(literal(None), Message.channel, reason, Message.closed_at)
        .where(
            Message.state == "skipped",
            or_(*(reason.startswith(one) for one in COULD_NOT_GO)),
            Message.closed_at > now - timedelta(days=7),
        )
        .order_by(Message.closed_at.desc())
        .limit(SHOWN)
    )
    return [_stuck(*row) for row in rows]


def _about(*first: Any) -> Select[Any]:
    return (
        select(*first, Message, Customer, Revision.texts)
        .select_from(Message)
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Revision, (Revision.message_id == Message.id) & (Revision.number == Message.number))
    )


def _stuck(
    delivery_id: UUID | None,
    channel: str,
    reason: str | None,
    at: datetime,
    message: Message,
    customer: Customer,
    texts: object,
) -> Stuck:
    return Stuck(
        message_id=message.id,
        version=message.version,
        delivery_id=delivery_id,
        customer_name=name_of(customer),
        external_id=customer.external_id,
        subject=opening_of(texts).subject or "",
        channel=channel,
        reason=reason or "",
        at=at,
        expires_at=message.expires_at,
    )


def _by_channel(
    session: Session, channel: Any, state: Any, where: ColumnElement[bool]
) -> Mapping[str, Mapping[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for name, of, number in session.execute(select(channel, state, func.count()).where(where).group_by(channel, state)):
        counts.setdefault(name, {})[of] = number
    return counts


def _line(name: str, counts: Mapping[str, int], waiting: int, gate: Gate | None, machine: datetime) -> ChannelLine:
    closed = gate.closed_until if gate and gate.closed_until and gate.closed_until > machine else None
    return ChannelLine(
        name=name,
        went=sum(counts.get(state, 0) for state in GONE),
        refused=counts.get("refused", 0),
        unconfirmed=counts.get("unconfirmed", 0),
        waiting=waiting,
        closed_until=closed,
        reason=gate.reason if gate and closed else None,
    )
