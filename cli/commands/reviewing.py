"""Commands for the queue: look, approve, skip, and ask why."""

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.given import person_of
from cli.output import AsJson, err, fail, out, say, show
from cli.place import opened
from engine import clock
from engine.errors import JubileeError, NotFound
from engine.review import decisions
from engine.review.queue import one
from engine.review.queue import queue as queued
from engine.review.views import MessageView
from engine.storage.models import Customer, Message
from engine.why import why as explain

Limit = Annotated[int, typer.Option(min=1, max=1_000, help="How many to show.")]
Ids = Annotated[
    list[UUID], typer.Argument(metavar="MESSAGE...", help="Ids of messages, as `jubilee queue` shows them.")
]
As = Annotated[str, typer.Option("--as", metavar="EMAIL", help="The e-mail of the person who decides.")]


def queue(limit: Limit = 20, as_json: AsJson = False) -> None:
    """Show what waits for a person, by deadline and weight: drafts to read, and questions to answer."""
    with opened() as jubilee, jubilee.db.reading() as session:
        items = queued(session, now=clock.now(session), limit=limit)
    if not items and not as_json:
        out.print("Nothing waits for a person.")
        return
    show(
        ("deadline (UTC)", "customer", "what", "goes out", "weight", "tone", "message"),
        [
            (
                f"{item.deadline_at:%d %b %H:%M}",
                item.customer_name,
                f"{item.title}: {item.why}",
                f"{item.send_at} {item.zone}",
                item.weight,
                "a question" if item.question else item.worst,
                item.message_id,
            )
            for item in items
        ],
        items,
        as_json,
    )


def approve(messages: Ids, person: As, as_json: AsJson = False) -> None:
    """Approve messages as a person who has read them. One that is refused does not stop the others.

    Shows every text that the approval covers: the one that goes, and those that would go if a channel refused it.
    """
    approved, waiting = list[UUID](), list[UUID]()
    refused, covered = dict[UUID, str](), dict[str, object]()
    with opened() as jubilee:
        seconds = jubilee.settings.release_seconds
        for message_id in messages:
            try:
                with jubilee.db.writing() as session:
                    reader, now = person_of(session, person), clock.now(session)
                    version = _version(session, message_id)
                    view = one(session, message_id, now=now, person=reader, offered=jubilee.offered)
                    seen = tuple(dict.fromkeys(way.text for way in view.ways))
                    message = decisions.approve(
                        session, message_id, version=version, person=reader, now=now, release_seconds=seconds, seen=seen
                    )
                    gone = message.state == "approved"
                (approved if gone else waiting).append(message_id)
                covered[str(message_id)] = [{"channel": way.channel, "text": way.text} for way in view.ways]
                if not as_json:
                    _print_texts(view)
            except JubileeError as error:
                refused[message_id] = str(error)
    for message_id in waiting if not as_json else ():
        out.print(f"{message_id}: your approval is noted. Its trigger wants a second reader, whose word lets it go.")
    if approved or as_json:
        say(
            f"Approved {len(approved)}. It can be undone for {seconds} seconds.",
            {
                "approved": approved,
                "waiting_for_a_second_reader": waiting,
                "refused": {str(key): reason for key, reason in refused.items()},
                "covers": covered,
            },
            as_json,
        )
    for message_id, reason in refused.items():
        err.print(f"error: {message_id}: {reason}", style="red", markup=False, soft_wrap=True)
    if refused:
        raise typer.Exit(1)


def skip(
    message: Annotated[UUID, typer.Argument(help="The id of the message.")],
    reason: Annotated[str, typer.Option(help="Why it shall not go; kept, and shown on the customer's page.")],
    person: As,
    as_json: AsJson = False,
) -> None:
    """Decide that a message shall not go, and say why."""
    with opened() as jubilee, jubilee.db.writing() as session:
        decisions.skip(
            session,
            message,
            version=_version(session, message),
            reason=reason,
            person=person_of(session, person),
            now=clock.now(session),
        )
    say("Skipped.", {"skipped": message, "reason": reason}, as_json)


def why(
    customer: Annotated[str, typer.Argument(help="The customer's id, as your own systems know it.")],
    as_json: AsJson = False,
) -> None:
    """Say why a customer did, or did not, get what they got."""
    with opened() as jubilee, jubilee.db.reading() as session:
        found = session.scalar(select(Customer).where(Customer.external_id == customer))
        if found is None:
            fail(f"there is no customer {customer}")
        lines = explain(session, found, now=clock.now(session), triggers=jubilee.triggers(session))
    if not lines and not as_json:
        out.print("Nothing was spotted for this customer yet.")
        return
    show(("when (UTC)", "what"), [(f"{line.at:%Y-%m-%d %H:%M}", line.text) for line in lines], lines, as_json)


def _print_texts(view: MessageView) -> None:
    """The texts of a message in the order in which they would go, each with the channels that carry it."""
    name = view.item.customer_name or view.item.external_id
    for text in dict.fromkeys(way.text for way in view.ways):
        channels = ", then ".join(way.channel for way in view.ways if way.text == text)
        said = view.preview[text]
        lines = [f"{name}, by {channels}:", said.get("subject"), said.get("body"), ""]
        out.print("\n".join(line for line in lines if line is not None), markup=False, soft_wrap=True)


def _version(session: Session, message_id: UUID) -> int:
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound(f"there is no message {message_id}")
    return message.version
