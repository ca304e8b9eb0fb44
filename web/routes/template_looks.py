"""How a template looks and sounds while somebody reads or writes it: the frames of its page. Nothing is kept here."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from engine.errors import InvalidInput
from engine.write.store import template_in_force
from web.letters import MAIL_VIEWS, in_frame, outgoing_in_view
from web.pages import frame, show
from web.place import Here, Place
from web.template_form import GivenTemplate, TemplateForm, form_of
from web.template_look import Look, Looking, Seen, ground_now, letterhead, of_page, see
from web.template_page import page_values, signer_of
from web.visitors import SignedIn, Visitor

router = APIRouter(prefix="/templates")


@router.get("/{name}/preview")
def show_look(place: Here, visitor: SignedIn, name: str, look: Looking) -> Response:
    """A stored text as a customer would get it, for the frame."""
    with place.db.reading() as session:
        form = form_of(template_in_force(session, name)[0], 0)
    return _looked(place, visitor, form, look)


@router.post("/{name}/preview")
def look_unsaved(place: Here, visitor: SignedIn, name: str, form: GivenTemplate, look: Looking) -> Response:
    """The same with what was not saved yet, of a template that may be new. A POST because it carries texts."""
    return _looked(place, visitor, of_page(place, form, name), look)


@router.post("/{name}/check")
def check_unsaved(
    request: Request, place: Here, visitor: SignedIn, name: str, form: GivenTemplate, look: Looking
) -> Response:
    """What is wrong with the texts, how they sound and what the look is made of, while somebody writes."""
    form = of_page(place, form, name)
    ground, now = ground_now(place, visitor, form, look)
    values = page_values(place, visitor, form, look, ground, now=now)
    return show(request, "template_checked.html", values | {"action": f"/templates/{name}"})


def _looked(place: Place, visitor: Visitor, form: TemplateForm, look: Look) -> Response:
    ground, now = ground_now(place, visitor, form, look)
    try:
        seen = see(ground, form, look, place, signer_of(visitor), now=now)
    except InvalidInput as why:
        return in_frame(frame("frame_text.html", str(why)))
    return _shown(seen, look, place)


def _shown(seen: Seen, look: Look, place: Place) -> Response:
    if seen.message is None:
        return in_frame(frame("frame_text.html", seen.cannot))
    channel = seen.key[1]
    view = look.view if channel == "email" and look.view in MAIL_VIEWS else channel
    return outgoing_in_view(seen.message, "text" if channel == "letter" else view, letterhead(place))
