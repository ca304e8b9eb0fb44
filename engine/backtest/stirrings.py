"""When something happened about a customer: whom a day of the run has to fold and to look at again."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Text, Uuid, bindparam, insert, literal, select, union_all, update

from engine.backtest.past_tables import KEPT, SINCE, past_table
from engine.backtest.players import PLAYERS
from engine.backtest.scratch import Scratch, temporary
from engine.record.event_kinds import CORRECTIONS
from engine.storage.base import UtcDateTime
from engine.storage.models import Customer, Event, Moment, Note
from engine.storage.session import past_the_orm
from engine.storage.upsert import table_of
from engine.storage.words import in_words

STIRRINGS = temporary(
    "stirrings",
    Column("at", UtcDateTime, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("name", Text),
    indexes=[["at"]],
)
_AFTER, _UNTIL = (bindparam(name, type_=UtcDateTime(), required=True) for name in ("after", "until"))
_MOMENTS = table_of(Moment)
_STIRRED = select(STIRRINGS.c.customer_id).where(STIRRINGS.c.at > _AFTER, STIRRINGS.c.at <= _UNTIL)
_LOOK_AGAIN = in_words(
    update(_MOMENTS)
    .where(_MOMENTS.c.state == "spotted", _MOMENTS.c.check_at > _UNTIL, _MOMENTS.c.customer_id.in_(_STIRRED))
    .values(check_at=_UNTIL)
)


def gather_stirrings(run: Scratch, *, after: datetime, until: datetime) -> None:
    """The events of the players in this time, by name, and the changes of their records."""
    events = run.stored(Event).c
    happened = (
        select(events.occurred_at, events.customer_id, events.name)
        .join(PLAYERS, PLAYERS.c.customer_id == events.customer_id)
        .where(events.occurred_at > after, events.occurred_at <= until)
    )
    changed = []
    for model in KEPT:
        past = past_table(model).c
        who = past.id if model is Customer else past.customer_id
        changed.append(select(past[SINCE], who, literal(None, Text)).where(past[SINCE] > after, past[SINCE] <= until))
    notes = run.stored(Note).c
    for said_at in (notes.created_at, notes.withdrawn_at):
        said = select(said_at, notes.customer_id, literal(None, Text)).where(said_at > after, said_at <= until)
        changed.append(said)
    rows = union_all(happened, *changed)
    run.session.execute(insert(STIRRINGS).from_select([column.name for column in STIRRINGS.c], rows))
    run.measure(STIRRINGS.name)


def stirred_by(run: Scratch, names: Collection[str], *, after: datetime, until: datetime) -> list[UUID]:
    """The customers who recorded any of these names in this time, or corrected anything."""
    within = (STIRRINGS.c.at > after, STIRRINGS.c.at <= until)
    query = select(STIRRINGS.c.customer_id).where(*within, STIRRINGS.c.name.in_([*names, *CORRECTIONS])).distinct()
    return list(run.session.scalars(query.order_by(STIRRINGS.c.customer_id)))


def look_again(run: Scratch, *, after: datetime, until: datetime) -> None:
    """Plan the spotted moments of everybody anew of whom there is news, as recording asks for it."""
    past_the_orm(run.session).execute(_LOOK_AGAIN, {_AFTER.key: after, _UNTIL.key: until})
