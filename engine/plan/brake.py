"""The brake: far above its forecast, or above its daily ceiling, a trigger pauses itself and asks."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.dates.zones import day_bounds, local_date
from engine.definitions.schema import Brake
from engine.plan.contender import Contender
from engine.storage.models import AuditEntry, Moment, Trigger

LOOK_BACK_DAYS = 28
# So few are nothing to worry about, whatever the forecast says.
AT_LEAST = 20
# A forecast needs some days to stand on.
FORECAST_AFTER = timedelta(days=7)


def pull_brakes(
    session: Session, contenders: list[Contender], *, now: datetime, team: TeamHours
) -> dict[uuid.UUID, str]:
    """Pause the triggers that would plan too many moments today; trigger id -> the reason in words."""
    today = day_bounds(local_date(now, team.zone), team.zone)[0]
    wanted: dict[uuid.UUID, list[Contender]] = {}
    for contender in contenders:
        wanted.setdefault(contender.trigger_id, []).append(contender)
    pulled = {}
    for trigger_id, waiting in wanted.items():
        brake = waiting[0].definition.brake
        planned = _planned(session, trigger_id, since=today, before=None) + len(waiting)
        reason = too_many(planned, _forecast(session, trigger_id, brake, today=today, now=now), brake)
        if reason and _pause(session, trigger_id, reason, now=now):
            pulled[trigger_id] = reason
    return pulled


def too_many(planned: int, limit: float | None, brake: Brake) -> str | None:
    """Why so many moments in a day are too many; None where they are not. `limit` is what is still plausible."""
    if planned > brake.daily_ceiling:
        return f"brake: {planned} moments today, above the daily ceiling of {brake.daily_ceiling}"
    if limit is not None and planned > limit:
        return f"brake: {planned} moments today, above {brake.times_forecast:g} times the forecast ({limit:.0f})"
    return None


def _forecast(session: Session, trigger_id: uuid.UUID, brake: Brake, *, today: datetime, now: datetime) -> float | None:
    """How many are still plausible for a day; None where the trigger is too young to tell."""
    active_from = session.scalar(select(Trigger.active_from).where(Trigger.id == trigger_id))
    if active_from is None or active_from > now - FORECAST_AFTER:
        return None
    days = min(LOOK_BACK_DAYS, (now - active_from).days)
    average = _planned(session, trigger_id, since=today - timedelta(days=days), before=today) / days
    return plausible(average, brake)


def plausible(average: float, brake: Brake) -> float:
    """How many on one day are still nothing to worry about, where so many are usual."""
    return max(AT_LEAST, brake.times_forecast * average)


def _planned(session: Session, trigger_id: uuid.UUID, *, since: datetime, before: datetime | None) -> int:
    count = select(func.count()).where(Moment.trigger_id == trigger_id, Moment.planned_at >= since)
    return session.scalar(count if before is None else count.where(Moment.planned_at < before)) or 0


def _pause(session: Session, trigger_id: uuid.UUID, reason: str, *, now: datetime) -> bool:
    paused = session.scalar(
        update(Trigger)
        .where(Trigger.id == trigger_id, Trigger.state == "active")
        .values(state="paused", paused_reason=reason)
        .returning(Trigger.id)
    )
    if paused:
        session.add(
            AuditEntry(
                at=now,
                person_id=None,
                actor="brake",
                action="paused",
                subject="trigger",
                subject_id=trigger_id,
                detail={"reason": reason},
            )
        )
    return paused is not None
