"""Erasing a customer: nothing that identifies them is left in any table, nothing goes any more, nobody comes back."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Table, Text, func, select, update
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.people.audit import Doer
from engine.people.audit import record as write_down
from engine.record.customer_rows import CustomerRow
from engine.record.customers import record_customers
from engine.record.erasing import ERASED, Erased, customer_named, erase
from engine.record.events import EventRow, record_events
from engine.send.claiming import Door, claim_due
from engine.storage.base import Base, JsonValue
from engine.storage.models import (
    Answer,
    AuditEntry,
    CallOutcome,
    ContactPoint,
    Customer,
    CustomerChange,
    CustomerDate,
    Delivery,
    Event,
    EventLedger,
    Flag,
    FollowUpCall,
    Hold,
    Message,
    Moment,
    Note,
    Person,
    Preference,
    Problem,
    Reading,
    Receipt,
    Rehearsal,
    RehearsalSample,
    RejectedEvent,
    Reply,
    Revision,
    SecondRead,
    Suppression,
    Total,
)
from engine.storage.models.contact_point import hash_of_address
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger
from tests.engine.send.approved import Stub, approve

TOLD = ("Zenobia", "Quackenbush", "zenobia@", "+49305550", "cust-4711", "Tortellini")


def known(session: Session) -> Customer:
    """A customer of whom everything is known that can be, in every table."""
    customer = make_customer(
        session,
        external_id="cust-4711",
        first_name="Zenobia",
        last_name="Quackenbush",
        email="zenobia@example.com",
        traits={"dog": "Tortellini"},
        region="BE",
    )
    of = {"customer_id": customer.id}
    session.add_all(
        [
            ContactPoint(**of, channel="sms", address="+49305550"),
            CustomerDate(**of, name="dog_birthday", month=2, day=3, month_day=203, source="Zenobia"),
            CustomerChange(**of, field="first_name", new="Zenobia", effective_at=NOW, recorded_at=NOW, source="test"),
            Note(**of, kind="other", text="Tortellini is ill", created_at=NOW),
            Reading(**of, quadrant="feels", text="Zenobia is tired", created_at=NOW),
            Suppression(**of, reason="asked by Zenobia", source="reply", created_at=NOW),
            EventLedger(message_id="m1", event_id=uuid.uuid4(), body_hash="x"),
            Preference(**of, occasion="birthday", wanted=True, source="Zenobia", changed_at=NOW),
            Total(**of, metric="x", value=1, detail={"of": "Tortellini"}, last_at=NOW, last_message_id="m1"),
            Event(
                **of,
                message_id="m1",
                name="order_completed",
                occurred_at=NOW,
                occurred_on=NOW.date(),
                recorded_at=NOW,
                properties={"to": "Quackenbush"},
                source="test",
            ),
            Problem(
                **of,
                key="t1",
                kind="ticket",
                category="delivery",
                severity="minor",
                state="open",
                incident_key="ticket:t1",
                opened_at=NOW,
                last_event_at=NOW,
                reopened=0,
                what_happened="Zenobia waited",
            ),
            RejectedEvent(
                id=uuid.uuid4(),
                message_id="m2",
                reason="bad",
                body={"customer": "cust-4711"},
                source="test",
                recorded_at=NOW,
            ),
        ]
    )
    return customer


def told(session: Session, customer: Customer, **fields: Any) -> Message:
    """A message of theirs, with all that comes of one."""
    message = approve(session, customer, make_trigger(session), **fields)
    session.execute(
        update(Revision)
        .where(Revision.message_id == message.id)
        .values(texts={"email": {"subject": "Zenobia", "body": "Dear Zenobia"}}, facts={"name": {"value": "Zenobia"}})
    )
    delivery = Delivery(
        message_id=message.id,
        channel="email",
        address="zenobia@example.com",
        state="refused",
        fence=1,
        worker="one",
        reason="550 no <ZENOBIA@example.com>",
        claimed_at=NOW,
        ended_at=NOW,
    )
    session.add(delivery)
    session.flush()
    moment = session.scalars(select(Moment).where(Moment.customer_id == customer.id)).first()
    assert moment is not None
    receipt = {"provider": "sendgrid", "kind": "bounced", "occurred_at": NOW, "received_at": NOW}
    session.add_all(
        [
            Receipt(
                **receipt,
                key=f"{message.id}:bounced",
                message_id=message.id,
                delivery_id=delivery.id,
                address_hash=hash_of_address("zenobia@example.com"),
                detail="no such user zenobia@example.com",
                data={"email": "zenobia@example.com"},
            ),
            Reply(
                channel="email",
                provider_key="r1",
                customer_id=customer.id,
                from_address="zenobia@example.com",
                text="Tortellini says hi",
                received_at=NOW,
            ),
            Reply(
                channel="email",
                provider_key="r2",
                from_address="zenobia@example.com",
                text="Quackenbush here",
                received_at=NOW,
            ),
            CallOutcome(delivery_id=delivery.id, outcome="reached", note="Zenobia was glad", made_at=NOW),
            Hold(moment_id=moment.id, name="cap", detail="Zenobia had one", opened_at=NOW),
        ]
    )
    answered(session, customer, message, moment)
    write_down(session, Doer("test"), "edited", message, now=NOW, text="Dear Zenobia")
    write_down(session, Doer("test"), "changed", customer, now=NOW, name="Quackenbush")
    session.flush()
    return message


def answered(session: Session, customer: Customer, message: Message, moment: Moment) -> None:
    """What people here did for them: an answer that waits, a call to make, a flag, a second read."""
    robin = Person(email="robin@example.org", name="Robin", role="agent", password_hash="x", created_at=NOW)
    session.add(robin)
    session.flush()
    reply = session.scalars(select(Reply).where(Reply.customer_id == customer.id)).one()
    of = {"customer_id": customer.id}
    session.add_all(
        [
            Answer(
                **of,
                reply_id=reply.id,
                person_id=robin.id,
                channel="email",
                address="zenobia@example.com",
                text="Dear Zenobia, woof",
                state="waiting",
                created_at=NOW,
                release_at=NOW,
            ),
            FollowUpCall(
                **of,
                problem_id=session.scalars(select(Problem.id)).one(),
                state="open",
                note="ask about Tortellini",
                resolved_at=NOW,
                due_at=NOW,
                created_at=NOW,
            ),
            Flag(
                message_id=message.id,
                trigger_id=message.trigger_id,
                template="birthday",
                text="Zenobia lost her dog",
                answer="we are sorry for Zenobia",
                raised_at=NOW,
            ),
            SecondRead(message_id=message.id, question="is Zenobia well?", remark="ask Zenobia", asked_at=NOW),
        ]
    )
    shown(session, customer, robin)


def shown(session: Session, customer: Customer, asked_by: Person) -> None:
    """A kept run, of which they are one of the customers it shows."""
    of = {"mode": "backtest", "names": " birthday ", "subjects": [], "first_on": NOW.date(), "last_on": NOW.date()}
    run = Rehearsal(**of, state="waiting", asked_by=asked_by.id, asked_at=NOW)
    session.add(run)
    session.flush()
    told = {"name": "Zenobia", "body": "Dear Zenobia"}
    session.add(RehearsalSample(rehearsal_id=run.id, position=0, customer_id=customer.id, told=told))
    session.flush()


def everything(session: Session) -> str:
    """Every value of every table as one text."""
    session.flush()
    tables = Base.metadata.sorted_tables
    return "\n".join(f"{table.name} {row}" for table in tables for row in session.execute(select(table)))


def test_nothing_that_identifies_them_is_left_in_any_table(session: Session) -> None:
    """Whatever is known of a customer is found beforehand, and nothing of it afterwards."""
    customer = known(session)
    told(session, customer)
    before = everything(session)
    assert [word for word in TOLD if word not in before] == []
    assert hash_of_address("zenobia@example.com") in before
    erase(session, customer.id, now=NOW)
    left = [line for line in everything(session).splitlines() if any(word in line for word in TOLD)]
    assert left == []


def test_of_another_customer_nothing_is_touched(session: Session) -> None:
    """Only the one who asked."""
    erased, other = make_customer(session), known(session)
    told(session, other)
    before = {table: line for line in everything(session).splitlines() if "Zenobia" in line for table in [line]}
    told_before = sorted(before)
    erase(session, erased.id, now=NOW)
    assert sorted(line for line in everything(session).splitlines() if "Zenobia" in line) == told_before


def test_what_is_on_its_way_is_stopped(session: Session) -> None:
    """Messages that have not gone end by the name of the hold, and so do moments without one."""
    customer = known(session)
    message = told(session, customer)
    make_moment(session, customer, make_trigger(session))
    answer_id = session.scalars(select(Answer.id)).one()
    assert erase(session, customer.id, now=NOW) == Erased((message.id,), 3, (answer_id,))
    session.expire_all()
    assert session.scalars(select(Answer.state)).one() == "withdrawn"
    assert session.execute(select(FollowUpCall.state, FollowUpCall.reason)).one() == ("dropped", ERASED)
    assert (message.state, message.reason) == ("skipped", ERASED)
    assert set(session.execute(select(Moment.state, Moment.reason)).all()) == {("skipped", ERASED)}
    assert claim_due(session, Door("one", Stub()), now=NOW, machine=NOW) == []


def test_erasing_again_does_nothing_more(session: Session) -> None:
    """And whoever looks for the old id finds nobody."""
    customer = known(session)
    erase(session, customer.id, now=NOW)
    assert erase(session, customer.id, now=NOW + timedelta(days=1)) == Erased((), 0)
    with pytest.raises(NotFound):
        customer_named(session, "cust-4711")


def test_their_addresses_are_not_written_to_under_another_id(session: Session) -> None:
    """The hash stays, a suppression of its channel alone."""
    customer = known(session)
    erase(session, customer.id, now=NOW)
    of_addresses = Suppression.address_hash.is_not(None)
    kept = session.execute(
        select(Suppression.address_hash, Suppression.channel, Suppression.reason).where(of_addresses)
    ).all()
    assert set(kept) == {
        (hash_of_address("zenobia@example.com"), "email", ERASED),
        (hash_of_address("+49305550"), "sms", ERASED),
    }


def test_no_import_and_no_event_brings_them_back(session: Session) -> None:
    """Neither as a customer, nor as an event that waits among the rejected ones."""
    customer = known(session)
    erase(session, customer.id, now=NOW)
    back = CustomerRow("cust-4711", first_name="Zenobia", contacts={"email": "zenobia@example.com"})
    record_customers(session, [back], now=NOW, source="test", triggers=[])
    event = EventRow("m9", "cust-4711", "order_completed", datetime(2026, 1, 1, tzinfo=UTC), {"to": "Quackenbush"})
    recorded = record_events(session, [event], triggers=[], now=NOW, source="test")
    assert [one.reason for one in recorded.rejected] == ["this customer was erased and stays so"]
    assert [word for word in TOLD if word in everything(session)] == []
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


@pytest.mark.parametrize(
    "fault",
    [{"occurred_at": datetime(2999, 1, 1, tzinfo=UTC)}, {"name": "Not A Name"}, {"customer": " cust-4711\n"}],
    ids=["in the future", "no name", "spaces around"],
)
def test_a_row_refused_for_another_reason_is_not_kept_either(session: Session, fault: dict[str, Any]) -> None:
    """Neither one from before the erasure nor one that comes again; those of others wait on."""
    customer = known(session)
    row: dict[str, Any] = {"message_id": "m9", "customer": "cust-4711", "name": "order_completed", "occurred_at": NOW}
    theirs = EventRow(**row | {"properties": {"to": "Quackenbush"}} | fault)
    rows = [theirs, EventRow("m10", make_customer(session).external_id, "Not A Name", NOW, {})]
    record_events(session, rows, triggers=[], now=NOW, source="test")
    assert set(session.scalars(select(RejectedEvent.message_id))) >= {"m9", "m10"}
    erase(session, customer.id, now=NOW)
    record_events(session, rows[:1], triggers=[], now=NOW, source="test")
    assert session.scalars(select(RejectedEvent.message_id)).all() == ["m10"]


def test_who_does_not_exist_cannot_be_erased(session: Session) -> None:
    """An error that names the id."""
    with pytest.raises(NotFound, match="nobody"):
        customer_named(session, "nobody")


MARK = "Zenobia Quackenbush, zenobia@example.com, of the Tortellinis"
# Tables that know of no customer, and columns that only ever hold words of ours: whatever else holds text is planted.
OURS = {
    **dict.fromkeys(
        ("access_links", "api_keys", "gates", "installation", "missions", "people", "saved_filters", "tries", "visits"),
        "about those who work here, and what they set",
    ),
    **dict.fromkeys(("pauses", "sensitive_days"), "days of the world, for many at once"),
    "publications": "what marketing answered about a trigger before it went live",
    "outcomes": "what the company wants to see happen",
    "effect_counts": "how often it happened, day by day, of all customers together",
    "rehearsals": "counts, and what marketing wrote; the customers it shows are in rehearsal_samples",
    **dict.fromkeys(("templates", "template_versions", "triggers", "trigger_versions"), "what marketing wrote"),
    "incidents": "one cause that touched many, in words for all of them",
    "notices": "counts and titles alone (engine/notices/telling.py), and emptied once they went",
    "rejected_events": "has a test of its own: rows are found by the customer's id in them",
    "event_ledger.body_hash": "a hash",
    "receipts.provider": "a provider's name",
    "receipts.key": "made of our message's id; one that is made of an address has a test of its own",
    "receipts.provider_id": "a number that a provider gave",
    "deliveries.provider_id": "a number that a provider gave",
    "answers.provider_id": "a number that a provider gave",
    "deliveries.worker": "a process of ours",
    "answers.worker": "a process of ours",
    "audit.actor": "who works here, or a part of the program",
    "audit.action": "a word of ours",
    "audit.subject": "the name of a table",
    "holds.name": "a name of ours, or of a trigger's exception",
    "flags.template": "a template's name",
    "revisions.locale": "the language of a text",
    "suppressions.address_hash": "stays, so that nobody writes there under another id",
    "messages.zone": "the clock by which a day was reckoned",
    "messages.occasion": "what a trigger is about",
    "moments.occasion": "what a trigger is about",
    "messages.template": "a template's name",
    "messages.approved_texts": "names of texts",
    **{
        f"{table}.channel": "a channel's name"
        for table in ("messages", "deliveries", "suppressions", "replies", "answers")
    },
    **{"follow_up_calls.outcome": "one of the outcomes of calls"},
}


def closed(column: Column[Any]) -> bool:
    """Whether a CHECK lets only words of ours in."""
    table = column.table
    assert isinstance(table, Table)
    names = {str(constraint.name) for constraint in table.constraints}
    return any(name.endswith(f"{column.name}_known") for name in names)


def open_columns() -> list[Column[Any]]:
    """Every column of every table that can hold words from outside, but for those of OURS."""
    return [
        column
        for table in Base.metadata.sorted_tables
        if table.name not in OURS
        for column in table.columns
        if isinstance(column.type, Text | JsonValue) and not closed(column) and str(column) not in OURS
    ]


def test_no_word_of_theirs_is_left_in_any_column_that_can_hold_one(session: Session) -> None:
    """Every text column of every table, found from the models, is filled with their name; none has it afterwards.

    Whoever adds a column either has it emptied or says in OURS why it can hold nothing of a customer.
    """
    customer = known(session)
    told(session, customer)
    planted: dict[Table, dict[str, Any]] = {}
    for column in open_columns():
        mark = {"said": MARK} if isinstance(column.type, JsonValue) else MARK
        planted.setdefault(column.table, {})[column.name] = mark  # type: ignore[arg-type]
    for table, values in planted.items():
        keys = list(table.primary_key.columns)
        row = min(session.execute(select(*keys)).all(), key=str)
        session.execute(
            update(table).where(*(key == value for key, value in zip(keys, row, strict=True))).values(values)
        )
    session.expire_all()
    empty = [str(column) for column in open_columns() if MARK not in str(session.scalars(select(column)).all())]
    assert empty == []
    assert len(open_columns()) > 60
    erase(session, customer.id, now=NOW)
    left = [str(column) for column in open_columns() if MARK not in str(session.scalars(select(column)).all())]
    assert left == [str(column) for column in open_columns()]


@pytest.mark.databases("sqlite")
def test_what_is_said_to_be_ours_is_there() -> None:
    """A column that was renamed or dropped does not stay on the list of those that are let be."""
    known_names = {table.name for table in Base.metadata.sorted_tables}
    known_names |= {str(column) for table in Base.metadata.sorted_tables for column in table.columns}
    assert sorted(OURS.keys() - known_names) == []


def test_a_receipt_that_knows_only_their_address_is_emptied(session: Session) -> None:
    """A provider told of an address without our message's id: then the key is made of the address."""
    customer = known(session)
    receipt = Receipt(
        provider="sendgrid",
        key="zenobia@example.com:bounced",
        kind="bounced",
        address_hash=hash_of_address("zenobia@example.com"),
        occurred_at=NOW,
        received_at=NOW,
    )
    session.add(receipt)
    session.flush()
    erase(session, customer.id, now=NOW)
    session.expire_all()
    assert (receipt.key, receipt.address_hash) == (f"{ERASED}:{_spelled(session, receipt.id)}", None)


def test_an_answered_reply_stays_without_a_word(session: Session) -> None:
    """An answer that has gone out is still counted, and its reply waits for nobody any more."""
    customer = known(session)
    told(session, customer)
    session.execute(update(Answer).values(state="accepted", accepted_at=NOW))
    erase(session, customer.id, now=NOW)
    session.expire_all()
    reply = session.scalars(select(Reply)).one()
    assert (reply.text, reply.from_address, reply.handled_at) == ("", "", NOW)
    assert session.execute(select(Answer.state, Answer.text)).one() == ("accepted", "")


def test_what_was_answered_before_we_knew_whose_the_address_is_goes_too(session: Session) -> None:
    """Its words are blanked, and erasing again still names it for the channels that keep copies."""
    customer = known(session)
    told(session, customer)
    stranger = session.scalars(select(Reply).where(Reply.customer_id.is_(None))).one()
    answer = session.scalars(select(Answer)).one()
    answer.reply_id, answer.customer_id, answer.state, answer.accepted_at = stranger.id, None, "accepted", NOW
    session.flush()
    found = erase(session, customer.id, now=NOW)
    session.expire_all()
    assert (answer.text, answer.address, answer.state) == ("", "", "accepted")
    assert found.answer_ids == (answer.id,)
    assert answer.id in erase(session, customer.id, now=NOW).kept_ids


def test_their_problems_are_not_spoken_of_again(session: Session) -> None:
    """A problem without its events is no problem any more, so nothing is spotted from it."""
    customer = known(session)
    erase(session, customer.id, now=NOW)
    session.expire_all()
    assert session.execute(select(Problem.state, Problem.category)).one() == ("contact", ERASED)


def test_who_did_what_is_still_known(session: Session) -> None:
    """The audit trail keeps its lines and loses their words, those about notes and readings too."""
    customer = known(session)
    told(session, customer)
    for one in (*session.scalars(select(Note)), *session.scalars(select(Reading)), *session.scalars(select(Answer))):
        write_down(session, Doer("test"), "did", one, now=NOW, text="about Zenobia")
    session.flush()
    count = session.scalar(select(func.count()).select_from(AuditEntry))
    erase(session, customer.id, now=NOW)
    session.expire_all()
    assert [entry.detail for entry in session.scalars(select(AuditEntry))] == [{}] * (count or 0)
    assert count == 5


def _spelled(session: Session, key: uuid.UUID) -> str:
    return key.hex if session.get_bind().dialect.name == "sqlite" else str(key)
