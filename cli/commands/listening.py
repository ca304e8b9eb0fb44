"""Commands that take in what comes back: one mail at a time from a mail server, or what lies in a mailbox."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from cli.output import AsJson, err, say
from cli.place import opened
from engine import clock, rounds
from engine.errors import InvalidInput
from engine.links import Links
from engine.listen.letters import Taken, take_mail
from engine.listen.mail import LARGEST_MAIL
from engine.secret import open_secret

listen = typer.Typer(add_completion=False, no_args_is_help=True, help="Take in answers and bounces.")
# What mail servers read as "keep it and come back" (EX_TEMPFAIL).
TRY_AGAIN = 75
SENTENCES = {
    "bounce": "A bounce: it was recorded.",
    "reply": "A reply: it waits under Replies.",
    "known": "This mail was taken in before.",
    "left out": "A report about mail that is not ours: it was left out.",
}


@listen.callback()
def _listen() -> None:
    """Take in answers and bounces."""


@listen.command("mail")
def mail(
    file: Annotated[Path | None, typer.Argument(help="A mail in a file; without one it is read from a pipe.")] = None,
    to: Annotated[list[str] | None, typer.Option(help="Where the mail server says it was sent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take in one mail: an answer, or a mail server's report. For a pipe in the mail server."""
    raw = _read(file)
    try:
        taken = _take(raw, to or ())
    except DBAPIError as error:
        err.print(f"error: the database is away, try again: {type(error).__name__}", style="red", markup=False)
        raise typer.Exit(TRY_AGAIN) from error
    say(SENTENCES[taken.what], {"taken": taken.what}, as_json)


@listen.command("mailbox")
def mailbox(as_json: AsJson = False) -> None:
    """Take in what is unread in the mailbox that JUBILEE_IMAP_HOST names. The workers do so every minute."""
    with opened() as jubilee:
        taken = rounds.fetch_mail(jubilee)
    say(f"{taken:,} mails taken in.", {"taken": taken}, as_json)


def _take(raw: bytes, to: Sequence[str]) -> Taken:
    with opened() as jubilee:
        links = Links(open_secret(jubilee.settings), jubilee.settings.public_url)
        with jubilee.db.writing() as session:
            return take_mail(session, raw, links=links, now=clock.now(session), envelope_to=to)


def _read(file: Path | None) -> bytes:
    try:
        raw = file.read_bytes() if file else sys.stdin.buffer.read(LARGEST_MAIL + 1)
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from error
    if not raw.strip():
        raise InvalidInput("there is no mail: give a file, or send one through a pipe")
    if len(raw) > LARGEST_MAIL:
        raise InvalidInput(f"a mail of more than {LARGEST_MAIL // 1_000_000} MB is not taken")
    return raw
