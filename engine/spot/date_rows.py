"""The statement that makes the moments of a dated trigger."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    CursorResult,
    Select,
    Text,
    Uuid,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.elements import ColumnElement

from engine.definitions.store import ActiveTrigger
from engine.kinds import DateKind, DateMatch
from engine.spot.day_rows import HomePlace, SendDay, rows_of_days, rows_of_matches
from engine.spot.reasons import CELEBRATED_RECENTLY, UNTRUE_DATE
from engine.storage.base import UtcDateTime
from engine.storage.json_sql import date_text, json_constant, json_object, new_key, numbered_key
from engine.storage.models import Customer, CustomerDate, Message, MessageMoment, Moment
from engine.storage.upsert import insert_into

# So many are worked out and handed over at a time.
SEND_DAYS, MATCHES = 4_000, 1_000
_OF_PLACE = ("nominal_on", "zone", "country")
_OF_DAY = ("send_on", "expires_at", "spotted_at")
_OF_DATE = ("year", "month", "day", "number")


def kind_of(trigger: ActiveTrigger) -> DateKind:
    """The kind of a trigger whose shape is `dates`."""
    return cast(DateKind, trigger.kind)


def places_due(session: Session, trigger: ActiveTrigger, matches: Sequence[DateMatch]) -> Iterator[HomePlace]:
    """Asked of those due, not of all customers. Who moves meanwhile is found by the next scan."""
    found = _found(session, trigger, matches)
    rows = session.execute(select(found.c.zone, found.c.country).distinct())
    return (HomePlace(zone, country) for zone, country in rows)


def insert_moments(
    session: Session, trigger: ActiveTrigger, matches: Sequence[DateMatch], days: Sequence[SendDay], *, now: datetime
) -> int:
    """New moments, and those that were cancelled or moved by a corrected date and are true on another day now.

    Ordered, so that two scans at once wait for each other instead of locking each other out.
    """
    wanted = _wanted(session, trigger, matches, days, now)
    columns = _columns(trigger, matches, wanted, literal(now, UtcDateTime))
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


def moments_anew(
    session: Session,
    trigger: ActiveTrigger,
    matches: Sequence[DateMatch],
    days: Sequence[SendDay],
    *,
    spotted: Mapping[date, datetime],
) -> tuple[list[str], Select[Any]]:
    """The rows that `insert_moments` would insert where there are none yet, each spotted when `spotted` says of its
    nominal day: the names of the columns, and the rows."""
    found = _found(session, trigger, matches)
    told = _told(trigger, matches, found, rows_of_days(session, days, spotted))
    of_date = (func.coalesce(told.c[name], -1) == func.coalesce(found.c[name], -1) for name in _OF_DATE)
    wanted = select(found, *(told.c[name] for name in (*_OF_DAY, "facts")), false().label("recently"))
    rows = wanted.join_from(found, told, and_(_at_place(found, told), *of_date)).cte("wanted")
    columns = _columns(trigger, matches, rows, rows.c.spotted_at) | {"id": numbered_key(), "facts": rows.c.facts}
    return list(columns), select(*columns.values())


def count_due(
    session: Session, trigger: ActiveTrigger, matches: Sequence[DateMatch], *, country: str | None = None
) -> dict[date, int]:
    """How many customers each nominal day concerns, or those of a country: answered by the index of dates alone, as who
    was erased has no dates any more."""
    due = rows_of_matches(session, matches)
    counted = select(due.c.nominal_on, func.count()).join(CustomerDate, _is_due(trigger, matches, due))
    if country:
        counted = counted.join(Customer, Customer.id == CustomerDate.customer_id).where(Customer.country == country)
    return dict(session.execute(counted.group_by(due.c.nominal_on)).all())


def customers_due(
    session: Session,
    trigger: ActiveTrigger,
    matches: Sequence[DateMatch],
    *,
    country: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Customer]:
    """A page of those customers, by their key."""
    due = rows_of_matches(session, matches)
    found = (
        select(Customer)
        .join(CustomerDate, CustomerDate.customer_id == Customer.id)
        .join(due, _is_due(trigger, matches, due))
        .where(Customer.erased_at.is_(None))
    )
    found = found.where(Customer.country == country) if country else found
    found = found.where(Customer.id > after) if after else found
    return session.scalars(found.order_by(Customer.id).limit(limit)).all()


def _found(session: Session, trigger: ActiveTrigger, matches: Sequence[DateMatch]) -> CTE:
    """Who is due, and where they live. Materialized, so that no plan begins elsewhere than at the index of dates."""
    due = rows_of_matches(session, matches)
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


def _wanted(
    session: Session, trigger: ActiveTrigger, matches: Sequence[DateMatch], days: Sequence[SendDay], now: datetime
) -> CTE:
    """Those due who have no moment yet, or one that may move. `recently`: another was handed over too near to it."""
    found, sends, old = _found(session, trigger, matches), rows_of_days(session, days), aliased(Moment)
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
        .join_from(found, sends, _at_place(found, sends))
        .outerjoin(old, and_(*same_occurrence))
        .where(or_(old.id.is_(None), moves))
        .cte("wanted")
        .prefix_with("MATERIALIZED")
    )


def _at_place(found: CTE, sends: CTE) -> ColumnElement[bool]:
    return and_(*(sends.c[name] == found.c[name] for name in _OF_PLACE))


def _columns(
    trigger: ActiveTrigger, matches: Sequence[DateMatch], wanted: CTE, spotted_at: ColumnElement[datetime]
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
        "check_at": spotted_at,
        "spotted_at": spotted_at,
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


def _told(trigger: ActiveTrigger, matches: Sequence[DateMatch], found: CTE, sends: CTE) -> CTE:
    """What all who are found alike share, made once for them: a thousand customers began on one day.

    Materialized, or the facts would be made for each of them after all.
    """
    alike = select(*(found.c[name] for name in (*_OF_PLACE, *_OF_DATE, "nominal_year"))).distinct().cte("alike")
    facts = _facts(trigger, matches, alike).label("facts")
    told = select(alike, *(sends.c[name] for name in _OF_DAY), facts).join_from(alike, sends, _at_place(alike, sends))
    return told.cte("told").prefix_with("MATERIALIZED")


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
