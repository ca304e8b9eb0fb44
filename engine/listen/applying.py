"""Applies recorded receipts: finds the delivery that each speaks of, and lets what is known of it move forward.

Customers are locked first, in the order of their ids, as everybody does who changes their messages; whoever hands over
at the same moment is waited for. Each receipt is applied once, and one that cannot be keeps no other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.listen import consequences
from engine.listen.consequences import Spoken
from engine.record.locking import lock_by_id
from engine.storage.bulk import update_each
from engine.storage.models import ContactPoint, Delivery, Message, Receipt
from engine.storage.upsert import is_among

log = structlog.get_logger()

PARKED_FOR = timedelta(days=7)
BATCH = 100
# What says something about a person whatever message it was about, also one that another system sent.
_OF_THE_PERSON = ("complained", "unsubscribed")


@dataclass(frozen=True, slots=True)
class _Match:
    """A delivery that a receipt may speak of."""

    spoken: Spoken
    provider_id: str | None
    refused: bool
    fence: int

    def fits(self, receipt: Receipt) -> tuple[bool, bool, int]:
        """How well: the provider's own id, then one that was not refused, then the latest. A bounce names no such id,
        and an attempt that was refused has none either: that they agree in it says nothing."""
        same = receipt.provider_id is not None and self.provider_id == receipt.provider_id
        return same, not self.refused, self.fence


def apply_parked(session: Session, *, offered: Offered, now: datetime, limit: int = BATCH) -> int:
    """Apply some of what waits and can be applied by now, and close what waited for a week in vain. How many; 0 where
    nothing is left to do."""
    waiting = session.scalars(
        select(Receipt.id)
        .where(Receipt.applied_at.is_(None), Receipt.received_at > now - PARKED_FOR, _applicable())
        .order_by(Receipt.received_at, Receipt.id)
        .limit(limit)
    ).all()
    return apply_receipts(session, waiting, offered=offered, now=now) + _close(session, now=now)


def apply_receipts(session: Session, receipt_ids: Collection[UUID], *, offered: Offered, now: datetime) -> int:
    """Apply those of these receipts that speak of something known; how many."""
    if not receipt_ids:
        return 0
    matches, people = _matches(session, receipt_ids), _people(session, receipt_ids)
    known = {match.spoken.customer_id for each in matches.values() for match in each}
    lock_by_id(session, known | {customer for each in people.values() for customer in each})
    done = [
        {"id": receipt.id, "applied_at": now, "delivery_id": spoken.delivery_id if spoken else None}
        for receipt in _unapplied(session, receipt_ids)
        for spoken in [_spoken_of(receipt, matches.get(receipt.id, ()))]
        if _apply(session, receipt, spoken, people.get(receipt.id, ()), offered=offered, now=now)
        # It speaks of a message of ours, and of no delivery that there could be: it would stand in the way for a week.
        or receipt.id in matches
    ]
    update_each(session, Receipt, done)
    return len(done)


def _apply(
    session: Session,
    receipt: Receipt,
    spoken: Spoken | None,
    people: Sequence[UUID],
    *,
    offered: Offered,
    now: datetime,
) -> bool:
    """Whether nothing is left to be done about it."""
    try:
        with session.begin_nested():
            if spoken is not None:
                consequences.of_delivery(session, receipt, spoken, offered=offered, now=now)
                return True
            if receipt.kind in _OF_THE_PERSON and receipt.address_hash:
                return consequences.of_people(session, receipt, people, now=now)
    except DBAPIError:
        raise  # the database is away, or we stood in somebody's way: all of it is tried again
    except Exception as error:
        log.exception("receipt_not_applied", receipt=str(receipt.id), error=type(error).__name__)
        return True  # it would fail again, and must not keep the others
    return False


def _applicable() -> ColumnElement[bool]:
    """A delivery of its message was submitted, or one has the provider's id; or it is about a person."""
    by_message = exists().where(Delivery.message_id == Receipt.message_id, Delivery.submitting_at.is_not(None))
    by_provider = exists().where(Delivery.provider_id == Receipt.provider_id)
    known_address = exists().where(ContactPoint.address_hash == Receipt.address_hash)
    of_a_person = or_(
        and_(Receipt.kind == "complained", Receipt.address_hash.is_not(None)),
        and_(Receipt.kind == "unsubscribed", known_address),
    )
    return or_(by_message, by_provider, of_a_person)


def _matches(session: Session, receipt_ids: Collection[UUID]) -> Mapping[UUID, Sequence[_Match]]:
    """Receipt -> the deliveries of its message, or with its provider's id, that were submitted."""
    found: dict[UUID, list[_Match]] = {}
    for of in (Delivery.message_id == Receipt.message_id, Delivery.provider_id == Receipt.provider_id):
        query = (
            select(Receipt.id, Delivery, Message.customer_id, Message.occasion)
            .join(Delivery, of)
            .join(Message, Message.id == Delivery.message_id)
            .where(is_among(session, Receipt.id, receipt_ids), Delivery.submitting_at.is_not(None))
        )
        for receipt_id, delivery, customer_id, occasion in session.execute(query):
            spoken = Spoken(delivery.id, delivery.channel, delivery.address, delivery.redirected, customer_id, occasion)
            match = _Match(spoken, delivery.provider_id, delivery.state == "refused", delivery.fence)
            found.setdefault(receipt_id, []).append(match)
    return found


def _people(session: Session, receipt_ids: Collection[UUID]) -> Mapping[UUID, Sequence[UUID]]:
    """Receipt -> the customers with its address, for what is about a person."""
    rows = session.execute(
        select(Receipt.id, ContactPoint.customer_id)
        .join(ContactPoint, ContactPoint.address_hash == Receipt.address_hash)
        .where(is_among(session, Receipt.id, receipt_ids), Receipt.kind.in_(_OF_THE_PERSON))
        .distinct()
        .order_by(ContactPoint.customer_id)
    )
    found: dict[UUID, list[UUID]] = {}
    for receipt_id, customer_id in rows:
        found.setdefault(receipt_id, []).append(customer_id)
    return found


def _unapplied(session: Session, receipt_ids: Collection[UUID]) -> Sequence[Receipt]:
    """Looked at after the customers' locks: another worker may have been here. In the order in which it happened."""
    return session.scalars(
        select(Receipt)
        .where(is_among(session, Receipt.id, receipt_ids), Receipt.applied_at.is_(None))
        .order_by(Receipt.occurred_at, Receipt.id)
        .execution_options(populate_existing=True)
    ).all()


def _spoken_of(receipt: Receipt, matches: Sequence[_Match]) -> Spoken | None:
    carried = receipt.data.get("channels")
    possible = [match for match in matches if not carried or match.spoken.channel in carried]
    return max(possible, key=lambda match: match.fits(receipt)).spoken if possible else None


def _close(session: Session, *, now: datetime) -> int:
    """What nobody knows after a week belongs to nobody here. It stays, applied to no delivery."""
    closed = session.scalars(
        update(Receipt)
        .where(Receipt.applied_at.is_(None), Receipt.received_at <= now - PARKED_FOR)
        .values(applied_at=now)
        .returning(Receipt.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(closed)
