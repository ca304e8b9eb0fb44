"""A message as its customer will see it: the mail in its layout, or a short text as it is."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse

from engine.errors import NotFound
from engine.send.footers import footer_html
from engine.storage.models import Message
from engine.write.approval import Draft, draft_of
from engine.write.markdown import lay_out_email, to_html, to_text
from engine.write.signing import Text, Texts, signed
from web.pages import short_text
from web.security import LETTER_POLICY

EMAIL = "email"


def preview(
    session: Session, message_id: UUID, *, sender: str | None, company: str, unsaved: Texts | None = None
) -> str:
    """HTML of the message signed by `sender`, with texts that were not saved in place of the stored ones."""
    draft = written_draft(session, message_id)
    texts = {**draft.revision.texts, **(unsaved or {})}
    sent = signed(texts, draft.mission, draft.signer(sender), draft.revision.locale)[draft.channel_text]
    body = sent.get("body") or ""
    if draft.channel_text != EMAIL:
        return short_text(body)
    locale = draft.revision.locale
    return lay_out_email(to_html(body), sent.get("subject") or "", "", footer_html(company, locale), locale)


def plain_text(name: str, text: Text) -> str:
    """A text as it reads without markup; short texts have none."""
    body = text.get("body") or ""
    return to_text(body) if name == EMAIL else body


def written_draft(session: Session, message_id: UUID) -> Draft:
    """The message's text in force. Raises NotFound where there is none."""
    message = session.get(Message, message_id)
    if message is None or not message.number:
        raise NotFound("There is no text of this message yet.")
    return draft_of(session, message)


def changed(stored: Texts, given: Texts) -> dict[str, Mapping[str, str | None]]:
    """Those of the given texts that say something else than the stored ones; a browser's line ends say nothing."""
    return {
        name: text
        for name, text in given.items()
        if name in stored
        and any(_plain(text.get(part)) != _plain(stored[name].get(part)) for part in ("subject", "body"))
    }


def in_frame(html: str) -> HTMLResponse:
    """A letter for a frame of our own pages, under a policy that lets it do nothing."""
    return HTMLResponse(html, headers={"content-security-policy": LETTER_POLICY})


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()
