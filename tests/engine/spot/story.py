"""What the tests of spotting say often: a trigger that is active, customers, their dates, and the moments made."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import ActiveTrigger, active_triggers, save_definition, set_state
from engine.ids import new_id
from engine.kinds import KindTable
from engine.record.event_kinds import subject_of
from engine.storage.models import Customer, CustomerDate, Event, Message, MessageMoment, Moment, Problem
from triggers.kinds.anniversary import Anniversary
from triggers.kinds.recovery import Recovery

KINDS: KindTable = {"anniversary": Anniversary(), "recovery": Recovery()}
TEAM = TeamHours()


def at(text: str) -> datetime:
    """`2026-02-14 09:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Story:
    """One session, and short words for what happens in it."""

    session: Session
    now: datetime = field(default_factory=lambda: at("2026-02-14 09:00"))
    numbers: Iterator[int] = field(default_factory=count)

    def trigger(self, name: str = "birthday", *, active_from: str = "2020-01-01", **changed: Any) -> ActiveTrigger:
        values: dict[str, Any] = {
            "name": name, "title": "A trigger", "family": "celebrate", "occasion": name, "kind": "anniversary",
            "params": {"of": {"date": "birthday"}, "every": "year"}, "template": name,
        }  # fmt: skip
        definition = TriggerDefinition.model_validate(values | changed)
        trigger = save_definition(self.session, definition, author="mia", reason="test", now=self.now)
        set_state(self.session, trigger, "active", now=self.now, active_from=at(f"{active_from} 00:00"))
        return next(one for one in active_triggers(self.session, KINDS) if one.name == name)

    def customer(self, name: str = "ada", *, birthday: str | None = None, **fields: Any) -> UUID:
        customer_id = new_id()
        self.session.add(
            Customer(
                id=customer_id, external_id=name, first_name=name, bucket=1, created_at=self.now, updated_at=self.now,
                **fields,
            )
        )  # fmt: skip
        self.session.flush()
        if birthday:
            self.date(customer_id, birthday)
        return customer_id

    def date(self, customer_id: UUID, text: str, *, name: str = "birthday", placeholder: str | None = None) -> None:
        """`1990-04-17`, or `--04-17` without the year; replaces the one that was there."""
        year, month, day = ("", *text[2:].split("-")) if text.startswith("--") else text.split("-")
        row = self.session.get(CustomerDate, (customer_id, name)) or CustomerDate(customer_id=customer_id, name=name)
        row.year, row.month, row.day = int(year) if year else None, int(month), int(day)
        row.month_day, row.source, row.placeholder = row.month * 100 + row.day, "test", placeholder
        self.session.add(row)
        self.session.flush()

    def problem(
        self, customer_id: UUID, key: str = "ticket:1", *, opened: str, resolved: str | None = None, **fields: Any
    ) -> Problem:
        values: dict[str, Any] = {
            "kind": key.split(":")[0], "category": "delivery", "severity": "minor", "incident_key": key, "reopened": 0,
            "state": "resolved" if resolved else "open", "what_happened": "The lamp came broken.",
            "what_we_did": "We sent a new one." if resolved else None, "owner": "Sam",
        }  # fmt: skip
        problem = Problem(
            id=new_id(), customer_id=customer_id, key=key, opened_at=at(opened),
            resolved_at=at(resolved) if resolved else None, last_event_at=at(resolved or opened), **values | fields,
        )  # fmt: skip
        self.session.add(problem)
        self.session.flush()
        return problem

    def event(self, customer_id: UUID, name: str, when: str, *, corrects: str | None = None, **properties: Any) -> str:
        """An event that was recorded; answers its message id."""
        message_id = f"m{next(self.numbers)}"
        self.session.add(
            Event(
                id=new_id(), message_id=message_id, customer_id=customer_id, name=name, occurred_at=at(when),
                occurred_on=at(when).date(), recorded_at=at(when), properties=properties, corrects=corrects,
                subject=subject_of(name, properties), source="test",
            )
        )  # fmt: skip
        self.session.flush()
        return message_id

    def moments(self, *columns: str) -> list[Any]:
        """The moments in the order of their days; of one column plain values, of several tuples."""
        self.session.flush()
        self.session.expire_all()
        rows = self.session.scalars(select(Moment).order_by(Moment.nominal_on, Moment.occurrence_key, Moment.id)).all()
        if not columns:
            return list(rows)
        told = [tuple(getattr(row, name) for name in columns) for row in rows]
        return [row[0] for row in told] if len(columns) == 1 else told

    def end(self, moment: Moment, state: str, reason: str) -> None:
        """As planning ends it."""
        moment.state, moment.reason = state, reason
        self.session.flush()

    def hand_over(self, moment: Moment, *, state: str = "handed_over") -> None:
        """As if its message had gone out, or were in another state."""
        about = {
            "customer_id": moment.customer_id, "trigger_id": moment.trigger_id, "family": moment.family,
            "trigger_version_id": moment.trigger_version_id, "occasion": moment.occasion, "weight": moment.weight,
            "send_on": moment.send_on, "expires_at": moment.expires_at,
        }  # fmt: skip
        message = Message(
            **about, id=new_id(), state=state, channel="postbox", template="t", must_read=True,
            if_unreviewed="drop", window_start=time(9), window_end=time(11), zone="UTC", send_at=self.now,
            write_at=self.now, deadline_at=self.now, created_at=self.now, written_at=self.now, approved_at=self.now,
            release_at=self.now, handed_over_at=self.now,
        )  # fmt: skip
        self.session.add(message)
        self.session.flush()
        self.session.add(MessageMoment(message_id=message.id, moment_id=moment.id, position=0))
        for step in ("planned", "written", "closed") if state == "handed_over" else ("planned", "written"):
            moment.state = step
            setattr(moment, f"{step}_at", self.now)
            self.session.flush()


def on(text: str) -> date:
    return date.fromisoformat(text)
