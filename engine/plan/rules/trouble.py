"""Holds that keep celebrations away from trouble: open or settling problems, a recent recovery, a bad answer."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from engine.conditions.expressions import by_bytes, json_number
from engine.plan.candidates import Judged
from engine.plan.sql import HoldRow, hold_row
from engine.record.event_kinds import CORRECTIONS, LOW_SCORES, RETRACTED
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
    resolved = (
        select(Problem.customer_id, func.max(Problem.resolved_at).label("resolved_at"))
        .where(_is_candidate(j, Problem), Problem.state == "resolved", Problem.resolved_at > j.now - SETTLING)
        .group_by(Problem.customer_id)
        .subquery("settling")
    )
    return (
        hold_row(j.c, "settling", since=resolved.c.resolved_at, lasts=SETTLING)
        .join(resolved, resolved.c.customer_id == j.c.c.customer_id)
        .where(_celebrates(j))
    )


def recovery_first(j: Judged) -> HoldRow:
    """What went wrong is spoken of first: a recovery is on its way (design promise 10)."""
    recovery = aliased(Moment)
    gone = exists().where(
        MessageMoment.moment_id == recovery.id,
        MessageMoment.live,
        Message.id == MessageMoment.message_id,
        Message.state.in_(("handed_over", "closed")),
    )
    on_its_way = exists().where(
        recovery.customer_id == j.c.c.customer_id,
        recovery.family == "recover",
        recovery.state.in_(("spotted", "planned", "written")),
        Trigger.id == recovery.trigger_id,
        Trigger.state == "active",
        ~gone,
    )
    return hold_row(j.c, "recovery_first").where(_celebrates(j), on_its_way)


def recovery_gap(j: Judged) -> HoldRow:
    """Celebrations wait for seven days after a recovery message (design promise 10)."""
    went = (
        select(Message.customer_id, func.max(Message.handed_over_at).label("at"))
        .where(_is_candidate(j, Message), Message.family == "recover", Message.handed_over_at > j.now - RECOVERY_GAP)
        .group_by(Message.customer_id)
        .subquery("went")
    )
    return (
        hold_row(j.c, "recovery_gap", since=went.c.at, lasts=RECOVERY_GAP)
        .join(went, went.c.customer_id == j.c.c.customer_id)
        .where(_celebrates(j))
    )


def low_answer(j: Judged) -> HoldRow:
    """CSAT <= 2 of 5 or NPS <= 6 holds celebrations for 30 days (design section 4; cx-rules B3)."""
    score = func.coalesce(_last_correction(json_number, "properties", "score"), json_number(Event.properties, "score"))
    is_low = or_(*(and_(Event.name == name, score <= highest) for name, highest in LOW_SCORES.items()))
    stands = func.coalesce(_last_correction(None), "") != RETRACTED
    low = (
        select(Event.customer_id, func.max(Event.occurred_at).label("at"))
        .where(
            _is_candidate(j, Event),
            Event.name.in_(LOW_SCORES),
            Event.occurred_at > j.now - LOW_ANSWER,
            is_low,
            stands,
        )
        .group_by(Event.customer_id)
        .subquery("low")
    )
    return (
        hold_row(j.c, "low_answer", since=low.c.at, lasts=LOW_ANSWER)
        .join(low, low.c.customer_id == j.c.c.customer_id)
        .where(_celebrates(j))
    )


def _is_candidate(j: Judged, model: type[Problem | Message | Event]) -> ColumnElement[bool]:
    """Looks at the customers in question alone, by the index on their id."""
    return model.customer_id.in_(select(j.c.c.customer_id))


def _celebrates(j: Judged) -> ColumnElement[bool]:
    return j.c.c.family == "celebrate"


def _last_correction(read: Any, *path: str) -> ColumnElement[Any]:
    """The name of the last correction of an event, or what `read` finds in it; NULL where nobody corrected it."""
    correction = aliased(Event)
    return (
        select(read(correction.properties, *path) if read else correction.name)
        .where(
            correction.customer_id == Event.customer_id,
            correction.corrects == Event.message_id,
            correction.name.in_(CORRECTIONS),
        )
        .order_by(correction.occurred_at.desc(), by_bytes(correction.message_id).desc())
        .limit(1)
        .correlate(Event)
        .scalar_subquery()
    )
