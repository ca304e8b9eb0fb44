"""A whole installation on one database, whose clock the test moves: records, runs every round, reads the postbox."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine
from sqlalchemy import select

from cli.place import make_ready
from engine import rounds
from engine.definitions.store import active_triggers
from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer
from engine.record.customers import ConsentRow, CustomerRow, record_customers
from engine.record.events import EventRow, record_events
from engine.review import decisions
from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.send.channels.postbox import Letter, Postbox
from engine.settings import Settings
from engine.storage.models import Customer, FollowUpCall, Hold, Message, Moment, Person, Trigger
from engine.storage.session import Database
from engine.why import why
from triggers.table import KINDS

OPENED = "2024-01-01 09:00"


def at(text: str) -> datetime:
    """`2026-03-02 09:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class House:
    """One customer, Ada in Berlin, and a team that works from nine to five in UTC."""

    db: Database
    home: Path
    machine: time_machine.Traveller
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def open(self) -> None:
        """Make it ready, long before anything happens, with Mia to review."""
        # No turns: the stories speak of the minute in which a window opens.
        self.settings = Settings(home=self.home, team_zone="UTC", spread_minutes=0)
        self.jubilee = Jubilee(self.db, KINDS, open_channels(self.settings), self.settings)
        self.at(OPENED, run=False)
        make_ready(self.jubilee)
        with self.db.writing() as session:
            new = NewPerson("mia@example.com", "Mia Keller", "agent", "a long password", "UTC")
            create_person(session, new, now=at(OPENED), doer=Doer("test"))

    def at(self, when: str | datetime, *, run: bool = True) -> None:
        """It is now this time, and the workers have run every round."""
        self.now = at(when) if isinstance(when, str) else when
        self.machine.move_to(self.now)
        if run:
            self.run()

    def run(self) -> None:
        """What the workers do."""
        rounds.spot(self.jubilee)
        rounds.plan(self.jubilee)
        rounds.write(self.jubilee)
        rounds.compare_facts(self.jubilee)
        rounds.meet_deadlines(self.jubilee)
        rounds.send(self.jubilee, worker="test")
        rounds.settle(self.jubilee)

    def customer(self, **fields: Any) -> None:
        """Record what is known of Ada; the first time with her name, zone and consent."""
        known: dict[str, Any] = {"external_id": "ada"}
        if not self._customers():
            consents = (ConsentRow("granted", given_at=at(OPENED)),)
            known |= {"first_name": "Ada", "zone": "Europe/Berlin", "country": "DE", "consents": consents}
        with self.db.writing() as session:
            triggers = active_triggers(session, KINDS, include_paused=True)
            row = CustomerRow(**known | fields)
            assert not record_customers(session, [row], now=self.now, source="test", triggers=triggers).rejected

    def happened(self, when: str, name: str, **properties: Any) -> None:
        """Record one event; the clock stands at its time, or later."""
        self.at(max(self.now, at(when)), run=False)
        row = EventRow(f"m{next(self.numbers)}", "ada", name, at(when), properties)
        with self.db.writing() as session:
            triggers = active_triggers(session, KINDS, include_paused=True)
            assert not record_events(session, [row], triggers=triggers, now=self.now, source="test").rejected

    def ordered(self, when: str) -> str:
        """An order, and its number."""
        order_id = f"o{next(self.numbers)}"
        self.happened(when, "order_completed", order_id=order_id, amount_minor=1200, currency="EUR", items=1)
        return order_id

    def approve_all(self) -> int:
        """Mia has read everything in the queue and lets it go; how many that were."""
        with self.db.writing() as session:
            mia = session.scalars(select(Person)).one()
            waiting = session.scalars(select(Message).where(Message.state == "in_review")).all()
            for message in waiting:
                decisions.approve(session, message.id, version=message.version, person=mia, now=self.now)
            return len(waiting)

    def letters(self) -> list[Letter]:
        """What lies in the postbox."""
        postbox = Postbox(self.settings.postbox)
        return [letter for message_id, _ in postbox.posted() if (letter := postbox.letter(message_id))]

    def moments(self) -> list[tuple[str, str, str | None]]:
        """(trigger, state, reason) of every moment."""
        query = select(Trigger.name, Moment.state, Moment.reason).join(Trigger, Trigger.id == Moment.trigger_id)
        with self.db.reading() as session:
            return sorted(((name, state, reason) for name, state, reason in session.execute(query)), key=str)

    def calls(self) -> list[tuple[str, str | None, datetime]]:
        """(state, reason, due_at) of every call that a problem asked for."""
        with self.db.reading() as session:
            columns = (FollowUpCall.state, FollowUpCall.reason, FollowUpCall.due_at)
            rows = session.execute(select(*columns).order_by(FollowUpCall.id))
            return [(state, reason, due_at) for state, reason, due_at in rows]

    def messages(self) -> list[Message]:
        """Every message, in the order they were made."""
        with self.db.reading() as session:
            found = list(session.scalars(select(Message).order_by(Message.id)))
            session.expunge_all()
        return found

    def holds(self) -> set[str]:
        """The names of the open holds."""
        with self.db.reading() as session:
            return set(session.scalars(select(Hold.name).where(Hold.released_at.is_(None))))

    def why(self) -> str:
        """The answer to "why did or didn't Ada get this?"."""
        with self.db.reading() as session:
            ada = session.scalars(select(Customer)).one()
            return "\n".join(line.text for line in why(session, ada, now=self.now))

    def _customers(self) -> set[str]:
        with self.db.reading() as session:
            return set(session.scalars(select(Customer.external_id)))
