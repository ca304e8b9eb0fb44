"""Makes the sample's troubles from a fixed seed: tickets, refunds, and one outage. Some arrive only as the days go by.

Offsets count in days from the first run, so that the stories look alike whenever it takes place.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from cli.sample.people import MADE_UP
from engine.record.events import EventRow
from engine.record.incidents import IncidentRow

SEED = 19980214
TICKETS = 320
REFUNDS = 30
# Days before the first run, and after it, over which tickets are spread.
BEFORE, AFTER = 75, 60
OUTAGE = "outage-checkout"
OWNERS = ("Mia Keller", "Jonas Park", "Ana Ruiz")


@dataclass(frozen=True)
class Trouble:
    """What a ticket is about, in the customer's words, and what was done about it."""

    category: str
    priority: str
    what_happened: str
    what_we_did: str


TROUBLES = (
    Trouble("delivery", "normal", "your parcel went to an old address", "sent it again to the right one by express"),
    Trouble("delivery", "normal", "two of your CDs came nine days late", "moved your orders to a faster carrier"),
    Trouble(
        "damaged", "normal", "the case of your CD arrived cracked", "sent you a new copy, and you keep the old one"
    ),
    Trouble("damaged", "high", "three CDs arrived scratched and would not play", "replaced all three the same day"),
    Trouble("wrong_item", "normal", "we packed the single instead of the album", "sent the album and paid the return"),
    Trouble("billing", "high", "your card was charged twice", "returned the second charge and checked that it arrived"),
    Trouble(
        "billing", "urgent", "we charged your card five times in one night", "returned every charge and fixed the fault"
    ),
    Trouble(
        "account", "normal", "you could not sign in after changing your e-mail", "joined your two accounts into one"
    ),
)
QUESTIONS = ("Do you sell gift cards?", "Is the new album out in March?", "Can I change my delivery address?")


def made_events(customers: Sequence[str], first_run_on: date) -> list[EventRow]:
    """Every made event about these customers, past and to come, in order of time."""
    dice = random.Random(SEED)  # noqa: S311 - made data, not a secret
    start = datetime.combine(first_run_on, time(9), UTC)
    rows: list[EventRow] = []
    for number in range(TICKETS):
        opened = start + timedelta(days=dice.randint(-BEFORE, AFTER), minutes=dice.randint(0, 500))
        rows.extend(_ticket(f"T{number:04d}", dice.choice(customers), opened, dice))
    for number in range(REFUNDS):
        asked = start + timedelta(days=dice.randint(-30, AFTER), minutes=dice.randint(0, 500))
        rows.extend(_refund(f"R{number:04d}", dice.choice(customers), asked, dice))
    rows.extend(_outage(dice.sample(list(customers), min(40, len(customers))), start))
    return sorted(rows, key=lambda row: (row.occurred_at, row.message_id))


def made_incident(first_run_on: date) -> IncidentRow:
    """The outage that some customers felt, over by the first run."""
    start = datetime.combine(first_run_on, time(9), UTC)
    return IncidentRow(
        key=OUTAGE,
        started_at=start - timedelta(days=5, hours=3),
        ended_at=start - timedelta(days=5),
        what_happened="our checkout was down for three hours",
        what_we_did="brought it back and kept every basket as it was",
    )


def _ticket(ticket: str, customer: str, opened: datetime, dice: random.Random) -> Iterator[EventRow]:
    def event(name: str, at: datetime, **properties: object) -> EventRow:
        message_id = f"made:{ticket}:{name}:{at:%Y%m%d%H%M}"
        return EventRow(message_id, customer, name, at, {"ticket_id": ticket, **properties}, source=MADE_UP)

    if dice.random() < 0.25:
        yield event("ticket_opened", opened, type="question", what_happened=dice.choice(QUESTIONS))
        yield event("ticket_resolved", opened + timedelta(hours=dice.randint(1, 20)), what_we_did="answered")
        return
    trouble, owner = dice.choice(TROUBLES), dice.choice(OWNERS)
    yield event(
        "ticket_opened",
        opened,
        type="problem",
        priority=trouble.priority,
        category=trouble.category,
        what_happened=trouble.what_happened,
        owner=owner,
    )
    if dice.random() < 0.12:
        news_on = opened + timedelta(days=9)
        yield event(
            "ticket_updated",
            opened + timedelta(days=3),
            next_step="we are waiting for the carrier's answer",
            next_news_on=news_on.date().isoformat(),
        )
        return
    resolved = opened + timedelta(hours=dice.randint(2, 60))
    done = {} if dice.random() < 0.08 else {"what_we_did": trouble.what_we_did}
    yield event("ticket_resolved", resolved, owner=owner, **done)
    if dice.random() < 0.12:
        yield event("ticket_reopened", resolved + timedelta(hours=30))
        yield event("ticket_resolved", resolved + timedelta(hours=55), owner=owner, **done)
    if dice.random() < 0.2:
        yield event("csat_answered", resolved + timedelta(days=1), score=dice.choice((1, 2, 4, 5, 5)))


def _refund(refund: str, customer: str, asked: datetime, dice: random.Random) -> Iterator[EventRow]:
    about = {"refund_id": refund, "fault": dice.random() < 0.6, "category": "refund"}
    yield EventRow(
        f"made:{refund}:asked",
        customer,
        "refund_requested",
        asked,
        {**about, "what_was_refunded": "the CD that skipped", "reason": "the CD skipped on two players"},
        source=MADE_UP,
    )
    done = asked + timedelta(days=dice.randint(1, 4))
    yield EventRow(
        f"made:{refund}:done",
        customer,
        "refund_completed",
        done,
        {**about, "what_we_did": "returned the price to your card"},
        source=MADE_UP,
    )


def _outage(customers: Sequence[str], start: datetime) -> Iterator[EventRow]:
    for customer in customers:
        yield EventRow(
            f"made:outage:{customer}",
            customer,
            "outage_felt",
            start - timedelta(days=5, hours=2),
            {"incident_id": OUTAGE, "what_happened": "your order did not go through"},
            source=MADE_UP,
        )
