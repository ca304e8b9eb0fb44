"""Keeps what customers write back: once, beside the message it answers and for the person who wrote that, with what its
words ask for by themselves already done.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.errors import Conflict, NotFound
from engine.ids import new_id
from engine.listen.feeling import hear
from engine.listen.incoming import EMAIL, Incoming, Meaning
from engine.listen.quoting import parted
from engine.listen.threads import Thread, thread_of
from engine.people.audit import Doer, record
from engine.record import wishes
from engine.record.locking import lock_by_id
from engine.storage.models import ContactPoint, Customer, Person, Reply
from engine.storage.models.contact_point import hash_of_address
from engine.storage.upsert import insert_into, table_of

LISTEN = "jubilee.listen"


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply that was stored just now. `changed`: its words asked for something that was not so already."""

    reply_id: UUID
    customer_id: UUID | None
    meaning: Meaning
    changed: bool


def store_reply(session: Session, incoming: Incoming, *, now: datetime) -> Kept | None:
    """Keep it and do what its words ask for; None where it was kept before. The customer is locked first. One that
    sounds unhappy is marked, and a worker is rung for to open the problem (`complaining.py`)."""
    thread = thread_of(session, incoming, now=now)
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


def waiting() -> Select[int]:
    """How many replies nobody has dealt with yet."""
    return select(func.count()).select_from(Reply).where(Reply.handled_at.is_(None))


def _insert(session: Session, incoming: Incoming, thread: Thread, *, now: datetime) -> UUID | None:
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
        "negative": _sounds_unhappy(session, incoming, thread),
    }
    if row["negative"]:
        ring(session, LISTEN)
    insert = insert_into(session, Reply).on_conflict_do_nothing(index_elements=["channel", "provider_key"])
    return session.execute(insert.values(row).returning(table_of(Reply).c.id)).scalar()


def _sounds_unhappy(session: Session, incoming: Incoming, thread: Thread) -> bool:
    """Only people's own words about themselves: no robot, no STOP, nothing from a test address or from a stranger."""
    if incoming.meaning != "text" or thread.customer_id is None or thread.redirected:
        return False
    locale = session.scalar(select(Customer.locale).where(Customer.id == thread.customer_id)) or ""
    return hear(parted(incoming.text)[0], locale).unhappy


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


def _obey(session: Session, incoming: Incoming, thread: Thread, *, now: datetime) -> bool:
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


def _obey_text(session: Session, incoming: Incoming, thread: Thread, *, now: datetime) -> bool:
    channel, address = incoming.channel, incoming.from_address
    if incoming.meaning == "stop":
        customer_id = None if thread.redirected else thread.customer_id
        return wishes.stop(session, channel, address, now=now, source=channel, customer_id=customer_id)
    return incoming.meaning == "start" and wishes.start(session, channel, address, now=now, source=channel)
