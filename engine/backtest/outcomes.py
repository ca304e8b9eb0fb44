"""What became of every moment of a run, one row each, and by which holds it was stopped or kept waiting."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Select, Text, Uuid, and_, case, insert, select, text

from engine.backtest.scratch import Scratch, temporary
from engine.storage.base import UtcDateTime
from engine.storage.models import Hold, Message, MessageMoment, Moment

SENT, OPEN, CONTROL = "sent", "open", "control"

OUTCOMES = temporary(
    "outcomes",
    Column("moment_id", Uuid, nullable=False),
    Column("trigger_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("occurrence_key", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("weight", BigInteger, nullable=False),
    Column("nominal_on", Date, nullable=False),
    Column("on_day", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("planned_at", UtcDateTime),
    Column("message_id", Uuid),
    Column("position", BigInteger),
    Column("problem_id", Uuid),
)
_BY_CUSTOMER = text("CREATE INDEX ix_outcomes_customer_id ON outcomes (customer_id)")
# The names of the holds of a moment, each once.
STOPS = temporary("stops", Column("moment_id", Uuid, nullable=False), Column("name", Text, nullable=False))
# Of those that the run is about, what samples are chosen by.
SHOWN = temporary(
    "shown",
    *(Column(name, Uuid, nullable=False) for name in ("moment_id", "customer_id", "trigger_id")),
    Column("occurrence_key", Text, nullable=False),
    *(Column(name, BigInteger) for name in ("position", "name_length", "bucket")),
    Column("language", Text),
    Column("is_nameless", Boolean),
)
COLUMNS = [column.name for column in OUTCOMES.c]
# The first of them, as they are in a moment.
OF_MOMENT = tuple(getattr(Moment, "id" if name == "moment_id" else name) for name in COLUMNS[: COLUMNS.index("on_day")])


def index_outcomes(run: Scratch) -> None:
    """When those of everybody else are in, and before the run is frozen."""
    run.session.execute(_BY_CUSTOMER)


def note_players(run: Scratch, parts: Sequence[Scratch]) -> None:
    """What the days made of the moments of those they were played for, told to the part to which each belongs."""
    for part in parts:
        mine = part.mine(Moment.customer_id)
        rows = _fates().where(mine)
        names = select(Hold.moment_id, Hold.name).join(Moment, Moment.id == Hold.moment_id).where(mine).distinct()
        if part.session is run.session:
            run.session.execute(insert(OUTCOMES).from_select(COLUMNS, rows))
            run.session.execute(insert(STOPS).from_select(["moment_id", "name"], names))
        else:
            run.carry(rows, OUTCOMES, part)
            run.carry(names, STOPS, part)
        part.measure(OUTCOMES.name, STOPS.name)


def _fates() -> Select[Any]:
    """`on_day`: when it went, or would have gone."""
    spoken = and_(MessageMoment.moment_id == Moment.id, MessageMoment.live)
    gone = Message.state.in_(("handed_over", "closed"))
    state = case(
        (gone, SENT), (Moment.state.in_(("spotted", "planned", "written", "closed")), OPEN), else_=Moment.state
    )
    return (
        select(
            *OF_MOMENT,
            case((gone, Message.send_on), else_=Moment.send_on),
            state,
            Moment.reason,
            Moment.planned_at,
            Message.id,
            MessageMoment.position,
            Moment.problem_id,
        )
        .outerjoin(MessageMoment, spoken)
        .outerjoin(Message, Message.id == MessageMoment.message_id)
    )
