"""The page of one message: everything an agent needs beside the text to decide about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.errors import InvalidInput, NotFound
from engine.plan.chains import FELL_BACK, MOVED
from engine.plan.channel_reasons import channel_sentence
from engine.plan.holds import holds_of
from engine.review.items import items_of
from engine.review.opinions import Happened
from engine.review.received import received_before
from engine.review.second_reads import first_approval
from engine.review.story import flags_of, history_of, second_reads_of
from engine.review.versions import claimed
from engine.review.views import FactChange, FactView, MessageView, OpenHold, QueueItem, RevisionView
from engine.review.ways import ways_of
from engine.storage.base import Json
from engine.storage.models import Customer, Message, MessageMoment, Person, Revision
from engine.write.approval import Draft, draft_of, free_part_of, readied
from engine.write.facts import fact_from, facts_of, to_json
from engine.write.free_parts import free_parts
from engine.write.material import gather
from engine.write.parts import outline
from engine.write.revisions import first_draft_of
from engine.write.saying import sayings
from engine.write.signing import signature_of
from engine.write.stops import StoppedByFlag, has_four_eyes, is_flagged

NO_OTHERS = Offered(())
# Holds that come from what a customer lives through, and may come up at any time.
OF_THE_MOMENT = frozenset(
    {"life_event", "not_now", "open_problem", "settling", "recovery_first", "recovery_gap", "low_answer"}
)


def one(
    session: Session, message_id: UUID, *, now: datetime, person: Person | None = None, offered: Offered = NO_OTHERS
) -> MessageView:
    """The message as `person` sees it: signed by them in the preview, if they are given. Raises NotFound.

    `offered` are the channels that it may go by; without them only its own is shown.
    """
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound("There is no such message.")
    draft = draft_of(session, message) if message.number else None
    revisions = _revisions(session, message_id)
    history = history_of(session, message_id)
    first = first_approval(session, message) if message.state == "in_review" else None
    signer = first.name if first else _signer(session, message, person)
    item = items_of(session, [message_id], now=now, person_id=person.id if person else None)[message_id]
    item = replace(item, holds=[*item.holds, *_held_meanwhile(session, message, item, offered, now=now)])
    return MessageView(
        item=item,
        customer_id=message.customer_id,
        trigger_id=message.trigger_id,
        facts=_facts(session, message, draft),
        earlier=received_before(session, message),
        revisions=_with_signed(revisions, history),
        reason=message.reason,
        expires_at=message.expires_at,
        approved_by=_name(session, message.approved_by),
        approved_texts=message.approved_texts or (),
        ways=ways_of(session, message, draft.revision.texts if draft else {}, offered, now=now),
        channel_why=channel_sentence(message.channel_reason),
        unread=message.state == "in_review" and _came_back(history),
        release_at=message.release_at,
        can_be_undone=message.state == "approved" and not claimed(session, message_id),
        written_in=_language(draft.revision.locale) if draft else None,
        reads=_language(session.get_one(Customer, message.customer_id).locale),
        sends_at=message.send_at,
        changes=[FactChange(name, pair["was"], pair["is"]) for name, pair in (message.facts_changed or {}).items()],
        approved_before=_approved_before(revisions, history) if message.facts_changed else None,
        owner=item.owner_name,
        owner_note=message.owner_note,
        four_eyes=has_four_eyes(session, message_id),
        first_approver=first.name if first else None,
        flags=flags_of(session, message_id),
        second_reads=second_reads_of(session, message_id, person.id if person else None),
        history=history,
        refusal=refusal_of(session, draft, person) if message.state == "in_review" and draft else None,
        **_text_of(session, message, draft, signer),
    )


def holds_on(session: Session, message: Message, *, offered: Offered, now: datetime) -> Sequence[OpenHold]:
    """What stands between this message and its customer: what planning holds, and what came up since."""
    item = items_of(session, [message.id], now=now)[message.id]
    return [*item.holds, *_held_meanwhile(session, message, item, offered, now=now)]


def _signer(session: Session, message: Message, person: Person | None) -> str | None:
    """Who would sign it now, or who did when it was let go; None: the team."""
    if message.state in ("draft", "in_review"):
        return person.name if person is not None else None
    return _name(session, message.approved_by)


def _language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0].lower()


def _text_of(session: Session, message: Message, draft: Draft | None, person: str | None) -> dict[str, Any]:
    """What there is to say of the text; a draft that stopped, and one of an erased customer, has none."""
    if draft is None or not draft.revision.texts:
        nothing: dict[str, Any] = {"text": "", "texts": {}, "preview": {}, "findings": [], "hints": []}
        return nothing | {"signature": None, "free_part": "none", "first_texts": {}, "parts": []}
    texts, first = draft.revision.texts, first_draft_of(session, message, draft.revision).texts
    body = str(texts[draft.channel_text]["body"])
    return {
        "text": draft.channel_text,
        "texts": texts,
        "preview": draft.as_sent(person),
        "signature": signature_of(draft.mission, draft.signer(person), draft.revision.locale),
        "findings": draft.revision.findings,
        "hints": [part.hint for part in free_parts(body)],
        "free_part": free_part_of(session, draft.revision),
        "first_texts": first,
        "parts": outline(str((first.get(draft.channel_text) or {}).get("body") or ""), body),
    }


def _facts(session: Session, message: Message, draft: Draft | None) -> list[FactView]:
    """Those the text was written from; where there is none yet, those that are known now."""
    if draft is not None:
        stored = draft.revision.facts
    else:
        stored = to_json(facts_of(gather(session, [message])[message.id], company="", team=""))
    return [
        FactView(name, fact["value"], fact["source"], fact["sayable"], _sayings(name, fact, draft))
        for name, fact in sorted(stored.items())
        if not name.startswith(("company.", "sender."))
    ]


def _revisions(session: Session, message_id: UUID) -> list[RevisionView]:
    rows = session.execute(
        select(Revision.number, Person.name, Revision.created_at, Revision.texts)
        .outerjoin(Person, Person.id == Revision.author_id)
        .where(Revision.message_id == message_id)
        .order_by(Revision.number)
    )
    return [RevisionView(*row) for row in rows]


def _with_signed(revisions: Sequence[RevisionView], history: Sequence[Happened]) -> Sequence[RevisionView]:
    """The same, with those marked that an approval made: they hold a name where the others hold marks."""
    signed = {one.detail.get("revision") for one in history if one.action == "approve"}
    return [replace(one, signed=one.number in signed) for one in revisions]


def _approved_before(revisions: Sequence[RevisionView], history: Sequence[Happened]) -> RevisionView | None:
    """What a person had approved last, as it was before it was signed."""
    approved = [one.detail.get("revision") for one in history if one.action == "approve"]
    last = next((one for one in revisions if approved and one.number == approved[-1]), None)
    if last is None or last.author is None:
        return None
    unsigned = next((one for one in revisions if one.number == last.number - 1), None)
    return replace(unsigned, author=last.author) if unsigned else None


def refusal_of(session: Session, draft: Draft, person: Person | None) -> str | None:
    """Why nobody can approve this text; that a second reader is still to be found is no refusal."""
    message = draft.material.message
    try:
        if is_flagged(session, message.id):
            raise StoppedByFlag
        readied(session, message, draft, person)
    except InvalidInput as refused:
        return str(refused)
    return None


def _sayings(name: str, fact: Json, draft: Draft | None) -> Sequence[str]:
    if draft is None or not draft.revision.texts:
        return ()
    return sayings(name, fact_from(fact), draft.revision.locale, draft.channel_text)


def _held_meanwhile(
    session: Session, message: Message, item: QueueItem, offered: Offered, *, now: datetime
) -> list[OpenHold]:
    """What has come up with the customer since planning looked, and would stop the message when it is to go: who reads
    the draft shall know it before they approve."""
    if not offered.names or message.state not in ("draft", "in_review", "approved"):
        return []
    moments = session.scalars(
        select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id, MessageMoment.live)
    ).all()
    known = {hold.name for hold in item.holds}
    held = holds_of(session, moments, now=now, channels=offered)
    names = {view.name: view for views in held.values() for view in views if view.name in OF_THE_MOMENT}
    return [OpenHold(name, view.detail, now) for name, view in names.items() if name not in known]


def _came_back(history: Sequence[Happened]) -> bool:
    """Whether it took another channel, whose text nobody has read since."""
    telling = (FELL_BACK, MOVED, "edit", "approve", "undo")
    last = next((one for one in reversed(history) if one.action in telling), None)
    return last is not None and last.action in (FELL_BACK, MOVED) and bool(last.detail.get("to_read"))


def _name(session: Session, person_id: UUID | None) -> str | None:
    return session.scalar(select(Person.name).where(Person.id == person_id)) if person_id else None
