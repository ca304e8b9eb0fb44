"""The command that erases a customer."""

from typing import Annotated

import typer

from cli.output import AsJson, err, say
from cli.place import opened
from engine import clock
from engine.people.audit import Doer, record
from engine.record.erasing import customer_named
from engine.record.erasing import erase as erase_customer
from engine.storage.models import Customer

STILL_IN_LOG = "Somebody is reading the database: its log, the file ending in -wal, holds more until Jubilee stops."


def erase(
    customer: Annotated[str, typer.Argument(help="The customer's id, as your own systems know it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what identifies a customer, for good. What is on its way is stopped."""
    with opened() as jubilee:
        with jubilee.db.reading() as session:
            customer_named(session, customer)
        if not yes:
            typer.confirm(f"Erase customer {customer}? This cannot be undone", abort=True, err=True)
        with jubilee.db.writing() as session:
            now = clock.now(session)
            customer_id = customer_named(session, customer)
            erased = erase_customer(session, customer_id, now=now)
            record(session, Doer("command line"), "erased", session.get_one(Customer, customer_id), now=now)
        for channel in jubilee.channels.values():  # those that keep copies of their own
            if forget := getattr(channel, "forget", None):
                for kept_id in erased.kept_ids:
                    forget(kept_id)
        if not jubilee.db.empty_log():
            err.print(STILL_IN_LOG, markup=False, soft_wrap=True)
    done = {"messages": len(erased.message_ids), "stopped": erased.stopped}
    say(f"Erased. Of {done['messages']} messages {done['stopped']} were stopped.", done, as_json)
