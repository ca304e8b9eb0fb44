"""One moment as a story: what was noticed, what held it from when to when, and how it ended, said first.

The answer to "why did, or didn't, they get this?" as somebody reads it who looks at a customer. Everything in it is
stored; `why.py` says each step by itself.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.plan.reasons import REASONS, ending, paused_why, sentence
from engine.send.away import away_words
from engine.storage.models import Customer, Delivery, Hold, Message, MessageMoment, Moment, Trigger
from engine.storage.upsert import is_among
from engine.why import WhyLine, lines_of, said_when, title_of

Outcome = Literal["got", "not", "waits", "unknown"]


@dataclass(frozen=True, slots=True)
class Held:
    """One hold, from when to when. `ended_at` is empty while it holds; then `ends` says what would lift it."""

    sentence: str
    detail: str | None
    opened_at: datetime
    ended_at: datetime | None
    ends: str


@dataclass(frozen=True, slots=True)
class Story:
    """What became of one moment. `headline` says it in a sentence, `steps` one by one."""

    title: str
    family: str
    occasion: str
    outcome: Outcome
    headline: str
    spotted_at: datetime
    held: Sequence[Held]
    steps: Sequence[WhyLine]
    message_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class _Sent:
    """The message that spoke of a moment last, how it travelled last, and why the trigger is paused, if it is."""

    message: Message
    delivery: Delivery | None
    paused: str | None


@dataclass(frozen=True, slots=True)
class _Clock:
    """What time it is, and where the customer lives."""

    now: datetime
    zone: str


def stories(session: Session, customer: Customer, *, now: datetime, limit: int) -> list[Story]:
    """The stories of the latest moments, up to `limit` and one more where there are more; in six statements."""
    moments = session.scalars(
        select(Moment)
        .where(Moment.customer_id == customer.id, Moment.spotted_at <= now)
        .order_by(Moment.send_on.desc(), Moment.id.desc())
        .limit(limit + 1)
    ).all()
    ids = [moment.id for moment in moments]
    steps = _by_moment(line for line in lines_of(session, moments, customer.zone) if line.at <= now)
    holds = _holds_of(session, ids)
    sent = _sent(session, customer.id, ids)
    clock = _Clock(now, customer.zone)
    return [
        _story(session, moment, sent.get(moment.id), holds.get(moment.id, []), steps.get(moment.id, []), clock)
        for moment in moments
    ]


def _story(
    session: Session,
    moment: Moment,
    sent: _Sent | None,
    holds: Sequence[Hold],
    steps: Sequence[WhyLine],
    clock: _Clock,
) -> Story:
    outcome, headline = _outcome(moment, sent, holds, clock)
    return Story(
        title=title_of(session, moment),
        family=moment.family,
        occasion=moment.occasion,
        outcome=outcome,
        headline=headline,
        spotted_at=moment.spotted_at,
        held=[_held(hold, moment, clock.zone) for hold in holds],
        steps=steps,
        message_id=sent.message.id if sent else None,
    )


def _outcome(moment: Moment, sent: _Sent | None, holds: Sequence[Hold], clock: _Clock) -> tuple[Outcome, str]:
    if moment.state in ("skipped", "expired", "cancelled", "control"):
        return "not", f"They did not get it. {ending(moment.reason) if moment.reason else ''}".strip()
    if sent is not None and sent.delivery is not None and sent.message.state in ("handed_over", "closed"):
        return _travelled(sent.delivery, clock.zone)
    open_holds = [hold for hold in holds if hold.released_at is None]
    if open_holds:
        others = f" And {len(open_holds) - 1} more." if len(open_holds) > 1 else ""
        return "waits", f"It waits. {sentence(open_holds[0].name)}{others}"
    if sent is not None and sent.paused:
        return "waits", paused_why(sent.paused)
    return "waits", _on_its_way(sent.message if sent else None, clock)


def _travelled(delivery: Delivery, zone_name: str) -> tuple[Outcome, str]:
    """In the words of its last delivery."""
    by = f"by {delivery.channel}"
    if delivery.redirected and delivery.accepted_at:
        return "not", "They did not get it: it went to the test address instead (redirect mode)."
    if delivery.state == "delivered" and delivery.delivered_at:
        return "got", f"They got it: delivered {by}, on {said_when(delivery.delivered_at, zone_name)}."
    if delivery.state == "accepted" and delivery.accepted_at:
        sent = f"sent {by}, on {said_when(delivery.accepted_at, zone_name)}"
        return "got", f"It was {sent}. Nothing says yet that it arrived."
    if delivery.state == "unconfirmed":
        return "unknown", f"We don't know whether it arrived: it was handed over {by}, and no answer came back."
    if delivery.state == "bounced":
        return "not", f"They did not get it: it came back ({by})."
    if away := away_words(delivery.state, delivery.reason):
        return "waits", f"The provider {away}, so it is tried again."
    if delivery.state == "refused":
        return "not", f"They did not get it: it was refused ({by})."
    return "waits", f"It is being handed over {by}."


def _on_its_way(message: Message | None, clock: _Clock) -> str:
    """No hour that is over is promised."""
    if message is None:
        return "It was noticed, and is not planned yet."
    late, at = message.send_at <= clock.now, f"on {said_when(message.send_at, clock.zone)}"
    if message.state == "draft":
        return f"It {'was' if late else 'is'} planned for their clock {at}, and is not written yet."
    if message.state == "in_review":
        goes = "once approved, in its hours" if late else at
        return f"It is written and waits for a person to read it; it would go {goes}."
    return f"It is approved and goes {'in its turn, in its hours' if late else at}."


def _held(hold: Hold, moment: Moment, zone_name: str) -> Held:
    """A moment that has ended is held by nothing, whatever was open then."""
    over = hold.released_at or moment.closed_at
    until = f"until {said_when(hold.until, zone_name)}" if hold.until else ""
    ends = until or (f"ends {REASONS[hold.name].ends}" if hold.name in REASONS else "")
    return Held(sentence(hold.name), hold.detail, hold.opened_at, over, ends)


def _holds_of(session: Session, moment_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Hold]]:
    found: dict[uuid.UUID, list[Hold]] = {}
    of = select(Hold).where(is_among(session, Hold.moment_id, moment_ids)).order_by(Hold.opened_at, Hold.name)
    for hold in session.scalars(of):
        found.setdefault(hold.moment_id, []).append(hold)
    return found


def _sent(session: Session, customer_id: uuid.UUID, moment_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, _Sent]:
    """The newest message of each, and its newest delivery."""
    rows = session.execute(
        select(MessageMoment.moment_id, Message, Delivery, Trigger.paused_reason)
        .join(Message, Message.id == MessageMoment.message_id)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .outerjoin(Trigger, and_(Trigger.id == Moment.trigger_id, Trigger.state == "paused"))
        .outerjoin(Delivery, Delivery.message_id == Message.id)
        .where(Message.customer_id == customer_id, is_among(session, MessageMoment.moment_id, moment_ids))
        .order_by(Message.created_at, Message.id, Delivery.fence)
    )
    return {moment_id: _Sent(message, delivery, paused) for moment_id, message, delivery, paused in rows}


def _by_moment(lines: Iterable[WhyLine]) -> Mapping[uuid.UUID, list[WhyLine]]:
    found: dict[uuid.UUID, list[WhyLine]] = {}
    for line in lines:
        if line.moment_id is not None:
            found.setdefault(line.moment_id, []).append(line)
    return found
