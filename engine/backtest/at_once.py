"""Decides the moments of all who have nothing eventful about them: the same rules as live, once for the whole run.

The holds are those of `engine/plan/holds.py` over the staged moments, without the problems and answers of the run's
time: whoever they could touch is looked at day by day.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, func, insert, literal, not_, or_, select, true

from engine.backtest.days import Stage
from engine.backtest.meetings import HELD, find_eventful
from engine.backtest.openings import JUDGED, OPENED, OPENINGS, also_judged, judge_staged, store_openings
from engine.backtest.outcomes import COLUMNS, CONTROL, OF_MOMENT, OPEN, OUTCOMES, SENT, STOPS, held
from engine.backtest.recoveries import TROUBLES, moved_problems, note_troubles, stays_open
from engine.backtest.routing import EVENTFUL
from engine.backtest.staging import Looks
from engine.backtest.waking import QUIET, WOKEN, stops_of_woken
from engine.plan.candidates import Judged, circumstances_from, judge
from engine.plan.control import in_control_sql
from engine.plan.holds import current_holds
from engine.plan.reasons import EXCEPTION, HELD_REASON, REASONS
from engine.plan.rules import customer, house, limits, trouble
from engine.plan.sql import HoldRow, instants
from engine.storage.models import Customer, Event, Moment, Problem

# Here all recoveries of the run are on their way together, and the day is the first of the run: what such a hold would
# really keep is left to the days. And no message is there yet that could count for a cap.
_OF_ITS_TIME = (trouble.recovery_first, trouble.recovery_gap, house.pause, house.sensitive_day, limits.cap)
_OF_FEW = (customer.deceased, customer.closed, customer.erased, customer.minor)
TABLES = (JUDGED, OPENINGS, OPENED, HELD, QUIET, WOKEN, TROUBLES)


def decide_at_once(stage: Stage, looks: Looks) -> None:
    """Store the outcome of every staged moment, and leave none staged. Who is found to be eventful joins the others."""
    session = stage.run.session
    now = looks.at[0]
    with _untroubled(stage, looks):
        circumstances = circumstances_from(session, list(_alike(stage)), now=now, channels=stage.offered)
        everybody = judge(
            session, true(), circumstances, now=now, channels=stage.offered, also=also_judged(), of_all=True
        )
        judge_staged(stage, everybody)
        judged = replace(everybody, c=JUDGED)
        store_openings(stage, looks)
        _hold(stage, judged, now)
    note_troubles(stage, looks)
    find_eventful(stage, judged, looks)
    _store_outcomes(stage, looks)


def forget(stage: Stage) -> None:
    """Clear the stage for another pass; what the first one decided stands."""
    stage.run.empty("moments", *(table.name for table in TABLES))


@contextmanager
def _untroubled(stage: Stage, looks: Looks) -> Iterator[None]:
    """The rules see no problem and no answer that is not over and done with before the run begins; but those that stay
    open: whom they hold too early is found later."""
    problems, events, moved = stage.run.stored(Problem), stage.run.stored(Event), moved_problems(stage, looks)
    passing = select(moved.c.id).where(not_(stays_open(moved)))
    stage.run.view("problems", select(problems).where(problems.c.id.not_in(passing)))
    stage.run.view("events", select(events).where(false()))
    yield
    stage.run.drop_views("problems", "events")


class _Alike(NamedTuple):
    """What the circumstances of moments follow from, as `alike_of` has it."""

    version_id: UUID
    country: str | None
    zone: str
    nominal_on: date


def _alike(stage: Stage) -> Iterator[_Alike]:
    """Every place with any day, and every day in any country: more than there is, and to ask for what there is takes
    long. What is known of a place or day that no moment has is not used."""
    session, versions = stage.run.session, {trigger.id: trigger.version_id for trigger in stage.cast.triggers}
    homes: Sequence[Any] = session.execute(select(Customer.country, Customer.zone).distinct()).all()
    days: Sequence[Any] = session.execute(select(Moment.trigger_id, Moment.nominal_on).distinct()).all()
    if not homes or not days:
        return
    some_day = days[0]
    for country, zone in homes:
        yield _Alike(versions[some_day.trigger_id], country, zone, some_day.nominal_on)
    in_zones = {home.zone: home.country for home in homes}
    for trigger_id, nominal_on in days:
        for zone, country in in_zones.items():
            yield _Alike(versions[trigger_id], country, zone, nominal_on)


def _hold(stage: Stage, judged: Judged, now: datetime) -> None:
    columns = [column.name for column in HELD.c]
    found = current_holds(judged, but_for={*_OF_ITS_TIME, *_needless(stage, judged)}).params(instants(now))
    stage.run.session.execute(insert(HELD).from_select(columns, found))
    stage.run.measure(HELD.name)


def _needless(stage: Stage, judged: Judged) -> Iterator[Callable[[Judged], HoldRow]]:
    """The rules about customers as persons that concern nobody here: asked in one reading, and not in one for each."""
    whom = [cast("ColumnElement[bool]", rule(judged).whereclause) for rule in _OF_FEW]
    concerned = stage.run.session.execute(select(*(func.max(case((of, 1), else_=0)) for of in whom))).one()
    return (rule for rule, some in zip(_OF_FEW, concerned, strict=True) if not some)


def _store_outcomes(stage: Stage, looks: Looks) -> None:
    """A hold for good ends it; any other keeps it until it is over; then the lots are drawn; and what is left goes."""
    session = stage.run.session
    planned = OPENED.c.planned_at.is_not(None)
    final, kept = _holds()
    is_final, is_kept = and_(planned, final.c.name.is_not(None)), and_(planned, kept.c.name.is_not(None))
    is_control = and_(planned, _control(stage))
    goes = and_(planned, OPENED.c.goes_at < looks.end)
    ended = and_(is_kept, OPENED.c.ends_at.is_not(None))
    over = OPENED.c.over.is_not(None)
    state = case(
        (over, "expired"),
        (is_final, "skipped"),
        (ended, "expired"),
        (is_kept, OPEN),
        (is_control, CONTROL),
        (goes, SENT),
        else_=OPEN,
    )
    reason = case(
        (over, OPENED.c.over),
        (is_final, final.c.name),
        (ended, held(kept.c.name)),
        (is_kept, None),
        (is_control, CONTROL),
        else_=None,
    )
    free = and_(planned, final.c.name.is_(None), kept.c.name.is_(None), not_(_control(stage)))
    rows = (
        select(
            *(OPENED.c[name] for name in OF_MOMENT),
            case((and_(free, goes), OPENED.c.goes_on), else_=OPENED.c.send_on),
            state,
            reason,
            case((or_(free, is_kept), OPENED.c.planned_at)),
            case((free, OPENED.c.moment_id)),
            case((free, 0)),
            OPENED.c.problem_id,
        )
        .outerjoin(final, final.c.moment_id == OPENED.c.moment_id)
        .outerjoin(kept, kept.c.moment_id == OPENED.c.moment_id)
        .where(OPENED.c.customer_id.not_in(select(EVENTFUL.c.customer_id)))
    )
    session.execute(insert(OUTCOMES).from_select(COLUMNS, rows))
    kept_on = and_(OUTCOMES.c.state == OPEN, OUTCOMES.c.planned_at.is_not(None))
    named = OUTCOMES.c.reason.startswith(HELD_REASON)
    stops = (
        select(HELD.c.moment_id, HELD.c.name)
        .join(OUTCOMES, OUTCOMES.c.moment_id == HELD.c.moment_id)
        .where(or_(and_(named, OUTCOMES.c.reason != held(HELD.c.name)), kept_on))
        .distinct()
    )
    for names in (stops, stops_of_woken()):
        session.execute(insert(STOPS).from_select(["moment_id", "name"], names))


def _holds() -> tuple[Any, Any]:
    """Of each moment the first hold for good, in the order in which planning asks, and the first of the others."""
    order = [name for name, reason in REASONS.items() if reason.final]
    is_final = or_(HELD.c.name.in_(order), and_(HELD.c.name.startswith(EXCEPTION), HELD.c.detail == "skip"))
    place = case({name: at for at, name in enumerate(order)}, value=HELD.c.name, else_=len(order))
    first = func.row_number().over(partition_by=HELD.c.moment_id, order_by=(place, HELD.c.name))
    numbered = select(HELD.c.moment_id, HELD.c.name, first.label("at")).where(is_final).subquery("finals")
    final = select(numbered.c.moment_id, numbered.c.name).where(numbered.c.at == 1).subquery("final")
    kept = (
        select(HELD.c.moment_id, func.min(HELD.c.name).label("name"))
        .where(not_(is_final))
        .group_by(HELD.c.moment_id)
        .subquery("kept")
    )
    return final, kept


def _control(stage: Stage) -> ColumnElement[bool]:
    drawn = [
        and_(
            OPENED.c.trigger_id == trigger.id,
            in_control_sql(OPENED.c.bucket, trigger.salt, trigger.definition.control_share),
        )
        for trigger in stage.cast.triggers
        if trigger.definition.control_share > 0 and trigger.definition.family != "recover"
    ]
    return or_(*drawn) if drawn else literal(1) == literal(0)
