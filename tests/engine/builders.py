"""Rows for tests of the engine, as short as the test wants them: what is not named is ordinary."""

import itertools
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.definitions.schema import TriggerDefinition
from engine.storage.models import (
    Consent,
    ContactPoint,
    Customer,
    Event,
    Message,
    MessageMoment,
    Moment,
    Problem,
    Trigger,
    TriggerVersion,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
_numbers = itertools.count(1)


def make_customer(session: Session, *, consent: bool = True, email: str | None = None, **fields: Any) -> Customer:
    """A customer in Berlin who was active yesterday and agreed to everything, unless `consent` is False."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "external_id": f"c{number}",
        "first_name": "Ada",
        "locale": "en",
        "zone": "Europe/Berlin",
        "country": "DE",
        "traits": {},
        "bucket": number * 7919 % (2**31 - 1),
        "last_active_at": NOW - timedelta(days=1),
        "created_at": NOW - timedelta(days=700),
        "updated_at": NOW - timedelta(days=1),
    }
    customer = Customer(**values | fields)
    session.add(customer)
    session.flush()
    if consent:
        make_consent(session, customer)
    if email:
        session.add(ContactPoint(customer_id=customer.id, channel="email", address=email))
    session.flush()
    return customer


def make_consent(session: Session, customer: Customer, **fields: Any) -> Consent:
    """Express consent to everything, from long ago and without an end."""
    values: dict[str, Any] = {
        "channel": "*",
        "occasion": "*",
        "state": "granted",
        "basis": "express",
        "source": "test",
        "given_at": NOW - timedelta(days=700),
    }
    consent = Consent(customer_id=customer.id, **values | fields)
    session.add(consent)
    session.flush()
    return consent


def make_definition(**fields: Any) -> TriggerDefinition:
    """The definition of a birthday trigger, for `make_trigger` and for tests without a database."""
    values: dict[str, Any] = {
        "name": f"birthday_{next(_numbers)}",
        "title": "Birthday",
        "family": "celebrate",
        "occasion": "birthday",
        "kind": "anniversary",
        "params": {"of": {"date": "birthday"}, "every": "year"},
        "template": "birthday",
    }
    return TriggerDefinition(**values | fields)


def make_trigger(
    session: Session, *, state: str = "active", salt: str = "salt", active_from: datetime | None = None, **fields: Any
) -> Trigger:
    """An active birthday trigger with its first version; `fields` are those of its definition."""
    definition = make_definition(**fields)
    trigger = Trigger(
        id=uuid.uuid4(),
        name=definition.name,
        kind=definition.kind,
        family=definition.family,
        occasion=definition.occasion,
        state=state,
        paused_reason="by hand" if state == "paused" else None,
        active_from=active_from or NOW - timedelta(days=100),
        salt=salt,
        created_at=NOW - timedelta(days=100),
    )
    session.add(trigger)
    session.flush()
    version = TriggerVersion(
        trigger_id=trigger.id,
        number=1,
        definition=definition.model_dump(mode="json", by_alias=True),
        author="test",
        reason="test",
        created_at=trigger.created_at,
    )
    session.add(version)
    session.flush()
    trigger.version_id = version.id
    session.flush()
    return trigger


def make_moment(session: Session, customer: Customer, trigger: Trigger, **fields: Any) -> Moment:
    """A spotted moment of tomorrow that would be too late in four days."""
    on: date = fields.get("nominal_on", (NOW + timedelta(days=1)).date())
    values: dict[str, Any] = {
        "occurrence_key": f"key:{next(_numbers)}",
        "family": trigger.family,
        "occasion": trigger.occasion,
        "state": "spotted",
        "nominal_on": on,
        "send_on": on,
        "expires_at": datetime.combine(on + timedelta(days=3), time(0), UTC),
        "weight": 30,
        "facts": {},
        "check_at": NOW - timedelta(hours=1),
        "spotted_at": NOW - timedelta(hours=1),
    }
    values |= _stamps(fields.get("state", "spotted"), {"planned": "planned_at", "written": "written_at"})
    moment = Moment(
        customer_id=customer.id, trigger_id=trigger.id, trigger_version_id=trigger.version_id, **values | fields
    )
    session.add(moment)
    session.flush()
    return moment


def make_message(session: Session, *moments: Moment, **fields: Any) -> Message:
    """A message of these moments, the first of which leads, in state draft; other states get their timestamps."""
    lead = moments[0]
    state = fields.get("state", "draft")
    at_nine = datetime.combine(lead.send_on, time(7), UTC)
    values: dict[str, Any] = {
        "customer_id": lead.customer_id,
        "trigger_id": lead.trigger_id,
        "trigger_version_id": lead.trigger_version_id,
        "family": lead.family,
        "occasion": lead.occasion,
        "state": state,
        "channel": "postbox",
        "template": lead.occasion,
        "weight": lead.weight,
        "must_read": True,
        "if_unreviewed": "drop",
        "send_on": lead.send_on,
        "window_start": time(9),
        "window_end": time(11),
        "zone": "Europe/Berlin",
        "send_at": at_nine,
        "expires_at": lead.expires_at,
        "write_at": at_nine - timedelta(days=3),
        "deadline_at": at_nine - timedelta(hours=16),
        "created_at": NOW,
    }
    values |= _message_stamps(state)
    message = Message(**values | fields)
    session.add(message)
    session.flush()
    live = message.state not in ("skipped", "expired", "cancelled")
    for position, moment in enumerate(moments):
        session.add(MessageMoment(message_id=message.id, moment_id=moment.id, position=position, live=live))
        if moment.state == "spotted" and live:
            _plan_and_write(session, moment, written=state != "draft")
    session.flush()
    return message


def make_problem(session: Session, customer: Customer, **fields: Any) -> Problem:
    """An open minor problem of yesterday, made by a ticket."""
    key = fields.pop("key", f"t{next(_numbers)}")
    values: dict[str, Any] = {
        "kind": "ticket",
        "category": "delivery",
        "severity": "minor",
        "state": "open",
        "incident_key": f"ticket:{key}",
        "opened_at": NOW - timedelta(days=1),
        "last_event_at": NOW - timedelta(days=1),
        "reopened": 0,
    }
    problem = Problem(customer_id=customer.id, key=key, **values | fields)
    session.add(problem)
    session.flush()
    return problem


def make_event(session: Session, customer: Customer, name: str, **fields: Any) -> Event:
    """An event of an hour ago, straight into its table: nothing is folded and the ledger does not know it."""
    number = next(_numbers)
    occurred_at = fields.get("occurred_at", NOW - timedelta(hours=1))
    values: dict[str, Any] = {
        "message_id": f"m{number}",
        "occurred_at": occurred_at,
        "occurred_on": occurred_at.date(),
        "recorded_at": occurred_at,
        "properties": {},
        "source": "test",
    }
    event = Event(customer_id=customer.id, name=name, **values | fields)
    session.add(event)
    session.flush()
    return event


def _plan_and_write(session: Session, moment: Moment, *, written: bool) -> None:
    """Step by step, as the database refuses a moment that jumps."""
    moment.state, moment.planned_at = "planned", NOW
    session.flush()
    if written:
        moment.state, moment.written_at = "written", NOW
        session.flush()


def _stamps(state: str, columns: dict[str, str]) -> dict[str, Any]:
    order = list(columns)
    reached = order[: order.index(state) + 1] if state in order else []
    stamps: dict[str, Any] = {columns[name]: NOW for name in reached}
    if state in ("skipped", "expired", "cancelled"):
        stamps["reason"] = "test"
    if state == "closed":
        stamps |= {"planned_at": NOW, "written_at": NOW, "closed_at": NOW}
    return stamps


def _message_stamps(state: str) -> dict[str, Any]:
    columns = {
        "in_review": "written_at",
        "approved": "approved_at",
        "handed_over": "handed_over_at",
        "closed": "closed_at",
    }
    stamps = _stamps(state, columns)
    if "approved_at" in stamps:
        stamps["release_at"] = NOW
    if state == "closed":
        stamps |= dict.fromkeys((*columns.values(), "release_at"), NOW)
        stamps.pop("planned_at", None)
    return stamps
