"""What keeps a text from being released besides its words: a flag that nobody has answered, and a second reader who is
still to be found where the trigger wants one. Whoever releases a text asks here: people, policies and deadlines.
"""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.errors import InvalidInput
from engine.storage.models import Flag, Message, MessageMoment, Moment, Person, SecondRead

FINE = "fine"


class NeedsAnotherReader(InvalidInput):
    """Its trigger wants a second person to have read exactly this text, and nobody else has said that it is fine."""


class StoppedByFlag(InvalidInput):
    """Somebody said that this feels wrong. It waits for the answer of marketing and cannot be approved before."""


def check_stops(session: Session, message: Message, person: Person | None) -> None:
    """Raise where the message may not be released by this person, or by nobody in particular, as things are."""
    if is_flagged(session, message.id):
        raise StoppedByFlag
    if needs_another_reader(session, message, person):
        raise NeedsAnotherReader


def needs_another_reader(session: Session, message: Message, person: Person | None) -> bool:
    """Whether its trigger wants four eyes, and only two have read the revision in force."""
    return has_four_eyes(session, message.id) and not _read_by_another(session, message, person)


def has_four_eyes(session: Session, message_id: UUID) -> bool:
    """Whether one of the triggers that it speaks for wants a second reader."""
    versions = session.scalars(
        select(Moment.trigger_version_id)
        .join(MessageMoment, MessageMoment.moment_id == Moment.id)
        .where(MessageMoment.message_id == message_id, MessageMoment.live)
        .distinct()
    )
    return any(definition_of(session, version).review.four_eyes for version in versions)


def is_flagged(session: Session, message_id: UUID) -> bool:
    """Whether somebody stopped it and marketing has not answered."""
    return bool(session.scalar(select(exists().where(Flag.message_id == message_id, Flag.answered_at.is_(None)))))


def _read_by_another(session: Session, message: Message, person: Person | None) -> bool:
    """Without an approver nobody stands beside the reader, and two are wanted."""
    if person is None:
        return False
    fine = exists().where(
        SecondRead.message_id == message.id,
        SecondRead.number == message.number,
        SecondRead.answer == FINE,
        SecondRead.answered_by != person.id,
    )
    return bool(session.scalar(select(fine)))
