"""Claims: which worker may hand over which messages, for how long.

A claim is a delivery row with a lease and a fence. Claiming takes a whole batch in one statement; UNIQUE decides races.
What a person just approved has a lane of its own, and the bulk a share that is its own.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.plan.sql import NOW
from engine.send.channels import Channel
from engine.send.gates import Rules, admit, give_back, open_now
from engine.send.switch import sending_stopped
from engine.storage.models import ContactPoint, Delivery, Message
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, insert_new, is_given, table_of
from engine.storage.words import in_words
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

_MESSAGES = table_of(Message)
_ATTEMPTED = update(_MESSAGES).where(is_given(_MESSAGES.c.id)).values(attempts=_MESSAGES.c.attempts + 1)
# The newest first, so that the oldest one is the last to be heard.
_ADDRESSES = (
    select(ContactPoint.customer_id, ContactPoint.channel, ContactPoint.address)
    .where(is_given(ContactPoint.customer_id), ContactPoint.usable)
    .order_by(ContactPoint.id.desc())
)


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

    @property
    def leads_to(self) -> "_Where":
        """Where the messages go that go through it."""
        return _Where(self.channel.name if self.channel else None, self.not_of)


class _Where(NamedTuple):
    channel: str | None
    not_of: tuple[str, ...]

    def is_of(self) -> ColumnElement[bool]:
        return Message.channel.not_in(self.not_of) if self.channel is None else Message.channel == self.channel


def with_due(session: Session, doors: Sequence[Door], *, now: datetime, machine: datetime) -> list[Door]:
    """Those that have something due and are open now. Only looks, so that it may be asked often, by whom has looked at
    the switch."""
    gates = {door.channel.name: Rules(door.channel.rate, door.cap) for door in doors if door.channel}
    opened = open_now(session, gates, machine=machine)
    doors = [door for door in doors if door.channel is None or door.channel.name in opened]
    if not doors:
        return []
    found = past_the_orm(session).execute(_anything_due(tuple(door.leads_to for door in doors)), {NOW.key: now}).one()
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
    session.execute(_ATTEMPTED, given(row["message_id"] for row in mine))
    alone = bool(due[0].attempts)
    return [Claim(row["id"], row["message_id"], row["channel"], row["fence"], machine + LEASE, alone) for row in mine]


def _due(session: Session, door: Door, *, now: datetime) -> Sequence[Any]:
    """What a person just approved, and between it the bulk, so that every part of a batch has the share of both."""
    of_people, of_the_bulk = _lanes(door.leads_to)
    values = {NOW.key: now, "limit": door.limit}
    people = past_the_orm(session).execute(of_people, values | {"lately": now - JUST}).all()
    bulk = past_the_orm(session).execute(of_the_bulk, values | given((row.id for row in people), "theirs")).all()
    turn = random.randrange(SHARE_OF_THE_BULK)  # noqa: S311 - no secret; a gate may admit one alone, again and again
    return _interleaved(people, bulk, turn)[: door.limit]


@lru_cache(maxsize=64)
def _anything_due(places: tuple[_Where, ...]) -> Select[*tuple[bool, ...]]:
    return in_words(select(*(_waiting(where).exists() for where in places)))


@lru_cache(maxsize=64)
def _lanes(where: _Where) -> tuple[Select[Any], Select[Any]]:
    """What people approved lately, and everything but these."""
    fence = select(func.coalesce(func.max(Delivery.fence), 0) + 1).where(Delivery.message_id == Message.id)
    wanted = (
        _waiting(where)
        .add_columns(Message.customer_id, Message.channel, Message.attempts, fence.scalar_subquery().label("fence"))
        .order_by(Message.send_at, Message.id)
        .limit(bindparam("limit", type_=BigInteger()))
        .with_for_update(of=Message, skip_locked=True)
    )
    lately = bindparam("lately", type_=Message.release_at.type)
    of_people = wanted.where(Message.approved_by.is_not(None), Message.release_at > lately)
    return in_words(of_people), in_words(wanted.where(~is_given(Message.id, "theirs")))


def _waiting(where: _Where) -> Select[UUID]:
    return select(Message.id).where(
        where.is_of(),
        Message.state == "approved",
        Message.send_at <= NOW,
        Message.release_at <= NOW,
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
    found = past_the_orm(session).execute(_ADDRESSES, given(customer_ids))
    return {(customer_id, channel): address for customer_id, channel, address in found}
