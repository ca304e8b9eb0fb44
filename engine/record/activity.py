"""When each customer last did something themselves: what a quiet relationship is measured by."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine.kinds import FoldEvent
from engine.record.arrivals import Arrivals
from engine.record.event_kinds import event_kind
from engine.record.folding import histories
from engine.storage.bulk import update_each
from engine.storage.models import Customer


def note_activity(session: Session, arrivals: Arrivals, corrected: Collection[UUID]) -> None:
    """Move on `last_active_at`; where events were corrected it is worked out anew, as it may have to go back."""
    changed: dict[UUID, datetime | None] = {}
    for customer_id, events in arrivals.events.items():
        before, latest = arrivals.customers[customer_id].last_active_at, _latest(events)
        if latest is not None and (before is None or latest > before):
            changed[customer_id] = latest
    if corrected:
        changed |= dict.fromkeys(corrected)
        changed |= {customer_id: _latest(events) for customer_id, events in histories(session, corrected)}
    rows = [{"id": customer_id, "last_active_at": latest} for customer_id, latest in changed.items()]
    update_each(session, Customer, rows)


def _latest(events: Iterable[FoldEvent]) -> datetime | None:
    return max((event.occurred_at for event in events if event_kind(event.name).by_customer), default=None)
