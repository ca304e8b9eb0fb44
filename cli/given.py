"""What several commands are given, read the same everywhere: an instant, and the person in whose name it is done."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.output import fail
from engine.errors import NotFound
from engine.storage.models import Person


def instant(text: str, option: str) -> datetime:
    """An instant with its zone. Ends the command where it cannot be meant, by the name of the option."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option}: {text!r} is no time; write 2026-02-14T03:00:00Z")
    if at.tzinfo is None:
        fail(f"{option}: {text!r} names no time zone; add Z for UTC, or +01:00")
    return at.astimezone(UTC)


def person_of(session: Session, email: str) -> Person:
    """Who works here under this e-mail. Raises NotFound."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower(), Person.active))
    if person is None:
        raise NotFound(f"--as: nobody here has the e-mail {email}")
    return person
