"""Makes the finished message that a channel is given from an answer: a person's letter, without a footer and without a
way to unsubscribe, since it is no mailing. It names what it answers, so that mail programs keep the thread together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.send.composing import CannotCompose
from engine.send.duties import Duties
from engine.send.outgoing import OutgoingMessage
from engine.storage.models import Answer, Customer, Person, Reply
from engine.write.markdown import lay_out_email, to_both

OCCASION = "answer"
_PLAIN = ("sms", "whatsapp")
_LAID_OUT = ("email", "postbox")
Thread = tuple[UUID | str, ...]


def compose_answers(
    session: Session, answer_ids: Sequence[UUID], *, company: str, duties: Duties
) -> dict[UUID, OutgoingMessage | CannotCompose]:
    """Answer id -> message, or why there is none."""
    rows = session.execute(
        select(
            Answer,
            Reply,
            Person.name,
            Person.email,
            Customer.first_name,
            Customer.last_name,
            Customer.locale,
            Customer.external_id,
        )
        .join(Reply, Reply.id == Answer.reply_id)
        .join(Person, Person.id == Answer.person_id)
        .outerjoin(Customer, Customer.id == Answer.customer_id)
        .where(Answer.id.in_(answer_ids))
    ).all()
    threads = _threads(session, [row.Reply for row in rows])
    return {row.Answer.id: _composed(row, threads[row.Reply.id], company, duties) for row in rows}


def _composed(row: Any, thread: Thread, company: str, duties: Duties) -> OutgoingMessage | CannotCompose:
    try:
        return _compose(row, thread, company, duties)
    except Exception as error:  # of one answer; the others shall go
        return CannotCompose(type(error).__name__)


def _compose(row: Any, thread: Thread, company: str, duties: Duties) -> OutgoingMessage:
    """The family is that of service: what is meant for advertising, such as a line on how to opt out, stays away."""
    answer, reply = row.Answer, row.Reply
    locale, subject = row.locale or "en", answer.subject or ""
    text, html = (answer.text, "") if answer.channel in _PLAIN else _parts(answer, subject, locale)
    return OutgoingMessage(
        message_id=answer.id,
        delivery_id=answer.id,
        address=answer.address,
        recipient_name=" ".join(name for name in (row.first_name, row.last_name) if name),
        sender_name=f"{row.name}, {company}",
        subject=subject,
        text=text,
        html=html,
        occasion=OCCASION,
        family="recover",
        locale=locale,
        reply_to=_reply_to(answer.id, row.email, duties),
        heard_at=reply.received_at,
        facts={"customer_id": row.external_id} if row.external_id else {},
        by_person=True,
        thread=thread,
    )


def _parts(answer: Answer, subject: str, locale: str) -> tuple[str, str]:
    html, plain = to_both(answer.text)
    if answer.channel not in _LAID_OUT:
        return plain, html
    return plain, lay_out_email(html, subject, "", "", locale)


def _reply_to(answer_id: UUID, email: str, duties: Duties) -> str:
    """By way of Jubilee, which threads what comes next to this answer, or straight to the person."""
    if duties.links and duties.reply_domain:
        return duties.links.reply_address(answer_id, duties.reply_domain)
    return email


def _threads(session: Session, replies: Sequence[Reply]) -> dict[UUID, Thread]:
    """For each reply our message, what was written back and answered before it, and the reply itself, the last."""
    about = {reply.message_id for reply in replies if reply.message_id}
    said: dict[UUID | None, list[tuple[datetime, UUID | str]]] = defaultdict(list)
    if about:
        written = select(Reply.message_id, Reply.received_at, Reply.provider_key).where(Reply.message_id.in_(about))
        answered = (
            select(Reply.message_id, Answer.accepted_at, Answer.id)
            .join(Answer, Answer.reply_id == Reply.id)
            .where(Reply.message_id.in_(about), Answer.state == "accepted")
        )
        for query in (written.where(Reply.channel == "email"), answered):
            for message_id, at, one in session.execute(query):
                said[message_id].append((at, one))
    return {reply.id: _thread_to(reply, said) for reply in replies}


def _thread_to(reply: Reply, said: Mapping[UUID | None, list[tuple[datetime, UUID | str]]]) -> Thread:
    before = [pair for pair in said.get(reply.message_id, ()) if pair[0] < reply.received_at]
    between = [one for _, one in sorted(before, key=lambda pair: pair[0]) if one != reply.provider_key]
    return (*([reply.message_id] if reply.message_id else []), *between, reply.provider_key)
