"""How things stand: the day."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from engine import clock
from engine.review.queue import counts
from web.pages import show
from web.place import Here, Reading
from web.queries.today import today
from web.queries.unread import DAYS, ended_unread, in_danger

router = APIRouter()


@router.get("/today")
def show_today(request: Request, session: Reading, place: Here) -> Response:
    """How the day stands."""
    now = clock.now(session)
    stands, waits = today(session, now=now), counts(session, now=now)
    values = {
        "today": stands,
        "counts": waits,
        "danger": in_danger(session, now=now),
        "ended": ended_unread(session, now=now),
        "ended_days": DAYS,
        "now": now,
        "team_zone": place.settings.team_zone,
    }
    return show(request, "today.html", values)
