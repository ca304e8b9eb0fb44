"""Holds that keep a customer from hearing too much."""

import uuid
from collections import defaultdict

from sqlalchemy import ColumnElement, and_, func, or_, select

from engine.definitions.schema import Caps
from engine.plan.candidates import Judged
from engine.plan.sql import HoldRow, hold_row, plus_days
from engine.storage.models import Message
from engine.transitions import LIVE_MESSAGE


def cap(j: Judged) -> list[HoldRow]:
    """At most so many messages of the family in so many days, this one included (design, step 3).

    Both stretches that end or begin with the moment's day are counted, as messages may be planned ahead of it. Another
    celebration of the same day is no matter of the cap: the clash rule decides.
    """
    versions: dict[Caps, list[uuid.UUID]] = defaultdict(list)
    for version_id, definition in j.definitions.items():
        versions[definition.caps].append(version_id)
    return [_above(j, caps, ids) for caps, ids in versions.items()]


def _above(j: Judged, caps: Caps, version_ids: list[uuid.UUID]) -> HoldRow:
    c = j.c.c
    before = and_(Message.send_on > plus_days(c.send_on, -caps.days), Message.send_on <= c.send_on)
    after = and_(Message.send_on >= c.send_on, Message.send_on < plus_days(c.send_on, caps.days))
    return hold_row(j.c, "cap").where(
        c.version_id.in_(version_ids),
        or_(_others(j, before) >= caps.messages, _others(j, after) >= caps.messages),
    )


def _others(j: Judged, when: ColumnElement[bool]) -> ColumnElement[int]:
    c = j.c.c
    return (
        select(func.count())
        .select_from(Message)
        .where(
            Message.customer_id == c.customer_id,
            Message.family == c.family,
            Message.state.in_(LIVE_MESSAGE),
            or_(c.message_id.is_(None), Message.id != c.message_id),
            or_(c.family != "celebrate", Message.send_on != c.send_on),
            when,
        )
        .correlate(j.c)
        .scalar_subquery()
    )
