"""Commands for the queue: look, approve, skip, and ask why."""

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select

from cli.output import AsJson, fail, out, say, show
from cli.place import opened
from engine import clock
from engine.review.decisions import approve as approve_message
from engine.review.queue import queue as queued
from engine.storage.models import Customer, Message, Person
from engine.why import why as explain

Limit = Annotated[int, typer.Option(min=1, max=1_000, help="How many to show.")]
As = Annotated[str, typer.Option("--as", help="The e-mail of the person who approves.")]


def queue(limit: Limit = 20, as_json: AsJson = False) -> None:
    """Show the drafts that wait for a person, by deadline and weight."""
    with opened() as jubilee, jubilee.db.reading() as session:
        items = queued(session, now=clock.now(session), limit=limit)
    show(
        ("message", "customer", "why", "goes out", "weight"),
        [(item.message_id, item.customer_name, item.why, item.sends_at_local, item.weight) for item in items],
        [vars(item) if hasattr(item, "__dict__") else item.__dict__ for item in items],
        as_json,
    )


def approve(message: UUID, person: As, as_json: AsJson = False) -> None:
    """Approve one message as a person who has read it."""
    with opened() as jubilee, jubilee.db.writing() as session:
        approver = session.scalar(select(Person).where(Person.email == person.strip().lower()))
        if approver is None:
            fail(f"--as: nobody here has the e-mail {person}")
        row = session.get(Message, message)
        if row is None:
            fail(f"there is no message {message}")
        approve_message(
            session,
            message,
            version=row.version,
            person=approver,
            now=clock.now(session),
            release_seconds=jubilee.settings.release_seconds,
        )
    say(f"Approved. It can be undone for {jubilee.settings.release_seconds} seconds.", {"approved": message}, as_json)


def why(customer: str, as_json: AsJson = False) -> None:
    """Say why a customer did, or did not, get what they got."""
    with opened() as jubilee, jubilee.db.reading() as session:
        found = session.scalar(select(Customer).where(Customer.external_id == customer))
        if found is None:
            fail(f"there is no customer {customer}")
        lines = explain(session, found, now=clock.now(session))
    if not lines and not as_json:
        out.print("Nothing was spotted for this customer yet.")
        return
    show(("when", "what"), [(line.at, line.text) for line in lines], lines, as_json)
