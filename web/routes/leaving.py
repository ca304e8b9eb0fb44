"""The pages of customers, reached by the signed links in their messages: what they hear about, and leaving.

No sign-in, no cookie, no script. GET changes nothing, because mail scanners follow links. A POST needs nothing but the
link and may come twice: RFC 8058 has mail providers send it, from addresses that many customers share, so a link that
is right always works, however many wrong ones came from the same place before.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from engine import clock
from engine.links import Link, Purpose
from engine.record.wishes import Changes, leave, say
from engine.storage.models import Customer
from web.customer_words import words_accepted, words_for
from web.outside import FromOutside
from web.pages import customer_notice, show_customer
from web.place import Here, Place, Reading
from web.queries.wishes import Standing, standing_of
from web.wish_form import SENT, Fields, NeedsChannel, NeedsHours, as_sent, fields_of, read, wishes_of
from web.wish_words import said

router = APIRouter(route_class=FromOutside)


async def _sent(request: Request) -> Fields:
    """The fields of the form, in their order."""
    form = await request.form(max_files=0, max_fields=200)
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


@router.get("/preferences/{token}")
def show_preferences(request: Request, place: Here, session: Reading, token: str) -> Response:
    """What counts for the customer now."""
    link = _read(request, place, token, "preferences")
    if isinstance(link, Response):
        return link
    customer = _customer(request, session, link)
    if isinstance(customer, Response):
        return customer
    return _preferences(request, standing_of(session, customer, place.offered))


@router.post("/preferences/{token}")
def keep_preferences(request: Request, place: Here, token: str, fields: Annotated[Fields, Depends(_sent)]) -> Response:
    """Keep what the form says otherwise than it stands, and show what that was, with the way back."""
    link = _read(request, place, token, "preferences")
    if isinstance(link, Response):
        return link
    with place.db.writing() as session:
        customer = _customer(request, session, link)
        if isinstance(customer, Response):
            return customer
        before = standing_of(session, customer, place.offered)
        if SENT not in fields:  # whatever posted this, it was not the form: no tick would mean no to everything
            return _preferences(request, before)
        try:
            wishes = wishes_of(read(fields, before), before)
        except (NeedsChannel, NeedsHours) as error:
            complaint = "need_channel" if isinstance(error, NeedsChannel) else "need_hours"
            return _preferences(request, as_sent(fields, before), complaint=complaint, status=422)
        changes = say(session, link.customer_id, wishes, now=clock.now(session), source="customer")
        after = standing_of(session, customer, place.offered)
    undone = ("undo", "yes") in fields
    return _preferences(request, after, changes=changes, before=fields_of(before), undone=undone)


@router.get("/unsubscribe/{token}")
def ask_to_leave(request: Request, place: Here, session: Reading, token: str) -> Response:
    """One button. Looking at it changes nothing."""
    link = _read(request, place, token, "unsubscribe")
    if isinstance(link, Response):
        return link
    customer = _customer(request, session, link)
    if isinstance(customer, Response):
        return customer
    return _leaving(request, place, link, customer, {}, done=False)


@router.post("/unsubscribe/{token}")
def leave_at_once(request: Request, place: Here, token: str) -> Response:
    """RFC 8058: done with this one request. Its body says nothing that the link does not, and is not read."""
    link = _read(request, place, token, "unsubscribe")
    if isinstance(link, Response):
        return link
    with place.db.writing() as session:
        customer = _customer(request, session, link)
        if isinstance(customer, Response):
            return customer
        leave(session, link.customer_id, now=clock.now(session), source="unsubscribe", occasion=link.occasion)
        return _leaving(request, place, link, customer, _service(session, customer, place), done=True)


def _read(request: Request, place: Place, token: str, purpose: Purpose) -> Link | Response:
    """What the link says, or the friendly page that says that it leads nowhere. Guessing is slowed down."""
    link = place.links.read(token, purpose)
    if link is not None:
        return link
    words = words_accepted(request.headers.get("accept-language", ""))
    guesser = f"links from {request.client.host if request.client else ''}"
    if not place.throttle.allows(guesser, guesser):  # there is no account to count by, only where it comes from
        return customer_notice(request, words, "slow", 429)
    place.throttle.failed("", guesser)
    return customer_notice(request, words, "gone", 404)


def _customer(request: Request, session: Session, link: Link) -> Customer | Response:
    """Whom the link was given to, as long as anything is kept of them."""
    customer = session.get(Customer, link.customer_id)
    if customer is None:
        words = words_accepted(request.headers.get("accept-language", ""))
        return customer_notice(request, words, "gone", 404)
    return customer if customer.erased_at is None else customer_notice(request, words_for(customer.locale), "erased")


def _service(session: Session, customer: Customer, place: Place) -> Mapping[str, str]:
    """The occasions that service speaks of, with their titles."""
    standing = standing_of(session, customer, place.offered)
    return {one.name: one.title for one in standing.occasions if not one.marketing}


def _preferences(
    request: Request,
    standing: Standing,
    *,
    changes: Changes | None = None,
    before: Fields = (),
    undone: bool = False,
    complaint: str = "",
    status: int = 200,
) -> Response:
    words = words_for(standing.locale)
    values = {
        "words": words,
        "standing": standing,
        "saved": None if changes is None else list(said(changes, standing, words)),
        "before": before,
        "undone": undone,
        "complaint": complaint,
    }
    return show_customer(request, "preferences.html", values, status=status)


def _leaving(
    request: Request, place: Place, link: Link, customer: Customer, service: Mapping[str, str], *, done: bool
) -> Response:
    """`service`: the occasions of class service, by title; one of them ends too if its message was left from."""
    words = words_for(customer.locale)
    url = urlsplit(place.links.preferences(link.customer_id, link.message_id))
    values = {
        "words": words,
        "done": done,
        "also": words.occasion(link.occasion, service[link.occasion]) if link.occasion in service else "",
        "preferences": url.path,
    }
    return show_customer(request, "unsubscribe.html", values)
