"""Erases a customer: removes what identifies them, everywhere, and stops what is on its way. What stays is a tombstone
that no import brings back, hashes of addresses that are not written to again, and rows without a person for counting.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.plan.ending import end_message, skip_moments
from engine.record.customer_state import tombstone
from engine.record.forgetting import ERASED, adopt_answers, forget, stop_what_waits
from engine.record.suppressions import Suppressed, suppress
from engine.storage.models import Answer, ContactPoint, Customer, CustomerChange, Message, Moment, RejectedEvent
from engine.storage.models.contact_point import hash_of_address

__all__ = ["ERASED", "Erased", "customer_named", "erase"]

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
    """What was done. `message_ids` are all messages of the customer, `answer_ids` all answers to their replies.
    `stopped` counts messages, answers, and calls."""

    message_ids: tuple[UUID, ...]
    stopped: int
    answer_ids: tuple[UUID, ...] = ()

    @property
    def kept_ids(self) -> tuple[UUID, ...]:
        """Under these ids channels that keep copies remove theirs."""
        return self.message_ids + self.answer_ids


def customer_named(session: Session, external_id: str) -> UUID:
    """The id of the customer of this external id. Raises NotFound; also of one who was erased already."""
    found = session.scalar(select(Customer.id).where(Customer.external_id == external_id))
    if found is None:
        raise NotFound(f"there is no customer {external_id!r}")
    return found


def erase(session: Session, customer_id: UUID, *, now: datetime) -> Erased:
    """Erase this customer; doing it again does nothing more. What was submitted before has gone out.

    Their messages are locked before their row is changed: their id at the company is part of a key, and who changes a
    key waits for everybody who writes what refers to it. An approval that holds a message would wait for us,
    and we for it.
    """
    locked = select(Customer).where(Customer.id == customer_id).with_for_update(key_share=True)
    customer = session.scalars(locked).one_or_none()
    if customer is None:
        raise NotFound("there is no such customer")
    theirs = select(Message.id).where(Message.customer_id == customer_id).order_by(Message.id)
    messages = session.scalars(theirs.with_for_update()).all()
    if customer.erased_at:
        return Erased(tuple(messages), 0, _answers(session, customer_id))
    addresses = _addresses(session, customer_id)
    adopt_answers(session, customer_id, addresses)
    external_id = customer.external_id
    session.execute(
        update(Customer)
        .where(Customer.id == customer_id)
        .values(_BLANK | {"external_id": tombstone(external_id), "erased_at": now, "updated_at": now})
    )
    stopped = _stop(session, customer_id, tuple(messages), now=now)
    _suppress_addresses(session, customer_id, now=now)
    forget(session, customer_id, addresses, [hash_of_address(one) for one in addresses], now=now)
    _forget_rejected(session, external_id)
    return Erased(tuple(messages), stopped, _answers(session, customer_id))


def _answers(session: Session, customer_id: UUID) -> tuple[UUID, ...]:
    return tuple(session.scalars(select(Answer.id).where(Answer.customer_id == customer_id).order_by(Answer.id)))


def _stop(session: Session, customer_id: UUID, messages: tuple[UUID, ...], *, now: datetime) -> int:
    """End what has not gone out. A worker that has claimed it finds out in the commit of `submitting`."""
    stopped = sum(end_message(session, message_id, "skipped", ERASED, now=now) for message_id in messages)
    moments = session.scalars(select(Moment.id).where(Moment.customer_id == customer_id)).all()
    skip_moments(session, moments, ERASED, now=now)
    return stopped + stop_what_waits(session, customer_id, now=now)


def _suppress_addresses(session: Session, customer_id: UUID, *, now: datetime) -> None:
    """The hash of each address stays suppressed, so that an old list under another id does not bring them back."""
    points = session.execute(
        select(ContactPoint.channel, ContactPoint.address).where(ContactPoint.customer_id == customer_id)
    )
    suppress(session, [Suppressed(ERASED, "erasure", address=a, channel=c) for c, a in points], now=now)


def _addresses(session: Session, customer_id: UUID) -> list[str]:
    """Theirs, and those they had before, for what else knows them."""
    current = session.scalars(select(ContactPoint.address).where(ContactPoint.customer_id == customer_id))
    earlier = session.execute(
        select(CustomerChange.old, CustomerChange.new).where(
            CustomerChange.customer_id == customer_id, CustomerChange.field.startswith("contacts.", autoescape=True)
        )
    )
    once = {value for pair in earlier for value in pair if isinstance(value, str)}
    return sorted(once | set(current))


def _forget_rejected(session: Session, external_id: str) -> None:
    """Rows that could not be recorded were kept whole."""
    customer = RejectedEvent.body["customer"].as_string()
    session.execute(delete(RejectedEvent).where(customer == external_id).execution_options(synchronize_session=False))
