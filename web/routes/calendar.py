"""The calendar: what is coming, by day, and who it is on one of them."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from engine import clock
from engine.calendar.coming import NOBODY, Chosen
from engine.dates.zones import local_date
from engine.definitions.store import active_triggers
from engine.errors import InvalidInput, NotFound
from engine.storage.models import Trigger
from triggers.table import KINDS
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.calendar import (
    PAGE,
    View,
    calendar_of,
    choices,
    dates_on,
    messages_on,
    moments_on,
    span_of,
)
from web.teams import team_of

router = APIRouter(prefix="/calendar")
# Far from where dates end, so that a month before and after is always there.
FIRST, LAST = date(1990, 1, 1), date(2200, 12, 31)
Text = Annotated[str, Query(max_length=80)]


@router.get("")
def show_calendar(
    request: Request,
    session: Reading,
    place: Here,
    view: View = "month",
    on: Text = "",
    owner: Text = "",
    trigger: Text = "",
    country: Text = "",
) -> Response:
    """A month or a week."""
    today = _today(session, place)
    day = _day(on) if on else today
    narrowed = {"owner": owner, "trigger": trigger, "country": country.strip().upper()}
    chosen = _chosen(session, narrowed)
    triggers = active_triggers(session, KINDS)
    first, last = span_of(view, day)
    kept = {name: value for name, value in narrowed.items() if value}
    calendar = calendar_of(session, view, day, chosen, triggers, today=today, team=team_of(place.settings))
    values = {
        "calendar": calendar,
        "view": view,
        "day": day,
        "today": today,
        "first": first,
        "last": last,
        "before": _shifted(view, day, -1),
        "after": _shifted(view, day, 1),
        "narrowed": narrowed,
        "kept": urlencode(kept),
        "choices": choices(session, calendar.countries),
        "skipping": [one.definition.title for one in triggers if one.definition.send.holidays == "skip"],
        "team_zone": place.settings.team_zone,
    }
    return show(request, "calendar.html", values)


@router.get("/{on}")
def show_day(
    request: Request,
    session: Reading,
    place: Here,
    on: str,
    what: Text = "messages",
    after: Annotated[str, Query(max_length=100)] = "",
    owner: Text = "",
    trigger: Text = "",
    country: Text = "",
) -> Response:
    """Who it is on one day, a page at a time: planned, found, or foreseen by one trigger (`what` is its name)."""
    day, today = _day(on), _today(session, place)
    narrowed = {"owner": owner, "trigger": trigger, "country": country.strip().upper()}
    chosen = _chosen(session, narrowed)
    triggers = active_triggers(session, KINDS)
    calendar = calendar_of(session, "week", day, chosen, triggers, today=today, team=team_of(place.settings))
    (one,) = (found for found in calendar.days if found.on == day)
    lines = _listed(session, day, what, after, chosen, today=today)
    values = {
        "one": one,
        "day": day,
        "today": today,
        "what": what,
        "foreseen": {found.name: found.definition.title for found in triggers if found.kind.shape == "dates"},
        "lines": lines[:PAGE],
        "more": lines[PAGE - 1].place if len(lines) > PAGE else None,
        "later": bool(after),
        "narrowed": narrowed,
        "kept": urlencode({name: value for name, value in narrowed.items() if value}),
        "names": calendar.names,
    }
    return show(request, "calendar_day.html", values, block="lines" if after else None)


def _listed(session: Session, day: date, what: str, after: str, chosen: Chosen, *, today: date) -> Any:
    try:
        if what == "messages":
            at, _, key = after.partition("~")
            place = (datetime.fromisoformat(at), UUID(key)) if after else None
            return messages_on(session, day, chosen, place)
        key_after = UUID(after) if after else None
    except ValueError:
        raise InvalidInput("There is no such page.") from None
    if what == "found":
        return moments_on(session, day, chosen, key_after)
    for one in active_triggers(session, KINDS):
        if one.name == what and one.kind.shape == "dates":
            return dates_on(session, one, day, chosen, key_after, today=today)
    raise NotFound("Nothing of that name looks ahead.")


def _chosen(session: Session, narrowed: dict[str, str]) -> Chosen:
    owner: UUID | str | None = None
    if wanted := narrowed["owner"]:
        try:
            owner = wanted if wanted == NOBODY else UUID(wanted)
        except ValueError:
            raise InvalidInput("There is nobody of that id.") from None
    trigger = session.scalar(select(Trigger.id).where(Trigger.name == narrowed["trigger"]))
    if narrowed["trigger"] and trigger is None:
        raise NotFound(f"There is no trigger {narrowed['trigger']}.")
    return Chosen(owner, trigger, narrowed["country"] or None)


def _day(text: str) -> date:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        raise NotFound("There is no such day.") from None
    if not FIRST <= on <= LAST:
        raise NotFound("No calendar of ours goes so far.")
    return on


def _today(session: Session, place: Place) -> date:
    return local_date(clock.now(session), place.settings.team_zone)


def _shifted(view: View, on: date, by: int) -> date:
    if view == "week":
        return date.fromordinal(on.toordinal() + 7 * by)
    month = on.year * 12 + on.month - 1 + by
    return date(month // 12, month % 12 + 1, 1)
