"""The local intent of messages as it stands now: where their customers live, their quiet hours, their channel's terms.

One statement for any number of messages. Planning works from the same columns before there is a message.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal, select
from sqlalchemy.orm import Session

from engine.channel_terms import TERMS, Offered
from engine.dates.hours import EVERY_DAY, Hours, SendDays, hours_for
from engine.dates.openings import Intent, posting_day, slots
from engine.dates.sensitive import DayRule
from engine.dates.windows import Window
from engine.definitions.schema import WEEKDAYS, TriggerDefinition
from engine.definitions.store import definition_of
from engine.storage.models import Customer, Message
from engine.storage.upsert import is_among

# JUBILEE_SPREAD_MINUTES is at most 240.
_LONGEST_TURN = timedelta(minutes=240)
# What the hours of a customer follow from, besides their zone.
PLACE = (Customer.country, Customer.region, Customer.zone_guessed, Customer.quiet_from, Customer.quiet_until)
# What an intent is made of.
WANTED = (
    Message.trigger_version_id,
    Message.channel,
    Message.send_on,
    Message.window_start,
    Message.window_end,
    Message.expires_at,
    Message.zone,
    Customer.bucket,
    *PLACE,
)


def hours_key() -> ColumnElement[str]:
    """All of PLACE as one text. A message keeps the one its times were worked out from, so that a change is seen."""
    parts = [
        func.coalesce(Customer.country, ""),
        func.coalesce(Customer.region, ""),
        case((Customer.zone_guessed, "guessed"), else_=""),
        func.coalesce(cast(Customer.quiet_from, Text), ""),
        func.coalesce(cast(Customer.quiet_until, Text), ""),
    ]
    key: ColumnElement[str] = literal("", Text)
    for part in parts:
        key = key + part + literal("|", Text)
    return key


def hours_of(row: Any, channel: str, definition: TriggerDefinition, offered: Offered) -> Hours:
    """The hours of a channel for a customer of these PLACE columns, on the days of a trigger."""
    rules = definition.send
    quiet = (row.quiet_from, row.quiet_until) if row.quiet_from and row.quiet_until else None
    return hours_for(
        channel,
        country=row.country,
        region=row.region,
        zone_guessed=row.zone_guessed,
        quiet=quiet,
        days=_days(rules.weekdays, rules.holidays),
        law=offered.text_hours,
        closed=_closed(offered.sensitive, definition.family, definition.occasion) if offered.sensitive else (),
    )


def post_on(send_on: date, channel: str, country: str | None, offered: Offered) -> date | None:
    """The day on which a letter has to be handed over to be there on time; None for what does not go by post."""
    if channel not in TERMS or not TERMS[channel].by_post:
        return None
    return posting_day(send_on, offered.lead_days, country)


def intents_of(
    session: Session, message_ids: Sequence[uuid.UUID], offered: Offered, channel: str | None = None
) -> dict[uuid.UUID, Intent]:
    """The intent of each message, by its own channel, or by this one where it is to go by another."""
    rows = session.execute(
        select(Message.id, *WANTED)
        .join(Customer, Customer.id == Message.customer_id)
        .where(is_among(session, Message.id, message_ids))
    )
    return {row.id: intent_of(session, row, channel or row.channel, offered) for row in rows}


def hasten(session: Session, message: Message, *, now: datetime) -> None:
    """What a person approves when its opening has begun goes at once: turns are for what is ready before it.

    By the law as it is shipped; where an installation has none, a text may wait for its turn all the same.
    """
    if not now < message.send_at <= now + _LONGEST_TURN or TERMS[message.channel].by_post:
        return
    intent = intents_of(session, [message.id], Offered())[message.id]
    first = next(slots(intent, after=now), None)
    if first is not None and (first.on, first.at) == (message.send_on, now):
        message.send_at = now


def intent_of(session: Session, row: Any, channel: str, offered: Offered) -> Intent:
    """The intent of a message of these WANTED columns, by this channel."""
    return Intent(
        send_on=row.send_on,
        window=Window(row.window_start, row.window_end),
        zone=row.zone,
        expires_at=row.expires_at,
        hours=hours_of(row, channel, definition_of(session, row.trigger_version_id), offered),
        post_on=post_on(row.send_on, channel, row.country, offered),
        bucket=row.bucket,
        spread=timedelta(minutes=offered.spread_minutes),
    )


@lru_cache(maxsize=1_024)
def _closed(days: tuple[DayRule, ...], family: str, occasion: str) -> tuple[DayRule, ...]:
    return tuple(day for day in days if day.effect == "shift" and day.speaks_of(family, occasion))


@lru_cache(maxsize=256)
def _days(weekdays: tuple[str, ...], holidays: str) -> SendDays:
    days = SendDays(frozenset(WEEKDAYS.index(day) for day in weekdays), holidays == "send")
    return EVERY_DAY if days == EVERY_DAY else days
