""" "This feels wrong": an agent stops a message with words, and marketing answers with words.

While a flag is open its moments are held as `feels_wrong`: the check in the commit of `submitting` reads that hold, so
that also what a worker has claimed by now stays here. Approving is refused in engine/write/stops.py.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.definitions.store import set_state
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.notices.telling import News, tell, tell_all
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.plan.ending import end_message
from engine.plan.reasons import FEELS_WRONG
from engine.review.opinions import STOPPABLE
from engine.review.versions import claimed, held, said, taken
from engine.storage.models import Flag, Hold, Message, MessageMoment, Person, Trigger
from engine.storage.upsert import insert_into
from engine.write.approval import take_back
from engine.write.stops import is_flagged

CHANGED, KEPT, SKIPPED = "changed", "kept", "skipped"
OUTCOMES = (CHANGED, KEPT, SKIPPED)
KIND = "flag"
LONGEST = 1_000
AGENT, MARKETING = "agent", "marketing"
PAUSED = "Somebody who reads its messages says that one feels wrong; the answer is awaited on the page Flags."


@dataclass(frozen=True, slots=True)
class Answer:
    """What marketing says: what became of the message, why, and whether a trigger that was paused goes on."""

    outcome: str
    words: str
    resume: bool = False


def raise_flag(
    session: Session, message_id: UUID, *, version: int, text: str, pause: bool, person: Person, now: datetime
) -> Flag:
    """Stop the message, and with `pause` its whole trigger, until marketing has answered.

    An approved one is pulled back; one that a worker has claimed is kept by the hold, unless it has been handed over.
    Raises InvalidInput without words, Conflict where it is stopped already or gone.
    """
    require(person, AGENT)
    words = text.strip()[:LONGEST]
    if not words:
        raise InvalidInput("text: say in a few words what feels wrong.")
    with taken(session, message_id, version) as message:
        if message.state not in STOPPABLE:
            raise Conflict(f"This message is {said(message.state)}; it cannot be stopped any more.")
        if is_flagged(session, message.id):
            raise Conflict("Somebody stopped this message already; marketing is asked.")
        if message.state == "approved" and not claimed(session, message.id):
            take_back(session, message, now=now)
        flag = Flag(
            id=new_id(),
            message_id=message.id,
            trigger_id=message.trigger_id,
            template=message.template,
            text=words,
            raised_by=person.id,
            raised_at=now,
            paused_trigger=pause and _pause(session, message.trigger_id, person, now=now),
        )
        session.add(flag)
        _hold(session, message, now=now)
        record(session, Doer(person.name, person.id), "flag", message, now=now, paused=flag.paused_trigger)
        session.flush()
        _tell_marketing(session, flag, now=now)
    return flag


def answer_flag(session: Session, flag_id: UUID, answer: Answer, *, person: Person, now: datetime) -> Flag:
    """Answer with words: it was changed, it stays as it is, or it does not go. The hold ends with it.

    Of a message that ended meanwhile the answer can only be that it does not go, and of one that went out that it is
    kept. Raises Conflict where somebody answered before.
    """
    require(person, MARKETING)
    words = answer.words.strip()[:LONGEST]
    if answer.outcome not in OUTCOMES:
        raise InvalidInput("outcome: say whether it was changed, is kept, or shall not go.")
    if not words:
        raise InvalidInput("answer: say in a few words why. Who stopped it wants to know.")
    flag = session.get(Flag, flag_id)
    if flag is None:
        raise NotFound("There is no such flag.")
    message = held(session, flag.message_id)
    session.refresh(flag)
    if flag.answered_at is not None:
        raise Conflict("Somebody answered this in the meantime.")
    _check_fitting(message, answer.outcome)
    flag.outcome, flag.answer, flag.answered_by, flag.answered_at = answer.outcome, words, person.id, now
    session.flush()
    _release_hold(session, message, now=now)
    if answer.outcome == SKIPPED:
        end_message(session, message.id, "skipped", "it felt wrong", now=now)
    if answer.resume:
        _resume(session, flag.trigger_id, person, now=now)
    record(session, Doer(person.name, person.id), "answer_flag", message, now=now, outcome=answer.outcome)
    _tell_raiser(session, flag, now=now)
    return flag


def _check_fitting(message: Message, outcome: str) -> None:
    """What is over cannot be let go, nor kept back, by an answer."""
    if message.state in STOPPABLE or outcome == (KEPT if message.state in ("handed_over", "closed") else SKIPPED):
        return
    became = "went out" if message.state in ("handed_over", "closed") else "ended"
    raise InvalidInput(f"outcome: the message {became} in the meantime. Close it with a word to whoever stopped it.")


def _pause(session: Session, trigger_id: UUID, person: Person, *, now: datetime) -> bool:
    """False where it sends nothing as it is: what only watches must not begin to send when marketing resumes it."""
    trigger = session.scalars(select(Trigger).where(Trigger.id == trigger_id).with_for_update()).one()
    if trigger.state != "active":
        return False
    set_state(session, trigger, "paused", reason=PAUSED, now=now)
    record(session, Doer(person.name, person.id), "pause_trigger", trigger, now=now)
    return True


def _resume(session: Session, trigger_id: UUID, person: Person, *, now: datetime) -> None:
    """Only what a flag paused: what marketing paused for another reason goes on where they resume it."""
    trigger = session.scalars(select(Trigger).where(Trigger.id == trigger_id).with_for_update()).one()
    if trigger.state == "paused" and trigger.paused_reason == PAUSED:
        set_state(session, trigger, "active", now=now)
        record(session, Doer(person.name, person.id), "resume_trigger", trigger, now=now)


def _hold(session: Session, message: Message, *, now: datetime) -> None:
    moments = session.scalars(
        select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id, MessageMoment.live)
    ).all()
    rows = [{"id": new_id(), "moment_id": one, "name": FEELS_WRONG, "opened_at": now} for one in moments]
    if rows:
        session.execute(insert_into(session, Hold).on_conflict_do_nothing(), rows)


def _release_hold(session: Session, message: Message, *, now: datetime) -> None:
    """Also of moments that have left the message since."""
    moments = select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id)
    session.execute(
        update(Hold)
        .where(Hold.moment_id.in_(moments), Hold.name == FEELS_WRONG, Hold.released_at.is_(None))
        .values(released_at=now)
    )


def _tell_marketing(session: Session, flag: Flag, *, now: datetime) -> None:
    """Everybody of marketing, and the company's webhook."""
    people = session.scalars(select(Person.id).where(Person.role == MARKETING, Person.active)).all()
    news = News(
        key=f"{KIND}:{flag.id}",
        kind=KIND,
        subject="Somebody stopped a message: this feels wrong",
        body="An agent stopped a message and said why. It waits for your answer.",
        path=f"/flags#{flag.id}",
    )
    tell_all(session, news, people, now=now)


def _tell_raiser(session: Session, flag: Flag, *, now: datetime) -> None:
    if flag.raised_by is None:
        return
    news = News(
        key=f"{KIND}:{flag.id}:answered",
        kind=KIND,
        subject="Marketing answered what you stopped",
        body="You said that a message feels wrong. The answer stands on its page.",
        path=f"/messages/{flag.message_id}",
        person_id=flag.raised_by,
    )
    tell(session, news, now=now)
