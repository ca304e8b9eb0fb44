"""Lets go of claimed messages for which no channel was called, each with its reason. Nothing was handed over, so that
they may be claimed again.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.send.retrying import give_attempts_back, try_later
from engine.storage.models import Delivery, Message


def record_hindered(session: Session, reasons: Mapping[UUID, str], *, now: datetime) -> None:
    """End claims of messages that may not go, each with its reason. A hindrance costs the message no attempt."""
    if reasons:
        give_attempts_back(session, _let_go(session, reasons, "claimed", now=now).values())


def record_failed_to_compose(session: Session, reasons: Mapping[UUID, str], *, now: datetime) -> None:
    """End the claims of messages that cannot be made; they use up their attempts and end where people look."""
    for delivery_id, message_id in _let_go(session, reasons, "claimed", now=now).items():
        try_later(session, message_id, reasons[delivery_id], now=now)


def record_not_called(session: Session, reasons: Mapping[UUID, str], *, now: datetime) -> set[UUID]:
    """Take back from `submitting` those for which the channel was never called: only the worker that had them can know
    that. They wait as they waited before, but behind the others. Answers which these were."""
    if not reasons:
        return set()
    gone = _let_go(session, reasons, "submitting", now=now)
    give_attempts_back(session, gone.values())
    session.execute(
        update(Message)
        .where(Message.id.in_(gone.values()), Message.state == "handed_over")
        .values(state="approved", handed_over_at=None, send_at=now)
        .execution_options(synchronize_session=False)
    )
    return set(gone)


def _let_go(session: Session, reasons: Mapping[UUID, str], state: str, *, now: datetime) -> dict[UUID, UUID]:
    """Delivery id -> message id of those that were let go."""
    gone: dict[UUID, UUID] = {}
    for reason, ids in groupby(sorted(reasons, key=lambda one: reasons[one]), key=lambda one: reasons[one]):
        rows = session.execute(
            update(Delivery)
            .where(Delivery.id.in_(list(ids)), Delivery.state == state)
            .values(state="refused", ended_at=now, reason=reason)
            .returning(Delivery.id, Delivery.message_id)
            .execution_options(synchronize_session=False)
        )
        gone.update((delivery_id, message_id) for delivery_id, message_id in rows)
    return gone
