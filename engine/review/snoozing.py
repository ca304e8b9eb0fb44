"""Puts a draft off until later, never past its deadline: what nobody sees in time would be dropped.

A draft is snoozed for everybody, and says so; it is among the snoozed ones meanwhile, and alerts go on.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.dates.windows import send_time
from engine.dates.workdays import shift_to_working_day
from engine.dates.zones import local_date, zone
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.storage.models import Message, Person

Until = Literal["hour", "tomorrow", "date"]
CHOICES: tuple[Until, ...] = get_args(Until)
ROLE = "agent"
_WAITING = ("draft", "in_review")


def wake_time(until: str, team: TeamHours, *, now: datetime, on: date | None = None) -> datetime:
    """An hour from now, the morning of the team's next working day, or that of the day `on`, in UTC."""
    if until == "hour":
        return now + timedelta(hours=1)
    if until == "tomorrow":
        day = shift_to_working_day(local_date(now, team.zone) + timedelta(days=1), team.country, "after")
        return send_time(day, team.window, team.zone)
    if until == "date" and on is not None:
        return send_time(on, team.window, team.zone)
    raise InvalidInput("until: say an hour, tomorrow, or a date.")


def snooze(session: Session, message_id: UUID, until: datetime, *, person: Person, now: datetime) -> Message:
    """Keep it out of the queue until then. Raises InvalidInput where that is not before its deadline."""
    require(person, ROLE)
    if until <= now:
        raise InvalidInput("until: that is over already.")
    message = _set(session, message_id, until, before=until)
    record(session, Doer(person.name, person.id), "snooze", message, now=now, until=until.isoformat())
    return message


def unsnooze(session: Session, message_id: UUID, *, person: Person, now: datetime) -> Message:
    """Bring it back into the queue now."""
    require(person, ROLE)
    message = _set(session, message_id, None, before=datetime.min.replace(tzinfo=UTC))
    record(session, Doer(person.name, person.id), "unsnooze", message, now=now)
    return message


def latest_wake(deadline_at: datetime, zone_name: str) -> str:
    """The deadline on a person's own clock, for the sentence that refuses."""
    local = deadline_at.astimezone(zone(zone_name))
    return f"{local:%a} {local.day} {local:%b, %H:%M}"


def _set(session: Session, message_id: UUID, until: datetime | None, *, before: datetime) -> Message:
    """One conditional UPDATE: a deadline that came nearer meanwhile counts."""
    done = session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(_WAITING), Message.deadline_at > before)
        .values(snoozed_until=until, taken_by=None, taken_until=None)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    message = session.get(Message, message_id, populate_existing=True)
    if message is None:
        raise NotFound("There is no such message.")
    if done is None and message.state not in _WAITING:
        raise Conflict("This message does not wait for anybody any more.")
    if done is None:
        raise InvalidInput(
            f"until: it must be decided before {latest_wake(message.deadline_at, 'UTC')} (UTC); "
            "later it would be too late for it. Choose an earlier time."
        )
    return message
