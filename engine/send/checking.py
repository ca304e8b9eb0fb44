"""The second check, made in the commit of `submitting`: everything that planning asked is asked again, of what was
claimed. What may not go is ended or put off there and then, and the reason why is named on its delivery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from engine.calendar.keeping import NAME as PAUSE
from engine.channel_terms import Offered
from engine.dates.openings import POST_TOO_LATE, TURNS, Intent, Slot, closed_by, is_open, slots, spoiled_by, turn
from engine.dates.sensitive import SENSITIVE_DAY
from engine.plan.ending import TOO_LATE, cancel_moments, end_message
from engine.plan.holds import HoldView, holds_of, store_holds
from engine.plan.intents import WANTED, intent_of
from engine.send.claiming import Claim
from engine.send.switch import STOPPED, sending_stopped
from engine.spot.reasons import NO_LONGER_TRUE
from engine.spot.truth import no_longer_true
from engine.storage.models import Customer, Delivery, Message, MessageMoment
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given
from engine.storage.words import in_words
from engine.transitions import LIVE_MESSAGE
from engine.write.changes import CHANGED, Change, changes_of, return_text

LOOK_AGAIN = timedelta(minutes=15)
LOOK_AT_PAUSES = timedelta(minutes=30)
NO_TERMS = Offered()
NOT_APPROVED = "no_longer_approved"

_CUSTOMERS = (
    select(Customer.id)
    .where(Customer.id.in_(select(Message.customer_id).where(is_given(Message.id))))
    .order_by(Customer.id)
    .with_for_update(key_share=True)  # rows that point at a customer may still be added meanwhile
)
_CLAIMED = in_words(
    select(Delivery.id.label("delivery_id"), Message.id, Message.customer_id, Message.family, Message.state, *WANTED)
    .join(Message, Message.id == Delivery.message_id)
    .join(Customer, Customer.id == Message.customer_id)
    .where(is_given(Delivery.id), Delivery.state == "claimed", Delivery.lease_until > bindparam("machine"))
    .order_by(Message.id)
    .with_for_update(of=(Delivery, Message))
)
_MOMENTS = (
    select(MessageMoment.message_id, MessageMoment.moment_id)
    .where(is_given(MessageMoment.message_id), MessageMoment.live)
    .order_by(MessageMoment.position)
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed message as the check sees it. `moments` are what it speaks of."""

    delivery_id: UUID
    message_id: UUID
    customer_id: UUID
    family: str
    state: str
    intent: Intent
    moments: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about a batch: by moment, and for changed facts by message."""

    holds: Mapping[UUID, Sequence[HoldView]]
    untrue: Mapping[UUID, str]
    changes: Mapping[UUID, Sequence[Change]]


def lock_customers(session: Session, claims: Sequence[Claim]) -> list[UUID]:
    """Lock the customers of these claims before anything of theirs, in the order in which everybody does."""
    return list(past_the_orm(session).scalars(_CUSTOMERS, given(claim.message_id for claim in claims)))


def lock_claimed(
    session: Session, claims: Sequence[Claim], *, machine: datetime, channels: Offered = NO_TERMS
) -> list[Claimed]:
    """The claims whose lease still runs, as the check sees them; their messages are locked."""
    values = given(claim.delivery_id for claim in claims) | {"machine": machine}
    rows = past_the_orm(session).execute(_CLAIMED, values).all()
    moments = moments_of(session, [row.id for row in rows])
    return [
        Claimed(
            delivery_id=row.delivery_id,
            message_id=row.id,
            customer_id=row.customer_id,
            family=row.family,
            state=row.state,
            intent=intent_of(session, row, row.channel, channels),
            moments=moments[row.id],
        )
        for row in rows
    ]


def hindrances(
    session: Session,
    claimed: Sequence[Claimed],
    *,
    now: datetime,
    channels: Offered,
    also: Mapping[UUID, HoldView] = MappingProxyType({}),
) -> dict[UUID, str]:
    """Delivery id -> the reason why it may not go now. The message was ended, or put off, accordingly. `also` are holds
    of deliveries that were found by looking at their addresses."""
    if sending_stopped(session):
        return dict.fromkeys((one.delivery_id for one in claimed), STOPPED)
    moments = [moment_id for one in claimed for moment_id in one.moments]
    holds = holds_of(session, moments, now=now, channels=channels)
    for one in claimed:
        for moment_id in one.moments if one.delivery_id in also else ():
            holds.setdefault(moment_id, []).append(also[one.delivery_id])
    store_holds(session, moments, holds, now=now)
    found = Found(holds, no_longer_true(session, moments, now=now), _changed_facts(session, claimed))
    reasons = ((one.delivery_id, _hindrance(session, one, found, now=now)) for one in claimed)
    return {delivery_id: reason for delivery_id, reason in reasons if reason}


def _hindrance(session: Session, one: Claimed, found: Found, *, now: datetime) -> str | None:
    if one.state != "approved":
        return NOT_APPROVED
    if untrue := [moment_id for moment_id in one.moments if moment_id in found.untrue]:
        for moment_id in untrue:
            cancel_moments(session, [moment_id], found.untrue[moment_id], now=now)
        return found.untrue[untrue[0]]
    if not one.moments:  # it speaks of nothing that could be shown to be true
        end_message(session, one.message_id, "cancelled", NO_LONGER_TRUE, now=now)
        return NO_LONGER_TRUE
    held = [hold for moment_id in one.moments for hold in found.holds.get(moment_id, ())]
    if one.intent.expires_at <= now:
        reason = f"held:{held[0].name}" if held else TOO_LATE
        end_message(session, one.message_id, "expired", reason, now=now)
        return reason
    if changes := found.changes.get(one.message_id):
        return_text(session, session.get_one(Message, one.message_id), changes, now=now)
        return CHANGED
    if held:
        return _hold_back(session, one, held, now=now)
    if not is_open(one.intent, now=now):
        gone = POST_TOO_LATE if one.intent.post_on else spoiled_by(one.intent, after=now) or TOO_LATE
        _put_off(session, one, now, or_expire_for=gone, now=now)
        return closed_by(one.intent, now=now)
    return None


def _hold_back(session: Session, one: Claimed, held: Sequence[HoldView], *, now: datetime) -> str:
    """A hold for good ends the message. Any other has it looked at again soon, as news may lift it before its time."""
    if final := next((hold for hold in held if hold.final), None):
        end_message(session, one.message_id, "skipped", final.name, now=now)
        return f"held:{final.name}"
    reason = f"held:{held[0].name}"
    _put_off(session, one, _look_again_at(one, held, now=now), or_expire_for=reason, now=now)
    return reason


def _look_again_at(one: Claimed, held: Sequence[HoldView], *, now: datetime) -> datetime:
    """What many wait for together is looked at less often, and each in its turn: so that they do not all go in the same
    minute when it ends. A day that is over at a known hour is not looked at before."""
    names = {hold.name for hold in held}
    if names == {SENSITIVE_DAY} and (over := max((hold.until for hold in held if hold.until), default=None)):
        return over
    if PAUSE not in names:
        return now + LOOK_AGAIN
    return now + LOOK_AT_PAUSES + one.intent.spread * (one.intent.bucket % TURNS) / TURNS


def _put_off(session: Session, one: Claimed, after: datetime, *, or_expire_for: str, now: datetime) -> None:
    """To the next opening on a day that has no other celebration; where none is left, late is worse than never."""
    slot = next((slot for slot in slots(one.intent, after=after) if _is_free(session, one, slot)), None)
    if slot is None:
        end_message(session, one.message_id, "expired", or_expire_for, now=now)
        return
    send_at = turn(slot, one.intent.bucket, one.intent.spread)
    session.execute(update(Message).where(Message.id == one.message_id).values(send_at=send_at, send_on=slot.on))


def _is_free(session: Session, one: Claimed, slot: Slot) -> bool:
    if one.family != "celebrate" or slot.on == one.intent.send_on:
        return True
    taken = exists().where(
        Message.customer_id == one.customer_id,
        Message.send_on == slot.on,
        Message.family == "celebrate",
        Message.state.in_(LIVE_MESSAGE),
    )
    return not session.scalar(select(taken))


def _changed_facts(session: Session, claimed: Sequence[Claimed]) -> dict[UUID, list[Change]]:
    """The facts that a text says and that are not so any more; a text that has them goes back to be written again."""
    return changes_of(session, [one.message_id for one in claimed if one.state == "approved"])


def moments_of(session: Session, message_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """What each of these messages speaks of, its lead first."""
    rows = past_the_orm(session).execute(_MOMENTS, given(message_ids))
    found: dict[UUID, list[UUID]] = {message_id: [] for message_id in message_ids}
    for message_id, moment_id in rows:
        found[message_id].append(moment_id)
    return {message_id: tuple(ids) for message_id, ids in found.items()}
