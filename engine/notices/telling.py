"""Writes a notice in the transaction of what it tells about, so that neither is there without the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine import bell
from engine.ids import new_id
from engine.storage.models import Notice
from engine.storage.upsert import insert_into

CARRY = "jubilee.notices"


@dataclass(frozen=True, slots=True)
class News:
    """What to tell. `key` names the occasion: the same key is told once, however often it is written.

    `person_id` is who gets it by mail; None goes to the company's webhook alone. `path` is where in the console it
    leads. Subject and body hold no customer's name, address or words: mails of colleagues outlive an erasure.
    """

    key: str
    kind: str
    subject: str
    body: str
    path: str = "/queue"
    person_id: UUID | None = None


def tell(session: Session, news: News, *, now: datetime) -> bool:
    """Have it told, as soon as this is committed; False where it was told already under this key."""
    row = {
        "id": new_id(),
        "key": news.key,
        "kind": news.kind,
        "person_id": news.person_id,
        "subject": news.subject,
        "body": news.body,
        "path": news.path,
        "created_at": now,
        "next_at": now,
    }
    insert = insert_into(session, Notice).on_conflict_do_nothing(index_elements=["key"]).values(row)
    told = session.execute(insert.returning(Notice.__table__.c.id)).scalar() is not None
    if told:
        bell.ring(session, CARRY)
    return told


def tell_all(session: Session, news: News, people: Sequence[UUID], *, now: datetime) -> None:
    """Have it told to each of these people, and to the company's webhook."""
    for person_id in (None, *people):
        tell(session, replace(news, key=f"{news.key}:{person_id or 'all'}", person_id=person_id), now=now)
