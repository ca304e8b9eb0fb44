"""The statement that makes the moments of a dated trigger, and the rows of days and places it is handed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    CTE,
    BigInteger,
    CursorResult,
    Date,
    Text,
    Uuid,
    and_,
    case,
    column,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    values,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.elements import ColumnElement

from engine.definitions.store import ActiveTrigger
from engine.kinds import DateKind, DateMatch
from engine.spot.reasons import CELEBRATED_RECENTLY, UNTRUE_DATE
from engine.storage.base import UtcDateTime
from engine.storage.json_sql import date_text, json_constant, json_object, new_key
from engine.storage.models import Customer, CustomerDate, Message, MessageMoment, Moment
from engine.storage.upsert import insert_into

# SQLite takes 32,766 values in a statement: 4,000 send days have 20,000, 1,000 matches 8,000.
SEND_DAYS, MATCHES = 4_000, 1_000
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class HomePlace:
    """Where customers live, as far as a calendar cares: the country is empty where no working-day shift asks for it."""

    zone: str
    country: str


@dataclass(frozen=True, slots=True)
class SendDay:
    """What a nominal date means at a place."""

    nominal_on: date
    place: HomePlace
    send_on: date
    expires_at: datetime


def kind_of(trigger: ActiveTrigger) -> DateKind:
    """The kind of a trigger whose shape is `dates`."""
    return cast(DateKind, trigger.kind)


def places_due(session: Session, trigger: ActiveTrigger, matches: Sequence[DateMatch]) -> Iterator[HomePlace]:
    """Asked of those due, not of all customers. Who moves meanwhile is found by the next scan."""
    found = _found(trigger, matches)
    rows = session.execute(select(found.c.zone, found.c.country).distinct())
    return (HomePlace(zone, country) for zone, country in rows)


def insert_moments(
    session: Session, trigger: ActiveTrigger, matches: Sequence[DateMatch], days: Sequence[SendDay], *, now: datetime
) -> int:
    """New moments, and those that were cancelled or moved by a corrected date and are true on another day now.

    Ordered, so that two scans at once wait for each other instead of locking each other out.
    """
    wanted = _wanted(trigger, matches, days, now)
    columns = _columns(trigger, matches, wanted, now)
    rows = (
        select(*columns.values())
        .where(or_(~wanted.c.is_known, ~wanted.c.recently))
        .order_by(wanted.c.customer_id, wanted.c.key)
    )
    insert = insert_into(session, Moment).from_select(list(columns), rows)
    again = ("nominal_on", "send_on", "expires_at", "facts", "trigger_version_id", "weight", "check_at", "spotted_at")
    insert = insert.on_conflict_do_update(
        index_elements=["trigger_id", "customer_id", "occurrence_key"],
        set_={name: insert.excluded[name] for name in again} | {"state": "spotted", "reason": None},
        where=_may_move(Moment, insert.excluded.nominal_on),
    )
    result = session.execute(insert, execution_options={"preserve_rowcount": True})
    if session.get_bind().dialect.name == "sqlite":  # whose driver does not count where WITH comes first
        return session.scalar(select(func.changes())) or 0
    return cast("CursorResult[Any]", result).rowcount


def _found(trigger: ActiveTrigger, matches: Sequence[DateMatch]) -> CTE:
    """Who is due, and where they live. Materialized, so that no plan begins elsewhere than at the index of dates."""
    due = _rows_of(matches)
    country = func.coalesce(Customer.country, "") if _is_shifted(trigger) else literal("", Text)
    return (
        select(
            CustomerDate.customer_id,
            Customer.zone,
            country.label("country"),
            CustomerDate.year,
            CustomerDate.month,
            CustomerDate.day,
            *(due.c[name] for name in ("nominal_on", "nominal_year", "key", "number", "apart_from", "apart_to")),
        )
        .select_from(due)
        .join(CustomerDate, _is_due(trigger, matches, due))
        .join(Customer, Customer.id == CustomerDate.customer_id)
        .where(Customer.erased_at.is_(None))
        .cte("found")
        .prefix_with("MATERIALIZED")
    )


def _is_due(trigger: ActiveTrigger, matches: Sequence[DateMatch], due: CTE) -> ColumnElement[bool]:
    """The lists say again what the join says, in a form that the index over name, month_day and year answers."""
    same_day = and_(
        CustomerDate.name == kind_of(trigger).date_name(trigger.params),
        CustomerDate.placeholder.is_(None),
        CustomerDate.month_day.in_(sorted({match.month_day for match in matches})),
        CustomerDate.month_day == due.c.month_day,
    )
    if not _years_fixed(matches):
        return and_(same_day, or_(CustomerDate.year.is_(None), CustomerDate.year < due.c.nominal_year))
    years = sorted({match.year for match in matches if match.year is not None})
    return and_(same_day, CustomerDate.year.in_(years), CustomerDate.year == due.c.year)


def _wanted(trigger: ActiveTrigger, matches: Sequence[DateMatch], days: Sequence[SendDay], now: datetime) -> CTE:
    """Those due who have no moment yet, or one that may move. `recently`: another was handed over too near to it."""
    found, sends, old = _found(trigger, matches), _rows_of_days(days), aliased(Moment)
    of_place = (
        sends.c.nominal_on == found.c.nominal_on,
        sends.c.zone == found.c.zone,
        sends.c.country == found.c.country,
    )
    same_occurrence = (
        old.trigger_id == trigger.id,
        old.customer_id == found.c.customer_id,
        old.occurrence_key == found.c.key,
    )
    moves = and_(_may_move(old, found.c.nominal_on), sends.c.expires_at > literal(now, UtcDateTime))
    return (
        select(
            found,
            sends.c.send_on,
            sends.c.expires_at,
            old.id.is_not(None).label("is_known"),
            _celebrated_recently(trigger, matches, found).label("recently"),
        )
        .join_from(found, sends, and_(*of_place))
        .outerjoin(old, and_(*same_occurrence))
        .where(or_(old.id.is_(None), moves))
        .cte("wanted")
        .prefix_with("MATERIALIZED")
    )


def _columns(
    trigger: ActiveTrigger, matches: Sequence[DateMatch], wanted: CTE, now: datetime
) -> dict[str, ColumnElement[Any]]:
    definition = trigger.definition
    return {
        "id": new_key(),
        "trigger_id": literal(trigger.id, Uuid),
        "trigger_version_id": literal(trigger.version_id, Uuid),
        "customer_id": wanted.c.customer_id,
        "occurrence_key": wanted.c.key,
        "family": literal(definition.family, Text),
        "occasion": literal(definition.occasion, Text),
        "state": case((wanted.c.recently, "skipped"), else_="spotted"),
        "reason": case((wanted.c.recently, CELEBRATED_RECENTLY), else_=null()),
        "nominal_on": wanted.c.nominal_on,
        "send_on": wanted.c.send_on,
        "expires_at": wanted.c.expires_at,
        "weight": literal(definition.weight, BigInteger),
        "facts": _facts(trigger, matches, wanted),
        "check_at": literal(now, UtcDateTime),
        "spotted_at": literal(now, UtcDateTime),
    }


def _facts(trigger: ActiveTrigger, matches: Sequence[DateMatch], wanted: CTE) -> ColumnElement[Any]:
    """The number and the day it is counted from; of a birthday only month and day, as the number would be the age."""
    name = kind_of(trigger).date_name(trigger.params)
    count = kind_of(trigger).fact_name(trigger.params)

    def fact(value: ColumnElement[Any], *, sayable: bool) -> ColumnElement[Any]:
        return json_object(value=value, source=literal(name, Text), sayable=json_constant(sayable))

    day = {"month": fact(wanted.c.month, sayable=True), "day": fact(wanted.c.day, sayable=True)}
    if count is None:
        return json_object(**day)
    number = wanted.c.number if _years_fixed(matches) else wanted.c.nominal_year - wanted.c.year
    since = date_text(wanted.c.year, wanted.c.month, wanted.c.day)
    return json_object(**day, **{count: fact(number, sayable=True), "since": fact(since, sayable=True)})


def _may_move(moment: Any, nominal_on: ColumnElement[date]) -> ColumnElement[bool]:
    """A moment that nobody has planned yet and that stands on another day, or was cancelled as untrue."""
    return or_(
        and_(moment.state == "spotted", moment.nominal_on != nominal_on),
        and_(moment.state == "cancelled", moment.reason.in_(UNTRUE_DATE)),
    )


def _celebrated_recently(trigger: ActiveTrigger, matches: Sequence[DateMatch], found: CTE) -> ColumnElement[bool]:
    """Whether one of the same trigger was handed over less than `apart_days` away from this day."""
    if not any(match.apart_days for match in matches):
        return false()
    other, link, message = aliased(Moment), aliased(MessageMoment), aliased(Message)
    return exists().where(
        other.trigger_id == trigger.id,
        other.customer_id == found.c.customer_id,
        other.nominal_on.between(found.c.apart_from, found.c.apart_to),
        link.moment_id == other.id,
        link.live,
        message.id == link.message_id,
        message.state.in_(("handed_over", "closed")),
    )


def _is_shifted(trigger: ActiveTrigger) -> bool:
    return trigger.definition.send.shift != "none"


def _years_fixed(matches: Sequence[DateMatch]) -> bool:
    fixed = {match.year is not None for match in matches}
    if len(fixed) > 1:
        raise ValueError("a kind fixes the year of all its matches, or of none")
    return True in fixed


def _rows_of(matches: Sequence[DateMatch]) -> CTE:
    rows = [
        (
            match.nominal_on,
            match.nominal_on.year,
            match.month_day,
            match.year,
            match.key,
            match.number,
            match.nominal_on - (match.apart_days - 1) * _ONE_DAY,
            match.nominal_on + (match.apart_days - 1) * _ONE_DAY,
        )
        for match in matches
    ]
    return (
        values(
            column("nominal_on", Date),
            column("nominal_year", BigInteger),
            column("month_day", BigInteger),
            column("year", BigInteger),
            column("key", Text),
            column("number", BigInteger),
            column("apart_from", Date),
            column("apart_to", Date),
            name="due",
        )
        .data(rows)
        .cte("due")
    )


def _rows_of_days(days: Sequence[SendDay]) -> CTE:
    rows = [(day.nominal_on, day.place.zone, day.place.country, day.send_on, day.expires_at) for day in days]
    return (
        values(
            column("nominal_on", Date),
            column("zone", Text),
            column("country", Text),
            column("send_on", Date),
            column("expires_at", UtcDateTime),
            name="sends",
        )
        .data(rows)
        .cte("sends")
    )
