"""The tables in which a run keeps its customers as they were: each row with the instants between which it was true."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    Table,
    and_,
    case,
    cast,
    func,
    null,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from engine.backtest.scratch import Scratch, fill, temporary
from engine.record.event_kinds import NOT_THEIR_DOING, RETRACTED
from engine.storage.base import Base, UtcDateTime
from engine.storage.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerDate,
    Event,
    Note,
    Preference,
    Problem,
    Suppression,
)
from engine.storage.upsert import table_of

# Kept with their times, and how the engine finds them.
_INDEXES: dict[type[Base], tuple[tuple[str, ...], ...]] = {
    Customer: (("id",), ("external_id",)),
    CustomerDate: (("customer_id",), ("name", "month_day", "year")),
    ContactPoint: (("customer_id",), ("address_hash",)),
    Consent: (("customer_id",),),
    Preference: (("customer_id",),),
    Problem: (("customer_id",), ("id",), ("state", "resolved_at")),
}
KEPT = tuple(_INDEXES)
RECORD: tuple[type[Base], ...] = (Customer, ContactPoint, Consent, Preference)
SINCE, UNTIL = "true_since", "true_until"


def past_table(model: type[Base]) -> Table:
    """The run's own table for this model."""
    return _PAST[model]


def create_past(run: Scratch) -> None:
    """Make them, empty."""
    run.create(list(_PAST.values()))


def put(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """Keep these rows, which say themselves since and until when they were true."""
    fill(session, _PAST[model], rows)


def empty_past(run: Scratch) -> None:
    """Take everybody out again."""
    run.empty(*(table.name for table in _PAST.values()))


def show_record(run: Scratch) -> None:
    """Let the engine read who a customer was, what they allowed and how to reach them by the run's clock; what they did
    is still as it is stored."""
    at = run.clock
    for model in RECORD:
        past = _PAST[model].c
        columns = [past[column.name] for column in table_of(model).columns]
        run.view(table_of(model).name, select(*columns).where(_true_at(past, at)))


def hide_record(run: Scratch) -> None:
    """Back to what is stored."""
    run.drop_views(*(table_of(model).name for model in RECORD))


def show_past(run: Scratch) -> None:
    """From now on the run's clock decides what the engine reads under the names of these tables."""
    at = run.clock
    for model in KEPT:
        run.view(table_of(model).name, _as_of(run, model, at))
    events, notes, suppressions = (run.stored(model) for model in (Event, Note, Suppression))
    run.view("events", select(events).where(events.c.occurred_at <= at))
    for table, ended in ((notes, "withdrawn_at"), (suppressions, "lifted_at")):
        columns = (_unless_later(column, ended, at) for column in table.c)
        run.view(table.name, select(*columns).where(table.c.created_at <= at))


def _as_of(run: Scratch, model: type[Base], at: ScalarSelect[datetime]) -> Select[Any]:
    past = _PAST[model].c
    columns: list[ColumnElement[Any]] = [past[column.name] for column in table_of(model).columns]
    known: ColumnElement[bool] = true()
    if model is Customer:
        columns = [_last_active(run, at) if column is past.last_active_at else column for column in columns]
    if model is CustomerDate:  # the day of a first event is not known before that event
        known = or_(past.event_name.is_(None), past.year * 10_000 + past.month_day <= _tomorrow(run, at))
    return select(*columns).where(_true_at(past, at), known)


def _true_at(past: Any, at: ScalarSelect[datetime]) -> ColumnElement[bool]:
    """Whether a row was true then.

    Spelled as a number, of which PostgreSQL takes it that nearly every row has it, as is so. Of two comparisons with an
    instant that it does not know it takes it that one row in nine passes: then it reckons with one customer where there
    are hundreds, and reads again for each of them what it has just read.
    """
    return case((and_(past[SINCE] <= at, past[UNTIL] > at), 1), else_=0) != 0


def _last_active(run: Scratch, at: ScalarSelect[datetime]) -> ColumnElement[datetime]:
    """The newest event of the customer's own doing by then that was not taken back."""
    past, done, taken_back = _PAST[Customer].c, run.stored(Event).alias("done"), run.stored(Event).alias("taken_back")
    retracted = select(taken_back.c.id).where(
        taken_back.c.corrects == done.c.message_id, taken_back.c.name == RETRACTED
    )
    earlier = select(func.max(done.c.occurred_at)).where(
        done.c.customer_id == past.id,
        done.c.occurred_at <= at,
        done.c.name.not_in(NOT_THEIR_DOING),
        ~retracted.exists(),
    )
    newest = case((past.last_active_at <= at, past.last_active_at), else_=earlier.scalar_subquery())
    return newest.label("last_active_at")


def _tomorrow(run: Scratch, at: ScalarSelect[datetime]) -> ColumnElement[int]:
    """20260305, of the day after in UTC: nowhere on earth has a later one begun."""
    if run.is_sqlite:
        return cast(func.strftime("%Y%m%d", at, "+1 day"), Integer)
    return cast(func.to_char(at + text("interval '1 day'"), "YYYYMMDD"), Integer)


def _unless_later(column: Column[Any], ended: str, at: ScalarSelect[datetime]) -> ColumnElement[Any]:
    """What ended later had not ended yet."""
    if column.name != ended:
        return column
    return case((column > at, null()), else_=column).label(ended)


def _past(model: type[Base], indexes: tuple[tuple[str, ...], ...]) -> Table:
    columns = [Column(column.name, column.type) for column in table_of(model).columns]
    times = [Column(name, UtcDateTime, nullable=False) for name in (SINCE, UNTIL)]
    return temporary(f"past_{table_of(model).name}", *columns, *times, indexes=indexes)


_PAST = {model: _past(model, indexes) for model, indexes in _INDEXES.items()}
