"""The page of one reply: which way an answer goes, what is said of its words, what was refused and why."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import cast
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from engine import clock
from engine.answer.ways import WHY_NOT, way_back, why_not
from engine.answer.writing import House
from engine.definitions.store import ActiveTrigger, active_triggers
from engine.errors import NotFound
from engine.record.complaints import SEVERITIES
from engine.send.redirect import redirect
from engine.settings import split
from engine.tone import Family, ToneContext, check_tone
from engine.write.shape import shape_of
from engine.write.store import mission_in_force
from engine.write.tone_of import text_of_channel
from triggers.table import KINDS
from web.pages import show
from web.place import Place, place_of
from web.queries.reply import ReplyView, reply_view
from web.remarks import Remark, remarks_on
from web.visitors import Visitor


def reply_page(
    request: Request,
    session: Session,
    visitor: Visitor,
    reply_id: UUID,
    *,
    complaint: str = "",
    text: str | None = None,
    status: int = 200,
) -> Response:
    """The page as it stands; with `complaint` and the `text` of somebody whose answer was refused."""
    place, now = place_of(request), clock.now(session)
    view, house = reply_view(session, reply_id), house_of(place)
    way = way_back(view.reply, house.offered)
    reason = why_not(session, view.reply, way, redirect=house.redirect, now=now)
    values = {
        "view": view,
        "reply": view.reply,
        "way": way,
        "why_not": WHY_NOT[reason] if reason else None,
        "why_words": WHY_NOT,
        "written": text if text is not None else _taken_back(view, visitor),
        "remarks": remarks_of(session, view, visitor, text) if text else [],
        "text": "answer",
        "complaint": complaint,
        "severities": SEVERITIES,
        "live": place.settings.live,
        "zone": visitor.zone,
        "now": now,
    }
    return show(request, "reply.html", values, status=status)


def _taken_back(view: ReplyView, visitor: Visitor) -> str:
    """The words of this person's last answer, where they took it back and nothing was answered since."""
    last = next((turn for turn in reversed(view.turns) if turn.kind == "answer" and turn.here), None)
    return last.text if last and last.state == "withdrawn" and last.who == visitor.name else ""


def remarks_of(session: Session, view: ReplyView, visitor: Visitor, text: str | None) -> list[Remark]:
    """In the family of the message that they answered; an unhappy customer is spoken to as in a recovery."""
    customer = view.customer
    given = (customer.first_name, customer.last_name) if customer else ()
    family = "recover" if view.reply.negative else view.message.family if view.message else "reassure"
    context = ToneContext(
        family=cast(Family, "reassure" if family == "celebrate" else family),
        locale=customer.locale if customer else "en",
        names=tuple(name for name in (*given, visitor.name) if name),
        serious=view.problem is not None and view.problem.severity != "minor",
        words_to_avoid=_words_to_avoid(session),
    )
    plain = (text or "").replace("\r\n", "\n")
    found = [{**asdict(finding), "part": "body"} for finding in check_tone(plain, context)] if plain.strip() else []
    found = [*shape_of({"body": plain}, text_of_channel(view.reply.channel, {})), *found]
    return remarks_on(found, {"body": plain})


def house_of(place: Place) -> House:
    """What answers go by here."""
    settings = place.settings
    brake = redirect(not settings.live, settings.redirects, split(settings.allowed_addresses))
    return House(place.offered, brake, settings.release_seconds)


def known_triggers(session: Session) -> Sequence[ActiveTrigger]:
    """Those that watch events, the paused ones too."""
    return active_triggers(session, KINDS, include_paused=True)


def _words_to_avoid(session: Session) -> tuple[str, ...]:
    try:
        return mission_in_force(session)[0].words_to_avoid
    except NotFound:
        return ()
