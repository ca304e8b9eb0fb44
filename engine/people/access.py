"""The links by which people set their own password: an invitation, or a reset.

A link is 256 random bits that work once and not for long. Only their hash is kept, and a newer link voids those before
it. What goes by mail is made when it goes (engine/notices/carrying.py), so that nothing stored opens an account. Their
hours run by the machine's clock.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.ids import new_id
from engine.notices.telling import News, tell
from engine.people.audit import Doer, record
from engine.people.passwords import NO_PASSWORD
from engine.people.visits import end_all
from engine.storage.models import AccessLink, Notice, Person

Purpose = Literal["invite", "reset"]
LIFETIME: dict[Purpose, timedelta] = {"invite": timedelta(hours=72), "reset": timedelta(hours=1)}
PATH = "/access"
# Whoever asks again sooner gets no second mail: nobody shall fill a colleague's mailbox, or void link after link.
NOT_AGAIN_WITHIN = timedelta(minutes=5)
_LONGEST = 200
_WORDS: dict[Purpose, tuple[str, str]] = {
    "invite": (
        "You are invited to Jubilee",
        "You have an account with Jubilee now. Follow the link to set your password; it works once, for three days.",
    ),
    "reset": (
        "Set a new password for Jubilee",
        "Somebody, most likely you, asked for a new password. Follow the link to set one; it works once, for an hour. "
        "If it was not you, nothing has changed and nothing needs to be done.",
    ),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose link it is; `first`: they set their first password."""

    name: str
    email: str
    first: bool


class DeadLink(NotFound):
    """This link does not work any more: it was used, a newer one was made, or its time is over. Ask for another."""


def purpose_for(person: Person) -> Purpose:
    """Somebody who has no password yet is invited again; all others reset theirs."""
    return "invite" if person.password_hash == NO_PASSWORD else "reset"


def ask_for_link(session: Session, person: Person, *, doer: Doer, now: datetime) -> None:
    """Have a link sent to them by whatever carries notices."""
    purpose = purpose_for(person)
    subject, body = _WORDS[purpose]
    news = News(f"{purpose}:{person.id}:{new_id()}", purpose, subject, body, path=PATH, person_id=person.id)
    tell(session, news, now=now)
    record(session, doer, "send_link", person, now=now, purpose=purpose)


def ask_by_email(session: Session, email: str, *, now: datetime) -> bool:
    """What somebody who forgot their password asks for. Whether anything was sent is never told to them."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower(), Person.active))
    if person is None or _was_asked(session, person.id, since=now - NOT_AGAIN_WITHIN):
        return False
    ask_for_link(session, person, doer=Doer("the sign-in page"), now=now)
    return True


def make_link(
    session: Session,
    person_id: UUID,
    purpose: Purpose,
    *,
    machine: datetime,
    created_by: UUID | None = None,
) -> str:
    """A new link's secret, which can never be read again; the links before it are void."""
    _void(session, person_id, machine)
    secret = secrets.token_urlsafe(32)
    session.add(
        AccessLink(
            person_id=person_id,
            purpose=purpose,
            secret_hash=_hash(secret),
            created_by=created_by,
            created_at=machine,
            expires_at=machine + LIFETIME[purpose],
        )
    )
    session.flush()
    return secret


def address_of(public_url: str, secret: str) -> str:
    """The link itself."""
    return f"{public_url.rstrip('/')}{PATH}/{secret}"


def holder(session: Session, secret: str, *, machine: datetime) -> Holder:
    """Whose link this is. Changes nothing. Raises DeadLink where it opens nothing, whyever."""
    person = session.scalar(
        select(Person).join(AccessLink, AccessLink.person_id == Person.id).where(_works(secret, machine), Person.active)
    )
    if person is None:
        raise DeadLink
    return Holder(person.name, person.email, person.password_hash == NO_PASSWORD)


def use_link(session: Session, secret: str, password_hash: str, *, now: datetime, machine: datetime) -> Person:
    """Set the password, once: of two who try at the same time one is told DeadLink. Every visit of theirs ends."""
    used = update(AccessLink).where(_works(secret, machine)).values(used_at=machine)
    row = session.execute(used.returning(AccessLink.person_id, AccessLink.purpose)).one_or_none()
    if row is None:
        raise DeadLink
    end_all(session, row.person_id, machine=machine)
    person = session.get_one(Person, row.person_id)
    if not person.active:
        raise DeadLink
    person.password_hash = password_hash
    _void(session, person.id, machine)
    record(session, Doer(person.name, person.id), "set_password", person, now=now, link=row.purpose)
    session.flush()
    return person


def _works(secret: str, machine: datetime) -> ColumnElement[bool]:
    unused = and_(AccessLink.used_at.is_(None), AccessLink.expires_at > machine)
    return and_(AccessLink.secret_hash == _hash(secret[:_LONGEST]), unused)


def _void(session: Session, person_id: UUID, machine: datetime) -> None:
    older = and_(AccessLink.person_id == person_id, AccessLink.used_at.is_(None), AccessLink.expires_at > machine)
    session.execute(update(AccessLink).where(older).values(expires_at=machine))


def _was_asked(session: Session, person_id: UUID, *, since: datetime) -> bool:
    asked = select(Notice.id).where(
        Notice.person_id == person_id, Notice.created_at > since, Notice.kind.in_(tuple(LIFETIME))
    )
    return session.scalar(asked.limit(1)) is not None


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
