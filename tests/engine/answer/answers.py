"""A reply of Ada's, an answer of Kim's, and a sending end with both clocks in the test's hands."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.answer.sending import begin_submitting, claim, send_answers, submit
from engine.answer.settling import settle_answers
from engine.answer.writing import House, Words, write_answer
from engine.channel_terms import Offered
from engine.ids import new_id
from engine.send.claiming import Claim
from engine.send.duties import Duties
from engine.send.outgoing import OutgoingMessage
from engine.send.redirect import Redirect
from engine.send.submitting import Sender
from engine.storage.models import Answer, Person, Reply
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer
from tests.engine.listen.heard import submitted
from tests.engine.listen.letters import DOMAIN, LINKS
from tests.engine.send.approved import Ending, Stub

ADDRESS = "ada@example.org"
NUMBER = "+4915112345678"
HOUSE = House(Offered(("email", "sms", "whatsapp")), Redirect())


def agent(session: Session, name: str = "Kim", **fields: Any) -> Person:
    email = f"{name.lower()}@example.com"
    known = session.scalar(select(Person).where(Person.email == email))
    person = known or Person(email=email, name=name, role="agent", password_hash="x", created_at=NOW, **fields)
    session.add(person)
    session.flush()
    return person


def replied(session: Session, text: str = "Thank you!", *, channel: str = "email", **fields: Any) -> Reply:
    """Ada wrote back to a message of Kim's, an hour ago."""
    address = ADDRESS if channel == "email" else NUMBER
    customer = fields.pop("customer", None) or make_customer(session, last_name="Marlowe")
    delivery = submitted(session, customer, channel=channel, address=address, approved_by=agent(session).id)
    values: dict[str, Any] = {
        "channel": channel,
        "provider_key": f"{new_id()}@mail.example.org",
        "customer_id": customer.id,
        "message_id": delivery.message_id,
        "person_id": agent(session).id,
        "from_address": address,
        "subject": "Re: Happy birthday" if channel == "email" else None,
        "text": text,
        "received_at": NOW - timedelta(hours=1),
    }
    reply = Reply(**values | fields)
    session.add(reply)
    session.flush()
    return reply


def answer(session: Session, reply: Reply, text: str = "Dear Ada,\n\nthank *you*.\n\nKim", seen: int = 0) -> Answer:
    """Kim's, ready to go: its minute began a minute ago."""
    began = NOW - timedelta(minutes=1)
    return write_answer(session, reply.id, Words(text, seen), person=agent(session), house=HOUSE, now=began)


def answered(db: Database, channel: str = "email", **fields: Any) -> UUID:
    """The id of an answer that is ready to go, committed."""
    with db.writing() as session:
        return answer(session, replied(session, channel=channel, **fields)).id


@dataclass
class Desk(Ending):
    """The sending end of answers."""

    public: bool = True

    @property
    def sender(self) -> Sender:
        duties = Duties(links=LINKS, reply_domain=DOMAIN) if self.public else Duties()
        return replace(super().sender, duties=duties)

    def take(self) -> list[Claim]:
        return claim(self.sender, self.channel, "one")

    def hand_over(self, claims: list[Claim]) -> int:
        with self.sender.calls() as calls:
            return submit(self.sender, calls, claims)

    def begin(self, claims: list[Claim]) -> dict[UUID, OutgoingMessage]:
        with self.db.writing() as session:
            return begin_submitting(session, self.sender, claims)

    def go(self) -> int:
        """A whole round."""
        return send_answers(self.sender, "one", enough=lambda: False)

    def settle(self) -> int:
        return settle_answers(self.sender)


def desk(db: Database, channel: str = "email", **fields: Any) -> Desk:
    """With a provider of this channel that takes everything, unless `answer` says what it does."""
    stub = Stub(name=channel, **{"answer": fields.pop("answer")} if "answer" in fields else {})
    return Desk(db, stub, **fields)


def state(db: Database, answer_id: UUID) -> tuple[str, str | None]:
    with db.reading() as session:
        one = session.get_one(Answer, answer_id)
        return one.state, one.reason


def waits(db: Database, answer_id: UUID) -> bool:
    """Whether the reply that it answers waits for a person."""
    with db.reading() as session:
        return session.get_one(Reply, session.get_one(Answer, answer_id).reply_id).handled_at is None


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
