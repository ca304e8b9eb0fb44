"""What a customer got from us before a message, with the words and with what they wrote back."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.review.views import Answered, EarlierMessage
from engine.storage.models import Message, Reply, Revision
from engine.write.tone_of import text_of_channel

MOST = 20
_GOING_OUT = ("approved", "handed_over", "closed")


def received_before(session: Session, message: Message) -> Sequence[EarlierMessage]:
    """The newest first; of an erased customer without words."""
    rows = session.execute(
        select(Message, Revision.texts)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(Message.customer_id == message.customer_id, Message.id != message.id, Message.state.in_(_GOING_OUT))
        .order_by(Message.send_on.desc(), Message.id.desc())
        .limit(MOST)
    ).all()
    answers = _answers(session, [earlier.id for earlier, _ in rows])
    return [_earlier(earlier, texts or {}, answers.get(earlier.id, ())) for earlier, texts in rows]


def _earlier(message: Message, texts: Mapping[str, Any], answers: Sequence[Answered]) -> EarlierMessage:
    text = texts.get(text_of_channel(message.channel, texts)) or {}
    return EarlierMessage(
        message_id=message.id,
        occasion=message.occasion,
        family=message.family,
        state=message.state,
        send_on=message.send_on,
        subject=text.get("subject"),
        body=text.get("body"),
        answers=answers,
    )


def _answers(session: Session, message_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Answered]]:
    """What people wrote; a machine's absence note is no answer."""
    rows = session.execute(
        select(Reply.message_id, Reply.received_at, Reply.text)
        .where(Reply.message_id.in_(message_ids), Reply.meaning != "automatic")
        .order_by(Reply.received_at)
    )
    found: dict[UUID, list[Answered]] = {}
    for message_id, received_at, text in rows:
        if message_id is not None:
            found.setdefault(message_id, []).append(Answered(received_at, text))
    return found
