"""Hands a draft over to a colleague or to the team, with a note for whoever goes on writing. The colleague is told."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.ids import new_id
from engine.notices.telling import News, tell
from engine.people.accounts import require
from engine.people.deciding import may_decide
from engine.review.assigning import assign
from engine.storage.models import Message, Person

ROLE = "agent"
KIND = "handed_over"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may approve messages."""

    id: UUID
    name: str


def hand_over(
    session: Session, message_id: UUID, *, to: UUID | None, note: str, person: Person, now: datetime
) -> Message:
    """Give it to this colleague, or to the team where `to` is None. Raises InvalidInput without a note: who goes on
    should not have to guess."""
    require(person, ROLE)
    if not note.strip():
        raise InvalidInput("note: say in a few words what whoever goes on should know.")
    message = assign(session, message_id, to=to, note=note, person=person, now=now)
    if to is not None and to != person.id:
        news = News(
            key=f"{KIND}:{new_id()}",
            kind=KIND,
            subject="A colleague handed you a draft",
            body=f"{person.name} handed you a draft, with a note. It waits for you.",
            path=f"/messages/{message_id}",
            person_id=to,
        )
        tell(session, news, now=now)
    return message


def colleagues(session: Session, besides: UUID | None = None) -> list[Colleague]:
    """Everybody who may approve messages, by name; not `besides`, who asks."""
    rows = session.execute(
        select(Person.id, Person.name).where(may_decide(), Person.id != besides).order_by(Person.name)
    )
    return [Colleague(*row) for row in rows]
