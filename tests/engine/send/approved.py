"""Approved messages and a sending end for tests: ready to go at NOW (14:00 in Berlin), unless the test says not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.send.calls import Calls
from engine.send.channels import Channel
from engine.send.channels.postbox import Postbox
from engine.send.claiming import Claim, Door, claim_due
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage
from engine.send.redirect import Redirect
from engine.send.sending import send_due
from engine.send.settling import Settler, settle
from engine.send.submitting import Sender, submit
from engine.storage.models import (
    Customer,
    CustomerDate,
    Delivery,
    Gate,
    Hold,
    Message,
    MessageMoment,
    Moment,
    Revision,
    Trigger,
)
from engine.storage.session import Database
from engine.write.facts import facts_of, to_json
from engine.write.material import gather
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger

MACHINE = datetime(2030, 1, 1, tzinfo=UTC)  # the machine's clock, far from the installation's on purpose
BIRTHDAY = {
    "month": {"value": 6, "source": "birthday", "sayable": False},
    "day": {"value": 1, "source": "birthday", "sayable": False},
}


def approve(
    session: Session, customer: Customer | None = None, trigger: Trigger | None = None, **fields: Any
) -> Message:
    """A birthday message of today in the window of 13 to 15 hours, signed and released."""
    customer = customer or make_customer(session)
    trigger = trigger or make_trigger(session)
    if session.get(CustomerDate, (customer.id, "birthday")) is None:
        session.add(
            CustomerDate(customer_id=customer.id, name="birthday", month=6, day=1, month_day=601, source="test")
        )
    values: dict[str, Any] = {
        "send_at": NOW - timedelta(minutes=5),
        "window_start": time(13),
        "window_end": time(15),
        "state": "approved",
        "number": 2,
    }
    moment = make_moment(session, customer, trigger, nominal_on=NOW.date(), facts=BIRTHDAY)
    message = make_message(session, moment, **values | fields)
    facts = to_json(facts_of(gather(session, [message])[message.id], company="", team=""))
    for number, signature in ((1, "[[ signature ]]"), (2, "Kim")):
        body = f"Hello Ada,\n\nhappy birthday to you!\n\n{signature}"
        texts = {"email": {"subject": "Happy birthday", "body": body}}
        revision = {"locale": "en", "texts": texts, "facts": facts, "findings": [], "created_at": NOW}
        session.add(Revision(message_id=message.id, number=number, **revision))
    session.flush()
    return message


@dataclass
class Stub:
    """A channel that does what the test says and remembers every call."""

    answer: Callable[[OutgoingMessage], Accepted] = lambda message: Accepted(f"p-{message.delivery_id}")
    known: Accepted | NotTaken | None = None
    calls: list[OutgoingMessage] = field(default_factory=list)
    name: str = "postbox"
    rate: float = 1_000.0
    parallel: int = 1

    def send(self, message: OutgoingMessage) -> Accepted:
        self.calls.append(message)
        return self.answer(message)

    def find(self, message_id: UUID) -> Accepted | NotTaken | None:
        return self.known

    def check(self) -> str:
        return "a stub"

    def close(self) -> None: ...


@dataclass
class Ending:
    """The sending end of an installation, with both clocks in the test's hands."""

    db: Database
    channel: Stub | Postbox = field(default_factory=Stub)
    now: datetime = NOW
    machine: datetime = MACHINE
    redirect: Redirect = field(default_factory=Redirect)
    caps: dict[str, int] = field(default_factory=dict)
    others: tuple[Stub, ...] = ()

    @property
    def channels(self) -> dict[str, Channel]:
        return {channel.name: channel for channel in (self.channel, *self.others)}

    @property
    def sender(self) -> Sender:
        return Sender(
            db=self.db,
            channels=self.channels,
            offered=Offered(tuple(self.channels)),
            redirect=self.redirect,
            caps=self.caps,
            company="Acme",
            team="the care team",
            now=lambda _session: self.now,
            machine=lambda: self.machine,
        )

    def claim(self, worker: str = "one", limit: int = 10) -> list[Claim]:
        door = Door(worker, self.channel, limit=limit, cap=self.caps.get(self.channel.name))
        with self.db.writing() as session:
            return claim_due(session, door, now=self.now, machine=self.machine)

    def submit(self, claims: list[Claim]) -> int:
        return submit(self.sender, claims)

    def send(self) -> int:
        return self.submit(self.claim())

    def round(self, enough: Callable[[], bool] = lambda: False, linger: float = 0.0) -> int:
        """All that is due, as a worker does it."""
        return send_due(self.sender, "one", enough=enough, linger=linger)

    def settle(self) -> int:
        return settle(Settler(self.db, self.channels, now=lambda _session: self.now, machine=lambda: self.machine))

    def pass_time(self, **how: float) -> None:
        """Both clocks move on."""
        self.now, self.machine = self.now + timedelta(**how), self.machine + timedelta(**how)

    @property
    def calls(self) -> list[OutgoingMessage]:
        assert isinstance(self.channel, Stub)
        return self.channel.calls


def approved(db: Database, **fields: Any) -> UUID:
    """The id of a message that is ready to go, committed."""
    with db.writing() as session:
        return approve(session, **fields).id


def approved_by_email(db: Database, address: str = "ada@example.com", **fields: Any) -> UUID:
    """The same, to be handed to a real provider."""
    with db.writing() as session:
        return approve(session, make_customer(session, email=address), channel="email", **fields).id


def states(db: Database, message_id: UUID) -> list[str]:
    """What became of its deliveries, in the order of the claims."""
    return [delivery.state for delivery in deliveries(db, message_id)]


def gate(db: Database, channel: str = "email") -> Gate:
    """The gate of a channel as it stands."""
    with _looking(db) as session:
        return session.get_one(Gate, channel)


def change(db: Database, message_id: UUID, **values: Any) -> None:
    """Change a message behind everybody's back."""
    with db.writing() as session:
        session.execute(update(Message).where(Message.id == message_id).values(values))


@contextmanager
def _looking(db: Database) -> Iterator[Session]:
    """A session whose rows outlive it."""
    with db.reading() as session:
        try:
            yield session
        finally:
            session.expunge_all()


def message(db: Database, message_id: UUID) -> Message:
    with _looking(db) as session:
        return session.get_one(Message, message_id)


def deliveries(db: Database, message_id: UUID) -> list[Delivery]:
    """Its deliveries, in the order of the claims."""
    with _looking(db) as session:
        return list(session.scalars(select(Delivery).where(Delivery.message_id == message_id).order_by(Delivery.fence)))


def moment(db: Database, message_id: UUID) -> Moment:
    """The moment that leads the message."""
    with _looking(db) as session:
        of = select(MessageMoment.moment_id).where(MessageMoment.message_id == message_id)
        return session.scalars(select(Moment).where(Moment.id.in_(of))).one()


def open_holds(db: Database, message_id: UUID) -> set[str]:
    """The names of the holds that keep it."""
    held = moment(db, message_id).id
    with db.reading() as session:
        return set(session.scalars(select(Hold.name).where(Hold.moment_id == held, Hold.released_at.is_(None))))


def postbox(folder: Path) -> Postbox:
    return Postbox(folder / "postbox")


def hear_of_letting_go(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set whenever a round has told its calls that nothing more may begin."""
    heard, tell = threading.Event(), Calls.let_go

    def told(calls: Calls, reason: str) -> None:
        tell(calls, reason)
        heard.set()

    monkeypatch.setattr(Calls, "let_go", told)
    return heard
