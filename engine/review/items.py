"""The rows of the queue: messages with their customer, why they are there, what was found in them, what holds them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, and_, func, select
from sqlalchemy.orm import Session

from engine.dates.zones import zone
from engine.definitions.store import definition_of
from engine.plan.reasons import paused_why
from engine.review.owners import language_of, owner_words
from engine.review.reasons import person_why, why_sentence
from engine.review.taking import held_by
from engine.review.views import OpenHold, QueueItem
from engine.storage.models import Customer, Hold, Message, MessageMoment, Moment, Person, Problem, Revision, Trigger
from engine.write.facts import fact_from
from engine.write.material import Spoken
from engine.write.tone_of import worst_of

WAITING = ("draft", "in_review", "approved")


def items_of(
    session: Session, message_ids: Sequence[UUID], *, now: datetime, person_id: UUID | None = None
) -> dict[UUID, QueueItem]:
    """Message id -> its row, in a handful of statements; why it is whose it is as `person_id` reads it."""
    if not message_ids:
        return {}
    rows = session.execute(
        select(Message, Customer, Revision.findings, Person.name, _paused_reason())
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .outerjoin(Person, Person.id == Message.owner_id)
        .where(Message.id.in_(message_ids))
    ).all()
    spoken = _spoken(session, message_ids)
    holds = _open_holds(session, [one.moment.id for each in spoken.values() for one in each])
    held = held_by(session, message_ids, now=now)
    found = {}
    for message, customer, remarks, owner, paused in rows:
        of_this = spoken.get(message.id, ())
        definition = definition_of(session, message.trigger_version_id)
        findings = remarks or [] if message.state != "draft" else []
        mine = person_id is not None and message.owner_id == person_id
        found[message.id] = _item(
            message,
            customer,
            now=now,
            findings=len(findings),
            worst=worst_of(findings),
            title=definition.title,
            why=_why(of_this, customer, now),
            holds=[hold for one in of_this for hold in holds.get(one.moment.id, ())],
            paused=paused if message.state in WAITING else None,
            person_why=paused_why(paused) if paused else person_why(message, definition.review, worst_of(findings)),
            owner_name=owner,
            owner_why=owner_words(message.owner_reason, mine=mine, owner=owner),
            held=held.get(message.id),
        )
    return found


def _paused_reason() -> ScalarSelect[str | None]:
    """Why a trigger that a message speaks for is paused, if one is: handing over asks each of them."""
    return (
        select(func.min(Trigger.paused_reason))
        .join(Moment, Moment.trigger_id == Trigger.id)
        .join(MessageMoment, MessageMoment.moment_id == Moment.id)
        .where(MessageMoment.message_id == Message.id, MessageMoment.live, Trigger.state == "paused")
        .correlate(Message)
        .scalar_subquery()
    )


def _item(message: Message, customer: Customer, *, now: datetime, **told: Any) -> QueueItem:
    return QueueItem(
        message_id=message.id,
        version=message.version,
        state=message.state,
        customer_name=" ".join(name for name in (customer.first_name, customer.last_name) if name),
        external_id=customer.external_id,
        family=message.family,
        occasion=message.occasion,
        send_at=local_text(message.send_at, message.zone),
        zone=message.zone,
        goes_at_once=message.state in ("draft", "in_review") and message.send_at <= now,
        goes_until=local_text(message.expires_at, message.zone, year=False),
        send_on=message.send_on,
        deadline_at=message.deadline_at,
        weight=message.weight,
        must_read=message.must_read,
        if_unreviewed=message.if_unreviewed,
        channel=message.channel,
        written=message.written_at is not None,
        edited=message.edited,
        language=language_of(customer.locale),
        owner_id=message.owner_id,
        owner_note=message.owner_note,
        snoozed_until=message.snoozed_until if message.snoozed_until and message.snoozed_until > now else None,
        **told,
    )


def local_text(at: datetime, zone_name: str, *, year: bool = True) -> str:
    """An instant as the customer's own clock shows it: Mon 4 May 2026, 09:00. What is near needs no `year`."""
    local = at.astimezone(zone(zone_name))
    return f"{local:%a} {local.day} {local:%b}{f' {local.year}' if year else ''}, {local:%H:%M}"


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
