"""Makes the finished message that a channel is given, from the approved revision and the customer's address."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.send.channels import Channels
from engine.send.outgoing import OutgoingMessage
from engine.storage.models import Customer, Delivery, Message, Person, Revision
from engine.write.markdown import lay_out_email, to_html, to_text

FOOTER = "You receive this because you are a customer of {company}. Just answer if you would rather not hear from us."


def compose(
    session: Session, delivery_ids: Sequence[UUID], channels: Channels, *, company: str, team: str
) -> dict[UUID, OutgoingMessage]:
    """Delivery id -> message, in the wording that was approved. Nobody's name stands under what they did not read."""
    rows = session.execute(
        select(Delivery, Message, Revision, Customer, Person.name)
        .join(Message, Message.id == Delivery.message_id)
        .join(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Person, Person.id == Message.approved_by)
        .where(Delivery.id.in_(delivery_ids))
    )
    composed = {}
    for delivery, message, revision, customer, approver in rows:
        text = revision.texts[channels[delivery.channel].text]
        subject, body = text.get("subject") or "", text["body"]
        composed[delivery.id] = OutgoingMessage(
            message_id=message.id,
            delivery_id=delivery.id,
            address=delivery.address,
            recipient_name=" ".join(name for name in (customer.first_name, customer.last_name) if name),
            sender_name=f"{approver}, {company}" if approver else f"{team}, {company}",
            subject=subject,
            text=to_text(body),
            html=lay_out_email(
                to_html(body), subject, _first_line(to_text(body)), FOOTER.format(company=company), revision.locale
            ),
            occasion=message.occasion,
        )
    return composed


def _first_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[1][:120] if len(lines) > 1 else ""
