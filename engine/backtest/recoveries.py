"""Problems that were opened and resolved, and nothing more: their recoveries are staged for the whole run at once.

By the live look-up and the live kind, asked at the end of the run: of such a problem they say the same as on the day on
which its recovery is spotted. Apart from `staging.py`, as a problem also keeps celebrations away for a while.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Subquery,
    Uuid,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)

from engine.backtest.days import Stage
from engine.backtest.openings import OPENED
from engine.backtest.scratch import NEVER, fill, temporary
from engine.backtest.staging import Looks, stage_rows
from engine.definitions.store import ActiveTrigger
from engine.kinds import ProblemKind
from engine.plan.rules.trouble import RECOVERY_GAP, SETTLING
from engine.record.problem_states import RESOLUTIONS
from engine.spot.candidates import LOOK_BACK, resolved_since
from engine.spot.problems import Due, moment_row
from engine.storage.base import UtcDateTime
from engine.storage.models import Event, Moment, Problem
from engine.storage.time_sql import seconds_between

TROUBLES = temporary(
    "troubles",
    Column("customer_id", Uuid, nullable=False),
    Column("begins_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    indexes=[["customer_id"]],
)
_AN_HOUR, _A_DAY, _A_WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_FOR_EVER = timedelta(days=36_500)
_REOPENED = "ticket_reopened"
_OUTAGE = "outage"


def stage_recoveries(stage: Stage, looks: Looks) -> None:
    """The recovery of every problem that was resolved in the run's time, or shortly before."""
    for trigger in stage.cast.triggers:
        if trigger.kind.shape == "problems":
            _stage(stage, trigger, trigger.kind, looks)


def _stage(stage: Stage, trigger: ActiveTrigger, kind: ProblemKind, looks: Looks) -> None:
    query = kind.query(trigger.params, looks.at[-1])
    if query.state != "resolved":
        return
    since = looks.at[0] - (looks.at[-1] - query.before) - LOOK_BACK
    for page in resolved_since(stage.run.session, query, since):
        rows = []
        for candidate in page:
            found = kind.occurrence(trigger.params, candidate.problem, looks.at[-1])
            at = found.occurred_at if found else None
            if found is None or at is None or at < trigger.active_from or (number := looks.first_from(at)) is None:
                continue
            rows.append(moment_row(trigger, Due(candidate, found), looks.at[number]))
        stage_rows(stage.run.session, trigger, rows)


def moved_problems(stage: Stage, looks: Looks) -> Subquery:
    """The problems that moved in the run's time, or so shortly before that it matters; and those that are open."""
    problems = stage.run.stored(Problem)
    moved = or_(problems.c.state == "open", problems.c.last_event_at > looks.at[0] - LOOK_BACK - _A_WEEK)
    return (
        select(problems)
        .where(problems.c.state != "contact", moved, stage.run.mine(problems.c.customer_id))
        .subquery("moved")
    )


def stays_open(problems: Any) -> ColumnElement[bool]:
    """Which of these is open from its last event on, for as long as the run lasts. (Outages, which end with their
    incident, are left to the days.)"""
    is_open: ColumnElement[bool] = problems.c.state == "open"
    return is_open


def not_simple(stage: Stage, looks: Looks) -> Iterator[Select[Any]]:
    """Whose problem was reopened, resolved twice, or had news after its recovery was spotted; who had several of them;
    and whose was open so long that there was news to tell.

    But not whose came back before it had settled, and stayed open: no recovery of it was ever spotted, and it is like
    one that was open all the time.
    """
    moved, events = moved_problems(stage, looks), stage.run.stored(Event).c
    settling = min(waits(stage, "resolved", looks), default=_FOR_EVER)
    soon = and_(moved.c.state == "open", _back_within(stage, moved, settling))
    yield select(moved.c.customer_id).where(or_(and_(moved.c.reopened > 0, not_(soon)), moved.c.kind == _OUTAGE))
    yield select(moved.c.customer_id).group_by(moved.c.customer_id).having(func.count() > 1)
    yield (
        select(moved.c.customer_id)
        .join(events.id.table, and_(events.customer_id == moved.c.customer_id, events.subject == moved.c.key))
        .where(events.name.in_(RESOLUTIONS))
        .group_by(moved.c.customer_id)
        .having(func.count() > 1)
    )
    yield (
        select(moved.c.customer_id)
        .join(Moment, Moment.problem_id == moved.c.id)
        .where(moved.c.last_event_at > Moment.check_at)
    )
    several = func.count() > 1
    yield select(Moment.customer_id).where(Moment.problem_id.is_not(None)).group_by(Moment.customer_id).having(several)
    until = func.coalesce(moved.c.resolved_at, literal(looks.end, UtcDateTime))
    for told_after in waits(stage, "open", looks):
        long_open = seconds_between(moved.c.opened_at, until) >= (told_after - _AN_HOUR).total_seconds()
        yield select(moved.c.customer_id).where(long_open)


def waits(stage: Stage, state: str, looks: Looks) -> list[timedelta]:
    """How long each trigger that speaks of problems in this state waits once they have come into it."""
    now = looks.at[-1]
    kinds = [(trigger.kind, trigger.params) for trigger in stage.cast.triggers]
    queries = [kind.query(params, now) for kind, params in kinds if kind.shape == "problems"]
    return [now - query.before for query in queries if query.state == state]


def _back_within(stage: Stage, moved: Subquery, settling: timedelta) -> ColumnElement[bool]:
    """Whether a problem that was resolved once came back so soon, and surely so."""
    stored = stage.run.stored(Event)
    solved, back = stored.alias("solved"), stored.alias("back")
    return exists().where(
        *(one.c.customer_id == moved.c.customer_id for one in (solved, back)),
        *(one.c.subject == moved.c.key for one in (solved, back)),
        solved.c.name.in_(RESOLUTIONS),
        back.c.name == _REOPENED,
        back.c.occurred_at >= solved.c.occurred_at,
        seconds_between(solved.c.occurred_at, back.c.occurred_at) < (settling - _AN_HOUR).total_seconds(),
    )


def note_troubles(stage: Stage, looks: Looks) -> None:
    """From when to when each problem that is left keeps celebrations away: open, settling, spoken of, and the days
    after. Wider than need be: who is near is looked at day by day. Of one that stays open, until it does."""
    moved = moved_problems(stage, looks)
    since = case((stays_open(moved), moved.c.last_event_at))
    rows = stage.run.session.execute(
        select(moved.c.customer_id, moved.c.opened_at, moved.c.resolved_at, since.label("open_since"))
        .add_columns(OPENED.c.goes_at, OPENED.c.expires_at)
        .select_from(moved)
        .outerjoin(OPENED, OPENED.c.problem_id == moved.c.id)
    ).all()
    found = (
        {"customer_id": row.customer_id, "begins_at": row.opened_at - _A_DAY, "ends_at": _end(row)} for row in rows
    )
    fill(stage.run.session, TROUBLES, found)
    stage.run.measure(TROUBLES.name)


def _end(row: Any) -> datetime:
    if row.open_since is not None:
        return cast(datetime, row.open_since)
    if row.resolved_at is None:
        return NEVER
    ends: list[datetime] = [row.resolved_at + SETTLING]
    ends += [row.goes_at + RECOVERY_GAP] if row.goes_at else []
    ends += [row.expires_at] if row.expires_at else []
    return max(ends) + _A_DAY
