"""The answer to "why did, or didn't, they get this?": all that happened to one customer's moments, in time order and in
plain words.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dates.zones import zone
from engine.definitions.store import ActiveTrigger, definition_of
from engine.plan.chains import FELL_BACK, MOVED
from engine.plan.channel_reasons import channel_sentence
from engine.plan.reasons import REASONS, ending, sentence
from engine.record.folding import effective_events
from engine.record.running import fold, watches
from engine.record.wishes import STOP, way_words, word_of_leaving
from engine.send.away import away_words
from engine.storage.models import (
    AuditEntry,
    Customer,
    Delivery,
    Hold,
    Message,
    MessageMoment,
    Moment,
    Person,
    Preference,
    Suppression,
)

_ENDS = ("skipped", "expired", "cancelled", "control")


@dataclass(frozen=True, slots=True)
class WhyLine:
    """One thing that happened, with the moment it happened to; none where there was no moment."""

    at: datetime
    text: str
    moment_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class _Titles:
    """What each moment is called, by its id, whose they are, and the customer's clock.

    Messages are found by their customer: no index leads from a moment to the messages that once spoke of it.
    """

    of: dict[uuid.UUID, str]
    customers: frozenset[uuid.UUID]
    zone: str

    def when(self, at: datetime) -> str:
        return said_when(at, self.zone)


def said_when(at: datetime, zone_name: str) -> str:
    """3 June 2026 at 09:00, by the clock of the zone."""
    local = at.astimezone(zone(zone_name))
    return f"{_day(local.date())} at {local:%H:%M}"


def why(
    session: Session, customer: Customer, *, now: datetime, triggers: Sequence[ActiveTrigger] = ()
) -> list[WhyLine]:
    """Everything about this customer's moments up to `now`, oldest first.

    With `triggers` also what was reached before one of them was active, and so made no moment.
    """
    moments = session.scalars(select(Moment).where(Moment.customer_id == customer.id)).all()
    lines = [*lines_of(session, moments, customer.zone), *lines_without_moment(session, customer, triggers)]
    return sorted((line for line in lines if line.at <= now), key=lambda line: line.at)


def lines_of(session: Session, moments: Sequence[Moment], zone_name: str) -> list[WhyLine]:
    """What happened to these moments, in time order, in as many statements for many of them as for one."""
    named = {moment.id: title_of(session, moment) for moment in moments}
    titles = _Titles(named, frozenset(moment.customer_id for moment in moments), zone_name)
    lines = [
        *(line for moment in moments for line in _of_moment(moment, titles)),
        *_of_holds(session, titles),
        *_of_messages(session, titles),
        *_of_deliveries(session, titles),
    ]
    # Of one instant: noticed before held before planned, as they were added.
    return sorted(lines, key=lambda line: line.at)


def lines_without_moment(session: Session, customer: Customer, triggers: Sequence[ActiveTrigger]) -> list[WhyLine]:
    """Why nothing was spotted at all: what they said for good, and what was reached before a trigger was active."""
    return [*_of_wishes(session, customer), *_before_active(session, customer, triggers)]


def title_of(session: Session, moment: Moment) -> str:
    """What a moment is called: its trigger's title and its day."""
    name = definition_of(session, moment.trigger_version_id).title
    return f"{name} ({_day(moment.nominal_on)})"


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def _of_moment(moment: Moment, titles: _Titles) -> Iterator[WhyLine]:
    title = titles.of[moment.id]
    yield WhyLine(moment.spotted_at, f"{title}: noticed.", moment.id)
    if moment.state in _ENDS and moment.reason:
        verb = "left out" if moment.state == "control" else moment.state
        yield WhyLine(moment.closed_at or moment.spotted_at, f"{title}: {verb}. {ending(moment.reason)}", moment.id)


def _of_holds(session: Session, titles: _Titles) -> Iterator[WhyLine]:
    rows = session.scalars(select(Hold).where(Hold.moment_id.in_(titles.of)).order_by(Hold.opened_at, Hold.name))
    for hold in rows:
        title, reason = titles.of[hold.moment_id], sentence(hold.name)
        detail = f" ({hold.detail})" if hold.detail else ""
        ends = f" It waits until {titles.when(hold.until)}." if hold.until else _how_it_ends(hold.name)
        waits = "" if hold.released_at else ends
        yield WhyLine(hold.opened_at, f"{title}: held{detail}. {reason}{waits}", hold.moment_id)
        if hold.released_at:
            yield WhyLine(hold.released_at, f"{title}: not held any more. What held it: {reason}", hold.moment_id)


def _how_it_ends(name: str) -> str:
    return f" This ends {REASONS[name].ends}." if name in REASONS else ""


def _of_messages(session: Session, titles: _Titles) -> Iterator[WhyLine]:
    rows = session.execute(
        select(Message, MessageMoment.moment_id, Person.name)
        .join(MessageMoment, MessageMoment.message_id == Message.id)
        .outerjoin(Person, Person.id == Message.approved_by)
        .where(Message.customer_id.in_(titles.customers), MessageMoment.moment_id.in_(titles.of))
        .order_by(Message.created_at, MessageMoment.position)
    )
    found = rows.all()
    moves = _moves(session, {message.id for message, _, _ in found})
    for message, moment_id, person in found:
        for at, text in _steps(message, person, titles, moves.get(message.id, ())):
            if at is not None:
                yield WhyLine(at, f"{titles.of[moment_id]}: {text}", moment_id)


def _moves(session: Session, message_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[AuditEntry]]:
    """Message id -> how it took other channels than the one it was planned for, oldest first."""
    rows = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject == "message",
            AuditEntry.subject_id.in_(message_ids),
            AuditEntry.action.in_((FELL_BACK, MOVED)),
        )
        .order_by(AuditEntry.id)
    )
    found: dict[uuid.UUID, list[AuditEntry]] = {}
    for entry in rows:
        found.setdefault(entry.subject_id, []).append(entry)
    return found


def _moved(entry: AuditEntry) -> str:
    why = channel_sentence(entry.detail["reason"])
    if entry.detail["to_read"]:
        return f"it would go by {entry.detail['to']} now, and came back to be read, as nobody has seen that text. {why}"
    return f"it goes by {entry.detail['to']} now. {why}"


def _steps(
    message: Message, person: str | None, titles: _Titles, moves: Sequence[AuditEntry]
) -> list[tuple[datetime | None, str]]:
    by = f"approved by {person}" if person else "let go by its trigger's rules, without a person"
    channel, reason = message.channel, message.channel_reason
    if moves:
        channel, reason = moves[0].detail["from"], moves[0].detail["from_reason"]
    planned = f"planned by {channel} for {titles.when(message.send_at)}. {channel_sentence(reason)}".strip()
    steps: list[tuple[datetime | None, str]] = [
        (message.created_at, planned),
        *((entry.at, _moved(entry)) for entry in moves),
        (message.written_at, "a text was written."),
        (message.approved_at, f"{by}."),
        (message.handed_over_at, "handed over to be sent."),
    ]
    if message.state in ("skipped", "expired", "cancelled") and message.reason:
        ended = f"its message was {message.state}. {ending(message.reason)}"
        steps.append((message.closed_at or message.created_at, ended))
    return steps


def _of_deliveries(session: Session, titles: _Titles) -> Iterator[WhyLine]:
    rows = session.execute(
        select(Delivery, MessageMoment.moment_id)
        .join(Message, Message.id == Delivery.message_id)
        .join(MessageMoment, MessageMoment.message_id == Message.id)
        .where(Message.customer_id.in_(titles.customers), MessageMoment.moment_id.in_(titles.of))
        .order_by(Delivery.claimed_at)
    )
    of_moment: dict[uuid.UUID, list[Delivery]] = {}
    for delivery, moment_id in rows:
        of_moment.setdefault(moment_id, []).append(delivery)
    for moment_id, deliveries in of_moment.items():
        for away, several in groupby(deliveries, key=_away):
            for at, text in _tried_again(away, list(several)) if away else _became(several):
                yield WhyLine(at, f"{titles.of[moment_id]}: {text}", moment_id)


def _away(delivery: Delivery) -> str | None:
    words = away_words(delivery.state, delivery.reason)
    return f"{delivery.channel} {words}" if words else None


def _tried_again(away: str, several: Sequence[Delivery]) -> Iterator[tuple[datetime, str]]:
    """One line for all attempts in a row that met the same; it is said when the last of them was made."""
    times = f" ({len(several)} times)" if len(several) > 1 else ""
    yield several[-1].ended_at or several[-1].claimed_at, f"{away}, so it is tried again{times}."


def _became(deliveries: Iterable[Delivery]) -> Iterator[tuple[datetime, str]]:
    for delivery in deliveries:
        instead = "; it went to the test address instead (redirect mode)" if delivery.redirected else ""
        test = " to the test address (redirect mode)" if delivery.redirected else ""
        became = [
            (delivery.unconfirmed_at, f"we don't know if it arrived by {delivery.channel}{instead}"),
            (delivery.accepted_at, f"accepted by {delivery.channel}{instead}"),
            (delivery.delivered_at, f"delivered by {delivery.channel}{instead}"),
            (delivery.ended_at, f"an attempt to send it by {delivery.channel}{test} was {delivery.state}"),
        ]
        for at, text in became:
            if at is not None:
                reason = f": {ending(delivery.reason)}" if delivery.reason and at == delivery.ended_at else "."
                yield at, text + reason


def _of_wishes(session: Session, customer: Customer) -> Iterator[WhyLine]:
    """What they said for good, where they said it."""
    kept = session.scalars(select(Preference).where(Preference.customer_id == customer.id)).all()
    if left := word_of_leaving(kept):
        yield WhyLine(left.changed_at, f"unsubscribed from marketing ({way_words(left.source)}).")
    stops = select(Suppression).where(
        Suppression.customer_id == customer.id, Suppression.reason == STOP, Suppression.lifted_at.is_(None)
    )
    for stop in session.scalars(stops.order_by(Suppression.created_at, Suppression.id)):
        yield WhyLine(stop.created_at, f"wrote STOP, so nothing goes by {stop.channel} any more.")


def _before_active(session: Session, customer: Customer, triggers: Sequence[ActiveTrigger]) -> Iterator[WhyLine]:
    """What the customer reached before the trigger was active: folded anew, as nothing of it is stored."""
    for watch in watches(triggers):
        events = [event for _, event in effective_events(session, [customer.id], watch.metric.events)]
        standing = fold(watch, events).standing
        for trigger, _ in watch.triggers:
            for occurrence in standing.get(trigger.id, {}).values():
                at = occurrence.occurred_at
                if at is not None and at < trigger.active_from:
                    title = f"{trigger.definition.title} ({_day(occurrence.nominal_on)})"
                    yield WhyLine(at, f"{title}: reached before the trigger was active, so nothing was noticed.")
