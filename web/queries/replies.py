"""What customers wrote back, for the people who answer: unhandled first, the longest waiting at the top."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from engine.listen.quoting import parted
from engine.storage.models import Customer, Message, Person, Reply, Revision
from web.queries.customers import name_of
from web.queries.openings import opening_of

PAGE = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One reply. `to` is the person under whose name the message went; `about` the subject it had."""

    id: UUID
    channel: str
    from_address: str
    subject: str | None
    answer: str
    quoted: str
    meaning: str
    received_at: datetime
    customer_name: str | None
    external_id: str | None
    message_id: UUID | None
    about: str | None
    to: str | None
    handled_at: datetime | None
    handled_by: str | None

    @property
    def mailto(self) -> str | None:
        """What opens an answer in the reader's own mail program; None where a robot wrote, or not by e-mail."""
        if self.channel != "email" or self.meaning == "automatic" or "@" not in self.from_address:
            return None
        subject = (self.subject or self.about or "").strip()
        if subject[:3].lower() != "re:":
            subject = f"Re: {subject}".strip()
        # Everything is quoted, so that neither the address nor the subject can add a header of its own.
        return f"mailto:{quote(self.from_address, safe='@')}?subject={quote(subject, safe='')}"


def replies(session: Session, *, handled: bool, page: int) -> list[Line]:
    """One page, and one line more where there is another: what waits, oldest first; what is handled, newest first."""
    author, handler = aliased(Person), aliased(Person)
    query = (
        select(Reply, Customer, author.name, handler.name, Revision.texts)
        .outerjoin(Customer, Customer.id == Reply.customer_id)
        .outerjoin(author, author.id == Reply.person_id)
        .outerjoin(handler, handler.id == Reply.handled_by)
        .outerjoin(Message, Message.id == Reply.message_id)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(Reply.handled_at.is_not(None) if handled else Reply.handled_at.is_(None))
        .order_by(Reply.received_at.desc() if handled else Reply.received_at, Reply.id)
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    return [_line(*row) for row in session.execute(query)]


def _line(reply: Reply, customer: Customer | None, author: str | None, handler: str | None, texts: Any) -> Line:
    answer, quoted = parted(reply.text)
    return Line(
        id=reply.id,
        channel=reply.channel,
        from_address=reply.from_address,
        subject=reply.subject,
        answer=answer,
        quoted=quoted,
        meaning=reply.meaning,
        received_at=reply.received_at,
        customer_name=name_of(customer) if customer else None,
        external_id=customer.external_id if customer else None,
        message_id=reply.message_id,
        about=opening_of(texts).subject if texts else None,
        to=author,
        handled_at=reply.handled_at,
        handled_by=handler,
    )
