"""Fetches mail from a mailbox by IMAP. A mail is marked as seen only when what it says was committed, so that none is
lost; its id keeps one that is fetched twice from counting twice.
"""

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import DBAPIError

from engine import clock
from engine.errors import JubileeError
from engine.links import Links
from engine.listen.letters import take_mail
from engine.listen.mail import LARGEST_MAIL
from engine.storage.session import Database

log = structlog.get_logger()

TIMEOUT_SECONDS = 20
MOST_A_ROUND = 500
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class ImapSettings(BaseSettings):
    """The mailbox that answers and bounces come to; docs/how-to/receipts-and-replies.md is checked against this."""

    model_config = SettingsConfigDict(env_prefix="JUBILEE_IMAP_", extra="ignore", frozen=True)

    host: str = Field("", description="The mail server; empty: no mailbox is looked at")
    port: int = Field(993, ge=1, le=65535, description="Its port: 993 for tls, 143 for starttls")
    user: str = Field("", description="Whose mailbox it is")
    password: str = Field("", description="That user's password")
    folder: str = Field("INBOX", description="The folder to look at; unread mails in it are taken and marked as read")
    tls: Literal["tls", "starttls", "none"] = Field("tls", description="tls, starttls, or none for a local server")


class MailboxAway(JubileeError):
    """The mailbox cannot be reached."""


Enough = Callable[[], bool]


def fetch_mail(db: Database, links: Links, settings: ImapSettings, *, enough: Enough = lambda: False) -> int:
    """Take what is unread; how many mails. Raises MailboxAway where the server cannot be reached or refuses us."""
    taken = 0
    with _opened(settings) as box:
        for number in _unread(box)[:MOST_A_ROUND]:
            if enough():
                break
            taken += _take(db, links, box, number)
            _checked(box.uid("STORE", number, "+FLAGS", r"(\Seen)"), "mark a mail as read")
    return taken


def _take(db: Database, links: Links, box: imaplib.IMAP4, number: str) -> int:
    """Each mail in a transaction of its own. One that cannot be taken stays in the mailbox, as a read one."""
    raw = _body(box, number)
    if raw is None:
        log.warning("mail_too_large", uid=number)
        return 0
    try:
        with db.writing() as session:
            taken = take_mail(session, raw, links=links, now=clock.now(session))
    except DBAPIError:
        raise  # the database is away: it stays unread
    except Exception as error:
        log.exception("mail_not_taken", uid=number, error=type(error).__name__)
        return 0
    return int(taken.what != "left out")


def _unread(box: imaplib.IMAP4) -> list[str]:
    found = _checked(box.uid("SEARCH", "UNSEEN"), "look for unread mail")
    return found[0].decode("ascii").split() if found and found[0] else []


def _body(box: imaplib.IMAP4, number: str) -> bytes | None:
    """The mail as it is; None where it is larger than any answer, or has gone. Looking at it does not mark it."""
    sizes = _checked(box.uid("FETCH", number, "(RFC822.SIZE)"), "ask for the size of a mail")
    size = _SIZE.search(b" ".join(part if isinstance(part, bytes) else part[0] for part in sizes if part))
    if size is None or int(size.group(1)) > LARGEST_MAIL:
        return None
    answer = _checked(box.uid("FETCH", number, "(BODY.PEEK[])"), "fetch a mail")
    return next((part[1] for part in answer if isinstance(part, tuple)), None)


@contextmanager
def _opened(settings: ImapSettings) -> Iterator[imaplib.IMAP4]:
    try:
        box = _connected(settings)
        try:
            box.login(settings.user, settings.password)
            _checked(box.select(_quoted(settings.folder)), f"open the folder {settings.folder}")
            yield box
        finally:
            _leave(box)
    except imaplib.IMAP4.error as error:
        raise MailboxAway(f"JUBILEE_IMAP_*: the mail server refuses: {error}") from error
    except OSError as error:
        raise MailboxAway(f"JUBILEE_IMAP_HOST: {settings.host} cannot be reached: {error}") from error


def _connected(settings: ImapSettings) -> imaplib.IMAP4:
    trusted = ssl.create_default_context()
    if settings.tls == "tls":
        return imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=trusted, timeout=TIMEOUT_SECONDS)
    box = imaplib.IMAP4(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    if settings.tls == "starttls":
        box.starttls(trusted)
    return box


def _leave(box: imaplib.IMAP4) -> None:
    try:
        box.logout()
    except (imaplib.IMAP4.error, OSError):
        return


def _checked(answer: tuple[str, list[Any]], what: str) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"could not {what}")
    return data


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
