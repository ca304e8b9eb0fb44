"""What came of a call that an agent made, and what follows from it.

Several agents look at one list. Whoever settles a task says how many tries they saw, and is told if there is one more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.audit import Doer, record
from engine.record.wishes import Wishes, refused_channels, say
from engine.send.call_tasks import tries_of
from engine.send.channels.call import NAME
from engine.send.recording import record_bounced, record_delivered
from engine.storage.models import CallOutcome, Customer, Delivery, Message, Person
from engine.storage.models.call_outcome import OUTCOMES

# These leave the task open; the customer was not spoken to.
TRY_AGAIN = ("no_answer", "left_message")
NEXT_TRY = timedelta(days=1)
LATEST_NEXT_TRY = timedelta(days=60)
LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try. `tries_seen` is how many the agent saw when they wrote it; `again_at` for a next one."""

    outcome: str
    tries_seen: int
    note: str | None = None
    again_at: datetime | None = None


def settle_call(
    session: Session, delivery_id: UUID, said: Outcome, *, person: Person, offered: Offered, now: datetime
) -> None:
    """Write down what came of a try, and let follow what follows.

    Reached: delivered. Wrong number: the number is not used again, and the message takes its next channel. Asked not to
    be called: they are not called again, and the message takes its next channel, as it does where the agent gives up.
    Not reached, or a message left: the task stays, for another day unless said when. Raises Conflict where somebody
    else wrote something down meanwhile, NotFound where there is no such call.
    """
    again_at = checked(said, now=now)
    customer_id = _locked(session, delivery_id, said.tries_seen)
    session.add(
        CallOutcome(
            delivery_id=delivery_id,
            person_id=person.id,
            outcome=said.outcome,
            note=said.note,
            again_at=again_at,
            made_at=now,
        )
    )
    doer = Doer(person.name, person.id)
    record(session, doer, "call", session.get_one(Delivery, delivery_id), now=now, outcome=said.outcome)
    session.flush()
    if said.outcome == "reached":
        record_delivered(session, delivery_id, now=now)
    elif said.outcome not in TRY_AGAIN:
        if said.outcome == "asked_not_to_call":
            unwanted = refused_channels(session, customer_id) | {NAME}
            say(session, customer_id, Wishes(unwanted=unwanted), now=now, source="call", doer=doer)
        dead = said.outcome == "wrong_number"
        record_bounced(session, delivery_id, said.outcome, address_dead=dead, offered=offered, now=now)


def checked(said: Outcome, *, now: datetime) -> datetime | None:
    """When it is tried again, if it is. Raises InvalidInput for words that cannot be kept."""
    if said.outcome not in OUTCOMES:
        raise InvalidInput(f"outcome: `{said.outcome}` is not one of {', '.join(OUTCOMES)}")
    if said.note and len(said.note) > LONGEST_NOTE:
        raise InvalidInput(f"note: at most {LONGEST_NOTE} characters")
    if said.outcome not in TRY_AGAIN:
        return None
    again_at = said.again_at or now + NEXT_TRY
    if not now < again_at <= now + LATEST_NEXT_TRY:
        raise InvalidInput(f"Try again at a time from now on, within {LATEST_NEXT_TRY.days} days.")
    return again_at


def _locked(session: Session, delivery_id: UUID, tries_seen: int) -> UUID:
    """Lock the customer, then message and delivery, as everybody does, and look whether all is as it was seen."""
    whose = (
        select(Message.customer_id)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(Delivery.id == delivery_id, Delivery.channel == NAME)
    )
    customer_id = session.scalar(
        select(Customer.id).where(Customer.id == whose.scalar_subquery()).with_for_update(key_share=True)
    )
    if customer_id is None:
        raise NotFound("There is no such call to make.")
    state = session.scalar(
        select(Delivery.state)
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.id == delivery_id)
        .with_for_update()
    )
    tries = tries_of(session, delivery_id)
    if state != "accepted" or len(tries) != tries_seen:
        by = f"{tries[-1].person or 'Somebody'} wrote down: {tries[-1].outcome.replace('_', ' ')}" if tries else state
        raise Conflict(f"Something was written down for this call in the meantime. {by}.")
    return customer_id
