"""Where a forecast begins: what is spotted, planned, approved and went a short while ago, as it stands now."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, insert, or_, select

from engine.backtest.scratch import Scratch
from engine.storage.base import Base
from engine.storage.models import Hold, Message, MessageMoment, Moment, Total
from engine.transitions import MOMENT

# Caps look back at most a year; a corrected date does not greet twice within half a year, and a resolution is looked at
# for two months.
MESSAGES_OF, MOMENTS_OF = timedelta(days=370), timedelta(days=200)
_OPEN = ("spotted", "planned", "written")
assert set(_OPEN) <= MOMENT.keys()


def copy_present(run: Scratch, *, today: date) -> None:
    """Copy what still counts. The triggers of the run are cast already; what others spotted is theirs too."""
    moments, messages, spoken = run.stored(Moment).c, run.stored(Message).c, run.stored(MessageMoment).c
    recent = and_(messages.send_on > today - MESSAGES_OF, run.mine(messages.customer_id))
    told = select(spoken.moment_id).join(messages.id.table, messages.id == spoken.message_id).where(recent)
    _copy(run, Message, recent)
    _copy(run, MessageMoment, spoken.message_id.in_(select(messages.id).where(recent)))
    _copy(
        run,
        Moment,
        and_(
            run.mine(moments.customer_id),
            or_(moments.state.in_(_OPEN), moments.send_on > today - MOMENTS_OF, moments.id.in_(told)),
        ),
    )
    holds = run.stored(Hold).c
    _copy(run, Hold, and_(holds.released_at.is_(None), holds.moment_id.in_(select(Moment.id))))  # of this run alone
    _copy(run, Total, run.mine(run.stored(Total).c.customer_id))


def _copy(run: Scratch, model: type[Base], which: ColumnElement[bool]) -> None:
    stored = run.stored(model)
    rows = select(*stored.c).where(which)
    run.session.execute(insert(model).from_select([column.name for column in stored.c], rows))
