"""Moments from the calendar: one statement makes the moments of a trigger for all customers whose date is due.

The days of the open window and the zones and countries of those due are few: Python works out what each pair means (the
day to send, the instant of expiry) and hands it to the statement as rows. No loop over customers; an index says who.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.dates.team import TeamHours
from engine.dates.zones import local_date
from engine.definitions.store import ActiveTrigger
from engine.spot.date_rows import MATCHES, SEND_DAYS, insert_moments, kind_of, places_due
from engine.spot.dating import expiry, send_day
from engine.spot.day_rows import HomePlace, SendDay
from engine.spot.open_window import open_window
from engine.storage.models import Trigger

T = TypeVar("T")


def spot_dates(
    session: Session, triggers: Sequence[ActiveTrigger], *, now: datetime, team: TeamHours, post_days: int = 0
) -> int:
    """Make the moments of the open window that are not there yet, and answer how many. Repeating it makes none.

    `post_days`: how many working days before the day something has to be handed over, where letters are offered.
    """
    dated = sorted((trigger for trigger in triggers if trigger.kind.shape == "dates"), key=lambda trigger: trigger.id)
    made = sum(_spot(session, trigger, now=now, team=team, post_days=post_days) for trigger in dated)
    if made:
        ring(session, "jubilee.plan")
    return made


def _spot(session: Session, trigger: ActiveTrigger, *, now: datetime, team: TeamHours, post_days: int) -> int:
    scanned_through = session.scalar(select(Trigger.scanned_through).where(Trigger.id == trigger.id))
    first, last = open_window(trigger.definition, scanned_through, now=now, team=team, post_days=post_days)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    matches = [match for day in days for match in kind_of(trigger).matches(trigger.params, day)]
    places = {place for some in _pieces(matches, MATCHES) for place in places_due(session, trigger, some)}
    made = 0
    for send_days in _pieces(list(_send_days(trigger, days, places, scanned_through, now)), SEND_DAYS):
        wanted = {day.nominal_on for day in send_days}
        for some in _pieces([match for match in matches if match.nominal_on in wanted], MATCHES):
            made += insert_moments(session, trigger, some, send_days, now=now)
    session.execute(
        update(Trigger)
        .where(Trigger.id == trigger.id, or_(Trigger.scanned_through.is_(None), Trigger.scanned_through < last))
        .values(scanned_through=last)
    )
    return made


def _send_days(
    trigger: ActiveTrigger, days: Sequence[date], places: set[HomePlace], scanned_through: date | None, now: datetime
) -> Iterator[SendDay]:
    """Every day that counts at every place: not before the trigger was active there, nor over and done with.

    A day that is over counts all the same where no scan has ever looked at it: its moments expire, and say so.
    """
    rules = trigger.definition.send
    for place in sorted(places):
        active_on = local_date(trigger.active_from, place.zone)
        for day in days:
            send_on = send_day(day, rules, place.country or None)
            expires_at = expiry(send_on, rules, place.zone)
            missed = scanned_through is not None and day > scanned_through
            if day >= active_on and (expires_at > now or missed):
                yield SendDay(day, place, send_on, expires_at)


def _pieces(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))
