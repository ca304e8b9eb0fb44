"""Claims: which worker may hand over which messages, for how long.

A claim is a delivery row with a lease and a fence. Claiming takes a whole batch in one statement; UNIQUE decides races.
What a person just approved has a lane of its own, and the bulk a share that is its own.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.send.channels import Channel
from engine.send.gates import Rules, admit, give_back, open_now
from engine.send.switch import sending_stopped
from engine.storage.models import ContactPoint, Delivery, Message
from engine.storage.upsert import insert_new, is_among
from engine.transitions import FAILED_DELIVERY

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
# What a worker has in its hands of one channel, and at most so many unconfirmed after a crash. The checks cost a batch
# about what they cost one message.
BATCH = 100
# A message that waits for so long since its release is not one that somebody just approved any more. The bound keeps
# the lane short, whatever has been approved in advance.
JUST = timedelta(minutes=15)
# Of every batch one in so many is of the bulk, as long as there is any.
SHARE_OF_THE_BULK = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this worker may hand over until the lease ends. `fence` rises with every claim of a message;
    `alone` is one that no other may travel with."""

    delivery_id: UUID
    message_id: UUID
    channel: str
    fence: int
    lease_until: datetime
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """What one worker may take for one channel. Without a `channel`, what waits for channels that are `not_of` this
    installation any more. `alone`: whether it may take a message that has to travel alone."""

    worker: str
    channel: Channel | None = None
    not_of: tuple[str, ...] = ()
    cap: int | None = None
    limit: int = BATCH
    alone: bool = True

    def is_for(self) -> ColumnElement[bool]:
        """The messages that go through it."""
        return Message.channel == self.channel.name if self.channel else Message.channel.not_in(self.not_of)


def with_due(session: Session, doors: Sequence[Door], *, now: datetime, machine: datetime) -> list[Door]:
    """Those that have something due and are open now. Only looks, so that it may be asked often."""
    if sending_stopped(session):
        return []
    gates = {door.channel.name: Rules(door.channel.rate, door.cap) for door in doors if door.channel}
    opened = open_now(session, gates, machine=machine)
    doors = [door for door in doors if door.channel is None or door.channel.name in opened]
    if not doors:
        return []
    found = session.execute(select(*(_waiting(door, now=now).exists() for door in doors))).one()
    return [door for door, is_due in zip(doors, found, strict=True) if is_due]


def claim_due(session: Session, door: Door, *, now: datetime, machine: datetime) -> list[Claim]:
    """Claim approved messages whose time has come. The caller commits before it submits any.

    `now` is the installation's time and says what is due; the lease runs by the `machine`'s own time, so that moving a
    demonstration on does not end it.
    """
    if sending_stopped(session):
        return []
    due = _travelling_together(_due(session, door, now=now), door)
    if door.channel is not None:
        due = due[: admit(session, door.channel, len(due), machine=machine, cap=door.cap)]
    if not due:
        return []
    addresses = _addresses(session, [row.customer_id for row in due])
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "message_id": row.id,
            "channel": row.channel,
            "address": addresses.get((row.customer_id, row.channel), ""),
            "fence": row.fence,
        }
        for row in due
    ]
    same = {"state": "claimed", "worker": door.worker, "lease_until": machine + LEASE, "claimed_at": now}
    # Another worker may have claimed one since our statement began: uq_deliveries_one_open decides.
    taken = insert_new(session, Delivery, rows, same=same)
    mine = [row for row in rows if row["id"] in taken]
    if door.channel is not None:
        give_back(session, door.channel.name, len(rows) - len(mine), machine=machine, called=False)
    session.execute(
        update(Message)
        .where(is_among(session, Message.id, [row["message_id"] for row in mine]))
        .values(attempts=Message.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    alone = bool(due[0].attempts)
    return [Claim(row["id"], row["message_id"], row["channel"], row["fence"], machine + LEASE, alone) for row in mine]


def _due(session: Session, door: Door, *, now: datetime) -> Sequence[Any]:
    """What a person just approved, and between it the bulk, so that every part of a batch has the share of both."""
    fence = select(func.coalesce(func.max(Delivery.fence), 0) + 1).where(Delivery.message_id == Message.id)
    wanted = (
        _waiting(door, now=now)
        .add_columns(Message.customer_id, Message.channel, Message.attempts, fence.scalar_subquery().label("fence"))
        .order_by(Message.send_at, Message.id)
        .limit(door.limit)
        .with_for_update(of=Message, skip_locked=True)
    )
    of_people = wanted.where(Message.approved_by.is_not(None), Message.release_at > now - JUST)
    people = session.execute(of_people).all()
    bulk = session.execute(wanted.where(Message.id.not_in([row.id for row in people]))).all()
    turn = random.randrange(SHARE_OF_THE_BULK)  # noqa: S311 - no secret; a gate may admit one alone, again and again
    return _interleaved(people, bulk, turn)[: door.limit]


def _waiting(door: Door, *, now: datetime) -> Select[UUID]:
    return select(Message.id).where(
        door.is_for(),
        Message.state == "approved",
        Message.send_at <= now,
        Message.release_at <= now,
        Message.attempts < MAX_ATTEMPTS,
        ~exists().where(Delivery.message_id == Message.id, Delivery.state.not_in(FAILED_DELIVERY)),
    )


def _interleaved(people: Sequence[Any], bulk: Sequence[Any], turn: int) -> list[Any]:
    """Both in their order, one of the bulk in so many; `turn` is whose turn it is first."""
    lanes, mixed = (list(reversed(people)), list(reversed(bulk))), list[Any]()
    while any(lanes):
        is_for_bulk = (turn + len(mixed)) % SHARE_OF_THE_BULK == SHARE_OF_THE_BULK - 1
        first, second = reversed(lanes) if is_for_bulk else lanes
        mixed.append((first or second).pop())
    return mixed


def _travelling_together(due: Sequence[Any], door: Door) -> Sequence[Any]:
    """A message that an attempt died on or failed with travels alone, so that a poisoned one takes no other with it."""
    if due and due[0].attempts and door.alone:
        return due[:1]
    return [row for row in due if not row.attempts]


def _addresses(session: Session, customer_ids: Sequence[UUID]) -> dict[tuple[UUID, str], str]:
    """The oldest usable address of each customer on each channel."""
    found = session.execute(
        select(ContactPoint.customer_id, ContactPoint.channel, ContactPoint.address)
        .where(is_among(session, ContactPoint.customer_id, customer_ids), ContactPoint.usable)
        .order_by(ContactPoint.id.desc())
    )
    return {(customer_id, channel): address for customer_id, channel, address in found}
