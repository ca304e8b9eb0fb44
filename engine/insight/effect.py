"""What a trigger did, against its control group: analysed as assigned, in readings that are planned beforehand.

The unit is a customer, at their first moment that came to the decision by lot: counted where the lot put them, whatever
became of the message, from the moment's day on. Docs: docs/why/effect.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definition_of
from engine.insight.intervals import LEVEL, Interval, Share, difference
from engine.insight.outcomes import happened
from engine.storage.models import Moment, Outcome, Trigger, TriggerVersion

# Customers in each group at the first reading; each further one needs twice as many (cx-rules B3, Statistics).
LEAST = 1_000
# How long after the last day of the window one waits for events that arrive late.
GRACE_DAYS = 2
# The pace is that of so many days.
PACE_DAYS = 90
_FORESEEN_DAYS = 3_660


@dataclass(frozen=True, slots=True)
class Group:
    """Customers of one group, and to how many of them it happened."""

    customers: int = 0
    happened: int = 0

    @property
    def share(self) -> Share:
        """Of the customers."""
        return Share(self.happened, self.customers)


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading that was planned: the `number`-th, of the customers up to the day `through`.

    `interval` holds at 95 % for this reading alone. `strict` is so wide that all readings together, however many will
    follow, raise a false alarm in at most 5 of 100 triggers: a verdict needs it.
    """

    number: int
    through: date
    treated: Group
    control: Group
    interval: Interval
    strict: Interval

    @property
    def verdict(self) -> str:
        """`more` or `less` often in the treated group, `perhaps`, or `unclear`."""
        if self.strict.excludes_zero:
            return "more" if self.strict.value > 0 else "less"
        return "perhaps" if self.interval.excludes_zero else "unclear"


@dataclass(frozen=True, slots=True)
class Effect:
    """One trigger and one outcome. `treated` and `control` count everybody whose window is over; `reading` is the last
    that was due, None while there are too few. `needed` and `about_on` say when the next is due."""

    trigger: str
    title: str
    outcome: str
    good: bool
    within_days: int
    control_share: float
    treated: int
    control: int
    reading: Reading | None
    needed: int
    about_on: date | None
    counted_on: date


@dataclass(frozen=True, slots=True)
class Compared:
    """A trigger with a control group, and the share that each of its versions kept out."""

    trigger_id: UUID
    name: str
    title: str
    share: float
    versions: Mapping[UUID, float]


@dataclass(frozen=True, slots=True)
class Apart:
    """A trigger that cannot be read so, and why: `recovery`, `no_control`."""

    trigger: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day's customers of both groups."""

    on: date
    treated: Group
    control: Group


def compared(session: Session, trigger: str | None = None) -> list[Compared]:
    """The triggers that keep a control group now, or the one."""
    found = []
    for one in _triggers(session, trigger):
        share = _definition(session, one).control_share
        if share and one.family != "recover":
            found.append(Compared(one.id, one.name, _definition(session, one).title, share, _versions(session, one.id)))
    return found


def apart(session: Session, trigger: str | None = None) -> list[Apart]:
    """Those that keep none, and why."""
    return [
        Apart(one.name, _definition(session, one).title, "recovery" if one.family == "recover" else "no_control")
        for one in _triggers(session, trigger)
        if one.family == "recover" or not _definition(session, one).control_share
    ]


def count_days(
    session: Session,
    trigger_id: UUID,
    outcome: Outcome,
    versions: Mapping[UUID, float],
    share: float,
    *,
    today: date,
) -> list[Day]:
    """By the day of the moment, the customers of both groups whose window is over: one statement."""
    last = today - timedelta(days=outcome.within_days + GRACE_DAYS)
    units = _units(trigger_id, versions, share, last).c
    did = case((happened(outcome, units.customer_id, units.send_on, units.occurred_at), 1), else_=0)
    query = (
        select(units.send_on, units.control, func.count().label("customers"), func.sum(did).label("happened"))
        .group_by(units.send_on, units.control)
        .order_by(units.send_on)
    )
    found: dict[date, dict[bool, Group]] = {}
    for on, control, customers, happened_to in session.execute(query):
        found.setdefault(on, {})[bool(control)] = Group(customers, happened_to)
    return [Day(on, groups.get(False, Group()), groups.get(True, Group())) for on, groups in found.items()]


def readings(days: Sequence[Day], *, least: int = LEAST) -> Reading | None:
    """The last reading that was due: at `least` customers in each group, then at twice as many, and so on.

    What came later waits for the next one, so that looking often changes nothing.
    """
    treated = control = Group()
    found: Reading | None = None
    number = 0
    for day in days:
        treated, control = _with(treated, day.treated), _with(control, day.control)
        if min(treated.customers, control.customers) >= least * 2**number:
            while min(treated.customers, control.customers) >= least * 2 ** (number + 1):
                number += 1  # a day so large that it passes several at once
            number += 1
            found = _reading(number, day.on, treated, control)
    return found


def _reading(number: int, through: date, treated: Group, control: Group) -> Reading:
    """The n-th may err with 5 % / 2^n: over all of them that sums to 5 %."""
    strict = 1 - (1 - LEVEL) / 2**number
    return Reading(
        number,
        through,
        treated,
        control,
        difference(treated.share, control.share),
        difference(treated.share, control.share, level=strict),
    )


def effect_of(one: Compared, outcome: Outcome, days: Sequence[Day], *, counted_on: date) -> Effect:
    """What the days say."""
    treated = sum(day.treated.customers for day in days)
    control = sum(day.control.customers for day in days)
    reading = readings(days)
    needed = LEAST * 2 ** (reading.number if reading else 0)
    return Effect(
        trigger=one.name,
        title=one.title,
        outcome=outcome.name,
        good=outcome.good,
        within_days=outcome.within_days,
        control_share=one.share,
        treated=treated,
        control=control,
        reading=reading,
        needed=needed,
        about_on=_about(days, needed, today=counted_on),
        counted_on=counted_on,
    )


def _about(days: Sequence[Day], needed: int, *, today: date) -> date | None:
    """When the smaller group will be large enough, at the pace of the last ninety days that are over; None where
    nobody came in them, or it would take more than ten years."""
    if not days:
        return None
    late = [day for day in days if day.on > days[-1].on - timedelta(days=PACE_DAYS)]
    span = min(PACE_DAYS, (days[-1].on - days[0].on).days + 1)
    waits = [
        _wait(needed - sum(day.treated.customers for day in days), sum(day.treated.customers for day in late) / span),
        _wait(needed - sum(day.control.customers for day in days), sum(day.control.customers for day in late) / span),
    ]
    known = [wait for wait in waits if wait is not None]
    return today + timedelta(days=max(known)) if len(known) == len(waits) else None


def _wait(missing: int, pace: float) -> int | None:
    """Days until so many more came; None where that is not to be foreseen."""
    if missing <= 0:
        return 0
    days = ceil(missing / pace) if pace else _FORESEEN_DAYS + 1
    return days if days <= _FORESEEN_DAYS else None


def _units(trigger_id: UUID, versions: Mapping[UUID, float], share: float, last: date) -> Subquery:
    """Each customer once, at their first moment that came to the decision, if that was made with this share.

    `planned_at` stays with a moment whatever becomes of it later; the control group has none. Who was planned and is in
    the control group by a later share was treated first. The order is that of spotting, which the lot cannot change.
    """
    with_control = [version for version, of in versions.items() if of > 0]
    like_now = [version for version, of in versions.items() if of == share]
    earlier = aliased(Moment)
    before = or_(
        earlier.spotted_at < Moment.spotted_at,
        and_(earlier.spotted_at == Moment.spotted_at, earlier.id < Moment.id),
    )
    came_before = exists().where(
        earlier.trigger_id == Moment.trigger_id,
        earlier.customer_id == Moment.customer_id,
        earlier.trigger_version_id.in_(with_control),
        _decided(earlier),
        before,
    )
    in_control = and_(Moment.state == "control", Moment.planned_at.is_(None))
    return (
        select(Moment.customer_id, Moment.send_on, Moment.occurred_at, in_control.label("control"))
        .where(
            Moment.trigger_id == trigger_id,
            Moment.trigger_version_id.in_(like_now),
            Moment.send_on <= last,
            _decided(Moment),
            ~came_before,
        )
        .subquery("units")
    )


def _decided(moment: Any) -> ColumnElement[bool]:
    return or_(moment.state == "control", moment.planned_at.is_not(None))


def _with(group: Group, more: Group) -> Group:
    return Group(group.customers + more.customers, group.happened + more.happened)


def _triggers(session: Session, name: str | None) -> Sequence[Trigger]:
    query = select(Trigger).where(Trigger.version_id.is_not(None), Trigger.state != "draft").order_by(Trigger.name)
    return session.scalars(query if name is None else query.where(Trigger.name == name)).all()


def _definition(session: Session, trigger: Trigger) -> TriggerDefinition:
    assert trigger.version_id is not None
    return definition_of(session, trigger.version_id)


def _versions(session: Session, trigger_id: UUID) -> dict[UUID, float]:
    """The share that each version of the trigger keeps out."""
    ids = session.scalars(select(TriggerVersion.id).where(TriggerVersion.trigger_id == trigger_id))
    return {version: definition_of(session, version).control_share for version in ids}
