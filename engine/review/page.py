"""The page of one message: everything an agent needs beside the text to decide about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.errors import NotFound
from engine.plan.chains import FELL_BACK, MOVED
from engine.plan.channel_reasons import channel_sentence
from engine.review.decisions import claimed
from engine.review.items import items_of
from engine.review.views import EarlierMessage, FactView, MessageView, RevisionView
from engine.review.ways import ways_of
from engine.storage.models import AuditEntry, Customer, Message, Person, Revision
from engine.write.approval import Draft, draft_of, free_part_of
from engine.write.facts import facts_of, to_json
from engine.write.free_parts import free_parts
from engine.write.material import gather
from engine.write.signing import signature_of

_EARLIER = 20
NO_OTHERS = Offered(())


def one(
    session: Session, message_id: UUID, *, now: datetime, person: Person | None = None, offered: Offered = NO_OTHERS
) -> MessageView:
    """The message as `person` sees it: signed by them in the preview, if they are given. Raises NotFound.

    `offered` are the channels that it may go by; without them only its own is shown.
    """
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound("There is no such message.")
    draft = draft_of(session, message) if message.number else None
    revisions = _revisions(session, message_id)
    return MessageView(
        item=items_of(session, [message_id], now=now)[message_id],
        customer_id=message.customer_id,
        trigger_id=message.trigger_id,
        facts=_facts(session, message, draft),
        earlier=_earlier(session, message),
        revisions=revisions,
        reason=message.reason,
        expires_at=message.expires_at,
        approved_by=_name(session, message.approved_by),
        approved_texts=message.approved_texts or (),
        ways=ways_of(session, message, draft.revision.texts if draft else {}, offered, now=now),
        channel_why=channel_sentence(message.channel_reason),
        unread=message.state == "in_review" and _came_back(session, message),
        release_at=message.release_at,
        can_be_undone=message.state == "approved" and not claimed(session, message_id),
        written_in=_language(draft.revision.locale) if draft else None,
        reads=_language(session.get_one(Customer, message.customer_id).locale),
        **_text_of(session, draft, person.name if person is not None else None),
    )


def _language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0].lower()


def _text_of(session: Session, draft: Draft | None, person: str | None) -> dict[str, Any]:
    """What there is to say of the text; a draft that stopped has none."""
    if draft is None:
        nothing: dict[str, Any] = {"text": "", "texts": {}, "preview": {}, "findings": [], "hints": []}
        return nothing | {"signature": None, "free_part": "none"}
    texts = draft.revision.texts
    return {
        "text": draft.channel_text,
        "texts": texts,
        "preview": draft.as_sent(person),
        "signature": signature_of(draft.mission, draft.signer(person), draft.revision.locale),
        "findings": draft.revision.findings,
        "hints": [part.hint for part in free_parts(texts[draft.channel_text]["body"])],
        "free_part": free_part_of(session, draft.revision),
    }


def _facts(session: Session, message: Message, draft: Draft | None) -> list[FactView]:
    """Those the text was written from; where there is none yet, those that are known now."""
    if draft is not None:
        stored = draft.revision.facts
    else:
        stored = to_json(facts_of(gather(session, [message])[message.id], company="", team=""))
    return [
        FactView(name, fact["value"], fact["source"], fact["sayable"])
        for name, fact in sorted(stored.items())
        if not name.startswith(("company.", "sender."))
    ]


def _revisions(session: Session, message_id: UUID) -> list[RevisionView]:
    rows = session.execute(
        select(Revision.number, Person.name, Revision.created_at, Revision.texts)
        .outerjoin(Person, Person.id == Revision.author_id)
        .where(Revision.message_id == message_id)
        .order_by(Revision.number)
    )
    return [RevisionView(*row) for row in rows]


def _earlier(session: Session, message: Message) -> Sequence[EarlierMessage]:
    rows = session.execute(
        select(Message, Revision.texts)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(
            Message.customer_id == message.customer_id,
            Message.id != message.id,
            Message.state.in_(("approved", "handed_over", "closed")),
        )
        .order_by(Message.send_on.desc(), Message.id.desc())
        .limit(_EARLIER)
    )
    return [
        EarlierMessage(
            message_id=earlier.id,
            occasion=earlier.occasion,
            family=earlier.family,
            state=earlier.state,
            send_on=earlier.send_on,
            subject=((texts or {}).get("email") or {}).get("subject"),
        )
        for earlier, texts in rows
    ]


def _came_back(session: Session, message: Message) -> bool:
    """Whether the last thing that happened to it was that it took another channel, whose text nobody had read."""
    last = session.scalar(
        select(AuditEntry)
        .where(AuditEntry.subject == "message", AuditEntry.subject_id == message.id)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    return last is not None and last.action in (FELL_BACK, MOVED) and bool(last.detail["to_read"])


def _name(session: Session, person_id: UUID | None) -> str | None:
    return session.scalar(select(Person.name).where(Person.id == person_id)) if person_id else None
