"""Makes the finished message that a channel is given, from the approved revision and the customer's address."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, select
from sqlalchemy.orm import Session

from engine.channel_terms import POSTBOX, text_kind
from engine.errors import JubileeError
from engine.send.channels import Channels
from engine.send.duties import NO_DUTIES, Duties
from engine.send.footers import footer_html, footer_text
from engine.send.outgoing import ApprovedTemplate, OutgoingMessage
from engine.storage.models import ContactPoint, Customer, Delivery, Message, Person, Revision
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given
from engine.write.markdown import lay_out_email, to_both
from engine.write.signing import SENDER, SIGNATURE
from engine.write.text_files import FORMATS

# What carries a mail's text as a mail: these owe the footer. The webhook hands it to a mailer of the company's own.
MAILED = frozenset({"email", POSTBOX, "webhook"})

_SHEETS = (
    select(
        Delivery.id,
        Delivery.channel,
        Delivery.address,
        Delivery.message_id,
        Message.occasion,
        Message.family,
        Message.customer_id,
        Revision.texts,
        Revision.locale,
        Customer.external_id,
        Customer.first_name,
        Customer.last_name,
        Person.name.label("approver"),
        # Nobody reads the mail of somebody who has left.
        case((Person.active, Person.email)).label("approver_email"),
        ContactPoint.heard_at,
    )
    .join(Message, Message.id == Delivery.message_id)
    .join(Customer, Customer.id == Message.customer_id)
    .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
    .outerjoin(Person, Person.id == Message.approved_by)
    .outerjoin(
        ContactPoint,
        and_(
            ContactPoint.customer_id == Message.customer_id,
            ContactPoint.channel == Delivery.channel,
            ContactPoint.address == Delivery.address,
        ),
    )
    .where(is_given(Delivery.id))
)


@dataclass(frozen=True, slots=True)
class _House:
    """What is the same for every message of a batch."""

    channels: Container[str]
    company: str
    team: str
    duties: Duties


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one message is composed from, as it lies in the database; `id` is its delivery's, `approver` who signed."""

    id: UUID
    channel: str
    address: str
    message_id: UUID
    occasion: str
    family: str
    customer_id: UUID
    texts: Mapping[str, Mapping[str, Any]]
    locale: str
    external_id: str
    first_name: str | None
    last_name: str | None
    approver: str | None = None
    approver_email: str | None = None
    heard_at: datetime | None = None


class CannotCompose(JubileeError):
    """The approved message cannot be made into one that a channel carries."""


def compose(
    session: Session,
    delivery_ids: Sequence[UUID],
    channels: Channels,
    *,
    company: str,
    team: str,
    duties: Duties = NO_DUTIES,
) -> dict[UUID, OutgoingMessage | CannotCompose]:
    """Delivery id -> message, in the wording that was approved, or why there is none."""
    house = _House(channels, company, team, duties)
    rows = past_the_orm(session).execute(_SHEETS, given(delivery_ids))
    return {row.id: _composed(row, house) for row in rows}


def compose_sheet(sheet: Sheet, *, company: str, team: str, duties: Duties = NO_DUTIES) -> OutgoingMessage:
    """One message as its channel would be given it, byte for byte, whether it goes or not. Raises CannotCompose."""
    return _compose(sheet, _House({sheet.channel}, company, team, duties))


def _composed(row: Any, house: _House) -> OutgoingMessage | CannotCompose:
    try:
        return _compose(row, house)
    except CannotCompose as why:
        return why
    except Exception as error:  # of one message; the others shall go
        return CannotCompose(type(error).__name__)


def _compose(row: Any, house: _House) -> OutgoingMessage:
    """Nobody's name stands under what they did not read: without an approver it is the team's."""
    if row.channel not in house.channels:
        raise CannotCompose(f"no channel {row.channel}")
    texts = row.texts or {}
    kind = text_kind(row.channel, texts)
    if kind is None:
        raise CannotCompose(f"no text for {row.channel}")
    text = texts[kind]
    subject, body = text.get("subject") or "", text["body"]
    if any(mark in subject or mark in body for mark in (SIGNATURE, SENDER)):
        raise CannotCompose("unsigned")
    unsubscribe_url, preferences_url = _ways_out(row, house.duties)
    if FORMATS.get(kind) == "txt":
        plain, html = body, ""  # a short text is plain already, and its stars and dashes are no markup
    else:
        plain, html = _parts(row, subject, body, house, preferences_url)
    return OutgoingMessage(
        message_id=row.message_id,
        delivery_id=row.id,
        address=row.address,
        recipient_name=" ".join(name for name in (row.first_name, row.last_name) if name),
        sender_name=f"{row.approver or house.team}, {house.company}",
        subject=subject,
        text=plain,
        html=html,
        occasion=row.occasion,
        family=row.family,
        locale=row.locale,
        reply_to=_reply_to(row, house.duties),
        heard_at=row.heard_at,
        template=_approved_template(text),
        unsubscribe_url=unsubscribe_url,
        preferences_url=preferences_url,
        facts={"customer_id": row.external_id},
        by_person=row.approver is not None,
    )


def _parts(row: Any, subject: str, body: str, house: _House, preferences_url: str) -> tuple[str, str]:
    """The plain part and the HTML of a text in Markdown; what is no mail has no layout and no footer."""
    html, plain = to_both(body)
    if row.channel not in MAILED:
        return plain, html
    below = (house.company, row.locale, house.duties.postal_address, preferences_url)
    laid_out = lay_out_email(html, subject, _second_line(plain), footer_html(*below), row.locale)
    return f"{plain}\n\n{footer_text(*below)}", laid_out


def _ways_out(row: Any, duties: Duties) -> tuple[str, str]:
    """The link that takes a POST, and the page."""
    if duties.links is None:
        return "", ""
    return (
        duties.links.unsubscribe(row.customer_id, row.message_id, row.occasion),
        duties.links.preferences(row.customer_id, row.message_id),
    )


def _reply_to(row: Any, duties: Duties) -> str:
    """A person, if possible: by way of Jubilee, which shows them the answer beside the message, or straight to them.
    Empty: the address that the mail comes from."""
    if duties.links and duties.reply_domain:
        return duties.links.reply_address(row.message_id, duties.reply_domain)
    return row.approver_email or ""


def _approved_template(text: Mapping[str, Any]) -> ApprovedTemplate | None:
    if not text.get("template"):
        return None
    variables = text.get("variables") or {}
    return ApprovedTemplate(text["template"], {name: str(value) for name, value in variables.items()})


def _second_line(text: str) -> str:
    """What the inbox shows beside the subject: the first line after the greeting."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[1][:120] if len(lines) > 1 else ""
