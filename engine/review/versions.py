"""Takes a message in the version that a person saw: one UPDATE both compares the version and takes the row, so that of
two people who decide at once the second is told, with both texts, and nobody overwrites anybody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from engine.errors import Conflict, NotFound
from engine.storage.models import Delivery, Message
from engine.transitions import FAILED_DELIVERY
from engine.write.revisions import revision_of
from engine.write.signing import Texts


class ChangedMeanwhile(Conflict):
    """Somebody else changed this message in the meantime."""

    def __init__(self, *, yours: Texts, theirs: Texts, version: int) -> None:
        """Both texts, so that nobody's work is lost; `version` is what to save upon after comparing them."""
        super().__init__()
        self.yours, self.theirs, self.version = yours, theirs, version


@contextmanager
def taken(session: Session, message_id: UUID, version: int, *, yours: Texts | None = None) -> Iterator[Message]:
    """The message, held by this transaction in the version that the person saw. A refusal leaves nothing behind."""
    with session.begin_nested():
        found = session.scalar(
            update(Message)
            .where(Message.id == message_id, Message.version == version)
            .values(version=Message.version + 1)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
        message = session.get(Message, message_id, populate_existing=True)
        if message is None:
            raise NotFound("There is no such message.")
        if found is None:
            theirs = revision_of(session, message).texts if message.number else {}
            raise ChangedMeanwhile(yours=yours or {}, theirs=theirs, version=message.version)
        yield message
        session.flush()


def expect(message: Message, state: str, to: str) -> None:
    """Raise Conflict, in words, unless the message is in this state."""
    if message.state != state:
        raise Conflict(f"This message is {said(message.state)}; it cannot {to} now.")


def said(state: str) -> str:
    """A state as it is said of a message."""
    return {"draft": "not written yet", "closed": "sent", "handed_over": "handed over"}.get(
        state, state.replace("_", " ")
    )


def claimed(session: Session, message_id: UUID) -> bool:
    """Whether a worker holds the message, or has handed it over: then it can no longer be taken back."""
    open_delivery = exists().where(Delivery.message_id == message_id, Delivery.state.not_in(FAILED_DELIVERY))
    return bool(session.scalar(select(open_delivery)))


def held(session: Session, message_id: UUID) -> Message:
    """The message, locked, for what changes nothing of what is decided and therefore no version."""
    found = session.scalar(
        select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such message.")
    return found
