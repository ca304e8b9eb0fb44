"""What the facts of a run's moments are: they stay where they were staged, as only samples are asked for them.

They are most of what a moment takes up, so its outcome goes without.
"""

from collections.abc import Sequence
from typing import Any

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


def staged_facts(run: Scratch, outcome: Any) -> Any:
    """The facts of a moment that was decided at once in this part of the run; None of one that the days decided."""
    return run.session.execute(_asked((STAGED, ASIDE), outcome)).scalar_one_or_none()


def facts_by_days(days: Scratch, outcome: Any) -> Any:
    """Of one that the days decided; None of any other. The same customer may have both."""
    return days.session.execute(_asked((table_of(Moment),), outcome)).scalar_one_or_none()


def _asked(tables: Sequence[Table], outcome: Any) -> CompoundSelect[Any]:
    """By the customer, as that is what staged moments are looked up by."""
    theirs = [
        select(one.c.facts).where(one.c.customer_id == outcome.customer_id, one.c.id == outcome.moment_id)
        for one in tables
    ]
    return union_all(*theirs)
