"""Approving several light celebrations together, each of them read in the list: a person reads what they sign.

Each goes through the same approval as any other (engine/review/decisions.py), on the version that was shown and in a
savepoint of its own: one that is refused says why and stops no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.errors import InvalidInput, JubileeError
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.review import decisions
from engine.review.taking import held_by, held_words
from engine.storage.models import AuditEntry, Message, MessageMoment, Moment, Person, Revision
from engine.storage.upsert import is_among
from engine.write.signing import Signer, signed
from engine.write.store import mission_of, template_of
from engine.write.tone_of import text_of_channel, worst_of

MOST = 50
ROLE = "agent"
_ACTION = "approve_several"
Chosen = Sequence[tuple[UUID, int]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A light draft as its customer would get it, signed by whoever looks: the name of the text, subject and body."""

    text: str
    subject: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a choice: (message, version) of those that went, and of the others (message, why not)."""

    went: Sequence[tuple[UUID, int]]
    refused: Sequence[tuple[UUID, str]]


def why_not(message: Message, revision: Revision | None, *, four_eyes: bool, must_read_weight: int, free: str) -> str:
    """Why this one must be opened to be approved; empty for a light celebration. Pure."""
    if message.state != "in_review" or revision is None:
        return "It does not wait to be read any more."
    if message.family != "celebrate":
        return "Only celebrations are approved several at a time."
    if message.must_read or message.weight >= must_read_weight:
        return "It must be read by itself."
    if four_eyes:
        return "Two people must read it."
    if free == "required":
        return "It needs words of your own."
    if worst_of(revision.findings) not in (None, "note"):
        return "There is a remark on its tone that should be looked at."
    return ""


def light(session: Session, message_ids: Sequence[UUID], *, person: Person) -> dict[UUID, Reading]:
    """Message id -> what to read, for those of these that may be approved together. A few statements for all."""
    rows = _rows(session, message_ids)
    found = {}
    for message, revision, reason in rows:
        if not reason and revision is not None and revision.mission_id is not None:
            name = text_of_channel(message.channel, revision.texts)
            said = {fact: str((revision.facts.get(fact) or {}).get("value") or "") for fact in _OF_US}
            signer = Signer(person.name, *(said[fact] for fact in _OF_US))
            text = signed(revision.texts, mission_of(session, revision.mission_id), signer, revision.locale)[name]
            found[message.id] = Reading(name, text.get("subject"), str(text.get("body") or ""))
    return found


def approve_several(session: Session, chosen: Chosen, *, person: Person, now: datetime, release_seconds: int) -> Done:
    """Let the light ones of these go, each in the version that was shown."""
    require(person, ROLE)
    if len(chosen) > MOST:
        raise InvalidInput(f"chosen: at most {MOST} at a time.")
    ids = [message_id for message_id, _ in chosen]
    reasons = {message.id: reason for message, _, reason in _rows(session, ids)}
    held = held_by(session, ids, now=now)
    went, refused = [], []
    for message_id, version in dict(chosen).items():
        holder = held.get(message_id)
        if holder is not None and holder.by != person.id:
            reasons[message_id] = held_words(holder, person.zone)
        try:
            if reason := reasons.get(message_id, "There is no such message."):
                raise InvalidInput(reason)
            message = decisions.approve(
                session, message_id, version=version, person=person, now=now, release_seconds=release_seconds
            )
            went.append((message_id, message.version))
        except JubileeError as error:
            refused.append((message_id, str(error)))
    return Done(went, refused)


def remember(session: Session, done: Done, *, person: Person, now: datetime) -> UUID:
    """Write down what went together, so that all of it can be taken back; answers the name of the batch."""
    detail = {
        "went": [[str(message_id), version] for message_id, version in done.went],
        "refused": [[str(message_id), why] for message_id, why in done.refused],
    }
    record(session, Doer(person.name, person.id), _ACTION, person, now=now, **detail)
    session.flush()
    mine = AuditEntry.person_id == person.id
    return session.scalars(
        select(AuditEntry.id).where(mine, AuditEntry.action == _ACTION).order_by(AuditEntry.id.desc()).limit(1)
    ).one()


@dataclass(frozen=True, slots=True)
class Batch:
    """What somebody approved together; `seconds` are left to take it back. The names are for showing."""

    id: UUID
    went: Sequence[UUID]
    refused: Sequence[tuple[UUID, str]]
    seconds: int


def batch_of(session: Session, batch_id: UUID, *, person_id: UUID, now: datetime, release_seconds: int) -> Batch | None:
    """This person's batch, to show what became of it; None where there is none of theirs."""
    entry = session.get(AuditEntry, batch_id)
    if entry is None or entry.person_id != person_id or entry.action != _ACTION:
        return None
    left = entry.at + timedelta(seconds=release_seconds) - now
    went = [UUID(message_id) for message_id, _ in entry.detail["went"]]
    refused = [(UUID(message_id), why) for message_id, why in entry.detail["refused"]]
    return Batch(entry.id, went, refused, max(0, round(left.total_seconds())))


def undo_several(session: Session, batch_id: UUID, *, person: Person, now: datetime) -> Done:
    """Take the whole batch back: what a worker has claimed, or somebody changed meanwhile, stays and says so."""
    entry = session.get(AuditEntry, batch_id)
    if entry is None or entry.person_id != person.id or entry.action != _ACTION:
        raise InvalidInput("There is no such batch of yours.")
    went, refused = [], []
    for name, version in entry.detail["went"]:
        try:
            message = decisions.undo(session, UUID(name), version=version, person=person, now=now)
            went.append((message.id, message.version))
        except JubileeError as error:
            refused.append((UUID(name), str(error)))
    return Done(went, refused)


_OF_US = ("sender.team", "company.name")


def _rows(session: Session, message_ids: Sequence[UUID]) -> list[tuple[Message, Revision | None, str]]:
    """Each message with its text and why it may not be approved with others; empty where it may."""
    rows = session.execute(
        select(Message, Revision)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(is_among(session, Message.id, message_ids))
        .execution_options(populate_existing=True)
    ).all()
    versions = _versions(session, message_ids)
    return [(message, revision, _reason(session, message, revision, versions)) for message, revision in rows]


def _versions(session: Session, message_ids: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
    """The trigger versions that each message speaks for: the strictest of them decides."""
    found: dict[UUID, list[UUID]] = {}
    for message_id, version in session.execute(
        select(MessageMoment.message_id, Moment.trigger_version_id)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .where(is_among(session, MessageMoment.message_id, message_ids), MessageMoment.live)
    ):
        found.setdefault(message_id, []).append(version)
    return found


def _reason(session: Session, message: Message, revision: Revision | None, versions: Mapping[UUID, list[UUID]]) -> str:
    spoken_for = versions.get(message.id) or [message.trigger_version_id]
    rules = [definition_of(session, version).review for version in spoken_for]
    template = revision.template_version_id if revision is not None else None
    return why_not(
        message,
        revision,
        four_eyes=any(rule.four_eyes for rule in rules),
        must_read_weight=min(rule.must_read_weight for rule in rules),
        free=template_of(session, template).free_part if template else "none",
    )
