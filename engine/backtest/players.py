"""Who takes part in a run day by day: since when each is known, and whether anything of them changed meanwhile."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Subquery, Uuid, func, insert, literal, not_, select, union_all

from engine.backtest.scratch import ALWAYS, Scratch, temporary
from engine.storage.base import UtcDateTime
from engine.storage.models import Consent, Customer, CustomerChange, Event

PLAYERS = temporary(
    "players",
    Column("customer_id", Uuid, primary_key=True),
    Column("known_since", UtcDateTime, nullable=False),
    Column("changed", Uuid),
)


def cast_players(run: Scratch, *, since: datetime, among: ColumnElement[bool] | None = None) -> None:
    """Everybody, or those `among` the stored customers. Of the erased nothing is kept that could be replayed."""
    those = [] if among is None else [among]
    changed = changes_since(run, since).where(*those).distinct().subquery("changed")
    customers, known = run.stored(Customer).c, known_since(run, since, *those)
    rows = (
        select(customers.id, func.coalesce(known.c.at, literal(ALWAYS, UtcDateTime)), changed.c.customer_id)
        .outerjoin(changed, changed.c.customer_id == customers.id)
        .outerjoin(known, known.c.customer_id == customers.id)
        .where(customers.erased_at.is_(None), run.mine(customers.id), *those)
    )
    run.session.execute(insert(PLAYERS).from_select([column.name for column in PLAYERS.c], rows))
    run.measure(PLAYERS.name)


def changes_since(run: Scratch, since: datetime) -> Select[Any]:
    """The customers of whom something became true later, once for each change. What was told when they were first
    recorded is no change.

    Suppressions keep their own times.
    """
    customers, changes = run.stored(Customer).c, run.stored(CustomerChange).c
    return (
        select(changes.customer_id)
        .join(customers.id.table, customers.id == changes.customer_id)
        .where(changes.effective_at > since, changes.recorded_at > customers.created_at)
        .where(not_(changes.field.startswith("suppressions.")), run.mine(changes.customer_id))
    )


def known_since(run: Scratch, since: datetime, *among: ColumnElement[bool]) -> Subquery:
    """Of those whose record is younger than the run: the oldest thing that is known of them. See `cast_players`."""
    customers = run.stored(Customer).c
    evidence = [(customers.id, customers.created_at)]
    for model, at in ((Event, "occurred_at"), (Consent, "given_at"), (CustomerChange, "effective_at")):
        table = run.stored(model).c
        evidence.append((table.customer_id, table[at]))
    late = select(customers.id).where(customers.created_at > since, run.mine(customers.id), *among).cte("late")
    oldest = [
        select(who.label("customer_id"), func.min(at).label("at")).where(who.in_(select(late.c.id))).group_by(who)
        for who, at in evidence
    ]
    found = union_all(*oldest).subquery("evidence")
    return select(found.c.customer_id, func.min(found.c.at).label("at")).group_by(found.c.customer_id).subquery("known")
