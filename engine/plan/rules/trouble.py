"""Holds that keep celebrations away from trouble: open or settling problems, a recent recovery, a bad answer."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from engine.conditions.expressions import json_number
from engine.plan.candidates import Judged
from engine.plan.sql import HoldRow, ago, hold_row
from engine.record.event_kinds import LOW_SCORES, RETRACTED
from engine.record.last_correction import last_correction
from engine.storage.models import Event, Message, MessageMoment, Moment, Problem, Trigger

SETTLING = timedelta(days=4)
RECOVERY_GAP = timedelta(days=7)
LOW_ANSWER = timedelta(days=30)


def open_problem(j: Judged) -> HoldRow:
    """Celebrations wait while a problem is open (design promise 10; cx-rules S13)."""
    waits = exists().where(Problem.customer_id == j.c.c.customer_id, Problem.state == "open")
    return hold_row(j.c, "open_problem").where(_celebrates(j), waits)


def settling(j: Judged) -> HoldRow:
    """A problem has to stay resolved for four days before there is anything to celebrate (cx-rules S15)."""
    return _waits_after(j, "settling", Problem, Problem.resolved_at, SETTLING, Problem.state == "resolved")


def recovery_first(j: Judged) -> HoldRow:
    """What went wrong is spoken of first: a recovery is on its way (design promise 10).

    Looked up for one customer after the other, which is what the offset tells PostgreSQL: few recoveries are on their
    way, so that it would gather them all, and with them whatever they were before.
    """
    recovery = aliased(Moment)
    gone = exists().where(
        MessageMoment.moment_id == recovery.id,
        MessageMoment.live,
        Message.id == MessageMoment.message_id,
        Message.state.in_(("handed_over", "closed")),
    )
    on_its_way = (
        select(recovery.id)
        .join(Trigger, Trigger.id == recovery.trigger_id)
        .where(
            recovery.customer_id == j.c.c.customer_id,
            recovery.family == "recover",
            recovery.state.in_(("spotted", "planned", "written")),
            Trigger.state == "active",
            ~gone,
        )
        .offset(0)
    )
    return hold_row(j.c, "recovery_first").where(_celebrates(j), on_its_way.exists())


def recovery_gap(j: Judged) -> HoldRow:
    """Celebrations wait for seven days after a recovery message (design promise 10)."""
    return _waits_after(j, "recovery_gap", Message, Message.handed_over_at, RECOVERY_GAP, Message.family == "recover")


def low_answer(j: Judged) -> HoldRow:
    """CSAT <= 2 of 5 or NPS <= 6 holds celebrations for 30 days (design section 4; cx-rules B3)."""
    score = func.coalesce(last_correction(json_number, "properties", "score"), json_number(Event.properties, "score"))
    is_low = or_(*(and_(Event.name == name, score <= highest) for name, highest in LOW_SCORES.items()))
    stands = func.coalesce(last_correction(None), "") != RETRACTED
    which = (Event.name.in_(LOW_SCORES), is_low, stands)
    return _waits_after(j, "low_answer", Event, Event.occurred_at, LOW_ANSWER, *which)


def _waits_after(
    j: Judged,
    name: str,
    model: type[Problem | Message | Event],
    at: ColumnElement[Any] | InstrumentedAttribute[Any],
    lasts: timedelta,
    *which: ColumnElement[bool],
) -> HoldRow:
    """Celebrations wait for so long after the last of these."""
    last = (
        select(model.customer_id, func.max(at).label("at"))
        .where(_is_candidate(j, model), at > ago(lasts), *which)
        .group_by(model.customer_id)
        .subquery(name)
    )
    return (
        hold_row(j.c, name, since=last.c.at, lasts=lasts)
        .join(last, last.c.customer_id == j.c.c.customer_id)
        .where(_celebrates(j))
    )


def _is_candidate(j: Judged, model: type[Problem | Message | Event]) -> ColumnElement[bool]:
    """Looks at the customers in question alone, by the index on their id."""
    return model.customer_id.in_(select(j.c.c.customer_id))


def _celebrates(j: Judged) -> ColumnElement[bool]:
    return j.c.c.family == "celebrate"
