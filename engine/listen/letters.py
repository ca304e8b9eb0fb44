"""Takes a mail from outside, whichever way it came: a report of a mail server becomes receipts, all else a reply."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from engine.links import Links
from engine.listen.dsn import is_report, read_bounces
from engine.listen.incoming import of_mail
from engine.listen.mail import Mail, read_mail
from engine.listen.receipts import store
from engine.listen.replies import store_reply


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail. A report about mails that are not ours, and a mail that nobody wrote, are left out."""

    what: Literal["bounce", "reply", "known", "left out"]


def take_mail(session: Session, raw: bytes, *, links: Links, now: datetime, envelope_to: Iterable[str] = ()) -> Taken:
    """Record what this mail says; taken twice it changes nothing."""
    return take(session, read_mail(raw, envelope_to=envelope_to), links=links, now=now)


def take(session: Session, mail: Mail, *, links: Links, now: datetime) -> Taken:
    """The same of a mail that was read already."""
    if bounces := read_bounces(mail, links.read_reply_address, now=now):
        return Taken("bounce" if store(session, bounces, now=now) else "known")
    if is_report(mail) or not mail.from_address:
        return Taken("left out")
    return Taken("reply" if store_reply(session, of_mail(mail, links), now=now) else "known")
