"""Counts what became of the moments of a run: by trigger, day and hold, and where triggers met."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select

from engine.backtest.ensemble import Ensemble
from engine.backtest.outcomes import CONTROL, OPEN, OUTCOMES, SENT, STOPS
from engine.backtest.results import BrakeDay, Clash, DayCount, Stopped, TriggerResult
from engine.dates.zones import local_date
from engine.definitions.schema import TriggerDefinition
from engine.plan.brake import FORECAST_AFTER, LOOK_BACK_DAYS, plausible, too_many
from engine.plan.reasons import HELD_REASON, sentence

_O = OUTCOMES.c
# What a hold ended: until it was too late, or for good. A lot drawn is no hold.
STOPPED = or_(_O.reason.startswith(HELD_REASON), and_(_O.state == "skipped", _O.reason.is_not(None)))
_KINDS = ("sent", "stopped", "control", "under_way", "ended")
_ONE_DAY = timedelta(days=1)
_LOST = "clash_lost"


def count_triggers(played: Ensemble, first: date, last: date) -> dict[UUID, TriggerResult]:
    """The results of every trigger of the run, by its id, from what falls on these days."""
    within = _O.on_day.between(first, last)
    ends = _ends(played, within)
    days, holds, planned = _by_day(ends), _by_hold(played, within, ends), _planned(played)
    return {
        trigger_id: _result(definition, days[trigger_id], holds[trigger_id], planned[trigger_id])
        for trigger_id, definition in played.cast.definitions.items()
    }


def count_clashes(played: Ensemble, first: date, last: date) -> list[Clash]:
    """By how often, of pairs of which one is a trigger that the run is about."""
    lead, other = OUTCOMES.alias("lead_moment"), OUTCOMES.alias("other_moment")
    apart = and_(other.c.customer_id == lead.c.customer_id, other.c.moment_id != lead.c.moment_id)
    same = and_(apart, other.c.message_id == lead.c.message_id, other.c.position > 0)
    beaten = or_(other.c.reason == HELD_REASON + _LOST, STOPS.c.moment_id.is_not(None))
    lost = and_(apart, other.c.on_day == lead.c.on_day, other.c.message_id.is_(None), beaten)
    query = (
        select(
            lead.c.trigger_id,
            other.c.trigger_id,
            func.count(func.distinct(case((same, other.c.moment_id)))),
            func.count(func.distinct(case((lost, other.c.moment_id)))),
        )
        .select_from(lead)
        .join(other, apart)
        .outerjoin(STOPS, and_(STOPS.c.moment_id == other.c.moment_id, STOPS.c.name == _LOST))
        .where(lead.c.message_id.is_not(None), lead.c.position == 0, lead.c.on_day.between(first, last))
        .where(or_(same, lost))
        .group_by(lead.c.trigger_id, other.c.trigger_id)
    )
    met: dict[tuple[UUID, UUID], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for winner, loser, merged, won in played.rows(lambda _: query):
        met[winner, loser] = (met[winner, loser][0] + merged, met[winner, loser][1] + won)
    found = [
        Clash(played.cast.name(winner), played.cast.name(loser), *counts)
        for (winner, loser), counts in met.items()
        if {winner, loser} & played.cast.subjects
    ]
    return sorted(found, key=lambda clash: (-clash.merged - clash.lost, clash.winner, clash.loser))


def _ends(played: Ensemble, within: Any) -> Sequence[Any]:
    """How many of a trigger fell on each day, by the kind of their end, and by the reason where a hold stopped them."""
    kind = case((_O.state.in_((SENT, CONTROL)), _O.state), (_O.state == OPEN, "under_way"), (STOPPED, "stopped"))
    reason = case((STOPPED, _O.reason))
    query = (
        select(_O.trigger_id, _O.on_day, func.coalesce(kind, "ended").label("kind"), reason.label("reason_of_end"))
        .add_columns(func.count().label("many"))
        .where(within)
        .group_by(_O.trigger_id, _O.on_day, "kind", "reason_of_end")
    )
    return list(played.rows(lambda _: query))


def _by_day(ends: Sequence[Any]) -> Mapping[UUID, Mapping[date, Mapping[str, int]]]:
    found: dict[UUID, dict[date, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: dict.fromkeys(_KINDS, 0)))
    for row in ends:
        found[row.trigger_id][row.on_day][row.kind] += row.many
    return found


def _by_hold(played: Ensemble, within: Any, ends: Sequence[Any]) -> Mapping[UUID, Mapping[str, tuple[int, int]]]:
    """Name -> (stopped, waited). A moment has one name as its reason; the others only kept it waiting."""
    found: dict[UUID, dict[str, tuple[int, int]]] = defaultdict(dict)
    for row in ends:
        if row.reason_of_end is not None:
            name = row.reason_of_end.removeprefix(HELD_REASON)
            stopped, waited = found[row.trigger_id].get(name, (0, 0))
            found[row.trigger_id][name] = (stopped + row.many, waited)
    waiting = (
        select(_O.trigger_id, STOPS.c.name, func.count())
        .join(STOPS, STOPS.c.moment_id == _O.moment_id)
        .where(within)
        .group_by(_O.trigger_id, STOPS.c.name)
    )
    for trigger_id, name, count in played.rows(lambda _: waiting):
        stopped, waited = found[trigger_id].get(name, (0, 0))
        found[trigger_id][name] = (stopped, waited + count)
    return found


def _planned(played: Ensemble) -> Mapping[UUID, Mapping[date, int]]:
    """How many moments each day's look planned: what the brake counts."""
    query = (
        select(_O.trigger_id, _O.planned_at, func.count())
        .where(_O.planned_at.is_not(None), _O.message_id.is_not(None))
        .group_by(_O.trigger_id, _O.planned_at)
    )
    found: dict[UUID, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for trigger_id, at, count in played.rows(lambda _: query):
        found[trigger_id][local_date(at, played.first.team.zone)] += count
    return found


def _result(
    definition: TriggerDefinition,
    days: Mapping[date, Mapping[str, int]],
    holds: Mapping[str, tuple[int, int]],
    planned: Mapping[date, int],
) -> TriggerResult:
    totals = {kind: sum(day[kind] for day in days.values()) for kind in _KINDS}
    stopped = [Stopped(name, sentence(name), *counts) for name, counts in holds.items()]
    return TriggerResult(
        name=definition.name,
        title=definition.title,
        family=definition.family,
        spotted=sum(totals.values()),
        days=tuple(DayCount(on, day["sent"], day["stopped"], day["control"]) for on, day in sorted(days.items())),
        holds=tuple(sorted(stopped, key=lambda one: (-one.stopped, -one.waited, one.name))),
        brake=tuple(_brake_days(definition, planned)),
        **totals,
    )


def _brake_days(definition: TriggerDefinition, planned: Mapping[date, int]) -> Sequence[BrakeDay]:
    """By the rule of the brake itself, from the first week on, with the average of the weeks before."""
    brake, begun, found = definition.brake, min(planned, default=date.max), []
    for on, count in sorted(planned.items()):
        days = min(LOOK_BACK_DAYS, (on - begun).days)
        before = sum(planned.get(on - number * _ONE_DAY, 0) for number in range(1, days + 1))
        limit = plausible(before / days, brake) if on - begun >= FORECAST_AFTER else None
        if reason := too_many(count, limit, brake):
            found.append(BrakeDay(on, reason))
    return found
