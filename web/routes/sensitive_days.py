"""Sensitive days: which there are, what they do, and the ones that are suggested."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.calendar.coming import countries_here
from engine.calendar.countries import by_name
from engine.calendar.day_rules import rule_of
from engine.calendar.days import FAMILIES, WantedDay, add_day, change_day, remove_day
from engine.calendar.suggestions import suggestions
from engine.dates.workdays import holidays_of, knows_holidays
from engine.dates.zones import local_date
from engine.errors import Conflict, InvalidInput, NotFound
from engine.record.wishes import occasions
from engine.storage.models import Person, SensitiveDay
from web.day_form import fault_at, read_day
from web.pages import show
from web.place import Here, Place, Reading
from web.visitors import Auditing

router = APIRouter(prefix="/calendar/days")
_AHEAD = timedelta(days=800)


async def _written(request: Request) -> FormData:
    return await request.form()


Written = Annotated[FormData, Depends(_written)]
Version = Annotated[int, Form(ge=1)]


@router.get("")
def show_days(
    request: Request, session: Reading, place: Here, did: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """All of them, the next one first."""
    return _page(request, session, place, did=did)


@router.post("")
def add(request: Request, place: Here, visitor: Auditing, written: Written) -> Response:
    """Write one down, from the form or from what is suggested."""
    try:
        wanted = _suggested(str(written["suggested"])) if "suggested" in written else read_day(written)
        with place.db.writing() as session:
            add_day(session, wanted, person=session.get_one(Person, visitor.id), now=clock.now(session))
    except InvalidInput as error:
        return _again(request, place, written, str(error))
    return RedirectResponse("/calendar/days?did=added", 303)


@router.post("/{day_id}")
def change(
    request: Request, place: Here, visitor: Auditing, day_id: UUID, version: Version, written: Written
) -> Response:
    """Change it."""
    try:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            change_day(session, day_id, read_day(written), version=version, person=person, now=now)
    except (InvalidInput, Conflict) as error:
        return _again(request, place, written, str(error), about=day_id)
    return RedirectResponse("/calendar/days?did=changed", 303)


@router.post("/{day_id}/remove")
def remove(place: Here, visitor: Auditing, day_id: UUID, version: Version) -> Response:
    """Take it away."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        remove_day(session, day_id, version=version, person=person, now=now)
    return RedirectResponse("/calendar/days?did=removed", 303)


def _suggested(name: str) -> WantedDay:
    found = next((one for one in suggestions() if one.name == name), None)
    if found is None:
        raise NotFound("There is no such suggestion.")
    return found


def _again(request: Request, place: Place, written: FormData, complaint: str, *, about: UUID | None = None) -> Response:
    with place.db.reading() as session:
        return _page(request, session, place, written=written, complaint=complaint, about=about)


def _page(
    request: Request,
    session: Session,
    place: Place,
    *,
    did: str = "",
    written: FormData | None = None,
    complaint: str = "",
    about: UUID | None = None,
) -> Response:
    today = local_date(clock.now(session), place.settings.team_zone)
    countries = countries_here(session)
    days = list(session.scalars(select(SensitiveDay).order_by(SensitiveDay.name, SensitiveDay.id)))
    following = {day.id: _next(day, today, countries) for day in days}
    known = {day.name for day in days}
    values = {
        "days": sorted(days, key=lambda day: (not day.active, following[day.id] or date.max, day.name)),
        "following": following,
        "suggestions": [one for one in suggestions() if one.name not in known],
        "families": FAMILIES,
        "occasions": [one.name for one in occasions(session)],
        "holidays": sorted(
            {
                name
                for one in countries
                if knows_holidays(one)
                for on in holidays_of(one, today.year).values()
                for name in on
            }
        ),
        "did": did,
        "fault": fault_at(complaint) if complaint else "",
        "countries": by_name(countries),
        "written": {name: written.getlist(name) for name in written} if written else None,
        "complaint": complaint,
        "about": about,
        "today": today,
    }
    return show(request, "sensitive_days.html", values, status=422 if complaint else 200)


def _next(day: SensitiveDay, today: date, countries: list[str]) -> date | None:
    """The next one, wherever it is first."""
    rule = rule_of(day)
    everywhere: list[str | None] = [None] if rule.holiday is None else [*countries]
    places = list(day.countries) or everywhere
    coming = (next(rule.dates(today, today + _AHEAD, country), None) for country in places)
    return min((on for on in coming if on), default=None)
