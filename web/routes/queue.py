"""The queue: what waits for a person, most pressing first."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.review.queue import counts, queue
from engine.review.views import Place
from web.pages import show
from web.place import Reading
from web.queries.decided import just_decided
from web.queries.openings import openings

router = APIRouter()
PAGE = 25
LONGEST_PLACE = 200


@router.get("/")
def front() -> Response:
    """The queue is where work begins."""
    return RedirectResponse("/queue", status_code=303)


@router.get("/queue")
def show_queue(
    request: Request,
    session: Reading,
    after: Annotated[str | None, Query(max_length=LONGEST_PLACE)] = None,
    done: UUID | None = None,
) -> Response:
    """One page of the queue; htmx asks for the next one and appends it."""
    now = clock.now(session)
    items = queue(session, now=now, limit=PAGE + 1, after=Place.read(after) if after else None)
    values = {
        "items": items[:PAGE],
        "openings": openings(session, [item.message_id for item in items[:PAGE]]),
        "more": str(items[PAGE - 1].place) if len(items) > PAGE else None,
        "after": after,
        "counts": counts(session, now=now),
        "decided": just_decided(session, done, now=now),
        "now": now,
    }
    return show(request, "queue.html", values, block="items")
