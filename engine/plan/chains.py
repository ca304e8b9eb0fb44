"""The channels that a message may go by as things stand now, the best first: the one it takes, and those that follow
where one refuses it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased

from engine.channel_terms import Offered
from engine.definitions.store import definition_of
from engine.plan.candidates import Circumstances, circumstances_of, made_once, marketing_of, moments_in
from engine.plan.channels import NEVER, reason_of_place, standing_of_channels
from engine.plan.choosing import BY_WISH, Choice
from engine.plan.post import too_late_by_post
from engine.plan.sql import NOW, instants
from engine.storage.models import AuditEntry, Delivery, MessageMoment, Moment
from engine.storage.upsert import given, is_among, is_given

Chain = tuple[Choice, ...]
_SPOKEN = aliased(MessageMoment)
# The line of the audit that says a channel failed a message: what a provider refuses for now is no such failure.
FELL_BACK = "fell_back"
# The line that says a message took another channel before it was handed over.
MOVED = "moved"


def chains_of(
    session: Session, message_ids: Sequence[uuid.UUID], offered: Offered, *, now: datetime
) -> dict[uuid.UUID, Chain]:
    """Message id -> its chain, in the order of the moment that leads it, of the channels that all its moments may use.

    Without those that refused this message for good, or from which it came back.
    """
    if not message_ids or not offered.names:
        return {}
    circumstances = circumstances_of(
        session, _led(is_among(session, _SPOKEN.message_id, message_ids)), now=now, channels=offered
    )
    statement = made_once(session, "chains", circumstances, offered, lambda wider: _standings(session, wider, offered))
    rows = session.execute(statement, instants(now) | given(message_ids))
    of_messages: dict[uuid.UUID, list[Any]] = {}
    for row in rows:
        of_messages.setdefault(row.message_id, []).append(row._mapping)
    failed = failed_channels(session, message_ids)
    return {one: _chain(found, offered, failed.get(one, set())) for one, found in of_messages.items()}


def in_turn(chain: Chain, channel: str, reason: str | None) -> Chain:
    """The chain as it would be gone through by a message that was planned for this channel, and why it was.

    The message stays with its channel while that may be used, unless a wish of the customer says otherwise: one for
    another channel, or the end of the one by which it was chosen. The company's order alone moves nothing.
    """
    own = next((choice for choice in chain if choice.channel == channel), None)
    if own is None or own.reason in BY_WISH or chain[0].reason in BY_WISH or reason in BY_WISH:
        return chain
    return (own, *(choice for choice in chain if choice is not own))


def failed_channels(session: Session, message_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Message id -> the channels that refused it for good, or from which it came back."""
    bounced = select(Delivery.message_id, Delivery.channel).where(
        is_among(session, Delivery.message_id, message_ids), Delivery.state == "bounced"
    )
    given_up = select(AuditEntry.subject_id, AuditEntry.detail).where(
        AuditEntry.subject == "message",
        is_among(session, AuditEntry.subject_id, message_ids),
        AuditEntry.action == FELL_BACK,
    )
    found: dict[uuid.UUID, set[str]] = {}
    for message_id, channel in session.execute(bounced):
        found.setdefault(message_id, set()).add(channel)
    for message_id, detail in session.execute(given_up):
        found.setdefault(message_id, set()).add(detail["from"])
    return found


def _standings(session: Session, circumstances: Circumstances, offered: Offered) -> Select[Any]:
    """How each channel stands for each moment of the messages that are given."""
    definitions = {version: definition_of(session, version) for version in circumstances.versions}
    base = moments_in(_led(is_given(_SPOKEN.message_id)))
    late = too_late_by_post(base, circumstances.arrivals)
    standing = standing_of_channels(base, offered, marketing_of(definitions), now=NOW, late=late)
    columns = [column for column in standing.c if column.name not in base.c]
    return select(standing.c.message_id, *columns).order_by(
        standing.c.message_id, standing.c.position, standing.c.moment_id
    )


def _led(by: ColumnElement[bool]) -> ColumnElement[bool]:
    """The moments that these messages speak of."""
    return Moment.id.in_(select(_SPOKEN.moment_id).where(by, _SPOKEN.live))


def _chain(rows: Sequence[Any], offered: Offered, failed: set[str]) -> Chain:
    lead = rows[0]
    usable = [
        name
        for name in offered.names
        if name not in failed and lead[f"place_{name}"] < NEVER and all(row[f"usable_{name}"] for row in rows)
    ]
    places = sorted((lead[f"place_{name}"], name) for name in usable)
    return tuple(Choice(name, reason_of_place(place)) for place, name in places)
