"""A message as its customer would get it if it went now: composed by the same code that composes what goes, from a text
that may not even be saved. Nothing is stored and nothing goes.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.send.channels.sms import with_opt_out
from engine.send.composing import MAILED, Sheet, compose_sheet
from engine.send.duties import Duties
from engine.send.outgoing import OutgoingMessage
from engine.storage.models import ContactPoint, Message, Person
from engine.write.approval import Draft
from engine.write.signing import Texts, signed

NOBODY = UUID(int=0)  # stands for a delivery that there is none of, and in a test for the customer
_UNDECIDED = ("draft", "in_review")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """In whose name this installation writes, and what it puts into everything it sends."""

    company: str
    team: str
    duties: Duties


def as_it_would_go(
    session: Session,
    draft: Draft,
    channel: str,
    letterhead: Letterhead,
    *,
    person: Person | None,
    unsaved: Texts | None = None,
) -> OutgoingMessage:
    """The message by this channel, signed by `person`, with texts that were not saved in place of the stored ones.

    Its links are nobody's: a page that many may look at must not hold what decides for a customer.
    One that was decided is signed already, by whoever let it go. Raises CannotCompose.
    """
    sheet = sheet_of(session, draft, channel, person=person, unsaved=unsaved)
    nobodys = replace(sheet, customer_id=NOBODY, message_id=NOBODY)
    made = compose_sheet(nobodys, company=letterhead.company, team=letterhead.team, duties=letterhead.duties)
    outgoing = replace(made, message_id=sheet.message_id)
    if channel != "sms":
        return outgoing
    text = with_opt_out(outgoing.text, outgoing.address, family=outgoing.family, locale=outgoing.locale)
    return replace(outgoing, text=text)


def sheet_of(
    session: Session, draft: Draft, channel: str, *, person: Person | None, unsaved: Texts | None = None
) -> Sheet:
    """What it would be composed from."""
    message, customer = draft.material.message, draft.material.customer
    approver = person if message.state in _UNDECIDED else _approver(session, message)
    point = _point(session, message, channel)
    texts = {**draft.revision.texts, **(unsaved or {})}
    name = approver.name if approver else None
    return Sheet(
        id=NOBODY,
        channel=channel,
        address=point.address if point else "",
        message_id=message.id,
        occasion=message.occasion,
        family=message.family,
        customer_id=message.customer_id,
        texts=signed(texts, draft.mission, draft.signer(name), draft.revision.locale),
        locale=draft.revision.locale,
        external_id=customer.external_id,
        first_name=customer.first_name,
        last_name=customer.last_name,
        approver=name,
        approver_email=approver.email if approver else None,
        heard_at=point.heard_at if point else None,
    )


def mailed_by(channel: str) -> str:
    """The channel that carries the text of a mail as a mail: the message's own, if it is one of these."""
    return channel if channel in MAILED else "email"


def _approver(session: Session, message: Message) -> Person | None:
    return session.get(Person, message.approved_by) if message.approved_by else None


def _point(session: Session, message: Message, channel: str) -> Any:
    """The address that claiming would take: the oldest that can be used."""
    return session.execute(
        select(ContactPoint.address, ContactPoint.heard_at)
        .where(ContactPoint.customer_id == message.customer_id, ContactPoint.channel == channel, ContactPoint.usable)
        .order_by(ContactPoint.id)
        .limit(1)
    ).first()
