"""What was decided a moment ago, so that the next page can offer to take it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.review.decisions import UNSKIP_WITHIN
from engine.review.items import local_text
from engine.review.page import NO_OTHERS, holds_on
from engine.storage.models import AuditEntry, Customer, Message
from web.queries.customers import name_of


@dataclass(frozen=True, slots=True)
class Decided:
    """`what` is approved or skipped; `seconds` are left to take it back; `goes_out` is the customer's local time, and
    `held` names what stands in its way."""

    message_id: UUID
    version: int
    what: str
    customer_name: str
    goes_out: str
    zone: str
    seconds: int
    held: Sequence[str] = ()


def just_decided(
    session: Session, message_id: UUID | None, *, now: datetime, offered: Offered = NO_OTHERS
) -> Decided | None:
    """The decision about this message, if it was made within the time in which it can be taken back. `offered` are the
    channels by which it may go."""
    if message_id is None:
        return None
    row = session.execute(
        select(Message, Customer).join(Customer, Customer.id == Message.customer_id).where(Message.id == message_id)
    ).first()
    if row is None:
        return None
    message, customer = row
    until = message.release_at if message.state == "approved" else _until_skipped(session, message)
    if until is None or until <= now:
        return None
    return Decided(
        message_id=message.id,
        version=message.version,
        what=message.state,
        customer_name=name_of(customer),
        goes_out=local_text(message.send_at, message.zone),
        zone=message.zone,
        seconds=round((until - now).total_seconds()),
        held=[one.name for one in holds_on(session, message, offered=offered, now=now)]
        if message.state == "approved"
        else [],
    )


def _until_skipped(session: Session, message: Message) -> datetime | None:
    if message.state != "skipped" or message.written_at is None:
        return None
    skipped_at = session.scalar(
        select(AuditEntry.at)
        .where(AuditEntry.subject == "message", AuditEntry.subject_id == message.id, AuditEntry.action == "skip")
        .order_by(AuditEntry.at.desc())
        .limit(1)
    )
    return skipped_at + UNSKIP_WITHIN if skipped_at else None
