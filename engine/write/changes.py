"""Facts that changed after a text was written: the draft comes back, with the change shown, before it can go.

What a person wrote is never thrown away: an edited text returns to them as it is, with the new facts beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from engine.people.audit import Doer, record
from engine.storage.base import Json
from engine.storage.models import Delivery, Message, Revision
from engine.storage.upsert import is_among
from engine.transitions import FAILED_DELIVERY
from engine.write.approval import draft_of, take_back
from engine.write.facts import ALSO, fact_from, facts_of, to_json
from engine.write.material import Material, gather
from engine.write.revisions import add_revision, revision_of, with_texts, wording_of
from engine.write.store import template_of

CHANGED = "facts_changed"
WRITER = Doer("writer")
# They come from the settings, and were true when the text was signed.
_OURS = ("company.", "sender.")


@dataclass(frozen=True, slots=True)
class Change:
    """One fact: what the text was written from, and what the record says now. None: not known."""

    name: str
    old: str | int | bool | None
    new: str | int | bool | None


def bring_back_changed(session: Session, *, now: datetime, limit: int = 500) -> int:
    """Bring back every text in review or approved whose facts are no longer what it was written from.

    An unedited one is written again; an edited one waits for its reader, whatever it was approved as. Reads all that
    waits, `limit` at a time; answers how many came back.
    """
    back, last = 0, None
    while True:
        waiting = select(Message.id).where(Message.state.in_(("in_review", "approved")))
        if last is not None:
            waiting = waiting.where(Message.id > last)
        ids = session.scalars(waiting.order_by(Message.id).limit(limit)).all()
        if not ids:
            return back
        back += bring_back(session, ids, now=now)
        last = ids[-1]


def bring_back(session: Session, message_ids: Sequence[UUID], *, now: datetime) -> int:
    """The same for these messages; what a worker holds is left to the check before it is sent."""
    found = changes_of(
        session, session.scalars(select(Message).where(is_among(session, Message.id, message_ids))).all()
    )
    if not found:
        return 0
    held = session.scalars(
        select(Message)
        .where(Message.id.in_(found), Message.state.in_(("in_review", "approved")))
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    free = set(session.scalars(select(Message.id).where(Message.id.in_([one.id for one in held]), ~_claimed())))
    for message in held:
        if message.id in free:
            return_text(session, message, found[message.id], now=now)
    return len(free)


def changes_of(session: Session, messages: Sequence[Message]) -> dict[UUID, list[Change]]:
    """Message id -> the facts it says that changed since; messages of which nothing changed are not in the answer."""
    if not messages:
        return {}
    material = gather(session, messages, with_earlier=False)
    rows = session.execute(
        select(Message.id, Revision.facts, Revision.template_version_id)
        .join(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(is_among(session, Message.id, [message.id for message in messages]))
    )
    found = {row.id: _changes(session, material[row.id], row) for row in rows if material[row.id].spoken}
    return {message_id: changes for message_id, changes in found.items() if changes}


def return_text(session: Session, message: Message, changes: Sequence[Change], *, now: datetime) -> None:
    """Back to the writer, or to its reader where a person had edited it. The caller holds the message."""
    if message.state == "approved":
        take_back(session, message, now=now)
        session.flush()
    if message.edited:
        _renew_facts(session, message, now=now)
    else:
        message.state, message.write_at = "draft", now
    message.version += 1
    detail = {change.name: {"old": change.old, "new": change.new} for change in changes}
    record(session, WRITER, CHANGED, message, now=now, facts=detail)
    session.flush()


def _changes(session: Session, material: Material, revision: Any) -> list[Change]:
    now_known = to_json(facts_of(material, company="", team=""))
    said = _said_in(session, revision, edited=material.message.edited)
    old, new = _sayable(revision.facts, said), _sayable(now_known, said)
    return [
        Change(name, old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _said_in(session: Session, revision: Any, *, edited: bool) -> frozenset[str] | None:
    """The facts that the template can print; None for an edited text, which may say any of them."""
    if edited or revision.template_version_id is None:
        return None
    folder = template_of(session, revision.template_version_id)
    return frozenset(folder.needs) | frozenset(folder.may_use)


def _sayable(facts: Json, said: frozenset[str] | None) -> Mapping[str, str | int | bool | None]:
    return {
        name: fact["value"]
        for name, fact in facts.items()
        if fact["sayable"]
        and not name.startswith(_OURS)
        and (said is None or name in said or name.startswith(f"{ALSO}."))
    }


def _renew_facts(session: Session, message: Message, *, now: datetime) -> None:
    """The same words with the facts of today, read by the tone check again: it sees a number that is now wrong."""
    draft = draft_of(session, message)
    ours = {name: fact for name, fact in draft.revision.facts.items() if name.startswith(_OURS)}
    facts = to_json(facts_of(draft.material, company="", team="")) | ours
    renewed = replace(draft, facts={name: fact_from(stored) for name, stored in facts.items()})
    texts = draft.revision.texts
    wording = replace(
        with_texts(wording_of(revision_of(session, message)), texts, renewed.findings_in(texts, None)), facts=facts
    )
    add_revision(session, message, wording, now=now)


def _claimed() -> ColumnElement[bool]:
    return exists().where(Delivery.message_id == Message.id, Delivery.state.not_in(FAILED_DELIVERY))
