"""Which messages of a run a "not now" or a sensitive day may keep at their own instants: they are asked one by one."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.calendar.keeping import marketing_versions
from engine.calendar.pauses import overlapping
from engine.channel_terms import Offered
from engine.dates.sensitive import DayRule
from engine.dates.zones import local_date
from engine.storage.models import Customer, Message
from engine.storage.upsert import is_among


def by_days(session: Session, ids: Sequence[UUID], offered: Offered, *, now: datetime, until: datetime) -> set[UUID]:
    """Of these messages those that any of it may keep at their own instants, all of them before `until`."""
    found = set[UUID]()
    for one in () if offered.unpaused else overlapping(session, now, until):
        stops = one.stops(Message.family, Message.trigger_version_id, marketing_versions())
        touched = (
            select(Message.id)
            .join(Customer, Customer.id == Message.customer_id)
            .where(is_among(session, Message.id, ids), stops, one.meets())
        )
        found |= set(session.scalars(touched))
    if offered.holding:
        found |= set(_on_sensitive_days(session, ids, offered.holding, now=now))
    return found


def _on_sensitive_days(
    session: Session, ids: Sequence[UUID], rules: Sequence[DayRule], *, now: datetime
) -> Iterator[UUID]:
    rows: Any = session.execute(
        select(Message.id, Message.family, Message.occasion, Message.send_at, Customer.zone, Customer.country)
        .join(Customer, Customer.id == Message.customer_id)
        .where(is_among(session, Message.id, ids))
    )
    for row in rows:
        on = local_date(max(row.send_at, now), row.zone)
        if any(rule.speaks_of(row.family, row.occasion) and rule.is_on(on, row.country) for rule in rules):
            yield row.id
