"""Keeps what customers write back: once, beside the message it answers and for the person who wrote that, with what its
words ask for by themselves already done.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from engine.errors import Conflict, NotFound
from engine.ids import new_id
from engine.links import Links
from engine.listen.dsn import our_id_in
from engine.listen.mail import LONGEST_TEXT, Mail
from engine.listen.quoting import parted
from engine.listen.stop_words import meaning_of
from engine.listen.twilio import Written
from engine.people.audit import Doer, record
from engine.record import wishes
from engine.record.locking import lock_by_id
from engine.storage.models import ContactPoint, Delivery, Message, Person, Reply
from engine.storage.models.contact_point import hash_of_address
from engine.storage.upsert import insert_into, table_of

EMAIL = "email"
Meaning = Literal["text", "stop", "start", "help", "automatic"]
# An answer from an address alone belongs to the last message that went there, if it is no older.
ANSWERS_WITHIN = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody wrote, from any channel. `key` is the provider's id of it, and makes it one."""

    channel: str
    key: str
    from_address: str
    text: str
    meaning: Meaning
    subject: str | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply that was stored just now. `changed`: its words asked for something that was not so already."""

    reply_id: UUID
    customer_id: UUID | None
    meaning: Meaning
    changed: bool


@dataclass(frozen=True, slots=True)
class _Thread:
    """What a reply belongs to, as far as it is known. `redirected`: the answer comes from a test address."""

    customer_id: UUID | None = None
    message_id: UUID | None = None
    person_id: UUID | None = None
    occasion: str | None = None
    redirected: bool = False


def of_mail(mail: Mail, links: Links) -> Incoming:
    """A mail as something that somebody wrote. The message it answers is named by the address it was sent to; failing
    that, by the ids of mails that it refers to."""
    text = mail.text or (f"({_named(mail.attachments)})" if mail.attachments else "")
    if mail.text and mail.attachments:
        text = f"{mail.text[: LONGEST_TEXT - 1_000]}\n\n({_named(mail.attachments)})"
    by_token = (links.read_reply_address(address) for address in mail.recipients)
    return Incoming(
        channel=EMAIL,
        key=mail.key,
        from_address=mail.from_address,
        text=text,
        meaning="automatic" if mail.automatic else _meaning_of_mail(mail),
        subject=mail.subject or None,
        message_id=next((found for found in by_token if found), None) or our_id_in(mail.answers),
    )


def of_text(written: Written) -> Incoming:
    """A text or WhatsApp message as something that somebody wrote."""
    text = written.text[:LONGEST_TEXT]
    if written.media:
        count = f"{written.media} picture or file" + ("s" if written.media > 1 else "")
        text = f"{text}\n\n({count}, not kept)".strip()
    return Incoming(written.channel, written.key, written.address, text, meaning_of(written.text))


def store_reply(session: Session, incoming: Incoming, *, now: datetime) -> Kept | None:
    """Keep it and do what its words ask for; None where it was kept before. The customer is locked first."""
    thread = _thread_of(session, incoming, now=now)
    if thread.customer_id:
        lock_by_id(session, [thread.customer_id])
    reply_id = _insert(session, incoming, thread, now=now)
    if reply_id is None:
        return None
    changed = False
    if incoming.meaning != "automatic":
        _heard(session, incoming, now=now)
        changed = _obey(session, incoming, thread, now=now)
    return Kept(reply_id, thread.customer_id, incoming.meaning, changed)


def mark_handled(session: Session, reply_id: UUID, *, person: Person, now: datetime) -> None:
    """A person dealt with it. Raises NotFound; Conflict where somebody else was faster."""
    reply = session.get(Reply, reply_id)
    if reply is None:
        raise NotFound("There is no such reply.")
    handled = update(Reply).where(Reply.id == reply_id, Reply.handled_at.is_(None))
    if not session.scalar(handled.values(handled_at=now, handled_by=person.id).returning(Reply.id)):
        raise Conflict("Somebody has marked this reply as handled already.")
    record(session, Doer(person.name, person.id), "handle_reply", reply, now=now)


def waiting(session: Session) -> int:
    """How many replies nobody has dealt with yet."""
    return session.scalar(select(func.count()).select_from(Reply).where(Reply.handled_at.is_(None))) or 0


def _meaning_of_mail(mail: Mail) -> Meaning:
    """Only what ends our writing is done by itself in a mail; START and HELP are words like others there. The subject
    counts where it is not that of ours: some programs unsubscribe by a mail with nothing but a subject."""
    answer, _ = parted(mail.text)
    objects = meaning_of(answer) == "stop" or (not mail.answers and meaning_of(mail.subject) == "stop")
    return "stop" if objects else "text"


def _named(attachments: Iterable[str]) -> str:
    return f"attached, and not kept: {', '.join(attachments)}"[:1_000]


def _thread_of(session: Session, incoming: Incoming, *, now: datetime) -> _Thread:
    found = _by_message(session, incoming.message_id) if incoming.message_id else None
    return found or _by_address(session, incoming, now=now)


def _by_message(session: Session, message_id: UUID) -> _Thread | None:
    row = session.execute(
        select(Message.customer_id, Message.id, Message.approved_by, Message.occasion).where(Message.id == message_id)
    ).one_or_none()
    if row is None:
        return None
    redirected = session.scalar(
        select(Delivery.redirected).where(Delivery.message_id == message_id).order_by(Delivery.fence.desc()).limit(1)
    )
    return _Thread(*row, redirected=bool(redirected))


def _by_address(session: Session, incoming: Incoming, *, now: datetime) -> _Thread:
    """The customer with this address, and the last message that went there. An address of two customers is nobody's."""
    owners = session.scalars(
        select(ContactPoint.customer_id)
        .where(
            ContactPoint.address_hash == hash_of_address(incoming.from_address),
            or_(ContactPoint.channel == incoming.channel, ContactPoint.channel.in_(_SAME_NUMBER[incoming.channel])),
        )
        .distinct()
        .limit(2)
    ).all()
    if not owners:
        return _Thread()
    row = session.execute(
        select(Message.customer_id, Message.id, Message.approved_by, Message.occasion, Delivery.redirected)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(
            Message.customer_id.in_(owners),
            Delivery.channel == incoming.channel,
            Delivery.submitting_at > now - ANSWERS_WITHIN,
            ~Delivery.redirected,
        )
        .order_by(Delivery.submitting_at.desc(), Delivery.id.desc())
        .limit(1)
    ).one_or_none()
    if row is not None:
        return _Thread(*row)
    return _Thread(owners[0]) if len(owners) == 1 else _Thread()


# A telephone number may be known as one of texts and answer by WhatsApp, or the other way round.
_SAME_NUMBER = {EMAIL: (EMAIL,), "sms": ("sms", "whatsapp"), "whatsapp": ("sms", "whatsapp")}


def _insert(session: Session, incoming: Incoming, thread: _Thread, *, now: datetime) -> UUID | None:
    """What nobody has to read is handled from the beginning: robots, and words that were obeyed to the letter."""
    obeyed = incoming.channel != EMAIL and incoming.meaning in ("stop", "start")
    row = {
        "id": new_id(),
        "channel": incoming.channel,
        "provider_key": incoming.key,
        "customer_id": thread.customer_id,
        "message_id": thread.message_id,
        "person_id": thread.person_id,
        "from_address": incoming.from_address,
        "subject": incoming.subject,
        "text": incoming.text,
        "meaning": incoming.meaning,
        "received_at": now,
        "handled_at": now if obeyed or incoming.meaning == "automatic" else None,
    }
    insert = insert_into(session, Reply).on_conflict_do_nothing(index_elements=["channel", "provider_key"])
    return session.execute(insert.values(row).returning(table_of(Reply).c.id)).scalar()


def _heard(session: Session, incoming: Incoming, *, now: datetime) -> None:
    session.execute(
        update(ContactPoint)
        .where(
            ContactPoint.channel == incoming.channel,
            ContactPoint.address_hash == hash_of_address(incoming.from_address),
        )
        .values(heard_at=now)
        .execution_options(synchronize_session=False)
    )


def _obey(session: Session, incoming: Incoming, thread: _Thread, *, now: datetime) -> bool:
    """A STOP by text ends that channel at once; an objection by mail ends all marketing (cx-rules L4, L10). An answer
    from a test address says nothing about the customer whose message was redirected there."""
    if incoming.channel != EMAIL:
        return _obey_text(session, incoming, thread, now=now)
    if incoming.meaning != "stop" or thread.customer_id is None or thread.redirected:
        return False
    try:
        return bool(wishes.leave(session, thread.customer_id, now=now, source="reply", occasion=thread.occasion))
    except NotFound:  # erased meanwhile: nothing is sent to them any more
        return False


def _obey_text(session: Session, incoming: Incoming, thread: _Thread, *, now: datetime) -> bool:
    channel, address = incoming.channel, incoming.from_address
    if incoming.meaning == "stop":
        customer_id = None if thread.redirected else thread.customer_id
        return wishes.stop(session, channel, address, now=now, source=channel, customer_id=customer_id)
    return incoming.meaning == "start" and wishes.start(session, channel, address, now=now, source=channel)
