"""A mailbox is read over a real connection to a small IMAP server that remembers what was marked."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from engine.listen import mailbox
from engine.listen.mail import LARGEST_MAIL
from engine.listen.mailbox import ImapSettings, MailboxAway, fetch_mail
from engine.storage.models import Reply
from engine.storage.session import Database
from tests.engine.listen.letters import LINKS, letter

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "receipts-and-replies.md"


@dataclass
class Box:
    """The mails of the mailbox, and which of them were marked as read. `calls` are all commands, as they came."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)


class _Imap(socketserver.StreamRequestHandler):
    """As much of IMAP as one mailbox needs."""

    box: Box

    def handle(self) -> None:
        self.say("* OK ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.box.calls.append(command)
            if self.answer(command):
                self.say(f"{tag} OK done")
            else:
                self.say(f"{tag} NO refused")
            if command == "LOGOUT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def answer(self, command: str) -> bool:
        if command == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1")
        elif command.startswith("LOGIN"):
            return command == 'LOGIN ada "secret"'
        elif command.startswith("SELECT"):
            self.say(f"* {len(self.box.mails)} EXISTS")
        elif command.startswith("UID SEARCH"):
            self.say("* SEARCH " + " ".join(str(n) for n in self.box.mails if n not in self.box.seen))
        elif found := re.fullmatch(r"UID FETCH (\d+) \((.+)\)", command):
            self.fetch(int(found[1]), found[2])
        elif found := re.fullmatch(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", command):
            self.box.seen.add(int(found[1]))
        return True

    def fetch(self, number: int, what: str) -> None:
        mail = self.box.mails[number]
        if what == "RFC822.SIZE":
            self.say(f"* {number} FETCH (UID {number} RFC822.SIZE {self.box.sizes.get(number, len(mail))})")
        else:
            self.wfile.write(f"* {number} FETCH (UID {number} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")


@contextmanager
def serving(box: Box) -> Iterator[ImapSettings]:
    handler = type("Handler", (_Imap,), {"box": box})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            port = server.server_address[1]
            yield ImapSettings(host="127.0.0.1", port=port, user="ada", password="secret", tls="none")
        finally:
            server.shutdown()
            thread.join()


def mails(count: int) -> dict[int, bytes]:
    return {n: letter("hello@example.com", f"Number {n}", message_id=f"<{n}@example.org>") for n in range(1, count + 1)}


def kept(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Reply)) or 0


def test_unread_mails_are_taken_and_marked(db: Database) -> None:
    """A second look finds nothing."""
    box = Box(mails(3), seen={2})
    with serving(box) as settings:
        assert fetch_mail(db, LINKS, settings) == 2
        assert fetch_mail(db, LINKS, settings) == 0
    assert (kept(db), box.seen) == (2, {1, 2, 3})


def test_a_mail_is_not_marked_before_what_it_says_is_stored(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database goes away at the second one: that stays unread, and is taken the next time; nothing twice."""
    box, real, taken = Box(mails(3)), mailbox.take_mail, []

    def away_at_the_second(*args, **rest):  # type: ignore[no-untyped-def]
        taken.append(1)
        if len(taken) == 2:
            raise OperationalError("insert", {}, Exception("away"))
        return real(*args, **rest)

    monkeypatch.setattr(mailbox, "take_mail", away_at_the_second)
    with serving(box) as settings:
        with pytest.raises(OperationalError):
            fetch_mail(db, LINKS, settings)
        assert (kept(db), box.seen) == (1, {1})
        fetch_mail(db, LINKS, settings)
    assert (kept(db), box.seen) == (3, {1, 2, 3})


@pytest.mark.databases("sqlite")
def test_a_mail_that_was_stored_and_not_marked_counts_once(db: Database) -> None:
    """As if the process had died in between."""
    box = Box(mails(1))
    with serving(box) as settings:
        fetch_mail(db, LINKS, settings)
        box.seen.clear()
        fetch_mail(db, LINKS, settings)
    assert (kept(db), box.seen) == (1, {1})


@pytest.mark.databases("sqlite")
def test_a_mail_that_cannot_be_taken_keeps_no_other(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is marked and stays in the mailbox, as does one that is too large to be fetched."""
    box, real = Box(mails(3), sizes={1: LARGEST_MAIL + 1}), mailbox.take_mail

    def broken_at_two(session, raw, **rest):  # type: ignore[no-untyped-def]
        if b"Number 2" in raw:
            raise ZeroDivisionError
        return real(session, raw, **rest)

    monkeypatch.setattr(mailbox, "take_mail", broken_at_two)
    with serving(box) as settings:
        assert fetch_mail(db, LINKS, settings) == 1
    assert (kept(db), box.seen) == (1, {1, 2, 3})
    assert "UID FETCH 1 (BODY.PEEK[])" not in box.calls


@pytest.mark.databases("sqlite")
def test_a_mailbox_that_refuses_or_is_away_is_named(db: Database) -> None:
    """The error says which variables to look at."""
    with serving(Box()) as settings:
        wrong = settings.model_copy(update={"password": "wrong"})
        with pytest.raises(MailboxAway, match="JUBILEE_IMAP"):
            fetch_mail(db, LINKS, wrong)
    with pytest.raises(MailboxAway, match="JUBILEE_IMAP_HOST"):
        fetch_mail(db, LINKS, settings)


@pytest.mark.databases("sqlite")
def test_it_stops_when_it_is_enough(db: Database) -> None:
    """A worker that is asked to stop leaves the rest unread."""
    box = Box(mails(3))
    with serving(box) as settings:
        fetch_mail(db, LINKS, settings, enough=lambda: len(box.seen) >= 1)
    assert box.seen == {1}


def test_the_how_to_names_every_variable() -> None:
    """With its default and its meaning."""
    rows = re.findall(
        r"^\| `(JUBILEE_IMAP_\w+)` \| (?:`(.*?)`)? ?\| (.*?) \|$", HOW_TO.read_text("utf-8"), re.MULTILINE
    )
    wanted = [
        (f"JUBILEE_IMAP_{name.upper()}", str(one.default), one.description)
        for name, one in ImapSettings.model_fields.items()
    ]
    assert rows == wanted
