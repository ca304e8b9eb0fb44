"""What became of every moment of a run, one row each, and by which holds it was stopped or kept waiting."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    and_,
    case,
    insert,
    literal,
    not_,
    or_,
    select,
    text,
)

from engine.backtest.parts import WHOLE, Part
from engine.backtest.scratch import Scratch, temporary
from engine.plan.reasons import HELD_REASON
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
# The names of the holds of a moment, each once, besides the one that its reason names.
STOPS = temporary("stops", Column("moment_id", Uuid, nullable=False), Column("name", Text, nullable=False))
# The problems that another process speaks of, where each plays other days (`stints.py`).
ELSEWHERE = temporary("elsewhere", Column("piece_id", Uuid, nullable=False))
# Of those that the run is about, what samples are chosen by.
SHOWN = temporary(
    "shown",
    *(Column(name, Uuid, nullable=False) for name in ("moment_id", "customer_id", "trigger_id")),
    Column("occurrence_key", Text, nullable=False),
    *(Column(name, BigInteger) for name in ("position", "name_length", "bucket")),
    Column("language", Text),
    Column("is_nameless", Boolean),
    Column("reason", Text),
)
COLUMNS = [column.name for column in OUTCOMES.c]
# The first of them are as they are in a moment.
OF_MOMENT = COLUMNS[: COLUMNS.index("on_day")]


def index_outcomes(run: Scratch) -> None:
    """When those of everybody else are in, and before the run is frozen."""
    run.session.execute(_BY_CUSTOMER)


def note_players(run: Scratch) -> None:
    """What became of the moments that the days looked at, where these were played on the same connection."""
    run.session.execute(insert(OUTCOMES).from_select(COLUMNS, fates()))
    run.session.execute(insert(STOPS).from_select(["moment_id", "name"], names_of_holds()))
    run.measure(OUTCOMES.name, STOPS.name)


def names_of_holds(part: Part = WHOLE) -> Select[UUID, str]:
    """As in STOPS, of the moments of this part that the days looked at."""
    return (
        select(Hold.moment_id, Hold.name)
        .join(Moment, Moment.id == Hold.moment_id)
        .where(_own(part), or_(Moment.reason.is_(None), Moment.reason != held(Hold.name)))
        .distinct()
    )


def fates(part: Part = WHOLE) -> Select[Any]:
    """As in OUTCOMES, of the moments of this part that the days looked at. `on_day`: when it went, or would have."""
    spoken = and_(MessageMoment.moment_id == Moment.id, MessageMoment.live)
    gone = Message.state.in_(("handed_over", "closed"))
    state = case(
        (gone, SENT), (Moment.state.in_(("spotted", "planned", "written", "closed")), OPEN), else_=Moment.state
    )
    return (
        select(
            *(getattr(Moment, "id" if name == "moment_id" else name) for name in OF_MOMENT),
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
        .where(_own(part))
    )


def held(name: Any) -> ColumnElement[str]:
    """The reason of a moment that this hold kept until its end."""
    reason: ColumnElement[str] = literal(HELD_REASON, Text) + name
    return reason


def _own(part: Part) -> ColumnElement[bool]:
    elsewhere = Moment.problem_id.in_(select(ELSEWHERE.c.piece_id))
    return and_(part.holds(Moment.customer_id), or_(Moment.problem_id.is_(None), not_(elsewhere)))
