"""What the facts of a run's moments are: they stay where they were staged, as only samples are asked for them.

They are most of what a moment takes up, so its outcome goes without.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, union_all

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


def facts_of_staged(run: Scratch, customer_id: UUID, moment_id: UUID) -> Any:
    """Those of a moment that was decided at once."""
    return _facts(run, (STAGED, ASIDE), customer_id, moment_id)


def facts_of_played(run: Scratch, customer_id: UUID, moment_id: UUID) -> Any:
    """Those of a moment that the days spotted."""
    return _facts(run, (table_of(Moment),), customer_id, moment_id)


def _facts(run: Scratch, tables: Sequence[Table], customer_id: UUID, moment_id: UUID) -> Any:
    """By the customer, as that is what staged moments are looked up by."""
    of = (select(one.c.facts).where(one.c.customer_id == customer_id, one.c.id == moment_id) for one in tables)
    return run.session.execute(union_all(*of)).scalar_one()
