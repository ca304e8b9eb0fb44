"""Makes the finished message that a channel is given, from the approved revision and the customer's address."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.channel_terms import text_kind
from engine.errors import JubileeError
from engine.send.channels import Channels
from engine.send.outgoing import OutgoingMessage
from engine.storage.models import Customer, Delivery, Message, Person, Revision
from engine.write.markdown import lay_out_email, to_html, to_text
from engine.write.signing import SENDER, SIGNATURE

_FOOTERS = {
    "en": "You receive this because you are a customer of {company}. Just answer if you would rather not hear from us.",
    "de": "Du bekommst das, weil du bei {company} Kunde bist. Antworte einfach, wenn du nichts mehr hören möchtest.",
    "es": "Recibes esto porque eres cliente de {company}. Si prefieres no recibir más mensajes, basta con responder.",
}


class CannotCompose(JubileeError):
    """The approved message cannot be made into one that a channel carries."""


def compose(
    session: Session, delivery_ids: Sequence[UUID], channels: Channels, *, company: str, team: str
) -> dict[UUID, OutgoingMessage | CannotCompose]:
    """Delivery id -> message, in the wording that was approved, or why there is none."""
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.channel,
            Delivery.address,
            Delivery.message_id,
            Message.occasion,
            Revision.texts,
            Revision.locale,
            Customer.first_name,
            Customer.last_name,
            Person.name.label("approver"),
        )
        .join(Message, Message.id == Delivery.message_id)
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .outerjoin(Person, Person.id == Message.approved_by)
        .where(Delivery.id.in_(delivery_ids))
    )
    return {row.id: _composed(row, channels, company, team) for row in rows}


def footer_of(company: str, locale: str) -> str:
    """What stands under every mail, in the language of its text."""
    return _FOOTERS.get(locale[:2], _FOOTERS["en"]).format(company=company)


def _composed(row: Any, channels: Channels, company: str, team: str) -> OutgoingMessage | CannotCompose:
    try:
        return _compose(row, channels, company, team)
    except CannotCompose as why:
        return why
    except Exception as error:  # of one message; the others shall go
        return CannotCompose(type(error).__name__)


def _compose(row: Any, channels: Channels, company: str, team: str) -> OutgoingMessage:
    """Nobody's name stands under what they did not read: without an approver it is the team's."""
    if row.channel not in channels:
        raise CannotCompose(f"no channel {row.channel}")
    texts = row.texts or {}
    kind = text_kind(row.channel, texts)
    if kind is None:
        raise CannotCompose(f"no text for {row.channel}")
    text = texts[kind]
    subject, body = text.get("subject") or "", text["body"]
    if any(mark in subject or mark in body for mark in (SIGNATURE, SENDER)):
        raise CannotCompose("unsigned")
    plain = to_text(body)
    footer = footer_of(company, row.locale)
    return OutgoingMessage(
        message_id=row.message_id,
        delivery_id=row.id,
        address=row.address,
        recipient_name=" ".join(name for name in (row.first_name, row.last_name) if name),
        sender_name=f"{row.approver or team}, {company}",
        subject=subject,
        text=plain,
        html=lay_out_email(to_html(body), subject, _second_line(plain), footer, row.locale),
        occasion=row.occasion,
    )


def _second_line(text: str) -> str:
    """What the inbox shows beside the subject: the first line after the greeting."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[1][:120] if len(lines) > 1 else ""
