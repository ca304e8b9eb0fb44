"""What the last correction of an event says, inside a statement, as corrections.py decides it in Python."""

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from engine.conditions.expressions import by_bytes
from engine.record.event_kinds import CORRECTIONS
from engine.storage.models import Event


def last_correction(read: Any, *path: str) -> ColumnElement[Any]:
    """The name of the last correction of an event, or what `read` finds in it; NULL where nobody corrected it."""
    correction = aliased(Event)
    return (
        select(read(correction.properties, *path) if read else correction.name)
        .where(
            correction.customer_id == Event.customer_id,
            correction.corrects == Event.message_id,
            correction.name.in_(CORRECTIONS),
        )
        .order_by(correction.occurred_at.desc(), by_bytes(correction.message_id).desc())
        .limit(1)
        .correlate(Event)
        .scalar_subquery()
    )
