"""Who has to be looked at day by day: everybody for whom the order of things may matter.

All others have, in the run's time, nothing but moments that never meet, and nothing about them changes between the
first look at one and its end. Asked once, at whatever instant, every rule answers the same. Whoever is in doubt is
looked at day by day: that is always right, and only slower. Who meets whom is asked later (`meetings.py`), when it is
known when everything would go.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, Select, Uuid, and_, case, delete, exists, func, insert, not_, or_, select

from engine.backtest.days import Stage
from engine.backtest.foreseen import RESTLESS, keep_foreseen
from engine.backtest.players import changes_since, known_since
from engine.backtest.present import MESSAGES_OF
from engine.backtest.quiet_times import kept_by_days
from engine.backtest.recoveries import moved_problems, not_simple
from engine.backtest.scratch import temporary
from engine.backtest.staging import Looks
from engine.backtest.wishes import is_wish, note_wished
from engine.conditions.tree import fields_of
from engine.definitions.store import ActiveTrigger
from engine.plan.rules.trouble import LOW_ANSWER
from engine.record.event_kinds import LOW_SCORES
from engine.storage.base import UtcDateTime
from engine.storage.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerChange,
    Event,
    Message,
    Moment,
    Note,
    Suppression,
)

EVENTFUL = temporary("eventful", Column("customer_id", Uuid, nullable=False))
# Of whom something became true only when their moments were over, or those that were over by then (`earlier.py`).
EARLY = temporary(
    "early", Column("customer_id", Uuid, nullable=False), Column("changed_at", UtcDateTime, nullable=False)
)
# How far a shift to a working day may carry a moment, and then some.
_SHIFT = timedelta(days=12)
_A_WEEK = timedelta(days=7)
_HALF_A_YEAR = timedelta(days=183)
# How many days an instant's day may be another one than the customer's, on both sides of a distance.
_AROUND = 2
# By which a customer's days move; so a moment of the days before may not be among those that are staged.
_MOVING = ("zone", "country")
# The columns of the staged moments by which they are joined; to measure their facts takes long, and helps nobody.
_STAGED = "moments (id, customer_id, trigger_id, problem_id, check_at, expires_at)"
_OPEN_PROBLEM = "customer.has_open_problem"


def note_restless(stage: Stage, looks: Looks) -> None:
    """Note for whom the looks would have to search themselves. The staged moments are all there by now."""
    stage.run.index(Moment, "customer_id")
    stage.run.measure(_STAGED)
    for customers in _restless(stage, looks):
        stage.run.session.execute(insert(RESTLESS).from_select(["customer_id"], customers))


def route(stage: Stage, looks: Looks, *, forecast_on: date | None) -> None:
    """Keep the staged moments of those alone who may be decided at once; the others are remembered as eventful."""
    with stage.run.looking_up():
        for early in _early(stage, looks, forecast_on):
            stage.run.session.execute(insert(EARLY).from_select(["customer_id", "changed_at"], early))
        for customers in _reasons(stage, looks, forecast_on):
            stage.run.session.execute(insert(EVENTFUL).from_select(["customer_id"], customers))
        drop_eventful(stage)


def drop_eventful(stage: Stage) -> None:
    """Leave the moments of these to the days."""
    stage.run.measure(EVENTFUL.name)
    keep_foreseen(stage.run, EVENTFUL.c.customer_id)
    gone = delete(Moment).where(Moment.customer_id.in_(select(EVENTFUL.c.customer_id)))
    stage.run.session.execute(gone, execution_options={"synchronize_session": False})
    stage.run.measure(_STAGED)


def _reasons(stage: Stage, looks: Looks, forecast_on: date | None) -> Iterator[Select[Any]]:
    yield select(RESTLESS.c.customer_id)
    yield from _changed(stage, looks)
    yield from _troubled(stage, looks)
    yield from _suppressed(stage)
    yield from kept_by_days(stage, looks)
    if asking := [trigger.id for trigger in stage.cast.triggers if _asks_for(trigger, "total.")]:
        yield select(Moment.customer_id).where(Moment.trigger_id.in_(asking)).distinct()
    if forecast_on is not None:
        yield from _under_way(stage, forecast_on)


def _restless(stage: Stage, looks: Looks) -> Iterator[Select[Any]]:
    """Of whom a date or place changed, so that other moments may have been spotted than are staged; of whom nothing was
    known when one would have been; and whoever took something back."""
    changes, events = stage.run.stored(CustomerChange).c, stage.run.stored(Event).c
    moving = or_(changes.field.startswith("dates."), changes.field.in_(_MOVING))
    yield changes_since(stage.run, looks.at[0]).where(moving)
    known = known_since(stage.run, looks.at[0])
    yield (
        select(known.c.customer_id)
        .join(Moment, Moment.customer_id == known.c.customer_id)
        .where(known.c.at > Moment.check_at)
    )
    yield select(events.customer_id).where(events.corrects.is_not(None), stage.run.mine(events.customer_id)).distinct()
    if takers := [name for trigger in stage.cast.triggers for name in _but_for(trigger)]:
        yield select(events.customer_id).where(events.name.in_(takers), stage.run.mine(events.customer_id)).distinct()


def _early(stage: Stage, looks: Looks, forecast_on: date | None) -> Iterator[Select[Any]]:
    """Whose record was there at the beginning and changed, but not before the last of their moments was over; consent
    that came in the meantime is a change as well. And whose changes all lie between their moments."""
    changes, consents = stage.run.stored(CustomerChange).c, stage.run.stored(Consent).c
    customers = stage.run.stored(Customer).c
    over = func.max(Moment.expires_at)
    agreed = exists().where(
        consents.customer_id == Moment.customer_id,
        consents.given_at > looks.at[0],
        consents.given_at <= Moment.expires_at,
    )
    yield (
        changes_since(stage.run, looks.at[0])
        .add_columns(func.min(changes.effective_at))
        .join(Moment, Moment.customer_id == changes.customer_id)
        .where(customers.created_at <= looks.at[0])
        .group_by(changes.customer_id)
        .having(func.min(changes.effective_at) > over, func.sum(case((agreed, 1), else_=0)) == 0)
    )
    if forecast_on is None and not stage.searched:
        yield _in_between(stage, looks)


def _in_between(stage: Stage, looks: Looks) -> Select[Any]:
    """Whose changes all became true when some of their moments were over and none of the others was spotted yet.

    Each is then decided by a pass of its own, which must not miss that they meet: so they are too far apart for a cap,
    none is a recovery, and the looks of the days, should they have to decide some of them after all, find no others.
    """
    changes, consents = stage.run.stored(CustomerChange).c, stage.run.stored(Consent).c
    customers, number = stage.run.stored(Customer).c, stage.run.day_number
    changed = (
        changes_since(stage.run, looks.at[0])
        .add_columns(func.min(changes.effective_at).label("first"), func.max(changes.effective_at).label("last"))
        .where(customers.created_at <= looks.at[0])
        .group_by(changes.customer_id)
        .subquery("changed")
    )
    before, after = Moment.expires_at < changed.c.first, Moment.check_at >= changed.c.last
    far = max(trigger.definition.caps.days for trigger in stage.cast.triggers) + _AROUND
    agreed = exists().where(
        consents.customer_id == Moment.customer_id,
        or_(
            and_(before, consents.given_at > looks.at[0], consents.given_at <= Moment.expires_at),
            and_(after, consents.given_at > Moment.check_at),
        ),
    )
    return (
        select(changed.c.customer_id, changed.c.first)
        .join(Moment, Moment.customer_id == changed.c.customer_id)
        .group_by(changed.c.customer_id, changed.c.first)
        .having(
            func.sum(case((and_(or_(before, after), Moment.problem_id.is_(None), ~agreed), 0), else_=1)) == 0,
            func.min(case((after, number(Moment.send_on)))) - func.max(case((before, number(Moment.expires_at)))) > far,
        )
    )


def _changed(stage: Stage, looks: Looks) -> Iterator[Select[Any]]:
    """Of whom something became true after a moment of theirs was spotted: before, it was not as it is stored."""
    changes, consents = stage.run.stored(CustomerChange).c, stage.run.stored(Consent).c
    later = and_(changes.effective_at > Moment.check_at, Moment.customer_id.not_in(select(EARLY.c.customer_id)))
    changed = changes_since(stage.run, looks.at[0]).join(Moment, Moment.customer_id == changes.customer_id).where(later)
    note_wished(stage.run, changed)
    yield changed.where(not_(is_wish(changes)))
    yield (
        select(consents.customer_id)
        .join(Moment, Moment.customer_id == consents.customer_id)
        .where(consents.given_at > looks.at[0], consents.given_at > Moment.check_at)
        .where(consents.customer_id.not_in(select(EARLY.c.customer_id)))
    )


def _troubled(stage: Stage, looks: Looks) -> Iterator[Select[Any]]:
    """Problems that are more than opened and resolved, bad answers, and notes."""
    start, end = looks.at[0], looks.end
    events, notes = stage.run.stored(Event).c, stage.run.stored(Note).c
    if any(_asks_for(trigger, _OPEN_PROBLEM) for trigger in stage.cast.triggers):
        moved = moved_problems(stage, looks)
        yield select(moved.c.customer_id)
    else:
        yield from not_simple(stage, looks)
    in_force = or_(notes.expires_at.is_(None), notes.expires_at > start)
    yield select(notes.customer_id).where(in_force, or_(notes.withdrawn_at.is_(None), notes.withdrawn_at > start))
    low = (events.name.in_(LOW_SCORES), events.occurred_at > start - LOW_ANSWER, events.occurred_at <= end)
    yield select(events.customer_id).where(*low, stage.run.mine(events.customer_id)).distinct()


def _suppressed(stage: Stage) -> Iterator[Select[Any]]:
    """Made or lifted after a moment was spotted."""
    rows, points = stage.run.stored(Suppression).c, stage.run.stored(ContactPoint).c
    meanwhile = or_(rows.created_at > Moment.check_at, rows.lifted_at > Moment.check_at)
    yield (
        select(rows.customer_id)
        .join(Moment, Moment.customer_id == rows.customer_id)
        .where(rows.customer_id.is_not(None), meanwhile)
    )
    yield (
        select(points.customer_id)
        .join(rows.id.table, rows.address_hash == points.address_hash)
        .join(Moment, Moment.customer_id == points.customer_id)
        .where(meanwhile)
    )


def _asks_for(trigger: ActiveTrigger, field: str) -> bool:
    """Whether a condition asks for what moves with every event, or with every problem."""
    definition = trigger.definition
    asked = [definition.audience, *(rule.when for rule in definition.exceptions)]
    return any(one_field.startswith(field) for one in asked if one is not None for one_field in fields_of(one))


def _but_for(trigger: ActiveTrigger) -> frozenset[str]:
    if trigger.kind.shape != "fold":
        return frozenset()
    counted = trigger.kind.counted(trigger.params)
    return counted.but_for if counted else frozenset()


def _under_way(stage: Stage, today: date) -> Iterator[Select[Any]]:
    """Whatever of a customer stands when a forecast begins."""
    moments, messages = stage.run.stored(Moment).c, stage.run.stored(Message).c
    days = timedelta(days=max(trigger.definition.caps.days for trigger in stage.cast.triggers))
    waiting = moments.state.in_(("spotted", "planned", "written"))
    yield select(moments.customer_id).where(or_(waiting, moments.send_on > today - _SHIFT * 4)).distinct()
    yield select(messages.customer_id).where(messages.send_on > today - min(days + _A_WEEK, MESSAGES_OF)).distinct()
    yield (
        select(Moment.customer_id)
        .join(
            moments.id.table,
            (moments.customer_id == Moment.customer_id) & (moments.trigger_id == Moment.trigger_id),
        )
        .where(or_(moments.occurrence_key == Moment.occurrence_key, moments.nominal_on > today - _HALF_A_YEAR))
    )
