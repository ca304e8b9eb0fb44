"""How things stand: the day, and the triggers."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from engine import clock
from engine.review.queue import counts
from web.pages import show
from web.place import Here, Reading
from web.queries.today import today
from web.queries.triggers import trigger_lines

router = APIRouter()


@router.get("/today")
def show_today(request: Request, session: Reading, place: Here) -> Response:
    """How the day stands."""
    now = clock.now(session)
    stands, waits = today(session, now=now), counts(session, now=now)
    values = {"today": stands, "counts": waits, "now": now, "team_zone": place.settings.team_zone}
    return show(request, "today.html", values)


@router.get("/triggers")
def show_triggers(request: Request, session: Reading) -> Response:
    """Every trigger, what it made and what holds that."""
    return show(request, "triggers.html", {"triggers": trigger_lines(session)})
