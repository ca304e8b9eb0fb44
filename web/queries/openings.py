"""How messages begin: their subject and first sentences, for lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.storage.models import Message, Revision
from engine.write.free_parts import without_hints

LONGEST = 220
_PREFERRED = ("email", "inapp", "sms")


@dataclass(frozen=True, slots=True)
class Opening:
    """The subject, where there is one, and what follows the greeting."""

    subject: str | None
    text: str


def openings(session: Session, message_ids: Sequence[UUID]) -> dict[UUID, Opening]:
    """Message id -> how it begins, for those that are written."""
    rows = session.execute(
        select(Message.id, Revision.texts)
        .join(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(Message.id.in_(message_ids))
    )
    return {message_id: opening_of(texts) for message_id, texts in rows}


def opening_of(texts: object) -> Opening:
    """How a revision's texts begin; empty where there are none."""
    found = texts if isinstance(texts, dict) else {}
    text: Mapping[str, str | None] = next((found[name] for name in _PREFERRED if name in found), {})
    begins = first_words(without_hints(str(text.get("body") or "")))
    return Opening(text.get("subject"), begins.partition("[[")[0].strip())


def first_words(body: str) -> str:
    """What follows the greeting."""
    paragraphs = [" ".join(part.split()) for part in body.split("\n\n")]
    begins = " ".join(paragraphs[1:]) if len(paragraphs) > 1 else "".join(paragraphs)
    return begins[:LONGEST].strip()
