"""What the company's own app asks: a customer's in-app messages, how many are unread, and that one was read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from engine import clock
from engine.send.inapp import messages_for_app, read_in_app, unread_for_app
from web.machines import machine
from web.outside import ForMachines
from web.place import Here, Reading

router = APIRouter(prefix="/api/inapp", route_class=ForMachines, dependencies=[Depends(machine("inapp"))])


class AppMessageOut(BaseModel):
    """One message. `html` is a fragment without scripts, styles or pictures."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    occasion: str
    family: str
    locale: str
    sender: str
    subject: str
    text: str
    html: str
    sent_at: datetime
    read_at: datetime | None


class AppMessages(BaseModel):
    """One page, newest first. `next`: give it as `before` to get the page after this one."""

    messages: list[AppMessageOut]
    unread: int
    next: UUID | None


class ReadReceipt(BaseModel):
    """`new` is false where it was known already."""

    id: UUID
    new: bool


@router.get("/{external_id:path}/messages")
def messages(
    session: Reading,
    place: Here,
    external_id: str,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> AppMessages:
    """One page of a customer's messages."""
    house = place.settings
    found, following = messages_for_app(
        session, external_id, company=house.company_name, team=house.team_name, before=before, limit=limit
    )
    return AppMessages(
        messages=[AppMessageOut.model_validate(one) for one in found],
        unread=unread_for_app(session, external_id),
        next=following,
    )


@router.post("/{external_id:path}/messages/{message_id}/read")
def read(place: Here, external_id: str, message_id: UUID) -> ReadReceipt:
    """The customer saw this message. Saying it again changes nothing."""
    with place.db.writing() as session:
        new = read_in_app(session, external_id, message_id, now=clock.now(session))
    return ReadReceipt(id=message_id, new=new)
