"""What a person may decide about a message: change it, let it go, take that back, leave it out. Each is audited.

Two people never overwrite each other: every decision names the version it was made on, and one UPDATE both compares
it and takes the row, so that the second one is told.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.plan.ending import end_message
from engine.storage.models import AuditEntry, Delivery, Message, MessageMoment, Moment, Person
from engine.transitions import FAILED_DELIVERY, MESSAGE
from engine.write.approval import RELEASE_SECONDS, approve_text, draft_of, take_back
from engine.write.revisions import add_revision, revision_of, with_texts, wording_of
from engine.write.signing import Text, Texts
from engine.write.tone_of import worst_of

UNSKIP_WITHIN = timedelta(seconds=60)
ROLE = "agent"
# How the reasons of those begin that no channel took; see engine/send/recording.py.
COULD_NOT_GO = ("gave_up", "refused:", "bounced:")
MAX_BODY = 20_000
MAX_SUBJECT = 200
MAX_REASON = 200

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")


class ChangedMeanwhile(Conflict):
    """Somebody else changed this message in the meantime."""

    def __init__(self, *, yours: Texts, theirs: Texts, version: int) -> None:
        """Both texts, so that nobody's work is lost; `version` is what to save upon after comparing them."""
        super().__init__()
        self.yours, self.theirs, self.version = yours, theirs, version


def edit(session: Session, message_id: UUID, texts: Texts, *, version: int, person: Person, now: datetime) -> Message:
    """Save changed texts as a new revision and have their tone checked. Texts that are not given stay as they are.

    Raises ChangedMeanwhile, with both texts, where the message is not what the person saw.
    """
    require(person, ROLE)
    with _taken(session, message_id, version, yours=texts) as message:
        _expect(message, "in_review", "be edited")
        draft = draft_of(session, message)
        changed = {**draft.revision.texts, **_checked(texts, draft.revision.texts)}
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

    Raises InvalidInput where it came too late, the tone check forbids it, or the agent's own words are missing.
    """
    require(person, ROLE)
    with _taken(session, message_id, version) as message:
        _expect(message, "in_review", "be approved")
        if message.expires_at <= now:
            raise InvalidInput("This message would come too late; late is worse than never.")
        revision = approve_text(session, message, person=person, now=now, release_seconds=release_seconds, seen=seen)
        worst = worst_of(revision.findings)
        _audit(
            session,
            person,
            "approve",
            message,
            now=now,
            revision=revision.number,
            worst=worst,
            texts=message.approved_texts,
        )
    return message


def undo(session: Session, message_id: UUID, *, version: int, person: Person, now: datetime) -> Message:
    """Take an approval back, also later, as long as no worker has claimed it: it is in review again, unsigned."""
    require(person, ROLE)
    with _taken(session, message_id, version) as message:
        _expect(message, "approved", "be taken back")
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
    with _taken(session, message_id, version) as message:
        if "skipped" not in MESSAGE[message.state]:
            raise Conflict(f"This message is {_said(message.state)}; it cannot be skipped any more.")
        if claimed(session, message.id):
            raise Conflict("This message is being sent right now; it cannot be skipped any more.")
        end_message(session, message.id, "skipped", reason, now=now)
        session.refresh(message)
        _audit(session, person, "skip", message, now=now, reason=reason)
    return message


def unskip(session: Session, message_id: UUID, *, version: int, person: Person, now: datetime) -> Message:
    """Take a skip back within the minute: the message is in review again."""
    require(person, ROLE)
    with _taken(session, message_id, version) as message:
        _expect(message, "skipped", "be brought back")
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
    with _taken(session, message_id, version) as message:
        _expect(message, "skipped", "be brought back")
        if not (message.reason or "").startswith(COULD_NOT_GO):
            raise Conflict("This message ended for a reason that still holds.")
        if message.expires_at <= now:
            raise InvalidInput("This message would come too late; late is worse than never.")
        _bring_back(session, message, now=now)
        message.attempts = 0
        _audit(session, person, "bring_back", message, now=now)
    return message


def claimed(session: Session, message_id: UUID) -> bool:
    """Whether a worker holds the message, or has handed it over: then it can no longer be taken back."""
    open_delivery = exists().where(Delivery.message_id == message_id, Delivery.state.not_in(FAILED_DELIVERY))
    return bool(session.scalar(select(open_delivery)))


@contextmanager
def _taken(session: Session, message_id: UUID, version: int, *, yours: Texts | None = None) -> Iterator[Message]:
    """The message, held by this transaction in the version that the person saw. A refusal leaves nothing behind."""
    with session.begin_nested():
        taken = session.scalar(
            update(Message)
            .where(Message.id == message_id, Message.version == version)
            .values(version=Message.version + 1)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
        message = session.get(Message, message_id, populate_existing=True)
        if message is None:
            raise NotFound("There is no such message.")
        if taken is None:
            theirs = revision_of(session, message).texts if message.number else {}
            raise ChangedMeanwhile(yours=yours or {}, theirs=theirs, version=message.version)
        yield message
        session.flush()


def _expect(message: Message, state: str, to: str) -> None:
    if message.state != state:
        raise Conflict(f"This message is {_said(message.state)}; it cannot {to} now.")


def _said(state: str) -> str:
    return {"draft": "not written yet", "closed": "sent", "handed_over": "handed over"}.get(
        state, state.replace("_", " ")
    )


def _checked(texts: Texts, current: Texts) -> dict[str, Text]:
    """The given texts, if they are ones that this message has and that can be sent."""
    if not texts:
        raise InvalidInput("texts: there is nothing to save.")
    for name, text in texts.items():
        if name not in current:
            raise InvalidInput(f"texts: this message has no {name} text.")
        _check_body(name, text.get("body"))
        _check_subject(name, text.get("subject"), current[name].get("subject"))
    return {name: _kept_if_approved(text, current[name]) for name, text in texts.items()}


def _kept_if_approved(text: Text, current: Text) -> Text:
    """The text as it is stored. Words that the provider approved stay so only letter by letter: once changed they are
    an agent's own, which WhatsApp takes within 24 hours after the customer wrote and not later."""
    words = {"subject": (text.get("subject") or "").strip() or None, "body": _one_kind_of_line_end(text)}
    return {**current, **words} if words["body"] == _one_kind_of_line_end(current) else words


def _one_kind_of_line_end(text: Text) -> str:
    return (text.get("body") or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def _check_body(name: str, body: str | None) -> None:
    if not body or not body.strip():
        raise InvalidInput(f"{name}: the text is empty.")
    if len(body) > MAX_BODY:
        raise InvalidInput(f"{name}: the text is longer than {MAX_BODY:,} characters.")
    if found := _TAG.search(body):
        raise InvalidInput(
            f"{name}: {found[0][:40]} looks like HTML. Write Markdown: **bold**, *italic*, [words](link)."
        )


def _check_subject(name: str, subject: str | None, current: str | None) -> None:
    if current is not None and not (subject or "").strip():
        raise InvalidInput(f"{name}: the subject is empty.")
    if subject and (len(subject) > MAX_SUBJECT or len(subject.strip().splitlines()) > 1):
        raise InvalidInput(f"{name}: a subject is one line of at most {MAX_SUBJECT} characters.")


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
