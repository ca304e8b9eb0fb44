"""Customers of whom something became true only after their moments were over, or after some of them and before all
others: those are decided at once by the record of the beginning of the run, after everything else and by the same pass.
"""

from sqlalchemy import Column, delete, exists, insert, select

from engine.backtest.at_once import decide_at_once, forget
from engine.backtest.days import Stage
from engine.backtest.past import fill_record
from engine.backtest.past_tables import empty_past, hide_record, show_record
from engine.backtest.players import PLAYERS, cast_players
from engine.backtest.routing import EARLY
from engine.backtest.scratch import temporary
from engine.backtest.staging import Looks
from engine.storage.models import Customer, Moment
from engine.storage.upsert import table_of

_MOMENT = table_of(Moment)
ASIDE = temporary("aside", *(Column(one.name, one.type) for one in _MOMENT.columns))
_NAMES = [column.name for column in ASIDE.c]


def set_aside(stage: Stage) -> None:
    """Take their moments off the stage that were over by then, until the others are decided."""
    session = stage.run.session
    theirs = exists().where(EARLY.c.customer_id == Moment.customer_id, Moment.expires_at < EARLY.c.changed_at)
    stage.run.measure(EARLY.name)
    with stage.run.looking_up():
        session.execute(insert(ASIDE).from_select(_NAMES, select(*_MOMENT.c).where(theirs)))
        session.execute(delete(Moment).where(theirs), execution_options={"synchronize_session": False})


def read_earlier(stage: Stage, looks: Looks) -> None:
    """Read their record as it was then; it is not shown yet."""
    if _are_any(stage):
        theirs = stage.run.stored(Customer).c.id.in_(select(ASIDE.c.customer_id))
        cast_players(stage.run, since=looks.at[0], among=theirs)
        fill_record(stage.run, at=looks.at[0])


def decide_earlier(stage: Stage, looks: Looks) -> None:
    """Decide them by their record as it was read."""
    run = stage.run
    if not _are_any(stage):
        return
    forget(stage)
    run.session.execute(insert(Moment).from_select(_NAMES, select(ASIDE)))
    show_record(run)
    run.set_clock(looks.at[0])
    decide_at_once(stage, looks)
    hide_record(run)
    empty_past(run)
    run.empty(PLAYERS.name)


def _are_any(stage: Stage) -> bool:
    return bool(stage.run.session.scalar(select(exists(select(ASIDE.c.id)))))
