"""A new mission comes into force. Drafts keep the words and the signature they were written with; but what it forbids
by now, none of them may say: whoever says a word that it newly avoids, or avoids no more, is read again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.storage.models import Message, Person, Revision
from engine.tone import words_said
from engine.write.approval import draft_of
from engine.write.mission import Mission
from engine.write.revisions import in_force
from engine.write.signing import Text
from engine.write.store import mission_in_force, save_mission
from engine.write.tone_of import text_of_channel

_AT_A_TIME = 500


def bring_into_force(
    session: Session, mission: Mission, *, author: str, reason: str, expected: int, now: datetime
) -> int:
    """Save it (see `save_mission`, also for what it raises), and have the drafts that it concerns read again; the
    number in force."""
    avoided = _avoided(session)
    number = save_mission(session, mission, author=author, reason=reason, expected=expected, now=now)
    if changed := avoided ^ _avoided(session):
        for message, revision in _saying(session, changed):
            draft = draft_of(session, message, revision)
            author_of = session.get(Person, revision.author_id) if revision.author_id else None
            revision.findings = draft.findings_in(revision.texts, author_of.name if author_of else None)
        session.flush()
    return number


def _avoided(session: Session) -> set[str]:
    try:
        return set(mission_in_force(session)[0].words_to_avoid)
    except NotFound:
        return set()


def _saying(session: Session, words: Iterable[str]) -> Iterator[tuple[Message, Revision]]:
    """The drafts under review whose channel would say one of these words. Texts alone are read of all."""
    waiting = select(Revision.id, Revision.texts, Message.channel).join(Message, in_force())
    found = [
        row.id
        for row in session.execute(waiting.where(Message.state == "in_review"))
        if words_said(_said(row.texts[text_of_channel(row.channel, row.texts)]), words)
    ]
    for at in range(0, len(found), _AT_A_TIME):
        ids = found[at : at + _AT_A_TIME]
        rows = select(Message, Revision).join(Revision, in_force()).where(Revision.id.in_(ids))
        yield from ((message, revision) for message, revision in session.execute(rows))


def _said(text: Text) -> str:
    return f"{text.get('subject') or ''}\n\n{text.get('body') or ''}"
