"""What a person says of an answer whose fate nobody knows. Each word of theirs is audited."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, update
from sqlalchemy.orm import Session

from engine.answer.writing import ANSWER, ROLE
from engine.bell import ring
from engine.errors import Conflict, NotFound
from engine.listen.threads import REDIRECTED
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.storage.models import Answer, Person


def say_arrived(session: Session, answer_id: UUID, *, person: Person, now: datetime) -> None:
    """The customer has it. Raises Conflict where more is known by now."""
    _say(session, answer_id, person, {"state": "accepted", "accepted_at": now, "reason": _kept_reason()})
    record(session, _doer(person), "say_answer_arrived", session.get_one(Answer, answer_id), now=now)


def say_lost(session: Session, answer_id: UUID, *, person: Person, now: datetime) -> None:
    """The customer does not have it: it goes again, after every check."""
    _say(session, answer_id, person, {"state": "waiting", "release_at": now, "attempts": 0, "reason": None})
    record(session, _doer(person), "say_answer_lost", session.get_one(Answer, answer_id), now=now)
    ring(session, ANSWER)


def _say(session: Session, answer_id: UUID, person: Person, values: dict[str, object]) -> None:
    require(person, ROLE)
    answer = session.get(Answer, answer_id)
    if answer is None:
        raise NotFound("There is no such answer.")
    said = update(Answer).where(Answer.id == answer_id, Answer.state == "unconfirmed").values(values)
    if not session.scalar(said.returning(Answer.id)):
        raise Conflict(f"It is known by now what became of this answer: {answer.state}.")


def _kept_reason() -> ColumnElement[str | None]:
    """Why nobody knew is over; that it went to the test address is not."""
    return case((Answer.reason == REDIRECTED, REDIRECTED), else_=None)


def _doer(person: Person) -> Doer:
    return Doer(person.name, person.id)
