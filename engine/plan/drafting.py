"""Writes what planning decided: new unwritten messages, and moments that join one that is there."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.dates.windows import Window
from engine.definitions.store import definition_of
from engine.ids import new_id
from engine.plan.clashes import Day, Standing
from engine.plan.contender import Contender, heaviest_first
from engine.plan.slots import Slot
from engine.storage.models import Message, MessageMoment, Moment
from engine.storage.upsert import insert_into, is_among
from engine.transitions import LIVE_MESSAGE, MOMENT, sources_of


def standing_celebrations(session: Session, contenders: Sequence[Contender]) -> dict[Day, Standing]:
    """The celebrations that already occupy the customers' days, locked: nobody approves one while it is added to.

    A merge closes at approval, or once a person has edited the text.
    """
    celebrating = [contender for contender in contenders if contender.family == "celebrate"]
    if not celebrating:
        return {}
    messages = session.scalars(
        select(Message)
        .where(
            Message.customer_id.in_({contender.customer_id for contender in celebrating}),
            Message.send_on.in_({contender.slot.send_on for contender in celebrating}),
            Message.family == "celebrate",
            Message.state.in_(LIVE_MESSAGE),
        )
        .order_by(Message.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {
        (message.customer_id, message.send_on): Standing(
            message.id,
            open=message.state in ("draft", "in_review")
            and not message.edited
            and definition_of(session, message.trigger_version_id).clash == "merge",
        )
        for message in messages
    }


def make_messages(session: Session, groups: Sequence[Sequence[Contender]], *, now: datetime) -> list[Contender]:
    """One draft for each group. Answers with those that came too late: UNIQUE decides who has the customer's day."""
    if not groups:
        return []
    made = {new_id(): group for group in groups}
    kept = set(
        session.scalars(
            insert_into(session, Message).on_conflict_do_nothing().returning(Message.id),
            [{"id": message_id, "created_at": now} | _row(group) for message_id, group in made.items()],
        )
    )
    links = [
        {"message_id": message_id, "moment_id": contender.moment_id, "position": position, "live": True}
        for message_id in kept
        for position, contender in enumerate(made[message_id])
    ]
    if links:
        session.execute(insert_into(session, MessageMoment), links)
    _mark_planned(session, [contender for message_id in kept for contender in made[message_id]], now=now)
    return [contender for message_id, group in made.items() if message_id not in kept for contender in group]


def join_messages(
    session: Session,
    joining: Mapping[uuid.UUID, Sequence[Contender]],
    *,
    now: datetime,
) -> None:
    """Add moments to messages that are still open, which are then written again: late arrivals, and so few."""
    for message_id, contenders in joining.items():
        message = session.get_one(Message, message_id)
        position = len(session.scalars(select(MessageMoment).where(MessageMoment.message_id == message_id)).all())
        lead = heaviest_first(contenders)[0]
        leads = lead.weight > message.weight
        if leads:
            _make_room(session, message_id)
        for place, contender in enumerate(heaviest_first(contenders)):
            at = 0 if leads and place == 0 else position + place
            session.add(MessageMoment(message_id=message_id, moment_id=contender.moment_id, position=at))
        _rewrite(message, _row(contenders), leads=leads, now=now)
        session.execute(
            update(Moment)
            .where(
                Moment.id.in_(select(MessageMoment.moment_id).where(MessageMoment.message_id == message_id)),
                Moment.state == "written",
            )
            .values(state="planned")
        )
        session.flush()
        _mark_planned(session, contenders, now=now)


def _row(group: Sequence[Contender]) -> dict[str, Any]:
    """The strictest review, the earliest expiry, the narrowest window; the first of the group gives the rest."""
    lead = group[0]
    slot = min((contender.slot for contender in group), key=lambda slot: (slot.window.length, slot.send_at))
    must_be_read = any(contender.must_be_read for contender in group)
    approved_by_hand = any(contender.definition.review.policy == "person" for contender in group)
    may_go_unread = all(contender.definition.review.if_unreviewed == "send" for contender in group)
    return {
        "customer_id": lead.customer_id,
        "trigger_id": lead.trigger_id,
        "trigger_version_id": lead.version_id,
        "family": lead.family,
        "occasion": lead.occasion,
        "state": "draft",
        "channel": lead.channel,
        "channel_reason": lead.channel_reason,
        "template": lead.template,
        "weight": max(contender.weight for contender in group),
        # A light one that a person approves may still go when its deadline passes, if its trigger says so.
        "must_read": must_be_read or (approved_by_hand and not may_go_unread),
        "if_unreviewed": "send" if may_go_unread and not must_be_read else "drop",
        "send_on": slot.send_on,
        "window_start": slot.window.start,
        "window_end": slot.window.end,
        "zone": slot.zone,
        "send_at": slot.send_at,
        "hours_key": lead.hours_key,
        "expires_at": min(contender.expires_at for contender in group),
        "write_at": min(contender.slot.write_at for contender in group),
        "deadline_at": _deadline(group, slot, may_go_unread=may_go_unread and not must_be_read),
    }


def _deadline(group: Sequence[Contender], slot: Slot, *, may_go_unread: bool) -> datetime:
    """Where nobody of the team is there before the window, they have until its end; but what may go unread must still
    go in it, so it goes as it opens."""
    deadline = min(contender.slot.deadline_at for contender in group)
    return min(deadline, slot.send_at) if may_go_unread else deadline


def _rewrite(message: Message, row: Mapping[str, Any], *, leads: bool, now: datetime) -> None:
    message.must_read = message.must_read or row["must_read"]
    message.if_unreviewed = "drop" if "drop" in (message.if_unreviewed, row["if_unreviewed"]) else "send"
    message.expires_at = min(message.expires_at, row["expires_at"])
    message.deadline_at = min(message.deadline_at, row["deadline_at"])
    if Window(row["window_start"], row["window_end"]).length < Window(message.window_start, message.window_end).length:
        for name in ("window_start", "window_end", "send_at"):
            setattr(message, name, row[name])
    if leads:
        for name in ("trigger_id", "trigger_version_id", "occasion", "channel", "channel_reason", "template", "weight"):
            setattr(message, name, row[name])
    message.state, message.write_at, message.version = "draft", now, message.version + 1


def _make_room(session: Session, message_id: uuid.UUID) -> None:
    session.execute(
        update(MessageMoment).where(MessageMoment.message_id == message_id).values(position=MessageMoment.position + 1)
    )


def _mark_planned(session: Session, contenders: Sequence[Contender], *, now: datetime) -> None:
    by_version: dict[uuid.UUID, list[uuid.UUID]] = {}
    for contender in contenders:
        by_version.setdefault(contender.version_id, []).append(contender.moment_id)
    for version_id, ids in by_version.items():
        session.execute(
            update(Moment)
            .where(is_among(session, Moment.id, ids), Moment.state.in_(sources_of(MOMENT, "planned")))
            .values(state="planned", planned_at=now, trigger_version_id=version_id)
        )
