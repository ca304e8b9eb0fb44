"""The moments that are being judged, with all that more than one rule wants to know of them, as one CTE."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definition_of
from engine.plan.channels import best_channel, standing_of_channels
from engine.plan.post import too_late_by_post
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


def moments_in(scope: ColumnElement[bool]) -> CTE:
    """The moments of `scope` with their customers' wishes. A spotted one is judged by its trigger's current version,
    others by the one that planned them.
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
            Message.channel.label("message_channel"),
            MessageMoment.position,
            Preference.channel.label("for_occasion"),
            Customer.preferred_channel.label("preferred"),
            Customer.channel_order.label("own_order"),
            Customer.country,
            Customer.zone,
        )
        .join(Customer, Customer.id == Moment.customer_id)
        .join(Trigger, Trigger.id == Moment.trigger_id)
        .outerjoin(MessageMoment, and_(MessageMoment.moment_id == Moment.id, MessageMoment.live))
        .outerjoin(Message, Message.id == MessageMoment.message_id)
        .outerjoin(
            Preference,
            and_(Preference.customer_id == Moment.customer_id, Preference.occasion == Moment.occasion),
        )
        .where(scope)
        .cte("moments_in_scope")
    )


def candidates(
    base: CTE, channels: Offered, marketing: Collection[uuid.UUID], *, now: datetime, late: ColumnElement[bool]
) -> CTE:
    """These moments with the channel that speaks for them: that of their message, or the one a message would take, and
    why it would take that one.
    """
    standing = standing_of_channels(base, channels, marketing, now=now, late=late)
    chosen, reason = best_channel(standing, channels)
    return (
        select(
            *base.c,
            func.coalesce(base.c.message_channel, chosen).label("channel"),
            reason.label("channel_reason"),
        )
        .join(standing, standing.c.moment_id == base.c.moment_id)
        .cte("candidates")
    )


def judge(session: Session, scope: ColumnElement[bool], *, now: datetime, channels: Offered) -> Judged:
    """Read which versions judge the moments of `scope`: few, however many the moments are."""
    base = moments_in(scope)
    definitions = _definitions(session, base)
    late = too_late_by_post(session, base, channels, now=now)
    return Judged(candidates(base, channels, _marketing(definitions), now=now, late=late), definitions, now)


def marketing_of(session: Session, base: CTE) -> list[uuid.UUID]:
    """The versions of class marketing among those that judge these moments."""
    return _marketing(_definitions(session, base))


def _definitions(session: Session, base: CTE) -> dict[uuid.UUID, TriggerDefinition]:
    versions = session.scalars(select(base.c.version_id).distinct()).all()
    return {version_id: definition_of(session, version_id) for version_id in versions}


def _marketing(definitions: Mapping[uuid.UUID, TriggerDefinition]) -> list[uuid.UUID]:
    return [version_id for version_id, definition in definitions.items() if definition.legal_class == "marketing"]
