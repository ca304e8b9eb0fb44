"""What was heard of one customer's messages: how each travelled, what its provider said, what was written back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.listen.quoting import parted
from engine.send.away import away_words
from engine.storage.models import Delivery, Message, Receipt, Reply

LATEST = 60
SHORT = 160
# What a provider says, in plain words; what it gave as its reason follows.
WORDS: Mapping[str, str] = {
    "processed": "on its way",
    "deferred": "delayed on its way; the provider keeps trying",
    "delivered": "delivered",
    "read": "read",
    "opened": "opened",
    "clicked": "a link in it was followed",
    "bounced": "came back",
    "dropped": "not sent on by the provider",
    "complained": "marked as spam; nothing more goes to this address",
    "unsubscribed": "unsubscribed; no more messages of this kind",
    "failed": "could not be delivered",
}
# Why is worth saying only where something went wrong.
_WITH_REASON = ("deferred", "bounced", "dropped", "failed")
REPLIED: Mapping[str, str] = {
    "text": "wrote back",
    "stop": "asked not to hear from us",
    "start": "wants to hear from us again",
    "help": "asked for help",
    "automatic": "answered automatically",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that was heard, about a message where it is known which."""

    at: datetime
    channel: str
    what: str
    detail: str | None = None
    message_id: UUID | None = None
    wrong: bool = False


def heard(session: Session, customer_id: UUID) -> list[Heard]:
    """The latest of it, newest first."""
    deliveries = _deliveries(session, customer_id)
    receipts = _receipts(session, customer_id)
    said = {(receipt.delivery_id, receipt.kind) for receipt, *_ in receipts}
    lines = [
        *_in_vain(deliveries),
        *(line for one in deliveries for line in _of_delivery(one, said)),
        *(_of_receipt(receipt, channel, bool(redirected)) for receipt, channel, redirected in receipts),
        *(_of_reply(reply) for reply in _replies(session, customer_id)),
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:LATEST]


def _deliveries(session: Session, customer_id: UUID) -> Sequence[Delivery]:
    return session.scalars(
        select(Delivery)
        .join(Message, Message.id == Delivery.message_id)
        .where(Message.customer_id == customer_id, Delivery.submitting_at.is_not(None))
        .order_by(Delivery.id.desc())
        .limit(LATEST)
    ).all()


def _receipts(session: Session, customer_id: UUID) -> Sequence[Any]:
    """Those of their messages, also of one that waits to be applied."""
    return session.execute(
        select(Receipt, Delivery.channel, Delivery.redirected)
        .outerjoin(Delivery, Delivery.id == Receipt.delivery_id)
        .where(
            or_(
                Receipt.message_id.in_(select(Message.id).where(Message.customer_id == customer_id)),
                Delivery.message_id.in_(select(Message.id).where(Message.customer_id == customer_id)),
            )
        )
        .order_by(Receipt.occurred_at.desc())
        .limit(LATEST)
    ).all()


def _replies(session: Session, customer_id: UUID) -> Sequence[Reply]:
    of = select(Reply).where(Reply.customer_id == customer_id)
    return session.scalars(of.order_by(Reply.received_at.desc()).limit(LATEST)).all()


def _of_delivery(one: Delivery, said: set[tuple[UUID | None, str]]) -> Iterator[Heard]:
    """What no receipt says better."""
    if one.accepted_at:
        sent = "went to the test address instead (redirect mode)" if one.redirected else "sent"
        yield Heard(one.accepted_at, one.channel, sent, None, one.message_id)
    if one.unconfirmed_at:
        yield Heard(one.unconfirmed_at, one.channel, "we don't know whether it arrived", None, one.message_id, True)
    if one.delivered_at and (one.id, "delivered") not in said:
        yield Heard(one.delivered_at, one.channel, WORDS["delivered"] + _where(one.redirected), None, one.message_id)
    if one.read_at and (one.id, "read") not in said:
        yield Heard(one.read_at, one.channel, WORDS["read"] + _where(one.redirected), None, one.message_id)
    came_back = any((one.id, kind) in said for kind in ("bounced", "dropped", "failed"))
    if one.state in ("bounced", "refused") and one.ended_at and not came_back and not _away(one):
        what = (WORDS["bounced"] if one.state == "bounced" else "refused by the provider") + _where(one.redirected)
        yield Heard(one.ended_at, one.channel, what, one.reason, one.message_id, True)


def _in_vain(deliveries: Sequence[Delivery]) -> Iterator[Heard]:
    """Attempts in a row that met the provider away, as one line with what was said last."""
    by_message = sorted(deliveries, key=lambda one: (one.message_id, one.fence))
    for (message_id, away), several in groupby(by_message, key=lambda one: (one.message_id, _away(one))):
        if away:
            attempts = list(several)
            last = attempts[-1]
            times = f" ({len(attempts)} times)" if len(attempts) > 1 else ""
            what = f"the provider {away}, so it is tried again{times}"
            yield Heard(last.ended_at or last.claimed_at, last.channel, what, last.reason, message_id)


def _away(one: Delivery) -> str | None:
    return away_words(one.state, one.reason)


def _where(redirected: bool) -> str:
    return ", at the test address (redirect mode)" if redirected else ""


def _of_receipt(receipt: Receipt, channel: str | None, redirected: bool) -> Heard:
    wrong = receipt.kind in _WITH_REASON or receipt.kind == "complained"
    detail = receipt.detail if receipt.kind in _WITH_REASON else None
    return Heard(
        receipt.occurred_at,
        channel or receipt.provider,
        WORDS[receipt.kind] + _where(redirected),
        detail,
        receipt.message_id,
        wrong,
    )


def _of_reply(reply: Reply) -> Heard:
    answer, _ = parted(reply.text)
    short = answer if len(answer) <= SHORT else f"{answer[:SHORT].rstrip()} …"
    return Heard(reply.received_at, reply.channel, REPLIED[reply.meaning], short or None, reply.message_id)
