"""Makes the sample's troubles from a fixed seed: tickets, refunds, and one outage. Some arrive only as the days go by.

Each begins some days after a real purchase, so that it is about something.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from cli.sample.people import MADE_UP, language_of
from cli.sample.purchases import FIRST_RUN_ON, Purchase
from cli.sample.troubles import QUESTIONS, REFUNDED, STILL_OPEN, TROUBLES
from engine.record.events import EventRow
from engine.record.incidents import IncidentRow

SEED = 19980214
TICKETS = 900
REFUNDS = 240
FELT_THE_OUTAGE = 45
# Days before the first run, and after it, whose purchases something is wrong with.
BEFORE, AFTER = timedelta(days=75), timedelta(days=120)
OUTAGE = "outage-checkout"
Event = Callable[..., EventRow]
OWNERS = ("Mia Keller", "Jonas Park", "Ana Ruiz")


def made_events(sample: str, purchases: Sequence[Purchase], shift_days: int) -> list[EventRow]:
    """Every made event about these customers, past and to come, in order of time."""
    dice = random.Random(SEED)  # noqa: S311 - made data, not a secret
    shift = timedelta(days=shift_days)
    about = [one for one in purchases if FIRST_RUN_ON - BEFORE <= one.on <= FIRST_RUN_ON + AFTER and one.cents]
    rows: list[EventRow] = []
    for number in range(TICKETS):
        rows.extend(_ticket(f"T{number:04d}", dice.choice(about), shift, dice))
    english = [one for one in about if language_of(one.customer) == "en"]
    for number in range(REFUNDS):
        rows.extend(_refund(f"R{number:04d}", sample, dice.choice(english), shift, dice))
    bought_lately = sorted({one.customer for one in english if one.on <= FIRST_RUN_ON})
    rows.extend(_outage(dice.sample(bought_lately, min(FELT_THE_OUTAGE, len(bought_lately))), shift))
    return sorted(rows, key=lambda row: (row.occurred_at, row.message_id))


def made_incident(shift_days: int) -> IncidentRow:
    """The outage that some customers felt, over some days before the first run."""
    ended_at = _outage_ended(timedelta(days=shift_days))
    return IncidentRow(
        key=OUTAGE,
        started_at=ended_at - timedelta(hours=3),
        ended_at=ended_at,
        what_happened="our checkout was down for three hours, and your order did not go through",
        what_we_did="We brought it back, kept every basket as it was, and gave the checkout a second machine.",
        owner=OWNERS[0],
    )


def _ticket(ticket: str, purchase: Purchase, shift: timedelta, dice: random.Random) -> Iterator[EventRow]:
    opened = _some_days_after(purchase, shift, dice)
    language, owner = language_of(purchase.customer), dice.choice(OWNERS)

    def event(name: str, at: datetime, **properties: object) -> EventRow:
        message_id = f"made:{ticket}:{name}:{(at - shift):%Y%m%d%H%M}"
        return EventRow(message_id, purchase.customer, name, at, {"ticket_id": ticket, **properties}, source=MADE_UP)

    chance = dice.random()
    if chance < 0.25:
        yield event("ticket_opened", opened, type="question", what_happened=dice.choice(QUESTIONS[language]))
        yield event("ticket_resolved", opened + timedelta(hours=dice.randint(1, 20)), what_we_did="Answered.")
        return
    still_open = chance < 0.37 and language == "en"
    trouble, next_step = dice.choice(STILL_OPEN) if still_open else (dice.choice(TROUBLES[language]), "")
    yield event(
        "ticket_opened",
        opened,
        type="problem",
        priority=trouble.priority,
        category=trouble.category,
        what_happened=trouble.what_happened,
        owner=owner,
    )
    if still_open:
        yield from _worked_on(event, opened, next_step, dice)
        return
    resolved = opened + timedelta(hours=dice.randint(2, 60))
    # Now and then nobody wrote down what was done: the draft then asks the owner.
    done = {} if dice.random() < 0.08 else {"what_we_did": trouble.what_we_did}
    yield event("ticket_resolved", resolved, owner=owner, **done)
    if dice.random() < 0.12:
        yield event("ticket_reopened", resolved + timedelta(hours=30))
        yield event("ticket_resolved", resolved + timedelta(hours=55), owner=owner, **done)
    if dice.random() < 0.2:
        yield event("csat_answered", resolved + timedelta(days=1), score=dice.choice((1, 2, 4, 5, 5)))


def _worked_on(event: Event, opened: datetime, next_step: str, dice: random.Random) -> Iterator[EventRow]:
    """A ticket that takes weeks: every week somebody writes down what comes next, and it is solved in the end."""
    solved = opened + timedelta(days=dice.randint(19, 30))
    for week in range(4):
        told, news_on = opened + timedelta(days=2 + 7 * week), opened + timedelta(days=10 + 7 * week)
        if told < solved:
            yield event("ticket_updated", told, next_step=next_step, next_news_on=_weekday(news_on).isoformat())
    yield event("ticket_resolved", solved, what_we_did="It is found and with you, and nothing is left to pay.")


def _weekday(instant: datetime) -> date:
    """Nobody promises news for a weekend: then it is the Monday after."""
    day = instant.date()
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


def _refund(refund: str, sample: str, purchase: Purchase, shift: timedelta, dice: random.Random) -> Iterator[EventRow]:
    asked = _some_days_after(purchase, shift, dice)
    done = asked + timedelta(days=dice.randint(1, 4), hours=dice.randint(0, 6))
    fault = dice.random() < 0.7
    about = {"refund_id": refund, "fault": fault, "category": "refund"}
    what = {"what_was_refunded": dice.choice(REFUNDED)} if fault else {"what_was_refunded": "the order you sent back"}
    order = {"order_id": f"{sample}-{purchase.line:05d}", "amount_minor": purchase.cents, "currency": "USD"}
    rows: tuple[tuple[str, datetime, dict[str, object]], ...] = (
        ("refund_requested", asked, {**about, **what, "reason": "faulty" if fault else "changed my mind"}),
        ("refund_completed", done, {**about, "what_we_did": "The money went back to the card you paid with."}),
        ("order_refunded", done, {**order, "fault": fault, "reason": "faulty" if fault else "sent back"}),
    )
    for name, at, properties in rows:
        yield EventRow(f"made:{refund}:{name}", purchase.customer, name, at, properties, source=MADE_UP)


def _outage(customers: Sequence[str], shift: timedelta) -> Iterator[EventRow]:
    for customer in customers:
        yield EventRow(
            f"made:outage:{customer}",
            customer,
            "outage_felt",
            _outage_ended(shift) - timedelta(hours=2),
            {"incident_id": OUTAGE},
            source=MADE_UP,
        )


def _outage_ended(shift: timedelta) -> datetime:
    return datetime.combine(FIRST_RUN_ON, time(6), UTC) + shift - timedelta(days=2)


def _some_days_after(purchase: Purchase, shift: timedelta, dice: random.Random) -> datetime:
    day = purchase.on + shift + timedelta(days=dice.randint(2, 12))
    return datetime.combine(day, time(14), UTC) + timedelta(minutes=dice.randint(0, 500))
