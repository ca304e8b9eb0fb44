"""What the forms of both kinds of call say, and what is done with it: written down, refused, solved."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form
from sqlalchemy.orm import Session

from engine import clock
from engine.dates.zones import first_instant
from engine.errors import Conflict, InvalidInput
from engine.people.audit import Doer, record
from engine.record.complaints import Solution, complaint_of, solve_complaint
from engine.send.call_outcomes import Outcome
from engine.send.unhappy_calls import customer_of_call, key_of, note_unhappy_call
from engine.storage.models import Customer, Person, Problem
from web.place import Place
from web.reply_page import known_triggers
from web.visitors import Visitor

Short = Annotated[str, Form(max_length=1_000)]


@dataclass(frozen=True, slots=True)
class Said:
    """What the form of a call says."""

    outcome: str
    tries: int
    note: str
    again: str
    unhappy: bool

    def checked(self, visitor: Visitor) -> Outcome:
        """As an outcome; `again` is on the agent's own clock. Raises InvalidInput."""
        return Outcome(self.outcome, self.tries, self.note.strip() or None, _again(self.again, visitor))


def _said(
    outcome: Annotated[str, Form()],
    tries: Annotated[int, Form(ge=0)],
    note: Annotated[str, Form(max_length=2_000)] = "",
    again: Annotated[str, Form(max_length=30)] = "",
    unhappy: Annotated[bool, Form()] = False,
) -> Said:
    return Said(outcome, tries, note, again, unhappy)


Given = Annotated[Said, Depends(_said)]
NOTHING = Said("", 0, "", "", False)


def written(
    place: Place, visitor: Visitor, call_id: UUID, said: Said, act: Callable[[Session, Person], None]
) -> Conflict | InvalidInput | None:
    """Write it down, with the problem that an unhappy customer has now; what was refused, if anything was."""
    try:
        with place.db.writing() as session:
            person = session.get_one(Person, visitor.id)
            act(session, person)
            if said.unhappy:
                now = clock.now(session)
                note_unhappy_call(session, call_id, person=person, triggers=known_triggers(session), now=now)
    except (Conflict, InvalidInput) as error:
        return error
    return None


def solve(place: Place, visitor: Visitor, call_id: UUID, solution: Solution) -> None:
    """What made the customer unhappy is over. Raises Conflict where no problem is open."""
    with place.db.writing() as session:
        customer_id = customer_of_call(session, call_id)
        if customer_id is None:
            raise Conflict("No problem is open here.")
        person, known, now = session.get_one(Person, visitor.id), known_triggers(session), clock.now(session)
        solve_complaint(session, customer_id, key_of(call_id), solution, triggers=known, now=now)
        doer = Doer(person.name, person.id)
        record(session, doer, "solve_complaint", session.get_one(Customer, customer_id), now=now)


def unhappy(session: Session, call_id: UUID) -> Problem | None:
    """The problem that a call left, if its customer was unhappy."""
    customer_id = customer_of_call(session, call_id)
    return complaint_of(session, customer_id, key_of(call_id)) if customer_id else None


def answered(
    session: Session, visitor: Visitor, call_id: UUID, said: Said | None, refused: Conflict | InvalidInput | None
) -> dict[str, Any]:
    """What the page of any call shows of its form: as it was filled in, where it comes back."""
    return {
        "unhappy": unhappy(session, call_id),
        "written": said or NOTHING,
        "complaint": str(refused) if refused else "",
        "now": clock.now(session),
        "my_zone": visitor.zone,
    }


def status_after(refused: Conflict | InvalidInput | None) -> int:
    """The status of a page that comes back."""
    return 200 if refused is None else 409 if isinstance(refused, Conflict) else 422


def _again(text: str, visitor: Visitor) -> datetime | None:
    """On the agent's own clock, as the field of the form shows it."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput("Try again at: this is no day and time.") from None
    return first_instant(at.date(), at.time().replace(tzinfo=None), visitor.zone)
