"""Live updates as server-sent events: what changed in the queue, and for one open message who writes at it.

Only a comfort: a page that hears nothing is as right as one without scripts. Nothing of a customer goes this way.
"""

import json
from collections.abc import AsyncIterator, Collection
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from web.place import Here, Place
from web.pulse import Pulse
from web.queries.pulse import Snapshot, snapshot

router = APIRouter()
# A listener ends after some minutes and comes again: so a sign-in that ended is noticed.
LASTS_SECONDS = 240.0
RETRY_MILLISECONDS = 3_000


@router.get("/live")
async def live(request: Request, place: Here, message: UUID | None = None) -> Response:
    """Events until the page is left. 204 tells a browser not to try again: enough pages listen."""
    pulse = pulse_of(request, place)
    if pulse.is_full:
        return Response(status_code=204)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(pulse, message), media_type="text/event-stream", headers=headers)


def pulse_of(request: Request, place: Place) -> Pulse:
    """The pulse of this process, made when the first page listens."""
    state = request.app.state
    if not hasattr(state, "pulse"):

        def look(watched: Collection[UUID]) -> Snapshot:
            with place.db.reading() as session:
                return snapshot(session, watched, from_weight=place.settings.queue_from_weight)

        state.pulse = Pulse(look)
    found: Pulse = state.pulse
    return found


async def _events(pulse: Pulse, message_id: UUID | None) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    said = ""
    async for found in pulse.listen(message_id, seconds=LASTS_SECONDS):
        if found is None:
            yield ": still here\n\n"
            continue
        event = _of_message(found, message_id) if message_id else _of_queue(found)
        if event != said:
            said = event
            yield event


def _of_queue(found: Snapshot) -> str:
    data = {
        "to_read": found.to_read,
        "questions": found.questions,
        "held": {name: {"id": who, "by": by, "since": since} for name, (who, by, since) in found.held.items()},
        "decided": dict(found.decided),
    }
    return f"event: queue\ndata: {json.dumps(data, sort_keys=True)}\n\n"


def _of_message(found: Snapshot, message_id: UUID) -> str:
    """A message that is not there any more has no state."""
    one = found.watched.get(message_id)
    data = {"version": one.version, "state": one.state, "holder": one.holder} if one else {"state": "gone"}
    return f"event: message\ndata: {json.dumps(data, sort_keys=True)}\n\n"
