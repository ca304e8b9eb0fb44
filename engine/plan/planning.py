"""One pass of planning: spotted moments become planned messages, or wait under a name, or end with a reason.

Each pass takes a batch, locks its customers, and asks the same number of statements whatever the batch holds.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import literal, select, union_all, update
from sqlalchemy.orm import Session

from engine.calendar.day_rules import with_days
from engine.channel_terms import Offered
from engine.conditions import to_sql
from engine.dates.team import TeamHours
from engine.definitions.store import ActiveTrigger
from engine.plan.brake import pull_brakes
from engine.plan.candidates import alike_of
from engine.plan.clashes import Settled, settle
from engine.plan.contender import Contender
from engine.plan.control import in_control
from engine.plan.drafting import join_messages, make_messages, standing_celebrations
from engine.plan.due import lock_due, read_due, sort_by_time
from engine.plan.ending import TOO_LATE, expire_moments, skip_moments
from engine.plan.holds import DEFAULT_CHANNELS, HoldView, holds_of, store_holds
from engine.plan.untrue import cancel_untrue
from engine.storage.bulk import update_alike
from engine.storage.models import Customer, Moment
from engine.storage.upsert import is_among
from engine.transitions import MOMENT, sources_of

BATCH = 1_000
LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What planning takes from the installation. Without `brakes` no trigger pauses itself: a backtest goes on; and
    it knows that all that was due before `since` has been looked at."""

    channels: Offered = DEFAULT_CHANNELS
    batch: int = BATCH
    brakes: bool = True
    since: datetime | None = None


DEFAULTS = PlanSettings()
Found = dict[uuid.UUID, list[HoldView]]


def plan_due(
    session: Session,
    triggers: Sequence[ActiveTrigger],
    *,
    now: datetime,
    team: TeamHours,
    settings: PlanSettings = DEFAULTS,
) -> int:
    """Plan up to a batch of the moments that are due to be looked at; how many were handled. Call until it answers 0.

    Moments of triggers that are not among `triggers` (paused ones, say) are held by name like all others.
    """
    ids = lock_due(session, now=now, limit=settings.batch, since=settings.since)
    if not ids:
        return 0
    settings = replace(settings, channels=with_days(session, settings.channels))
    cancel_untrue(session, ids, now=now)
    alike = alike_of(session, ids)
    rows = read_due(session, ids, settings.channels, now=now, alike=alike)
    known = {trigger.id: trigger for trigger in triggers}
    times = sort_by_time(rows, known, team, now=now, offered=settings.channels)
    for reason, late in times.over.items():
        expire_moments(session, late, now=now, reason=reason or TOO_LATE)
    _look_again_at(session, times.waiting)
    looked_at = [row.id for row in rows if row.id not in times.settled]
    found = holds_of(session, looked_at, now=now, channels=settings.channels, alike=alike)
    ended = _skip_final(session, found, now=now)
    free = [contender for contender in times.ready if contender.moment_id not in found]
    pulled = pull_brakes(session, free, now=now, team=team) if settings.brakes else {}
    for trigger_id, reason in pulled.items():
        _hold(found, [c for c in free if c.trigger_id == trigger_id], HoldView("trigger_paused", reason))
    free = _with_alternatives(session, [c for c in free if c.moment_id not in found])
    lost = _decide(session, free, now=now)
    _hold(found, lost, HoldView("clash_lost"))
    still = [moment_id for moment_id in looked_at if moment_id not in ended]
    store_holds(session, still, {moment_id: found[moment_id] for moment_id in still if moment_id in found}, now=now)
    strange = [row.id for row in rows if row.trigger_id not in known and row.id not in found]
    _look_again_at(session, _next_looks(found, still, now=now) | dict.fromkeys(strange, now + LOOK_AGAIN))
    return len(ids)


def _skip_final(session: Session, found: Found, *, now: datetime) -> set[uuid.UUID]:
    """End what a final hold forbids for good, by its name."""
    by_name: dict[str, list[uuid.UUID]] = defaultdict(list)
    for moment_id, holds in found.items():
        if final := next((hold for hold in holds if hold.final), None):
            by_name[final.name].append(moment_id)
    for name, ids in by_name.items():
        skip_moments(session, ids, name, now=now)
    return {moment_id for ids in by_name.values() for moment_id in ids}


def _with_alternatives(session: Session, contenders: list[Contender]) -> list[Contender]:
    """Where an exception of the trigger asks for it, another template speaks: the first that applies."""
    ids = [contender.moment_id for contender in contenders]
    rules = {
        (contender.trigger_id, place): rule
        for contender in contenders
        for place, rule in enumerate(contender.definition.exceptions)
        if rule.then == "alternative"
    }
    asked = [
        select(Moment.id, literal(place).label("place"))
        .join(Customer, Customer.id == Moment.customer_id)
        .where(Moment.id.in_(ids), Moment.trigger_id == trigger_id, to_sql(rule.when))
        for (trigger_id, place), rule in rules.items()
    ]
    if not asked:
        return contenders
    first: dict[uuid.UUID, int] = {}
    for moment_id, place in session.execute(union_all(*asked)):
        first[moment_id] = min(place, first.get(moment_id, place))
    return [
        replace(contender, template=rule.template, template_must_be_read=rule.must_read)
        if (rule := rules.get((contender.trigger_id, first.get(contender.moment_id, -1)))) and rule.template
        else contender
        for contender in contenders
    ]


def _decide(session: Session, contenders: list[Contender], *, now: datetime) -> list[Contender]:
    """Settle clashes, draw the control group last, write messages; answers with those that lost their day."""
    settled = settle(contenders, standing_celebrations(session, contenders))
    _draw_control(session, settled, now=now)
    beaten = make_messages(session, [group for group in settled.new if group], now=now)
    join_messages(session, settled.joining, now=now)
    return settled.lost + beaten


def _draw_control(session: Session, settled: Settled, *, now: datetime) -> None:
    """Take the control group out of what would be written now. Who lost to one of them is looked at again at once."""
    drawn: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for group in [*settled.new, *settled.joining.values()]:
        kept_out = [contender for contender in group if _is_control(contender)]
        for contender in kept_out:
            drawn[contender.version_id].append(contender.moment_id)
        if kept_out and kept_out[0] is group[0]:
            rivals = {contender.customer_id for contender in kept_out}
            settled.lost = [contender for contender in settled.lost if contender.customer_id not in rivals]
        group[:] = [contender for contender in group if contender not in kept_out]
    settled.joining = {message_id: group for message_id, group in settled.joining.items() if group}
    for version_id, ids in drawn.items():  # the version that decided, as what is planned keeps it
        session.execute(
            update(Moment)
            .where(is_among(session, Moment.id, ids), Moment.state.in_(sources_of(MOMENT, "control")))
            .values(state="control", reason="control", closed_at=now, trigger_version_id=version_id)
        )


def _is_control(contender: Contender) -> bool:
    share = contender.definition.control_share
    return share > 0 and contender.family != "recover" and in_control(contender.bucket, contender.salt, share)


def _hold(found: Found, contenders: Sequence[Contender], hold: HoldView) -> None:
    for contender in contenders:
        found.setdefault(contender.moment_id, []).append(hold)


def _next_looks(found: Found, moment_ids: Sequence[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, datetime]:
    """When each held moment is looked at again: at the end of its holds where all have one, else in an hour.

    News about the customer make it sooner.
    """
    looks = {}
    for moment_id in moment_ids:
        if holds := found.get(moment_id):
            ends = [hold.until for hold in holds if hold.until]
            looks[moment_id] = max(ends) if len(ends) == len(holds) else now + LOOK_AGAIN
    return looks


def _look_again_at(session: Session, looks: Mapping[uuid.UUID, datetime]) -> None:
    if looks:
        rows = [{"id": moment_id, "check_at": at} for moment_id, at in looks.items()]
        update_alike(session, Moment, rows, same={})
