"""Who meets whom, now that it is known when every staged moment would go: moments that fall on one day or reach a cap,
and celebrations near a problem. Where they meet, the order of things matters, and the days decide.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Select,
    Text,
    Uuid,
    case,
    delete,
    exists,
    func,
    insert,
    select,
)

from engine.backtest.days import Stage
from engine.backtest.openings import JUDGED, OPENED
from engine.backtest.recoveries import TROUBLES, stays_open
from engine.backtest.routing import EVENTFUL, drop_eventful
from engine.backtest.scratch import temporary
from engine.backtest.staging import Looks
from engine.backtest.waking import find_quiet
from engine.backtest.wishes import wished_later
from engine.channel_terms import TERMS
from engine.plan.candidates import Judged
from engine.storage.base import UtcDateTime
from engine.storage.models import Consent, Problem

_OPEN_PROBLEM = "open_problem"
HELD = temporary(
    "held",
    Column("moment_id", Uuid, nullable=False),
    Column("name", Text),
    Column("detail", Text),
    Column("since", UtcDateTime),
    Column("seconds", BigInteger),
)


def find_eventful(stage: Stage, judged: Judged, looks: Looks) -> None:
    """Send those to the days who cannot be decided at once after all, and take their moments off the stage.

    Who said something when a moment was planned comes first: by the opening that it had before anybody was heard of.
    """
    session = stage.run.session
    session.execute(insert(EVENTFUL).from_select(["customer_id"], wished_later()))
    if judged.active_from is not None:  # before the others: it moves openings
        versions = judged.versions(holds_quiet_relationship=True)
        asleep = find_quiet(stage, versions, judged.active_from, looks)
        session.execute(insert(HELD).from_select(["moment_id", "name"], asleep))
    _let_go_of_earlier(stage)
    for customers in _reasons(stage, looks):
        session.execute(insert(EVENTFUL).from_select(["customer_id"], customers))
    with stage.run.looking_up():
        drop_eventful(stage)


def _let_go_of_earlier(stage: Stage) -> None:
    """A problem that stays open was seen by the rules at whatever instant: it holds what was planned from then on."""
    problems = stage.run.stored(Problem)
    held = (
        select(OPENED.c.moment_id)
        .join(problems, problems.c.customer_id == OPENED.c.customer_id)
        .where(stays_open(problems), problems.c.last_event_at <= OPENED.c.planned_at)
    )
    stage.run.session.execute(delete(HELD).where(HELD.c.name == _OPEN_PROBLEM, HELD.c.moment_id.not_in(held)))


def _reasons(stage: Stage, looks: Looks) -> Iterator[Select[Any]]:
    """A hold of limited time, consent that ends before the moment does, a letter that would be posted, others of the
    same customer, a problem."""
    posted = [name for name, terms in TERMS.items() if terms.by_post]
    yield (
        select(OPENED.c.customer_id).join(HELD, HELD.c.moment_id == OPENED.c.moment_id).where(HELD.c.since.is_not(None))
    )
    yield select(JUDGED.c.customer_id).where(JUDGED.c.channel.in_(posted))
    ending = select(Consent.customer_id).join(OPENED, OPENED.c.customer_id == Consent.customer_id)
    yield ending.where(Consent.expires_at > looks.at[0], Consent.expires_at <= OPENED.c.expires_at)
    yield _on_one_day()
    yield _capped(stage)
    yield _near_a_problem()


def _on_one_day() -> Select[Any]:
    """Two of a family that would go on the same day: they clash, or become one message."""
    return (
        select(OPENED.c.customer_id)
        .where(OPENED.c.goes_on.is_not(None))
        .group_by(OPENED.c.customer_id, OPENED.c.family, OPENED.c.goes_on)
        .having(func.count() > 1)
    )


def _capped(stage: Stage) -> Select[Any]:
    """More within the days of a cap, before and after, than it lets pass. An opening may be later than the day that is
    reckoned with."""
    rules, number = [trigger.definition for trigger in stage.cast.triggers], stage.run.day_number
    later = stage.run.session.scalar(select(func.max(number(OPENED.c.goes_on) - number(OPENED.c.send_on))))
    days = max(rule.caps.days for rule in rules) + int(later or 0)
    many = func.count().over(
        partition_by=(OPENED.c.customer_id, OPENED.c.family),
        order_by=number(OPENED.c.send_on),
        range_=(-days, days),
    )
    counted = select(OPENED.c.customer_id, many.label("many")).subquery("neighbours")
    return select(counted.c.customer_id).where(counted.c.many > min(rule.caps.messages for rule in rules)).distinct()


def _near_a_problem() -> Select[Any]:
    """A celebration that something keeps away, or would speak beside it, between its planning and its end."""
    held = exists().where(HELD.c.moment_id == OPENED.c.moment_id)
    ends_at = case((held, OPENED.c.expires_at), else_=func.coalesce(OPENED.c.goes_at, OPENED.c.expires_at))
    return (
        select(OPENED.c.customer_id)
        .join(TROUBLES, TROUBLES.c.customer_id == OPENED.c.customer_id)
        .where(OPENED.c.family == "celebrate", OPENED.c.planned_at.is_not(None))
        .where(TROUBLES.c.begins_at <= ends_at, TROUBLES.c.ends_at >= OPENED.c.planned_at)
    )
