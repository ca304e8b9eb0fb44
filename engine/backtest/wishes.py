"""Who said, while a moment of theirs waited to be planned, whether they want its occasion: nothing asks for that before
it is planned, so by then it is as it is stored, and they are decided at once. Only who said so later is left to the
days.
"""

from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Uuid, and_, insert, select

from engine.backtest.openings import OPENED
from engine.backtest.scratch import Scratch, temporary
from engine.conditions.expressions import json_text
from engine.storage.base import UtcDateTime
from engine.storage.models import CustomerChange

# Whose wish alone changed, and when it did: once for each change.
WISHED = temporary(
    "wished", Column("customer_id", Uuid, nullable=False), Column("changed_at", UtcDateTime, nullable=False)
)
_PREFIX = "preferences."


def is_wish(changes: Any) -> ColumnElement[bool]:
    """Whether a change says no more than that an occasion, or all of them, is wanted or not: by its channel a moment
    may go at another time."""
    before, after = (json_text(changes[side], "channel") for side in ("old", "new"))
    return and_(changes.field.startswith(_PREFIX), before.is_not_distinct_from(after))


def note_wished(run: Scratch, changed: Select[Any]) -> None:
    """Keep those who changed, as (customer_id), for as far as it was a wish."""
    changes = run.stored(CustomerChange).c
    rows = changed.add_columns(changes.effective_at).where(is_wish(changes))
    run.session.execute(insert(WISHED).from_select([column.name for column in WISHED.c], rows))
    run.measure(WISHED.name)


def wished_later() -> Select[Any]:
    """The customers of moments that were planned before the last such word."""
    return (
        select(OPENED.c.customer_id)
        .join(WISHED, WISHED.c.customer_id == OPENED.c.customer_id)
        .where(OPENED.c.planned_at < WISHED.c.changed_at)
    )
