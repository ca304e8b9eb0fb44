"""Moves an approved message to another channel of its chain: in the same state where its text for that channel was
approved, else back to the people. The one place where a message that was approved changes its channel.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.calendar.day_rules import with_days
from engine.channel_terms import Offered, text_kind
from engine.dates.openings import Slot, slots, turn
from engine.people.audit import Doer, record
from engine.plan.choosing import Choice
from engine.plan.intents import intents_of
from engine.storage.models import Message
from engine.transitions import LIVE_MESSAGE
from engine.write.approval import covers, draft_of, take_back
from engine.write.revisions import revision_of

SENDING = Doer("sending")


def carried(session: Session, message: Message, choices: Sequence[Choice]) -> list[Choice]:
    """Those of the channels that can carry one of the texts that the message has."""
    kinds = revision_of(session, message).texts if message.number else {}
    return [choice for choice in choices if text_kind(choice.channel, kinds)]


def move(
    session: Session, message: Message, choices: Sequence[Choice], *, action: str, offered: Offered, now: datetime
) -> bool:
    """Move to the first of these channels that has an opening before the message expires, and say so in the audit;
    False where none has. The caller holds the message, which is approved; each choice carries the reason to store.
    """
    before, why = message.channel, message.channel_reason
    for choice in choices:
        if _take_opening(session, message, choice, offered, now=now):
            to_read = not covers(session, message, before)
            if to_read:
                _return(session, message, now=now)
            message.version += 1
            detail = {"from": before, "from_reason": why, "to": choice.channel, "reason": choice.reason}
            record(session, SENDING, action, message, now=now, **detail, to_read=to_read)
            session.flush()
            return True
    return False


def _take_opening(session: Session, message: Message, choice: Choice, offered: Offered, *, now: datetime) -> bool:
    """UNIQUE decides who has the customer's day: where another celebration took it meanwhile, the next one is tried."""
    intent = intents_of(session, [message.id], with_days(session, offered), choice.channel)[message.id]
    for slot in slots(intent, after=now):
        if not _is_free(session, message, slot):
            continue
        try:
            with session.begin_nested():
                message.channel, message.channel_reason = choice.channel, choice.reason
                message.send_on, message.send_at = slot.on, turn(slot, intent.bucket, intent.spread)
                message.attempts = 0
                session.flush()
        except IntegrityError:
            session.refresh(message)
            continue
        return True
    return False


def _is_free(session: Session, message: Message, slot: Slot) -> bool:
    if message.family != "celebrate" or slot.on == message.send_on:
        return True
    taken = exists().where(
        Message.customer_id == message.customer_id,
        Message.send_on == slot.on,
        Message.family == "celebrate",
        Message.state.in_(LIVE_MESSAGE),
        Message.id != message.id,
    )
    return not session.scalar(select(taken))


def _return(session: Session, message: Message, *, now: datetime) -> None:
    """Back to be read, with what the tone check says of the text that this channel carries."""
    revision = take_back(session, message, now=now)
    draft = draft_of(session, message, revision)
    revision.findings = draft.findings_in(revision.texts, None)
    session.flush()
