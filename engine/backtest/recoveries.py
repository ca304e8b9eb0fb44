"""Problems that were opened and resolved, and nothing more: their recoveries are staged for the whole run at once.

By the live look-up and the live kind, asked at the end of the run: of such a problem they say the same as on the day on
which its recovery is spotted. Apart from `staging.py`, as a problem also keeps celebrations away for a while.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Select, Subquery, Uuid, and_, func, literal, or_, select

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

TROUBLES = temporary(
    "troubles",
    Column("customer_id", Uuid, nullable=False),
    Column("begins_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
)
_A_DAY, _A_WEEK = timedelta(days=1), timedelta(days=7)
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


def not_simple(stage: Stage, looks: Looks) -> Iterator[Select[Any]]:
    """Whose problem was reopened, resolved twice, or had news after its recovery was spotted; who had several of them;
    and whose was open so long that there was news to tell."""
    moved, events = moved_problems(stage, looks), stage.run.stored(Event).c
    yield select(moved.c.customer_id).where(or_(moved.c.reopened > 0, moved.c.kind == _OUTAGE))
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
    for trigger in stage.cast.triggers:
        if trigger.kind.shape == "problems":
            query = trigger.kind.query(trigger.params, looks.at[-1])
            told_after = looks.at[-1] - query.before
            until = func.coalesce(moved.c.resolved_at, literal(looks.end, UtcDateTime))
            if query.state == "open":
                yield select(moved.c.customer_id).where(until - moved.c.opened_at >= told_after)


def note_troubles(stage: Stage, looks: Looks) -> None:
    """From when to when each problem that is left keeps celebrations away: open, settling, spoken of, and the days
    after. Wider than need be: who is near is looked at day by day."""
    moved = moved_problems(stage, looks)
    rows = stage.run.session.execute(
        select(moved.c.customer_id, moved.c.opened_at, moved.c.resolved_at, OPENED.c.goes_at, OPENED.c.expires_at)
        .select_from(moved)
        .outerjoin(Moment, Moment.problem_id == moved.c.id)
        .outerjoin(OPENED, OPENED.c.moment_id == Moment.id)
    ).all()
    found = (
        {"customer_id": row.customer_id, "begins_at": row.opened_at - _A_DAY, "ends_at": _end(row)} for row in rows
    )
    fill(stage.run.session, TROUBLES, found)
    stage.run.measure(TROUBLES.name)


def _end(row: Any) -> datetime:
    if row.resolved_at is None:
        return NEVER
    ends: list[datetime] = [row.resolved_at + SETTLING]
    ends += [row.goes_at + RECOVERY_GAP] if row.goes_at else []
    ends += [row.expires_at] if row.expires_at else []
    return max(ends) + _A_DAY
