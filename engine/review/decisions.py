"""What a person may decide about a message: change it, let it go, take that back, leave it out. Each is audited.

Two people never overwrite each other: every decision names the version it was made on (engine/review/versions.py).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.plan.ending import end_message
from engine.review.given import checked_texts
from engine.review.second_reads import (
    Word,
    check_may_answer,
    first_approval,
    give_word,
    settle_open,
    wait_for_another,
)
from engine.review.versions import ChangedMeanwhile, claimed, expect, said, taken
from engine.storage.models import AuditEntry, Message, MessageMoment, Moment, Person
from engine.transitions import MESSAGE
from engine.write.approval import RELEASE_SECONDS, approve_text, draft_of, readied, take_back
from engine.write.revisions import add_revision, with_texts, wording_of
from engine.write.signing import Texts
from engine.write.stops import FINE, NeedsAnotherReader, check_stops
from engine.write.tone_of import worst_of

__all__ = [
    "ChangedMeanwhile",
    "answer_second_read",
    "approve",
    "bring_back",
    "claimed",
    "edit",
    "skip",
    "undo",
    "unskip",
]

UNSKIP_WITHIN = timedelta(seconds=60)
ROLE = "agent"
# How the reasons of those begin that no channel took; see engine/send/recording.py.
COULD_NOT_GO = ("gave_up", "refused:", "bounced:", "cannot_compose:")
MAX_REASON = 200


def edit(session: Session, message_id: UUID, texts: Texts, *, version: int, person: Person, now: datetime) -> Message:
    """Save changed texts as a new revision and have their tone checked. Texts that are not given stay as they are.

    Raises ChangedMeanwhile, with both texts, where the message is not what the person saw.
    """
    require(person, ROLE)
    with taken(session, message_id, version, yours=texts) as message:
        expect(message, "in_review", "be edited")
        draft = draft_of(session, message)
        changed = {**draft.revision.texts, **checked_texts(texts, draft.revision.texts)}
        findings = draft.findings_in(changed, person.name)
        wording = replace(with_texts(wording_of(draft.revision), changed, findings), author_id=person.id)
        revision = add_revision(session, message, wording, now=now)
        message.edited = True
        _audit(session, person, "edit", message, now=now, revision=revision.number)
    return message


def approve(
    session: Session,
    message_id: UUID,
    *,
    version: int,
    person: Person,
    now: datetime,
    release_seconds: int = RELEASE_SECONDS,
    seen: Collection[str] = (),
) -> Message:
    """Let it go, signed by this person; it can be undone for `release_seconds`, and until it is claimed for sending.

    `seen` are the texts that they had before them: one of these may go by another channel if the first refuses.

    Where a trigger wants four eyes the first approval leaves it in review, with an open second read: look at the
    state of the answer. Another person's approval of exactly the same text is the word that was waited for, and lets
    it go under the name of the first.

    Raises InvalidInput where it came too late, the tone check forbids it, the agent's own words are missing, or
    somebody flagged it.
    """
    require(person, ROLE)
    with taken(session, message_id, version) as message:
        expect(message, "in_review", "be approved")
        if message.expires_at <= now:
            raise InvalidInput("This message would come too late; late is worse than never.")
        first = first_approval(session, message)
        if first is not None and first.id != person.id:
            settle_open(session, message, by=person, now=now, fine=True)
            _audit(session, person, "second_read", message, now=now, revision=message.number, answer="fine")
            seen, person = [*(message.approved_texts or ()), *seen], first
        try:
            check_stops(session, message, person)
        except NeedsAnotherReader:
            readied(session, message, draft_of(session, message), person)
            wait_for_another(session, message, person, seen, now=now)
            return message
        _release(session, message, person, seen, now=now, release_seconds=release_seconds)
    return message


def _release(
    session: Session, message: Message, person: Person, seen: Collection[str], *, now: datetime, release_seconds: int
) -> None:
    """Sign and let go. What was asked of others about it needs no answer any more, and changed facts were seen."""
    revision = approve_text(session, message, person=person, now=now, release_seconds=release_seconds, seen=seen)
    settle_open(session, message, by=person, now=now)
    message.facts_changed = None
    worst, texts = worst_of(revision.findings), message.approved_texts
    _audit(session, person, "approve", message, now=now, revision=revision.number, worst=worst, texts=texts)


def answer_second_read(
    session: Session,
    message_id: UUID,
    word: Word,
    *,
    version: int,
    person: Person,
    now: datetime,
    release_seconds: int = RELEASE_SECONDS,
) -> Message:
    """Say that the text in force is fine, or what should change. Fine releases what another person had approved in
    exactly this wording where its trigger wants four eyes; otherwise it stays in review, with the word beside it.
    """
    require(person, ROLE)
    with taken(session, message_id, version) as message:
        expect(message, "in_review", "be read for somebody")
        read = check_may_answer(session, message, person)
        first = first_approval(session, message)
        give_word(session, message, read, word, person=person, now=now)
        detail = {"revision": message.number, "answer": word.answer, "remark": word.remark}
        _audit(session, person, "second_read", message, now=now, **detail)
        if word.answer == FINE and first is not None and message.expires_at > now:
            seen = message.approved_texts or ()
            _release(session, message, first, seen, now=now, release_seconds=release_seconds)
    return message


def undo(session: Session, message_id: UUID, *, version: int, person: Person, now: datetime) -> Message:
    """Take an approval back, also later, as long as no worker has claimed it: it is in review again, unsigned."""
    require(person, ROLE)
    with taken(session, message_id, version) as message:
        expect(message, "approved", "be taken back")
        if claimed(session, message.id):
            raise Conflict("This message is being sent right now; it cannot be taken back any more.")
        take_back(session, message, now=now)
        _audit(session, person, "undo", message, now=now)
    return message


def skip(session: Session, message_id: UUID, *, version: int, reason: str, person: Person, now: datetime) -> Message:
    """Decide that this message shall not go, and say why. Its moments end with it."""
    require(person, ROLE)
    reason = " ".join(reason.split())[:MAX_REASON]
    if not reason:
        raise InvalidInput("reason: say in a few words why this message shall not go.")
    with taken(session, message_id, version) as message:
        if "skipped" not in MESSAGE[message.state]:
            raise Conflict(f"This message is {said(message.state)}; it cannot be skipped any more.")
        if claimed(session, message.id):
            raise Conflict("This message is being sent right now; it cannot be skipped any more.")
        end_message(session, message.id, "skipped", reason, now=now)
        session.refresh(message)
        _audit(session, person, "skip", message, now=now, reason=reason)
    return message


def unskip(session: Session, message_id: UUID, *, version: int, person: Person, now: datetime) -> Message:
    """Take a skip back within the minute: the message is in review again."""
    require(person, ROLE)
    with taken(session, message_id, version) as message:
        expect(message, "skipped", "be brought back")
        if not _skipped_within_the_minute(session, message, now=now):
            raise Conflict("A skip can be taken back within a minute only.")
        if message.written_at is None:
            raise Conflict("Nothing had been written yet, so there is nothing to bring back.")
        _bring_back(session, message, now=now)
        _audit(session, person, "unskip", message, now=now)
    return message


def bring_back(session: Session, message_id: UUID, *, version: int, person: Person, now: datetime) -> Message:
    """Bring a message that could not be handed over back into review, with all its attempts, to mend or skip it."""
    require(person, ROLE)
    with taken(session, message_id, version) as message:
        expect(message, "skipped", "be brought back")
        if not (message.reason or "").startswith(COULD_NOT_GO):
            raise Conflict("This message ended for a reason that still holds.")
        if message.expires_at <= now:
            raise InvalidInput("This message would come too late; late is worse than never.")
        _bring_back(session, message, now=now)
        message.attempts = 0
        _audit(session, person, "bring_back", message, now=now)
    return message


def _skipped_within_the_minute(session: Session, message: Message, *, now: datetime) -> bool:
    """By a person: what Jubilee itself skipped had a reason that still holds."""
    last = session.scalar(
        select(AuditEntry.at)
        .where(AuditEntry.subject == "message", AuditEntry.subject_id == message.id, AuditEntry.action == "skip")
        .order_by(AuditEntry.at.desc())
        .limit(1)
    )
    return last is not None and now <= last + UNSKIP_WITHIN


def _bring_back(session: Session, message: Message, *, now: datetime) -> None:
    """The moments come back with the message, unless the day was given to another one meanwhile."""
    moments = select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id)
    try:
        if message.approved_at is not None:
            take_back(session, message, now=now)
        message.state, message.reason = "in_review", None
        session.flush()
        session.execute(
            update(Moment).where(Moment.id.in_(moments), Moment.state == "skipped").values(state="written", reason=None)
        )
        session.execute(update(MessageMoment).where(MessageMoment.message_id == message.id).values(live=True))
    except IntegrityError as error:
        raise Conflict("Another message has taken this day meanwhile.") from error


def _audit(session: Session, person: Person, action: str, message: Message, *, now: datetime, **detail: object) -> None:
    record(session, Doer(person.name, person.id), action, message, now=now, **detail)
