"""Facts that changed after a text was written: the draft comes back, with the change shown, before it can go.

What a person wrote is never thrown away: an edited text returns to them as it is, with the new facts beside it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from engine.people.audit import Doer, record
from engine.storage.base import Json
from engine.storage.models import Delivery, Message
from engine.transitions import FAILED_DELIVERY
from engine.write.approval import draft_of, take_back
from engine.write.facts import ALSO, as_json, fact_from, facts_of, to_json
from engine.write.material import Material, gather_for_facts
from engine.write.revisions import add_revision, revision_of, with_texts, wording_of
from engine.write.store import template_of

CHANGED = "facts_changed"
WRITER = Doer("writer")
# They come from the settings, and were true when the text was signed.
_OURS = ("company.", "sender.")
_OF_OTHERS = f"{ALSO}."


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
    found = changes_of(session, message_ids)
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


def changes_of(session: Session, message_ids: Sequence[UUID]) -> dict[UUID, list[Change]]:
    """Message id -> the facts it says that changed since; messages of which nothing changed are not in the answer."""
    if not message_ids:
        return {}
    materials = gather_for_facts(session, message_ids)
    found = {one: _changes(session, material) for one, material in materials.items() if material.spoken}
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
    message.facts_changed = _told(message.facts_changed or {}, changes)
    detail = {change.name: {"old": change.old, "new": change.new} for change in changes}
    record(session, WRITER, CHANGED, message, now=now, facts=detail)
    session.flush()


def _told(before: Json, changes: Sequence[Change]) -> Json | None:
    """What its reader is shown: each fact as it was in the text they know and as it is now. What changed back did not
    change."""
    was = {change.name: before.get(change.name, {}).get("was", change.old) for change in changes}
    new = {change.name: {"was": was[change.name], "is": change.new} for change in changes}
    told = {name: pair for name, pair in {**before, **new}.items() if pair["was"] != pair["is"]}
    return told or None


def _changes(session: Session, material: Material) -> list[Change]:
    written: Any = material.message  # a row that has what its text was written from
    said = _said_in(session, written.template_version_id, edited=written.edited)
    old = {name: fact["value"] for name, fact in written.facts.items() if fact["sayable"] and _may_say(name, said)}
    known = facts_of(material, company="", team="")
    new = {name: as_json(fact.value) for name, fact in known.items() if fact.sayable and _may_say(name, said)}
    if old == new:
        return []
    return [
        Change(name, old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _said_in(session: Session, template_version_id: UUID | None, *, edited: bool) -> Collection[str] | None:
    """The facts that the template can print; None for an edited text, which may say any of them."""
    if edited or template_version_id is None:
        return None
    folder = template_of(session, template_version_id)
    return (*folder.needs, *folder.may_use)


def _may_say(name: str, said: Collection[str] | None) -> bool:
    return not name.startswith(_OURS) and (said is None or name in said or name.startswith(_OF_OTHERS))


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
