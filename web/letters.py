"""A message as its customer will see it, in every way that it can be looked at: the mail on a desk, on a phone and in
the dark, its plain text, a text message, the letter page. All are composed by what composes what goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from engine.clock import machine_now
from engine.errors import NotFound
from engine.review.second_reads import first_approval
from engine.send.channels.letter import letter_content, make_pdf
from engine.send.composing import CannotCompose
from engine.send.duties import Duties
from engine.send.outgoing import OutgoingMessage, Refused
from engine.send.previewing import Letterhead, as_it_would_go, mailed_by
from engine.storage.models import Message, Person
from engine.write.approval import Draft, draft_of
from engine.write.signing import Text, Texts
from web.pages import frame
from web.place import Place
from web.security import LETTER_POLICY
from web.visitors import Visitor

EMAIL = "email"
DESK = "desktop"
MAIL_VIEWS: Mapping[str, str] = {"phone": "On a phone", DESK: "On a desk", "dark": "In the dark", "text": "Plain text"}
SHORT_VIEWS: Mapping[str, str] = {
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "inapp": "In the app",
    "call": "For a call",
    "letter": "Letter",
}
# The layouts are written for both; looked at in the dark, the dark half is all there is.
_IN_THE_DARK = (
    ("@media (prefers-color-scheme: dark)", "@media all"),
    ("color-scheme: light dark", "color-scheme: dark"),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at a message: the text in force, or one that was not saved, in one of the views, signed by `person`."""

    draft: Draft
    view: str
    letterhead: Letterhead
    person: Person | None
    unsaved: Texts | None = None


def views_of(texts: Texts, own: str, *, letters: bool) -> dict[str, str]:
    """Name -> label of the views that these texts can be looked at in; that of the text which goes first, `own`."""
    mail = MAIL_VIEWS if EMAIL in texts else {}
    short = {name: label for name, label in SHORT_VIEWS.items() if name in texts}
    by_post = {"letter": SHORT_VIEWS["letter"]} if letters and EMAIL in texts else {}
    views = {**mail, **short, **by_post}
    first = [name for name in views if own == name] or list(mail)
    return {name: views[name] for name in (*first, *(name for name in views if name not in first))}


def letterhead_of(place: Place) -> Letterhead:
    """In whose name this installation writes. The reply address is none of what a page shows."""
    settings = place.settings
    return Letterhead(settings.company_name, settings.team_name, Duties(settings.postal_address, place.links))


def looked(
    session: Session, place: Place, visitor: Visitor, message_id: UUID, view: str, unsaved: Texts | None = None
) -> Response:
    """The message in this view, for a frame of our own pages."""
    draft = written_draft(session, message_id)
    person = signing_person(session, draft.material.message, visitor)
    return in_view(session, Looked(draft, view, letterhead_of(place), person, unsaved))


def signing_person(session: Session, message: Message, visitor: Visitor) -> Person | None:
    """Who would stand under it if the visitor let it go now: they, or who approved it first and waits for them."""
    if not visitor.may_decide:
        return None
    first = first_approval(session, message) if message.state == "in_review" else None
    return first or session.get_one(Person, visitor.id)


def in_view(session: Session, look: Looked) -> Response:
    """The view as an answer of its own."""
    channel = _channel(look)
    try:
        outgoing = as_it_would_go(
            session, look.draft, channel, look.letterhead, person=look.person, unsaved=look.unsaved
        )
        return outgoing_in_view(outgoing, look.view, look.letterhead)
    except CannotCompose as why:
        return in_frame(frame("frame_text.html", f"No message can be made of this for its channel: {why}."))


def written_draft(session: Session, message_id: UUID) -> Draft:
    """The message's text in force. Raises NotFound where there is none, or none any more."""
    message = session.get(Message, message_id)
    if message is None or not message.number:
        raise NotFound("There is no text of this message yet.")
    draft = draft_of(session, message)
    if not draft.revision.texts:
        raise NotFound("This customer asked to be erased; the text is gone.")
    return draft


def changed(stored: Texts, given: Texts) -> dict[str, Mapping[str, str | None]]:
    """Those of the given texts that say something else than the stored ones; a browser's line ends say nothing."""
    return {
        name: text
        for name, text in given.items()
        if name in stored
        and any(_plain(text.get(part)) != _plain(stored[name].get(part)) for part in ("subject", "body"))
    }


def kept(stored: Texts, given: Texts) -> dict[str, Text]:
    """The stored texts with what was changed in them, each with all that is stored beside its words. Line ends become
    those of a text box, so that what is found in a text stands in the box where it is said to stand."""
    fresh = {
        name: {part: _plain(words) for part, words in text.items() if words is not None} for name, text in given.items()
    }
    return {**stored, **{name: {**stored[name], **fresh[name]} for name in changed(stored, given)}}


def in_frame(html: str) -> HTMLResponse:
    """A letter for a frame of our own pages, under a policy that lets it do nothing."""
    return HTMLResponse(html, headers={"content-security-policy": LETTER_POLICY})


def _channel(look: Looked) -> str:
    own = look.draft.material.message.channel
    return mailed_by(own) if look.view in MAIL_VIEWS else look.view


def outgoing_in_view(outgoing: OutgoingMessage, view: str, letterhead: Letterhead) -> Response:
    """A finished message as it looks in this view."""
    if view == "letter":
        return _page_of_paper(letterhead, outgoing)
    if view == "text":
        return in_frame(frame("frame_text.html", outgoing.text))
    if view == "inapp":
        return in_frame(frame("frame_app.html", Markup(outgoing.html)))  # noqa: S704 - sanitised when it was composed
    if view not in MAIL_VIEWS:
        return in_frame(frame("short_text.html", outgoing.text))
    return in_frame(in_the_dark(outgoing.html) if view == "dark" else outgoing.html)


def in_the_dark(html: str) -> str:
    """A page of ours as it looks on a dark screen, wherever it is looked at."""
    for as_written, dark in _IN_THE_DARK:
        html = html.replace(as_written, dark)
    return html


def _page_of_paper(head: Letterhead, outgoing: OutgoingMessage) -> Response:
    """A picture of the first sheet, or in words why there is none."""
    try:
        content = letter_content(
            outgoing, company=head.company, postal_address=head.duties.postal_address, on=machine_now().date()
        )
        picture = make_pdf(content, picture=True)
    except ImportError:
        said = "Letters are set by the extra `letter`, which is not installed here; the words are those of the mail."
        return in_frame(frame("frame_text.html", said))
    except Refused as why:
        said = {"no_address": "No postal address is known of this customer."}.get(why.reason, f"No letter: {why}.")
        return in_frame(frame("frame_text.html", said))
    return Response(picture, media_type="image/png", headers={"content-security-policy": LETTER_POLICY})


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()
