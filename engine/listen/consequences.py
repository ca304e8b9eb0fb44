"""What a receipt means: for its delivery, for the address it went to, and for what its customer wants to hear."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.record import wishes
from engine.record.suppressions import Suppressed, suppress
from engine.send import recording
from engine.send.outgoing import Accepted
from engine.storage.models import Customer, Receipt
from engine.storage.models.contact_point import hash_of_address

TAKEN = ("processed", "deferred")
ARRIVED = ("delivered", "opened", "clicked")
CAME_BACK = ("bounced", "dropped", "failed")
BOUNCED, COMPLAINED = "bounced", "complained"


@dataclass(frozen=True, slots=True)
class Spoken:
    """The delivery that a receipt speaks of. Of a redirected one the address is not the customer's."""

    delivery_id: UUID
    channel: str
    address: str
    redirected: bool
    customer_id: UUID
    occasion: str


def of_delivery(session: Session, receipt: Receipt, spoken: Spoken, *, offered: Offered, now: datetime) -> None:
    """Move what is known of the delivery forward, and keep what the answer says about the address and the person."""
    at = min(receipt.occurred_at, now)
    if receipt.kind in TAKEN:
        recording.record_accepted(session, spoken.delivery_id, Accepted(receipt.provider_id or ""), now=now)
    elif receipt.kind in ARRIVED:
        recording.record_delivered(session, spoken.delivery_id, now=at)
    elif receipt.kind == "read":
        recording.record_read(session, spoken.delivery_id, now=at)
    elif receipt.kind in CAME_BACK:
        _came_back(session, receipt, spoken, offered=offered, now=now)
    else:  # whoever complains or unsubscribes has got it
        recording.record_delivered(session, spoken.delivery_id, now=at)
        if not spoken.redirected:
            _refused(session, receipt, spoken, now=now)


def of_people(session: Session, receipt: Receipt, customers: Sequence[UUID], *, now: datetime) -> bool:
    """A complaint or an unsubscribe about a message that is not ours, from an address. False where nothing is known of
    the address yet and it should be looked at again."""
    if receipt.kind == COMPLAINED:
        row = Suppressed(COMPLAINED, receipt.provider, address_hash=receipt.address_hash, channel="email")
        suppress(session, [row], now=now)
    for customer_id in customers:
        _leave(session, customer_id, receipt, None, now=now)
    return bool(customers) or receipt.kind == COMPLAINED


def _came_back(session: Session, receipt: Receipt, spoken: Spoken, *, offered: Offered, now: datetime) -> None:
    """The address first: the search for another channel shall know of it."""
    dead = bool(receipt.data.get("dead")) and not spoken.redirected
    if dead:
        _bury_address(session, receipt, spoken, now=now)
    if not spoken.redirected and receipt.data.get("also") in ("complained", "unsubscribed"):
        _refused(session, receipt, spoken, now=now)
    if not spoken.redirected and receipt.data.get("also") == "stopped":
        wishes.stop(
            session,
            spoken.channel,
            spoken.address,
            now=now,
            source=receipt.provider,
            customer_id=spoken.customer_id,
        )
    reason = receipt.detail or receipt.kind
    recording.record_bounced(session, spoken.delivery_id, reason, address_dead=dead, offered=offered, now=now)


def _bury_address(session: Session, receipt: Receipt, spoken: Spoken, *, now: datetime) -> None:
    if hashed := _hash(receipt, spoken):
        row = Suppressed(BOUNCED, receipt.provider, address_hash=hashed, channel=spoken.channel)
        suppress(session, [row], now=now)


def _refused(session: Session, receipt: Receipt, spoken: Spoken, *, now: datetime) -> None:
    """A complaint ends everything to this address, and both end all marketing on every channel (cx-rules L10, L13)."""
    also = receipt.data.get("also", receipt.kind)
    if also == COMPLAINED and (hashed := _hash(receipt, spoken)):
        row = Suppressed(COMPLAINED, receipt.provider, address_hash=hashed, channel=spoken.channel)
        suppress(session, [row], now=now)
    _leave(session, spoken.customer_id, receipt, spoken.occasion, now=now)


def _leave(session: Session, customer_id: UUID, receipt: Receipt, occasion: str | None, *, now: datetime) -> None:
    erased = session.scalar(select(Customer.erased_at).where(Customer.id == customer_id))
    if erased is None:
        wishes.leave(session, customer_id, now=now, source=receipt.provider, occasion=occasion)


def _hash(receipt: Receipt, spoken: Spoken) -> str | None:
    """That of the address it really went to; the provider's own word where ours is gone, with its customer."""
    return hash_of_address(spoken.address) if spoken.address else receipt.address_hash
