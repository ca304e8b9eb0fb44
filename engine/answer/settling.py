"""Settles answers that a dead worker left behind, and those of which nobody knows: by the lease, by asking providers
that can be asked, and by receipts that carry our id. Nothing is handed over again on silence.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.answer.recording import accept, mark_unknown, record_answers, refuse
from engine.listen.consequences import ARRIVED, CAME_BACK, TAKEN
from engine.record.suppressions import Suppressed, suppress
from engine.send.calls import LEASE_ENDED
from engine.send.claiming import MAX_ATTEMPTS
from engine.send.outgoing import NotTaken, Refused
from engine.send.retrying import GAVE_UP
from engine.send.settling import ASK_FOR, GRACE, ask_provider
from engine.send.submitting import Sender
from engine.storage.models import Answer, Receipt
from engine.storage.models.contact_point import hash_of_address

BATCH = 100
CAME_BACK_AS = "came_back:"
_OF_INTEREST = (*TAKEN, *ARRIVED, "read", *CAME_BACK)


def settle_answers(sender: Sender) -> int:
    """Free ended claims, mark what is unknown, apply receipts, ask who can be asked. Commits in between."""
    with sender.db.writing() as session:
        now, machine = sender.now(session), sender.machine()
        settled = _free_ended_claims(session, machine) + _mark_unknown(session, machine)
        settled += apply_receipts(session, now=now)
    for row in _unknown(sender):
        said = ask_provider(sender.channels, row)
        if said is not None:
            answer = Refused("never_taken", permanent=False) if isinstance(said, NotTaken) else said
            with sender.db.writing() as session:
                settled += record_answers(session, {row.id: answer}, now=sender.now(session))
    return settled


def apply_receipts(session: Session, *, now: datetime) -> int:
    """Those that speak of answers. Knowledge only moves forward: what came back stays so."""
    rows = session.execute(
        select(Receipt, Answer.id, Answer.address, Answer.channel, Answer.reason)
        .join(Answer, Answer.id == Receipt.message_id)
        .where(Receipt.applied_at.is_(None), Receipt.kind.in_(_OF_INTEREST))
        .order_by(Receipt.occurred_at, Receipt.id)
        .limit(BATCH)
    ).all()
    for row in rows:
        _apply(session, row, now=now)
    applied = [row.Receipt.id for row in rows]
    session.execute(update(Receipt).where(Receipt.id.in_(applied)).values(applied_at=now))
    return len(rows)


def _apply(session: Session, row: Any, *, now: datetime) -> None:
    receipt: Receipt = row.Receipt
    accept(session, row.id, receipt.provider_id, now=min(receipt.occurred_at, now))
    if receipt.kind not in CAME_BACK:
        return
    refuse(session, {row.id: f"{CAME_BACK_AS}{receipt.detail or receipt.kind}"})
    if receipt.data.get("dead") and row.reason is None:  # of a test address it would say nothing
        dead = Suppressed("bounced", receipt.provider, address_hash=hash_of_address(row.address), channel=row.channel)
        suppress(session, [dead], now=now)


def _free_ended_claims(session: Session, machine: datetime) -> int:
    """Nothing was submitted, so it is free again; one that every attempt died on ends where people see it."""
    ended = (Answer.state == "claimed", Answer.claimed_until < machine)
    poisoned = session.scalars(select(Answer.id).where(*ended, Answer.attempts >= MAX_ATTEMPTS)).all()
    refuse(session, dict.fromkeys(poisoned, GAVE_UP))
    freed = update(Answer).where(*ended).values(state="waiting", reason=LEASE_ENDED).returning(Answer.id)
    return len(poisoned) + len(session.scalars(freed).all())


def _mark_unknown(session: Session, machine: datetime) -> int:
    ended = select(Answer.id).where(Answer.state == "submitting", Answer.claimed_until < machine - GRACE)
    ids = session.scalars(ended).all()
    return mark_unknown(session, ids, "no answer was stored") if ids else 0


def _unknown(sender: Sender) -> list[Any]:
    with sender.db.reading() as session:
        return list(
            session.execute(
                select(Answer.id, Answer.id.label("message_id"), Answer.channel)
                .where(
                    Answer.state == "unconfirmed",
                    Answer.claimed_until < sender.machine() - GRACE,
                    Answer.submitting_at > sender.now(session) - ASK_FOR,
                )
                .order_by(Answer.id)
                .limit(BATCH)
            )
        )
