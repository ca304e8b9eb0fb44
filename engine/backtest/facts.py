"""What the facts of a run's moments are: they stay where they were staged, as only samples are asked for them.

They are most of what a moment takes up, so its outcome goes without.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Table, select, union_all

from engine.backtest.earlier import ASIDE
from engine.backtest.scratch import Scratch, temporary
from engine.storage.models import Moment
from engine.storage.upsert import table_of

# What the staged moments of most are called when they have been decided. Made by giving them this name.
STAGED = temporary("staged", *(column._copy() for column in table_of(Moment).columns))


def keep_staged(run: Scratch) -> None:
    """Leave the staged moments to be asked for their facts, and take an empty table for others."""
    run.rename(Moment, STAGED.name)
    run.shadow(Moment, bare=True)


def stored_facts(days: Scratch, run: Scratch, customer_id: UUID, moment_id: UUID) -> Any:
    """The facts of a moment that the days decided, or else of one that was decided at once in this part of the run:
    the same customer may have both."""
    played = days.session.execute(_asked((table_of(Moment),), customer_id, moment_id)).scalar_one_or_none()
    if played is not None:
        return played
    return run.session.execute(_asked((STAGED, ASIDE), customer_id, moment_id)).scalar_one()


def _asked(tables: Sequence[Table], customer_id: UUID, moment_id: UUID) -> CompoundSelect[Any]:
    """By the customer, as that is what staged moments are looked up by."""
    return union_all(
        *(select(one.c.facts).where(one.c.customer_id == customer_id, one.c.id == moment_id) for one in tables)
    )
