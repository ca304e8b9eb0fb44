"""One reply with everything beside it: the thread, who wrote what it answers, the customer at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from engine.channel_terms import TERMS, text_kind
from engine.errors import NotFound
from engine.listen.feeling import hear
from engine.listen.quoting import parted
from engine.storage.models import Answer, Customer, Hold, Message, MessageMoment, Person, Problem, Reply, Revision
from engine.write.markdown import to_text
from web.queries.customers import name_of

MOST = 60
_PLANNED = ("draft", "in_review", "approved")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation. `kind`: ours (the message), theirs (a reply) or answer; `here` is the reply that
    the page is about. Of an answer `state` and `reason` say what became of it."""

    kind: str
    id: UUID
    at: datetime
    who: str
    channel: str
    subject: str | None
    text: str
    quoted: str = ""
    here: bool = False
    state: str | None = None
    reason: str | None = None
    release_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A message that is planned for the customer, and the names of what holds it."""

    message_id: UUID
    occasion: str
    family: str
    state: str
    send_on: date
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplyView:
    """The records of one reply. `seen` is how many answers stand; `heard` are the words by which it sounds unhappy."""

    reply: Reply
    customer: Customer | None
    customer_name: str
    message: Message | None
    author: Person | None
    handler: str | None
    turns: Sequence[Turn]
    problem: Problem | None
    problems: Sequence[Problem]
    planned: Sequence[Planned]
    heard: tuple[str, ...]
    seen: int


def reply_view(session: Session, reply_id: UUID) -> ReplyView:
    """Everything about one reply. Raises NotFound."""
    author, handler = aliased(Person), aliased(Person)
    row = session.execute(
        select(Reply, Customer, Message, author, handler.name.label("handler"), Problem)
        .outerjoin(Customer, Customer.id == Reply.customer_id)
        .outerjoin(Message, Message.id == Reply.message_id)
        .outerjoin(author, author.id == Reply.person_id)
        .outerjoin(handler, handler.id == Reply.handled_by)
        .outerjoin(Problem, Problem.id == Reply.problem_id)
        .where(Reply.id == reply_id)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such reply.")
    reply, customer = row[0], row[1]
    turns = _turns(session, row)
    return ReplyView(
        reply=reply,
        customer=customer,
        customer_name=name_of(customer) if customer else reply.from_address,
        message=row[2],
        author=row[3],
        handler=row.handler,
        turns=turns,
        problem=row[5],
        problems=_problems(session, customer),
        planned=_planned(session, customer),
        heard=hear(parted(reply.text)[0], customer.locale if customer else "en").words if reply.negative else (),
        seen=sum(turn.kind == "answer" and turn.here and turn.state != "withdrawn" for turn in turns),
    )


def _turns(session: Session, row: Any) -> list[Turn]:
    reply, customer, message = row[0], row[1], row[2]
    together = Reply.message_id == reply.message_id if reply.message_id else Reply.from_address == reply.from_address
    same = Reply.customer_id == reply.customer_id if reply.customer_id else Reply.customer_id.is_(None)
    written = session.scalars(
        select(Reply).where(or_(Reply.id == reply.id, and_(together, same))).order_by(Reply.received_at).limit(MOST)
    ).all()
    answers = session.execute(
        select(Answer, Person.name)
        .join(Person, Person.id == Answer.person_id)
        .where(Answer.reply_id.in_([one.id for one in written]))
        .order_by(Answer.created_at)
    )
    name = name_of(customer) if customer else ""
    turns = [_theirs(one, name or one.from_address, one.id == reply.id) for one in written]
    turns += [_answer(answer, by, answer.reply_id == reply.id) for answer, by in answers]
    turns.sort(key=lambda turn: turn.at)
    return [*([_ours(session, message, row[3])] if message is not None else []), *turns]


def _ours(session: Session, message: Message, author: Person | None) -> Turn:
    """As it was sent: in the wording of the channel it went by."""
    texts = session.scalar(
        select(Revision.texts).where(Revision.message_id == message.id, Revision.number == message.number)
    )
    kind = text_kind(message.channel, texts or {}) if message.channel in TERMS else None
    text = (texts or {}).get(kind or "") or {}
    body = text.get("body") or ""
    return Turn(
        kind="ours",
        id=message.id,
        at=message.handed_over_at or message.created_at,
        who=author.name if author else "the team",
        channel=message.channel,
        subject=text.get("subject"),
        text=to_text(body) if kind == "email" else body,
    )


def _theirs(reply: Reply, who: str, here: bool) -> Turn:
    said, quoted = parted(reply.text)
    return Turn("theirs", reply.id, reply.received_at, who, reply.channel, reply.subject, said, quoted, here)


def _answer(answer: Answer, by: str, here: bool) -> Turn:
    return Turn(
        kind="answer",
        id=answer.id,
        at=answer.created_at,
        who=by,
        channel=answer.channel,
        subject=None,
        text=answer.text,
        here=here,
        state=answer.state,
        reason=answer.reason,
        release_at=answer.release_at,
    )


def _problems(session: Session, customer: Customer | None) -> Sequence[Problem]:
    if customer is None:
        return ()
    open_ones = select(Problem).where(Problem.customer_id == customer.id, Problem.state == "open")
    return session.scalars(open_ones.order_by(Problem.opened_at).limit(5)).all()


def _planned(session: Session, customer: Customer | None) -> list[Planned]:
    if customer is None:
        return []
    messages = session.scalars(
        select(Message)
        .where(Message.customer_id == customer.id, Message.state.in_(_PLANNED))
        .order_by(Message.send_on, Message.id)
        .limit(5)
    ).all()
    held: dict[UUID, list[str]] = {}
    holds = session.execute(
        select(MessageMoment.message_id, Hold.name)
        .join(Hold, Hold.moment_id == MessageMoment.moment_id)
        .where(MessageMoment.message_id.in_([one.id for one in messages]), MessageMoment.live)
        .where(Hold.released_at.is_(None))
        .order_by(Hold.opened_at)
    )
    for message_id, name in holds:
        held.setdefault(message_id, []).append(name)
    return [
        Planned(one.id, one.occasion, one.family, one.state, one.send_on, tuple(held.get(one.id, ())))
        for one in messages
    ]
