"""The outcomes that the company looks for, for marketing to name, change and retire."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import Conflict, InvalidInput
from engine.insight import outcomes as room
from engine.storage.models import Person
from web.errors import status_of
from web.forms import Version
from web.names import read_name
from web.pages import show
from web.place import Here, Reading
from web.visitors import Auditing, SignedIn

router = APIRouter(prefix="/insight/outcomes")


class Fields(BaseModel):
    """The form, as it was sent."""

    name: str = ""
    event: str = ""
    property: str = ""
    value: str = ""
    within_days: str = "60"
    good: str = "yes"

    def terms(self) -> room.Terms:
        """Raises InvalidInput where the days are no number."""
        try:
            days = int(self.within_days)
        except ValueError as error:
            raise InvalidInput("within_days: write a number of days.") from error
        return room.Terms(self.name, read_name(self.event), days, self.good == "yes", self.property, self.value)


Sent = Annotated[Fields, Form()]


@router.get("")
def show_outcomes(request: Request, session: Reading, _: SignedIn) -> Response:
    """What is looked for, with the form for one more."""
    return _page(request, session)


@router.post("")
def add(request: Request, place: Here, visitor: Auditing, fields: Sent) -> Response:
    """Look for one more."""
    try:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            made = room.add_outcome(session, fields.terms(), person=person, now=now)
    except (Conflict, InvalidInput) as error:
        with place.db.reading() as session:
            return _page(request, session, fields=fields, complaint=error)
    return RedirectResponse(f"/insight/outcomes#{made.id}", 303)


@router.post("/{outcome_id}")
def change(
    request: Request, place: Here, visitor: Auditing, outcome_id: UUID, version: Version, fields: Sent
) -> Response:
    """Say one otherwise."""
    try:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            room.change_outcome(session, outcome_id, fields.terms(), version=version, person=person, now=now)
    except (Conflict, InvalidInput) as error:
        with place.db.reading() as session:
            return _page(request, session, fields=fields, of=outcome_id, complaint=error)
    return RedirectResponse(f"/insight/outcomes#{outcome_id}", 303)


@router.post("/{outcome_id}/retire")
def retire(place: Here, visitor: Auditing, outcome_id: UUID, version: Version) -> Response:
    """Look for it no more, or again."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        room.retire_outcome(session, outcome_id, version=version, person=person, now=now)
    return RedirectResponse(f"/insight/outcomes#{outcome_id}", 303)


def _page(
    request: Request,
    session: Session,
    *,
    fields: Fields | None = None,
    of: UUID | None = None,
    complaint: InvalidInput | Conflict | None = None,
) -> Response:
    """`fields` are what was tried with the outcome `of`, or with a new one."""
    values: dict[str, Any] = {
        "outcomes": room.outcomes(session, retired=True),
        "events": room.known_events(session),
        "fields_tried": fields or Fields(),
        "of": of,
        "complaint": str(complaint or ""),
        "tab": "effect",
    }
    return show(request, "insight_outcomes.html", values, status=status_of(complaint) if complaint else 200)
