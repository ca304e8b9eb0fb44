"""What customers wrote back, for the people who answer: what waits longest at the top, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from engine.listen.quoting import parted
from engine.storage.models import Answer, Customer, Message, Person, Reply, Revision
from web.queries.customers import name_of
from web.queries.openings import opening_of

PAGE = 30
EXCERPT = 220
Which = Literal["mine", "all", "handled"]


@dataclass(frozen=True, slots=True)
class Line:
    """One reply. `to` is the person under whose name the message went; `about` the subject it had; `answer` what became
    of the last answer to it, None where there is none."""

    id: UUID
    channel: str
    from_address: str
    subject: str | None
    excerpt: str
    meaning: str
    negative: bool
    received_at: datetime
    customer_name: str | None
    external_id: str | None
    message_id: UUID | None
    about: str | None
    to: str | None
    handled_at: datetime | None
    handled_by: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """An answer of which we don't know whether it arrived."""

    answer_id: UUID
    reply_id: UUID
    to: str
    by: str
    channel: str
    at: datetime | None
    reason: str | None


def replies(session: Session, which: Which, *, person_id: UUID, after: UUID | None = None) -> list[Line]:
    """One page, and one line more where there is another: what waits, oldest first; what is handled, newest first. The
    page begins behind the reply `after`, whatever happened meanwhile to those before it."""
    author, handler = aliased(Person), aliased(Person)
    # PostgreSQL has no max() of a UUID.
    mine = select(Answer.id).where(Answer.reply_id == Reply.id, Answer.state != "withdrawn")
    newest = mine.order_by(Answer.id.desc()).limit(1)
    query = (
        select(
            Reply,
            Customer,
            author.name.label("author"),
            handler.name.label("handler"),
            Revision.texts,
            Answer.state.label("answer"),
        )
        .outerjoin(Customer, Customer.id == Reply.customer_id)
        .outerjoin(author, author.id == Reply.person_id)
        .outerjoin(handler, handler.id == Reply.handled_by)
        .outerjoin(Message, Message.id == Reply.message_id)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .outerjoin(Answer, Answer.id == newest.correlate(Reply).scalar_subquery())
        .where(_is_among(which, person_id))
        .limit(PAGE + 1)
    )
    place = tuple_(Reply.received_at, Reply.id)
    if after is not None and (known := session.get(Reply, after)) is not None:
        mark = tuple_(known.received_at, known.id)
        query = query.where(place < mark if which == "handled" else place > mark)
    order = (Reply.received_at.desc(), Reply.id.desc()) if which == "handled" else (Reply.received_at, Reply.id)
    return [_line(row) for row in session.execute(query.order_by(*order))]


def counts(session: Session, *, person_id: UUID) -> Mapping[str, int]:
    """How many wait, and how many of these were written to this person; of what is handled nobody counts all."""
    mine = func.sum(case((Reply.person_id == person_id, 1), else_=0))
    row = session.execute(select(func.count(), mine).where(Reply.handled_at.is_(None))).one()
    return {"all": row[0], "mine": row[1] or 0}


def unknown_answers(session: Session) -> list[Unknown]:
    """Those that only a person can settle, the oldest first."""
    rows = session.execute(
        select(Answer, Customer, Person.name, Reply.from_address)
        .join(Reply, Reply.id == Answer.reply_id)
        .join(Person, Person.id == Answer.person_id)
        .outerjoin(Customer, Customer.id == Answer.customer_id)
        .where(Answer.state == "unconfirmed")
        .order_by(Answer.submitting_at, Answer.id)
        .limit(PAGE)
    )
    return [
        Unknown(
            answer_id=answer.id,
            reply_id=answer.reply_id,
            to=name_of(customer) if customer else from_address,
            by=by,
            channel=answer.channel,
            at=answer.submitting_at,
            reason=answer.reason,
        )
        for answer, customer, by, from_address in rows
    ]


def _is_among(which: Which, person_id: UUID) -> ColumnElement[bool]:
    if which == "handled":
        return Reply.handled_at.is_not(None)
    waits = Reply.handled_at.is_(None)
    return and_(waits, Reply.person_id == person_id) if which == "mine" else waits


def _line(row: Any) -> Line:
    reply, customer = row.Reply, row.Customer
    answer, _ = parted(reply.text)
    flat = " ".join(answer.split())
    return Line(
        id=reply.id,
        channel=reply.channel,
        from_address=reply.from_address,
        subject=reply.subject,
        excerpt=flat if len(flat) <= EXCERPT else f"{flat[:EXCERPT].rstrip()} …",
        meaning=reply.meaning,
        negative=reply.negative,
        received_at=reply.received_at,
        customer_name=name_of(customer) if customer else None,
        external_id=customer.external_id if customer else None,
        message_id=reply.message_id,
        about=opening_of(row.texts).subject if row.texts else None,
        to=row.author,
        handled_at=reply.handled_at,
        handled_by=row.handler,
        answer=row.answer,
    )
