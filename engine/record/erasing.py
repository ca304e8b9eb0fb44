"""Erases a customer: removes what identifies them, everywhere, and stops what is on its way. What stays is a tombstone
that no import brings back, hashes of addresses that are not written to again, and rows without a person for counting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, false, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.errors import NotFound
from engine.plan.ending import end_message, skip_moments
from engine.record.customer_state import tombstone
from engine.record.suppressions import Suppressed, suppress
from engine.storage.models import (
    AuditEntry,
    CallOutcome,
    Consent,
    ContactPoint,
    Customer,
    CustomerChange,
    CustomerDate,
    Delivery,
    Event,
    Hold,
    Message,
    Moment,
    Note,
    Preference,
    Problem,
    Receipt,
    RejectedEvent,
    Reply,
    Revision,
    Total,
)

ERASED = "erased"
_GONE_WITH_THE_CUSTOMER = (CustomerChange, CustomerDate, ContactPoint, Consent, Preference, Note, Total, Event)
_BLANK: dict[str, Any] = {
    "first_name": None,
    "last_name": None,
    "traits": {},
    "locale": "en",
    "zone": "UTC",
    "zone_guessed": False,
    "country": None,
    "region": None,
    "preferred_channel": None,
    "channel_order": None,
    "quiet_from": None,
    "quiet_until": None,
    "deceased": False,
    "minor": False,
    "closed": False,
    "last_active_at": None,
}


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. `message_ids` are all messages of the customer: channels that keep copies remove theirs."""

    message_ids: tuple[UUID, ...]
    stopped: int


def customer_named(session: Session, external_id: str) -> UUID:
    """The id of the customer of this external id. Raises NotFound; also of one who was erased already."""
    found = session.scalar(select(Customer.id).where(Customer.external_id == external_id))
    if found is None:
        raise NotFound(f"there is no customer {external_id!r}")
    return found


def erase(session: Session, customer_id: UUID, *, now: datetime) -> Erased:
    """Erase this customer; doing it again does nothing more. What was submitted before has gone out."""
    customer = session.scalars(select(Customer).where(Customer.id == customer_id).with_for_update()).one_or_none()
    if customer is None:
        raise NotFound("there is no such customer")
    messages = session.scalars(select(Message.id).where(Message.customer_id == customer_id).order_by(Message.id)).all()
    if customer.erased_at:
        return Erased(tuple(messages), 0)
    external_id = customer.external_id
    session.execute(
        update(Customer)
        .where(Customer.id == customer_id)
        .values(_BLANK | {"external_id": tombstone(external_id), "erased_at": now, "updated_at": now})
    )
    stopped = _stop(session, customer_id, messages, now=now)
    _forget_addresses(session, customer_id, messages, now=now)
    _forget_texts(session, customer_id, messages)
    _forget_what_was_done(session, customer_id, messages)
    _forget_rejected(session, external_id)
    for kind in _GONE_WITH_THE_CUSTOMER:
        session.execute(delete(kind).where(kind.customer_id == customer_id))
    return Erased(tuple(messages), stopped)


def _stop(session: Session, customer_id: UUID, messages: Sequence[UUID], *, now: datetime) -> int:
    """End what has not gone out. A worker that has claimed it finds out in the commit of `submitting`."""
    stopped = sum(end_message(session, message_id, "skipped", ERASED, now=now) for message_id in messages)
    moments = session.scalars(select(Moment.id).where(Moment.customer_id == customer_id)).all()
    skip_moments(session, moments, ERASED, now=now)
    return stopped


def _forget_addresses(session: Session, customer_id: UUID, messages: Sequence[UUID], *, now: datetime) -> None:
    """The hash of each address stays suppressed, so that an old list under another id does not bring them back."""
    points = session.execute(
        select(ContactPoint.channel, ContactPoint.address).where(ContactPoint.customer_id == customer_id)
    ).all()
    addresses = sorted({address for _, address in points})
    suppress(session, [Suppressed(ERASED, "erasure", address=a, channel=c) for c, a in points], now=now)
    for table, column in ((Delivery, Delivery.message_id), (Message, Message.id)):
        session.execute(
            update(table)
            .where(column.in_(messages), _mentions(table.reason, addresses))
            .values(reason=ERASED)
            .execution_options(synchronize_session=False)
        )
    session.execute(update(Delivery).where(Delivery.message_id.in_(messages)).values(address=""))
    session.execute(delete(Reply).where(or_(Reply.customer_id == customer_id, Reply.from_address.in_(addresses))))
    about = or_(Receipt.message_id.in_(messages), Receipt.delivery_id.in_(_deliveries_of(messages)))
    session.execute(update(Receipt).where(about).values(data={}, detail=None, address_hash=None))


def _forget_texts(session: Session, customer_id: UUID, messages: Sequence[UUID]) -> None:
    of_problem = {"what_happened": None, "what_we_did": None, "next_step": None, "remedy": None}
    session.execute(update(Revision).where(Revision.message_id.in_(messages)).values(texts={}, facts={}, findings=[]))
    session.execute(update(Moment).where(Moment.customer_id == customer_id).values(facts={}))
    session.execute(update(Problem).where(Problem.customer_id == customer_id).values(of_problem))
    moments = select(Moment.id).where(Moment.customer_id == customer_id)
    session.execute(update(Hold).where(Hold.moment_id.in_(moments)).values(detail=None))
    session.execute(update(CallOutcome).where(CallOutcome.delivery_id.in_(_deliveries_of(messages))).values(note=None))


def _forget_what_was_done(session: Session, customer_id: UUID, messages: Sequence[UUID]) -> None:
    """Of the audit trail stays who did what when; what was written in it goes."""
    moments = select(Moment.id).where(Moment.customer_id == customer_id)
    problems = select(Problem.id).where(Problem.customer_id == customer_id)
    notes = select(Note.id).where(Note.customer_id == customer_id)
    subject = AuditEntry.subject_id
    session.execute(
        update(AuditEntry)
        .where(
            or_(
                subject == customer_id,
                subject.in_(messages),
                *(subject.in_(ids) for ids in (moments, problems, notes, _deliveries_of(messages))),
            )
        )
        .values(detail={})
    )


def _forget_rejected(session: Session, external_id: str) -> None:
    """Rows that could not be recorded were kept whole."""
    customer = RejectedEvent.body["customer"].as_string()
    session.execute(delete(RejectedEvent).where(customer == external_id).execution_options(synchronize_session=False))


def _deliveries_of(messages: Sequence[UUID]) -> Select[UUID]:
    return select(Delivery.id).where(Delivery.message_id.in_(messages))


def _mentions(column: InstrumentedAttribute[str | None], addresses: Sequence[str]) -> ColumnElement[bool]:
    """Providers repeat the address in what they say."""
    lowered = func.lower(column)
    return or_(false(), *(lowered.contains(address.lower(), autoescape=True) for address in addresses if address))
