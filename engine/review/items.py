"""The rows of the queue: messages with their customer, why they are there, what was found in them, what holds them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.dates.zones import zone
from engine.definitions.store import definition_of
from engine.review.reasons import why_sentence
from engine.review.views import OpenHold, QueueItem
from engine.storage.models import Customer, Hold, Message, MessageMoment, Moment, Problem, Revision
from engine.write.facts import fact_from
from engine.write.material import Spoken
from engine.write.tone_of import worst_of


def items_of(session: Session, message_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, QueueItem]:
    """Message id -> its row, in a handful of statements."""
    rows = session.execute(
        select(Message, Customer, Revision)
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(Message.id.in_(message_ids))
    ).all()
    spoken = _spoken(session, message_ids)
    holds = _open_holds(session, [one.moment.id for each in spoken.values() for one in each])
    found = {}
    for message, customer, revision in rows:
        of_this = spoken.get(message.id, ())
        open_holds = [hold for one in of_this for hold in holds.get(one.moment.id, ())]
        title = definition_of(session, message.trigger_version_id).title
        found[message.id] = _item(message, customer, revision, title, _why(of_this, customer, now), open_holds)
    return found


def _item(
    message: Message, customer: Customer, revision: Revision | None, title: str, why: str, holds: list[OpenHold]
) -> QueueItem:
    findings = revision.findings if revision is not None and message.state != "draft" else []
    return QueueItem(
        message_id=message.id,
        version=message.version,
        state=message.state,
        customer_name=" ".join(name for name in (customer.first_name, customer.last_name) if name),
        external_id=customer.external_id,
        title=title,
        family=message.family,
        occasion=message.occasion,
        why=why,
        send_at=local_text(message.send_at, message.zone),
        zone=message.zone,
        send_on=message.send_on,
        deadline_at=message.deadline_at,
        weight=message.weight,
        must_read=message.must_read,
        if_unreviewed=message.if_unreviewed,
        channel=message.channel,
        findings=len(findings),
        worst=worst_of(findings),
        holds=holds,
        written=message.written_at is not None,
        edited=message.edited,
    )


def local_text(at: datetime, zone_name: str) -> str:
    """An instant as the customer's own clock shows it: Mon 4 May 2026, 09:00."""
    local = at.astimezone(zone(zone_name))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def _why(spoken: Sequence[Spoken], customer: Customer, now: datetime) -> str:
    sentences = [
        why_sentence(
            one.moment,
            one.problem,
            {name: fact_from(stored) for name, stored in one.moment.facts.items()},
            zone=customer.zone,
            now=now,
        )
        for one in spoken
    ]
    return "; and ".join(sentences)


def _spoken(session: Session, message_ids: Sequence[UUID]) -> Mapping[UUID, list[Spoken]]:
    rows = session.execute(
        select(MessageMoment.message_id, Moment, Problem)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .outerjoin(Problem, Problem.id == Moment.problem_id)
        .where(MessageMoment.message_id.in_(message_ids))
        .order_by(MessageMoment.position)
    )
    found: dict[UUID, list[Spoken]] = {}
    for message_id, moment, problem in rows:
        found.setdefault(message_id, []).append(Spoken(moment, problem))
    return found


def _open_holds(session: Session, moment_ids: Sequence[UUID]) -> Mapping[UUID, list[OpenHold]]:
    rows = session.execute(
        select(Hold.moment_id, Hold.name, Hold.detail, Hold.opened_at)
        .where(Hold.moment_id.in_(moment_ids), Hold.released_at.is_(None))
        .order_by(Hold.opened_at, Hold.name)
    )
    found: dict[UUID, list[OpenHold]] = {}
    for moment_id, name, detail, opened_at in rows:
        found.setdefault(moment_id, []).append(OpenHold(name, detail, opened_at))
    return found
