"""Stages the moments that a whole run will spot for customers of whom nothing else happens, all days at once.

Dates by the statement that spots them live; counts by asking which event of a customer was the n-th; other totals by
the live fold. What they mean is said by the kinds themselves. `check_at` is the look at which each is spotted.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, insert, literal, select
from sqlalchemy.orm import Session

from engine.backtest.days import Stage
from engine.backtest.scratch import fill
from engine.conditions.expressions import by_bytes
from engine.dates.zones import local_date
from engine.definitions.store import ActiveTrigger
from engine.kinds import Counted, FoldEvent, FoldKind, Occurrence, TotalState
from engine.record.folding import histories
from engine.record.running import fold, watches
from engine.spot.date_rows import MATCHES, kind_of, moments_anew
from engine.spot.dating import expiry, send_day
from engine.spot.day_rows import HomePlace, SendDay
from engine.spot.open_window import open_window
from engine.spot.standing import stored_fact
from engine.storage.json_sql import numbered_key
from engine.storage.models import Customer, Event, Moment
from engine.storage.upsert import is_among, table_of

# More than a year with what is around it, so that customers are read once.
_DAYS_AT_ONCE = 512
_PIECE = 1_000
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Looks:
    """The instants at which the run looks; at `end` it is over."""

    at: Sequence[datetime]
    end: datetime

    def first_from(self, instant: datetime) -> int | None:
        """The number of the first look at this instant or later; None where there is none."""
        number = bisect_left(self.at, instant)
        return number if number < len(self.at) else None


def stage_dates(stage: Stage, looks: Looks) -> None:
    """The moments of every dated trigger that any look of the run would spot."""
    homes = _homes(stage)
    for trigger in stage.cast.triggers:
        if trigger.kind.shape == "dates":
            spotted = _days_spotted(trigger, stage, looks)
            shifted = trigger.definition.send.shift != "none"
            places = {HomePlace(zone, country if shifted else "") for zone, country in homes}
            days = sorted(spotted)
            for at in range(0, len(days), _DAYS_AT_ONCE):
                _stage_days(stage, trigger, days[at : at + _DAYS_AT_ONCE], places, spotted, looks)


def _homes(stage: Stage) -> list[tuple[str, str]]:
    """Where anybody lives: few places, and asking whom each day concerns would take as long as spotting them."""
    customers = stage.run.stored(Customer).c
    query = (
        select(customers.zone, func.coalesce(customers.country, ""))
        .where(customers.erased_at.is_(None), stage.run.mine(customers.id))
        .distinct()
    )
    return [(zone, country) for zone, country in stage.run.session.execute(query)]


def _days_spotted(trigger: ActiveTrigger, stage: Stage, looks: Looks) -> Mapping[date, int]:
    """Each nominal day, and the number of the look whose open window is the first to hold it."""
    spotted: dict[date, int] = {}
    through: date | None = None
    for number, now in enumerate(looks.at):
        first, last = open_window(
            trigger.definition, through, now=now, team=stage.team, post_days=stage.offered.lead_days
        )
        day = first if through is None else max(first, through + _ONE_DAY)
        while day <= last:
            spotted[day] = number
            day += _ONE_DAY
        through = max(last, through) if through else last
    return spotted


def _stage_days(
    stage: Stage,
    trigger: ActiveTrigger,
    days: Sequence[date],
    places: set[HomePlace],
    spotted: Mapping[date, int],
    looks: Looks,
) -> None:
    session = stage.run.session
    matches = [match for day in days for match in kind_of(trigger).matches(trigger.params, day)]
    for at in range(0, len(matches), MATCHES):
        some = matches[at : at + MATCHES]
        wanted = {match.nominal_on for match in some}
        sends = list(_send_days(trigger, sorted(wanted), places, spotted, looks))
        if sends:
            spotted_at = {day: looks.at[spotted[day]] for day in wanted}
            columns, rows = moments_anew(session, trigger, some, sends, spotted=spotted_at)
            session.execute(insert(Moment).from_select(columns, rows))


def _send_days(
    trigger: ActiveTrigger,
    days: Sequence[date],
    places: set[HomePlace],
    spotted: Mapping[date, int],
    looks: Looks,
) -> Iterator[SendDay]:
    """As the scan of each day's look would have them (see `engine/spot/dates.py`)."""
    rules = trigger.definition.send
    for place in sorted(places):
        active_on = local_date(trigger.active_from, place.zone)
        for day in days:
            send_on = send_day(day, rules, place.country or None)
            expires_at = expiry(send_on, rules, place.zone)
            if day >= active_on and (expires_at > looks.at[spotted[day]] or spotted[day] > 0):
                yield SendDay(day, place, send_on, expires_at)


def stage_folds(stage: Stage, looks: Looks) -> None:
    """The moments of every trigger that watches a total. Who corrected anything is left to the days."""
    for watch in watches(stage.cast.triggers):
        others = []
        for trigger, kind in watch.triggers:
            counted = kind.counted(trigger.params)
            if counted is None:
                others.append((trigger, kind))
            else:
                _store(stage, trigger, looks, _counted(stage, trigger, kind, counted, looks))
        if others:
            lean = type(watch)(watch.metric, others)
            for ids in _who_may_cross(stage, watch.metric.events, looks):
                found = list(_folded(stage, lean, ids))
                for trigger, _ in others:
                    _store(stage, trigger, looks, ((who, one) for which, who, one in found if which == trigger.id))


Crossed = Iterator[tuple[UUID, Occurrence]]


def _counted(stage: Stage, trigger: ActiveTrigger, kind: FoldKind, counted: Counted, looks: Looks) -> Crossed:
    with stage.run.looking_up():
        steps = stage.run.session.execute(_steps(stage, counted, looks), execution_options={"yield_per": 5_000})
    for row in steps:
        event = FoldEvent(row.message_id, counted.event, row.occurred_at, row.occurred_on, {})
        crossing = kind.crossed(trigger.params, TotalState(row.number - 1), TotalState(row.number), event)
        for occurrence in crossing.reached:
            yield row.customer_id, occurrence


def _steps(stage: Stage, counted: Counted, looks: Looks) -> Select[Any]:
    """The events of the run's time that were the n-th of their customer, for each n that is a mark.

    Numbered by an index alone, and only those at a mark are read. It does not tell what corrects another; but whoever
    corrected anything is left to the days.
    """
    events, at_mark = stage.run.stored(Event), stage.run.stored(Event).alias("at_mark")
    of_name = (events.c.name == counted.event, stage.run.mine(events.c.customer_id))
    fewest = min(counted.listed) if counted.every is None else counted.every
    enough = (
        select(events.c.customer_id)
        .where(*of_name, events.c.occurred_at <= looks.at[-1])
        .group_by(events.c.customer_id)
        .having(func.count() >= fewest, func.max(events.c.occurred_at) >= looks.at[0])
    )
    place = func.row_number().over(
        partition_by=events.c.customer_id, order_by=(events.c.occurred_at, by_bytes(events.c.message_id))
    )
    numbered = (
        select(events.c.customer_id, events.c.message_id, events.c.occurred_at, place.label("number"))
        .where(*of_name, events.c.customer_id.in_(enough))
        .subquery("numbered")
    )
    n = numbered.c.number
    is_mark = n.in_(counted.listed) if counted.every is None else n % counted.every == 0
    the_same = (at_mark.c[name] == numbered.c[name] for name in ("customer_id", "occurred_at", "message_id"))
    return (
        select(numbered, at_mark.c.occurred_on)
        .join(at_mark, and_(at_mark.c.name == counted.event, *the_same))
        .where(is_mark, numbered.c.occurred_at >= looks.at[0], numbered.c.occurred_at <= looks.at[-1])
    )


def _who_may_cross(stage: Stage, names: frozenset[str], looks: Looks) -> Iterator[Sequence[UUID]]:
    """A total moves only with an event: pages of the customers who have one in the run's time."""
    events = stage.run.stored(Event).c
    moved = (
        select(events.customer_id)
        .where(events.name.in_(names), events.occurred_at >= looks.at[0], events.occurred_at <= looks.at[-1])
        .where(stage.run.mine(events.customer_id))
        .distinct()
        .order_by(events.customer_id)
    )
    ids = stage.run.session.scalars(moved).all()
    return (ids[at : at + _PIECE] for at in range(0, len(ids), _PIECE))


def _folded(stage: Stage, watch: Any, ids: Sequence[UUID]) -> Iterator[tuple[UUID, UUID, Occurrence]]:
    for customer_id, events in histories(stage.run.session, ids, watch.metric.events):
        for trigger_id, standing in fold(watch, events).standing.items():
            for occurrence in standing.values():
                yield trigger_id, customer_id, occurrence


def _store(stage: Stage, trigger: ActiveTrigger, looks: Looks, crossed: Crossed) -> None:
    page: list[tuple[UUID, Occurrence, int]] = []
    for customer_id, occurrence in crossed:
        at = occurrence.occurred_at
        if at is None or at < trigger.active_from or (number := looks.first_from(at)) is None:
            continue
        page.append((customer_id, occurrence, number))
        if len(page) == _PIECE:
            _store_page(stage, trigger, looks, page)
            page = []
    _store_page(stage, trigger, looks, page)


def _store_page(
    stage: Stage, trigger: ActiveTrigger, looks: Looks, page: Sequence[tuple[UUID, Occurrence, int]]
) -> None:
    session, customers = stage.run.session, stage.run.stored(Customer).c
    if not page:
        return
    query = select(customers.id, customers.zone, customers.country).where(
        is_among(session, customers.id, {customer_id for customer_id, _, _ in page}), customers.erased_at.is_(None)
    )
    places = {row.id: row for row in session.execute(query)}
    rows = [
        _row(trigger, customer_id, occurrence, places[customer_id], looks.at[number])
        for customer_id, occurrence, number in page
        if customer_id in places
    ]
    stage_rows(session, trigger, rows)


def stage_rows(session: Session, trigger: ActiveTrigger, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stage these moments of a trigger, which all name the same columns; what all its moments share is added."""
    if not rows:
        return
    table, definition = table_of(Moment), trigger.definition
    alike = {
        **{"trigger_id": trigger.id, "trigger_version_id": trigger.version_id, "weight": definition.weight},
        **{"family": definition.family, "occasion": definition.occasion, "state": "spotted"},
    }
    values = {name: literal(value, table.c[name].type) for name, value in alike.items()}
    fill(session, table, rows, id=numbered_key(), **values)


def _row(trigger: ActiveTrigger, customer_id: UUID, occurrence: Occurrence, place: Any, spotted_at: datetime) -> Any:
    send_on = send_day(occurrence.nominal_on, trigger.definition.send, place.country)
    return {
        **{"customer_id": customer_id, "occurrence_key": occurrence.key, "nominal_on": occurrence.nominal_on},
        **{"occurred_at": occurrence.occurred_at, "send_on": send_on},
        "expires_at": expiry(send_on, trigger.definition.send, place.zone),
        "facts": {name: stored_fact(fact) for name, fact in occurrence.facts.items()},
        **{"check_at": spotted_at, "spotted_at": spotted_at},
    }
