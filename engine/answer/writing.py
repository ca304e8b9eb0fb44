"""An answer is written, and taken back for as long as nobody has begun to hand it over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.answer.ways import WHY_NOT, Way, way_back, why_not
from engine.bell import ring
from engine.channel_terms import Offered
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.send.redirect import Redirect
from engine.storage.models import Answer, Person, Reply

ANSWER = "jubilee.answer"
ROLE = "agent"
LONGEST = 20_000
# Twilio takes no text of more than that, and nobody reads one.
LONGEST_TEXT = 1_600
_SHORT = ("sms", "whatsapp")


@dataclass(frozen=True, slots=True)
class Words:
    """What a person wrote. `seen` is how many answers stood on their page: with one more, somebody was faster."""

    text: str
    seen: int


@dataclass(frozen=True, slots=True)
class House:
    """What writing an answer takes from the installation."""

    offered: Offered
    redirect: Redirect
    release_seconds: int = 60


def write_answer(
    session: Session, reply_id: UUID, words: Words, *, person: Person, house: House, now: datetime
) -> Answer:
    """Keep the answer; it goes when its minute is over, and the reply is dealt with. Raises NotFound; InvalidInput
    where it may not or cannot go, with the reason; Conflict where somebody else has answered meanwhile.
    """
    require(person, ROLE)
    reply = session.scalar(select(Reply).where(Reply.id == reply_id).with_for_update())
    if reply is None:
        raise NotFound("There is no such reply.")
    others = answers_to(session, reply_id)
    if len(others) != words.seen:
        raise Conflict("Somebody has answered this in the meantime. Read that first; your words still stand below.")
    way = way_back(reply, house.offered)
    reason = why_not(session, reply, way, redirect=house.redirect, now=now)
    if way is None or reason:
        raise InvalidInput(WHY_NOT[reason or "not_offered"])
    answer = Answer(
        reply_id=reply_id,
        customer_id=reply.customer_id,
        person_id=person.id,
        channel=way.channel,
        address=way.address,
        subject=subject_for(reply) if way.came_by == "email" else None,
        text=_checked(words.text, way),
        state="waiting",
        created_at=now,
        release_at=now + timedelta(seconds=house.release_seconds),
    )
    session.add(answer)
    if reply.handled_at is None:
        reply.handled_at, reply.handled_by = now, person.id
    session.flush()
    record(session, Doer(person.name, person.id), "answer_reply", answer, now=now, channel=way.channel)
    ring(session, ANSWER)
    return answer


def withdraw(session: Session, answer_id: UUID, *, person: Person, now: datetime) -> None:
    """Take it back: it never happened, and the reply waits again. Raises Conflict where it is on its way already."""
    require(person, ROLE)
    answer = _existing(session, answer_id)
    took = update(Answer).where(Answer.id == answer_id, Answer.state == "waiting").values(state="withdrawn")
    if not session.scalar(took.returning(Answer.id)):
        raise Conflict("It is too late to take this answer back.")
    wait_again(session, [answer.reply_id])
    record(session, Doer(person.name, person.id), "withdraw_answer", answer, now=now)


def answers_to(session: Session, reply_id: UUID) -> Sequence[Answer]:
    """The answers that were not taken back, the first first."""
    wanted = select(Answer).where(Answer.reply_id == reply_id, Answer.state != "withdrawn")
    return session.scalars(wanted.order_by(Answer.created_at, Answer.id)).all()


def wait_again(session: Session, reply_ids: Sequence[UUID]) -> None:
    """These have no answer after all, unless another one stands: somebody has to look again."""
    stands = (
        select(Answer.id).where(Answer.reply_id == Reply.id, Answer.state.not_in(("withdrawn", "refused"))).exists()
    )
    session.execute(
        update(Reply)
        .where(Reply.id.in_(reply_ids), ~stands)
        .values(handled_at=None, handled_by=None)
        .execution_options(synchronize_session=False)
    )


def unknown_answers(session: Session) -> int:
    """Of how many we don't know whether they arrived."""
    return session.scalar(select(func.count()).where(Answer.state == "unconfirmed")) or 0


def subject_for(reply: Reply) -> str:
    """The subject of the reply, as one that answers it."""
    subject = " ".join((reply.subject or "").split())
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}".strip()


def _checked(text: str, way: Way) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInput("There is nothing in the answer yet.")
    longest = LONGEST_TEXT if way.channel in _SHORT else LONGEST
    if len(text) > longest:
        raise InvalidInput(f"An answer by {way.channel} may have {longest:,} characters; this one has {len(text):,}.")
    return text


def _existing(session: Session, answer_id: UUID) -> Answer:
    answer = session.get(Answer, answer_id)
    if answer is None:
        raise NotFound("There is no such answer.")
    return answer
