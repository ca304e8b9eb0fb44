"""The staged moments of those who are looked at day by day: each is spotted on the look for which it was staged.

They are the moments that the look itself would find, as long as nothing about the customer's dates, places and events
is otherwise than it is stored. Where somebody is `restless` in this way, the looks search themselves, for everybody.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Uuid, bindparam, exists, insert, select

from engine.backtest.players import PLAYERS
from engine.backtest.scratch import Scratch, temporary
from engine.definitions.store import ActiveTrigger
from engine.storage.base import UtcDateTime
from engine.storage.models import Moment
from engine.storage.session import past_the_orm
from engine.storage.upsert import table_of

_MOMENT = table_of(Moment)
FORESEEN = temporary("foreseen", *(Column(one.name, one.type) for one in _MOMENT.columns), indexes=[["check_at"]])
RESTLESS = temporary("restless", Column("customer_id", Uuid, nullable=False))
_NAMES = [column.name for column in FORESEEN.c]
_DUE = select(FORESEEN).where(FORESEEN.c.check_at == bindparam("now", type_=UtcDateTime()))
_SPOT = insert(_MOMENT).from_select(_NAMES, _DUE)


def keep_foreseen(run: Scratch, customers: ColumnElement[Any]) -> None:
    """Keep the staged moments of these customers. Recoveries are not among them: the looks ask for problems."""
    calm = Moment.customer_id.not_in(select(RESTLESS.c.customer_id))
    rows = select(*_MOMENT.c).where(Moment.customer_id.in_(select(customers)), calm, Moment.problem_id.is_(None))
    run.session.execute(insert(FORESEEN).from_select(_NAMES, rows))


def spot_foreseen(run: Scratch, *, now: datetime) -> None:
    """Those that this look would spot."""
    past_the_orm(run.session).execute(_SPOT, {"now": now})


def may_be_searched(run: Scratch, triggers: Sequence[ActiveTrigger]) -> bool:
    """Whether the looks may have to search themselves: anybody is restless, or there are totals that are no counts."""
    return _are_folded(triggers) or bool(run.session.scalar(select(exists(select(RESTLESS.c.customer_id)))))


def is_searched(run: Scratch, triggers: Sequence[ActiveTrigger]) -> bool:
    """Whether the looks have to search themselves: for somebody, or for totals that are no plain counts."""
    restless = select(PLAYERS.c.customer_id).join(RESTLESS, RESTLESS.c.customer_id == PLAYERS.c.customer_id)
    return _are_folded(triggers) or bool(run.session.scalar(select(exists(restless))))


def _are_folded(triggers: Sequence[ActiveTrigger]) -> bool:
    return any(trigger.kind.shape == "fold" and trigger.kind.counted(trigger.params) is None for trigger in triggers)
