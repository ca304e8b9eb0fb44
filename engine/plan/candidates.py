"""The moments that are being judged, with all that more than one rule wants to know of them, as one CTE."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, and_, case, func, literal, select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definition_of
from engine.storage.models import Customer, Message, MessageMoment, Moment, Preference, Trigger


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules are handed: the candidates (`c`), the definitions of their versions, the instant."""

    c: CTE
    definitions: Mapping[uuid.UUID, TriggerDefinition]
    now: datetime

    def versions(self, **wanted: object) -> list[uuid.UUID]:
        """The versions whose definition has these values."""
        return [
            version_id
            for version_id, definition in self.definitions.items()
            if all(getattr(definition, name) == value for name, value in wanted.items())
        ]


def candidates(scope: ColumnElement[bool], channels: Offered) -> CTE:
    """The moments of `scope`. A spotted one is judged by its trigger's current version, others by the one that
    planned them; the channel is that of its message, or the one a message would take.
    """
    return (
        select(
            Moment.id.label("moment_id"),
            Moment.customer_id,
            Moment.trigger_id,
            case((Moment.state == "spotted", Trigger.version_id), else_=Moment.trigger_version_id).label("version_id"),
            Moment.family,
            Moment.occasion,
            Moment.nominal_on,
            Moment.send_on,
            Message.id.label("message_id"),
            func.coalesce(Message.channel, chosen_channel(channels)).label("channel"),
        )
        .join(Customer, Customer.id == Moment.customer_id)
        .join(Trigger, Trigger.id == Moment.trigger_id)
        .outerjoin(MessageMoment, and_(MessageMoment.moment_id == Moment.id, MessageMoment.live))
        .outerjoin(Message, Message.id == MessageMoment.message_id)
        .outerjoin(Preference, of_the_occasion())
        .where(scope)
        .cte("candidates")
    )


def of_the_occasion() -> ColumnElement[bool]:
    """Joins a moment with its customer's wish for its occasion."""
    return and_(Preference.customer_id == Moment.customer_id, Preference.occasion == Moment.occasion)


def chosen_channel(channels: Offered) -> ColumnElement[str]:
    """What the customer wants for the occasion, else what they prefer, if offered; else the default."""
    offered = sorted(channels.names)
    return case(
        (Preference.channel.in_(offered), Preference.channel),
        (Customer.preferred_channel.in_(offered), Customer.preferred_channel),
        else_=literal(channels.default),
    )


def judge(session: Session, scope: ColumnElement[bool], *, now: datetime, channels: Offered) -> Judged:
    """Read which versions judge the moments of `scope`: few, however many the moments are."""
    c = candidates(scope, channels)
    versions = session.scalars(select(c.c.version_id).distinct()).all()
    return Judged(c, {version_id: definition_of(session, version_id) for version_id in versions}, now)
