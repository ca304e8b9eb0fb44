"""The queue: what waits for a person, most pressing first, as the filters in the page's address narrow it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.channel_terms import TERMS
from engine.review.bulk import Batch, batch_of, light
from engine.review.care import Offer, offer_for
from engine.review.filters import Filter, kept_for
from engine.review.handing import colleagues
from engine.review.items import items_of
from engine.review.queue import counts, queue
from engine.review.sharing import Shared
from engine.review.views import Place
from engine.storage.models import Person, Trigger
from web.came_from import carrying, query_of
from web.pages import show
from web.place import Here, Reading
from web.place import Place as House
from web.queries.decided import just_decided
from web.queries.openings import openings
from web.visitors import SignedIn, Visitor

router = APIRouter()
PAGE = 25
LONGEST_PLACE = 200
FAMILIES = ("celebrate", "reassure", "recover")


@router.get("/")
def front() -> Response:
    """The queue is where work begins."""
    return RedirectResponse("/queue", status_code=303)


@router.get("/queue")
def show_queue(
    request: Request,
    session: Reading,
    place: Here,
    visitor: SignedIn,
    after: Annotated[str | None, Query(max_length=LONGEST_PLACE)] = None,
    done: UUID | None = None,
    batch: UUID | None = None,
    shared: Annotated[int | None, Query(ge=0)] = None,
    left: Annotated[int, Query(ge=0)] = 0,
    more: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """One page of the queue; htmx asks for the next one and appends it."""
    now, settings = clock.now(session), place.settings
    wanted = Filter.read(request.query_params)
    whose: Any = {"now": now, "person_id": visitor.id, "from_weight": settings.queue_from_weight}
    items = queue(session, limit=PAGE + 1, after=Place.read(after) if after else None, wanted=wanted, **whose)
    shown = [item.message_id for item in items[:PAGE]]
    person = session.get_one(Person, visitor.id)
    values = {
        **_head(session, wanted, whose, place),
        "items": items[:PAGE],
        "openings": openings(session, shown),
        "light": light(session, shown, person=person) if visitor.may_decide else {},
        "more": str(items[PAGE - 1].place) if len(items) > PAGE else None,
        "after": after,
        "decided": just_decided(session, done, now=now, offered=place.offered),
        "batch": _batch(session, batch, visitor, place) if batch else None,
        "shared": None if shared is None else Shared(shared, left, more),
        "kept": kept_for(session, visitor.id),
        "choices": _choices(session, place),
        "owners": [(str(one.id), one.name) for one in colleagues(session)],
        "care": _care(session, visitor, place, now=now) if visitor.may_decide else None,
        "now": now,
    }
    return show(request, "queue.html", values, block="items")


@router.get("/queue/head")
def show_head(request: Request, session: Reading, place: Here, visitor: SignedIn) -> Response:
    """The tabs with their counts, for a page that is open already."""
    wanted = Filter.read(request.query_params)
    whose = {"now": clock.now(session), "person_id": visitor.id, "from_weight": place.settings.queue_from_weight}
    return show(request, "queue_head.html", _head(session, wanted, whose, place))


@router.get("/queue/keys")
def show_keys(request: Request) -> Response:
    """The keys, on a page of their own."""
    return show(request, "keys_page.html", {})


def _head(session: Session, wanted: Filter, whose: Mapping[str, Any], place: House) -> dict[str, Any]:
    return {
        "wanted": wanted,
        "fields": asdict(wanted),
        "query": query_of(wanted),
        "came": carrying(query_of(wanted)),
        "tab": lambda name: f"/queue?{found}" if (found := query_of(wanted, whose=name)) else "/queue",
        "counts": counts(session, **whose),
        "from_weight": place.settings.queue_from_weight,
    }


def _choices(session: Session, place: House) -> dict[str, Any]:
    """What the filters offer."""
    triggers = session.execute(
        select(Trigger.name, Trigger.occasion).where(Trigger.state != "retired").order_by(Trigger.name)
    ).all()
    return {
        "family": FAMILIES,
        "occasion": sorted({occasion for _, occasion in triggers}),
        "trigger": [name for name, _ in triggers],
        "channel": place.offered.names or tuple(TERMS),
    }


def _batch(session: Session, batch_id: UUID, visitor: Visitor, place: House) -> dict[str, Any] | None:
    """What was approved together, and by name those that were not."""
    now, seconds = clock.now(session), place.settings.release_seconds
    found: Batch | None = batch_of(session, batch_id, person_id=visitor.id, now=now, release_seconds=seconds)
    if found is None:
        return None
    names = items_of(session, [message_id for message_id, _ in found.refused], now=now)
    refused = [(message_id, names[message_id], why) for message_id, why in found.refused if message_id in names]
    return {"id": found.id, "went": len(found.went), "refused": refused, "seconds": found.seconds}


def _care(session: Session, visitor: Visitor, place: House, *, now: datetime) -> dict[str, Any] | None:
    """What would do this person good now, and a light draft for it; shown to nobody else."""
    settings = place.settings
    offer: Offer | None = offer_for(
        session,
        visitor.id,
        light_after=settings.care_light_after,
        breather_after=settings.care_breather_after,
        now=now,
    )
    if offer is None:
        return None
    lightest = queue(session, now=now, limit=1, wanted=Filter(family="celebrate")) if offer.kind == "light" else []
    return {"offer": offer, "item": lightest[0] if lightest else None}
