"""Events enter once each, bad ones by themselves are refused with column and reason, and everything follows at once."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.record.checking import MOST_AHEAD, check_event
from engine.record.events import CONFLICT, MOST_ROWS, EventRow
from engine.record.rejection import RowRefused
from engine.storage.models import Customer, CustomerDate, Event, EventLedger, Moment, Problem, RejectedEvent
from engine.storage.session import Database
from tests.engine.record.shop import (
    FIRST_ORDER,
    NOW,
    ORDERS,
    Shop,
    amendment,
    at,
    days,
    event,
    order,
    refund,
    retraction,
)


@pytest.fixture
def shop(db: Database) -> Shop:
    shop = Shop(db)
    shop.customer("ada")
    return shop


def stored(shop: Shop) -> int:
    with shop.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def test_a_new_event_is_recorded(shop: Shop) -> None:
    """With its local day, its source and its entry in the ledger."""
    shop.customer("kei", zone="Asia/Tokyo")
    done = shop.record(order("2026-05-01 23:30", id="m1", customer="kei"))
    assert (done.recorded, done.duplicates, done.rejected) == (1, 0, [])
    with shop.db.writing() as session:
        one = session.scalars(select(Event)).one()
        # 23:30 in UTC is half past eight on the next morning in Tokyo
        assert (one.message_id, one.occurred_on.isoformat(), one.source) == ("m1", "2026-05-02", "test")
        assert session.get_one(EventLedger, "m1").event_id == one.id


def test_the_same_event_again_is_a_duplicate(shop: Shop) -> None:
    """In a later call and within one call."""
    shop.record(order(id="m1"))
    done = shop.record(order(id="m1"), order(id="m2"), order(id="m2"))
    assert (done.recorded, done.duplicates, done.rejected) == (1, 2, [])
    assert stored(shop) == 2


@pytest.mark.parametrize("apart", [True, False], ids=["in two calls", "in one call"])
def test_another_body_under_a_known_id_is_a_conflict(shop: Shop, apart: bool) -> None:
    """The first one stays; the second is refused, and kept with its reason."""
    rows = (order(id="m1"), order(id="m1", amount_minor=1))
    done = [shop.record(row) for row in rows][-1] if apart else shop.record(*rows)
    assert [(one.column, one.reason) for one in done.rejected] == [("message_id", CONFLICT)]
    assert done.duplicates == 0
    with shop.db.writing() as session:
        assert session.scalars(select(Event)).one().properties["amount_minor"] == 1000
        kept = session.scalars(select(RejectedEvent)).one()
    assert kept.message_id == "m1"
    assert CONFLICT in kept.reason


def test_the_order_of_properties_makes_no_other_body(shop: Shop) -> None:
    """Programs write the same properties in different orders."""
    shop.record(event("login", "2026-05-01", id="m1", a=1, b=2))
    assert shop.record(event("login", "2026-05-01", id="m1", b=2, a=1)).duplicates == 1


def test_an_unknown_customer_is_not_made_up(shop: Shop) -> None:
    """The message id stays free, so the event can come again once the customer is known."""
    done = shop.record(order(id="m1", customer="bo"))
    assert [(one.column, one.reason) for one in done.rejected] == [("customer", "there is no customer 'bo'")]
    shop.customer("bo")
    assert shop.record(order(id="m1", customer="bo")).recorded == 1


def test_nothing_is_recorded_of_who_was_erased(shop: Shop) -> None:
    """They stay erased, whatever still arrives."""
    shop.customer("gone", erased_at=NOW)
    done = shop.record(order(customer="gone"))
    assert [(one.column, one.reason) for one in done.rejected] == [
        ("customer", "this customer was erased and stays so")
    ]
    assert stored(shop) == 0


ZERO = datetime(1970, 1, 1, tzinfo=UTC)
FAULTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("naive time", {"occurred_at": datetime(2026, 5, 1)}, "occurred_at", "no time zone"),  # noqa: DTZ001
    ("no time", {"occurred_at": "2026-05-01"}, "occurred_at", "is not a time"),
    ("timestamp 0", {"occurred_at": ZERO}, "occurred_at", "timestamp 0"),
    ("before 1970", {"occurred_at": ZERO - timedelta(days=1)}, "occurred_at", "before 1970"),
    ("future", {"occurred_at": NOW + timedelta(days=1, seconds=1)}, "occurred_at", "in the future"),
    (
        "end of time",
        {"occurred_at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))},
        "occurred_at",
        "beyond the calendar",
    ),
    ("empty id", {"message_id": ""}, "message_id", "is empty"),
    ("blank id", {"message_id": "  "}, "message_id", "is empty"),
    ("number as id", {"message_id": 7}, "message_id", "is not a text"),
    ("long id", {"message_id": "x" * 201}, "message_id", "too long"),
    ("id with NUL", {"message_id": "a\0b"}, "message_id", "U+0000"),
    ("spaces around", {"message_id": " a "}, "message_id", "spaces around"),
    ("no customer", {"customer": ""}, "customer", "is empty"),
    ("odd name", {"name": "Order Completed"}, "name", "is not a name"),
    ("name with a line end", {"name": "login\n"}, "name", "is not a name"),
    ("no properties", {"properties": None}, "properties", "names with values"),
    ("NaN", {"properties": {"x": float("nan")}}, "properties.x", "is not a number"),
    ("infinity", {"properties": {"x": [1, float("inf")]}}, "properties.x.1", "is not a number"),
    ("object", {"properties": {"x": SimpleNamespace()}}, "properties.x", "is not plain"),
    ("date", {"properties": {"x": {"y": NOW}}}, "properties.x.y", "is not plain"),
    ("bytes", {"properties": {"x": b"1"}}, "properties.x", "is not plain"),
    ("number as name", {"properties": {1: 2}}, "properties", "name of a property"),
    ("huge number", {"properties": {"x": 2**53 + 1}}, "properties.x", "too large"),
    ("huge amount", {"properties": {"amount_minor": 10**12 + 1}}, "properties.amount_minor", "too large"),
    ("amount in euros", {"properties": {"amount_minor": 9.99}}, "properties.amount_minor", "whole numbers"),
    ("NUL", {"properties": {"x": "a\0b"}}, "properties.x", "U+0000"),
    ("surrogate", {"properties": {"x": ["\ud800"]}}, "properties.x.0", "lone surrogate"),
    ("surrogate in a name", {"properties": {"\ud800": 1}}, "properties", "lone surrogate"),
    ("too much", {"properties": {"x": "y" * 40_000}}, "properties", "too many"),
    ("retracts nothing", {"name": "event_retracted", "properties": {}}, "properties.message_id", "is empty"),
    (
        "retracts itself",
        {"name": "event_retracted", "properties": {"message_id": "bad"}},
        "properties.message_id",
        "itself",
    ),
    ("amends nothing", {"name": "event_amended", "properties": {"message_id": "m"}}, "properties", "needs"),
    (
        "amends to a word",
        {"name": "event_amended", "properties": {"message_id": "m", "occurred_at": "soon"}},
        "properties.occurred_at",
        "is not a time",
    ),
    (
        "amends to a naive time",
        {"name": "event_amended", "properties": {"message_id": "m", "occurred_at": "2026-05-01T09:00"}},
        "properties.occurred_at",
        "no time zone",
    ),
    (
        "amends to a later time",
        {"name": "event_amended", "properties": {"message_id": "m", "occurred_at": "2027-05-01T09:00Z"}},
        "properties.occurred_at",
        "in the future",
    ),
    (
        "amends to a list",
        {"name": "event_amended", "properties": {"message_id": "m", "properties": [1]}},
        "properties.properties",
        "names with values",
    ),
]


def bad_row(bad: dict[str, Any]) -> EventRow:
    values = {
        "message_id": "bad",
        "customer": "ada",
        "name": "login",
        "occurred_at": at("2026-05-01"),
        "properties": {},
    }
    return EventRow(**values | bad)


@pytest.mark.parametrize(("bad", "column", "reason"), [fault[1:] for fault in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_bad_row_is_refused(bad: dict[str, Any], column: str, reason: str) -> None:
    """With its column, and a reason in words."""
    with pytest.raises(RowRefused) as refused:
        check_event(0, bad_row(bad), NOW + MOST_AHEAD)
    assert refused.value.column == column
    assert reason in refused.value.reason


def test_bad_rows_are_refused_by_themselves(shop: Shop) -> None:
    """Their siblings are recorded, and each is kept where people can look, whatever it holds."""
    done = shop.record(order(id="before"), *[bad_row(bad) for _, bad, _, _ in FAULTS], order(id="after"))
    assert [one.index for one in done.rejected] == list(range(1, len(FAULTS) + 1))
    assert done.recorded == 2
    with shop.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(RejectedEvent)) == len(FAULTS)


def test_what_is_refused_again_is_kept_once(shop: Shop) -> None:
    """A file with unknown customers may be imported every night, under another name, and twice in itself; another
    reason, or another body, stands beside it."""
    rows = [order(id="m1", customer="bo"), order(id="m2", customer="bo"), order(id="m1", customer="bo")]
    assert [len(shop.record(*rows).rejected) for _ in range(2)] == [3, 3]
    assert kept(shop) == 2
    shop.record(order(id="m1", customer="bo", amount_minor=7))
    assert kept(shop) == 3


def kept(shop: Shop) -> int | None:
    with shop.db.reading() as session:
        return session.scalar(select(func.count()).select_from(RejectedEvent))


def test_a_deep_body_is_refused_and_not_followed(shop: Shop) -> None:
    """Ten thousand lists in each other cost nothing."""
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    done = shop.record(event("login", "2026-05-01", x=deep))
    assert "deep" in done.rejected[0].reason


def test_texts_of_every_script_come_back_as_they_were(shop: Shop) -> None:
    """Ids and properties outside ASCII, emoji, and the text of an escaped NUL."""
    said = {"wörter": "日本語 🎉 \\u0000", "list": [1, 2.5, None, True, {"a": "é"}]}
    shop.record(event("login", "2026-05-01", id="käse-7", **said))
    with shop.db.writing() as session:
        one = session.scalars(select(Event)).one()
    assert (one.message_id, one.properties) == ("käse-7", said)


def test_more_than_a_thousand_rows_are_for_the_caller_to_cut(shop: Shop) -> None:
    """A transaction holds the write lock on SQLite; it must stay short."""
    with pytest.raises(ValueError, match="1000"):
        shop.record(*[order() for _ in range(MOST_ROWS + 1)])


def test_nothing_at_all_is_recorded_of_nothing(shop: Shop) -> None:
    """An empty call is no error."""
    assert shop.record().recorded == 0


def test_a_retracted_event_never_happened(shop: Shop) -> None:
    """Whichever of the two comes first."""
    shop.activate("orders", "milestone", ORDERS)
    shop.record(order(id="m1"), order(id="m2"))
    assert shop.standing() == ["2"]
    shop.record(retraction("m2"))
    shop.record(retraction("m3"))
    shop.record(order(id="m3"))
    assert (shop.standing(), shop.total("count:order_completed-order_refunded")) == ([], 1)


def test_the_last_correction_wins(shop: Shop) -> None:
    """By its time, not by its arrival: first amended to June 2, then, later in the day, retracted."""
    shop.activate("orders", "milestone", ORDERS)
    shop.record(order(id="m1"), order(id="m2"))
    shop.record(retraction("m2", "2026-05-26 10:00"))
    shop.record(amendment("m2", "2026-05-26 09:00", occurred_at="2026-05-30T09:00:00Z"))
    assert shop.standing() == []
    shop.record(amendment("m2", "2026-05-26 11:00", occurred_at="2026-05-30T09:00:00Z"))
    assert shop.moment("2").nominal_on.isoformat() == "2026-05-30"


def test_an_amended_event_is_of_its_new_local_day(shop: Shop) -> None:
    """23:30 in UTC on 10 May is the morning of the 11th in Tokyo."""
    shop.activate("orders", "milestone", ORDERS)
    shop.customer("kei", zone="Asia/Tokyo")
    shop.record(order(id="m1", customer="kei"), order(id="m2", customer="kei"))
    shop.record(amendment("m2", customer="kei", occurred_at="2026-05-10T23:30:00Z"))
    assert shop.moment("2").nominal_on.isoformat() == "2026-05-11"


def test_a_correction_of_a_correction_has_no_effect(shop: Shop) -> None:
    """A retraction is taken back by an amendment of the event itself."""
    shop.activate("orders", "milestone", ORDERS)
    shop.record(order(id="m1"), order(id="m2"), retraction("m2", id="r1"), retraction("r1", "2026-05-26"))
    assert shop.standing() == []


def test_nobody_corrects_the_events_of_somebody_else(shop: Shop) -> None:
    """A correction reaches the events of its own customer only."""
    shop.activate("orders", "milestone", ORDERS)
    shop.customer("bo")
    shop.record(order(id="m1"), order(id="m2"), retraction("m2", customer="bo"))
    assert shop.standing() == ["2"]


def active_at(shop: Shop) -> datetime | None:
    with shop.db.reading() as session:
        return session.scalar(select(Customer.last_active_at).where(Customer.external_id == "ada"))


def test_a_customer_was_active_when_they_last_did_something(shop: Shop) -> None:
    """A refund is our doing; an event that arrives late or was retracted does not count as the last."""
    shop.record(order("2026-05-03", id="m3"), order("2026-05-01"), refund("2026-05-20"))
    assert active_at(shop) == at("2026-05-03")
    shop.record(order("2026-05-02"))
    assert active_at(shop) == at("2026-05-03")
    shop.record(retraction("m3"))
    assert active_at(shop) == at("2026-05-02")


def first_day(shop: Shop) -> str | None:
    with shop.db.writing() as session:
        row = session.scalars(select(CustomerDate)).one_or_none()
        return row.on.isoformat() if row and row.on else None


def test_the_first_day_is_that_of_the_earliest_event(shop: Shop) -> None:
    """It goes back with a late event, forward with a retraction, and away with the last one."""
    shop.activate("first_order", "anniversary", FIRST_ORDER)
    shop.record(order("2026-05-03", id="m3"))
    shop.record(order("2026-05-02", id="m2"))
    assert first_day(shop) == "2026-05-02"
    shop.record(retraction("m2"))
    assert first_day(shop) == "2026-05-03"
    shop.record(retraction("m3"))
    assert first_day(shop) is None


def test_the_first_day_counts_events_from_before_the_trigger(shop: Shop) -> None:
    """Switched on later, its first new event does not pass for the first one ever."""
    shop.record(order("2026-05-02"))
    shop.activate("first_order", "anniversary", FIRST_ORDER)
    shop.record(order("2026-05-03"))
    assert first_day(shop) == "2026-05-02"


def ticket(name: str, when: str, **said: Any) -> EventRow:
    return event(name, when, ticket_id="7", **said)


def problem(shop: Shop) -> str | None:
    with shop.db.reading() as session:
        return session.scalar(select(Problem.state))


def test_a_problem_follows_its_events(shop: Shop) -> None:
    """Opened, resolved, and open again once the resolution is retracted."""
    shop.record(ticket("ticket_opened", "2026-05-01", type="problem"))
    assert problem(shop) == "open"
    shop.record(EventRow("m2", "ada", "ticket_resolved", at("2026-05-02"), {"ticket_id": "7"}))
    assert problem(shop) == "resolved"
    shop.record(retraction("m2"))
    assert problem(shop) == "open"


def test_an_amendment_moves_an_event_to_another_problem(shop: Shop) -> None:
    """Both are folded again: the ticket that was named by mistake is no problem any more."""
    shop.record(event("ticket_opened", "2026-05-01", id="m1", ticket_id="7", type="problem"))
    shop.record(amendment("m1", properties={"ticket_id": "8"}))
    with shop.db.reading() as session:
        assert session.scalars(select(Problem.key).where(Problem.state == "open")).all() == ["ticket:8"]


def test_planning_looks_again_at_whoever_did_something(shop: Shop) -> None:
    """Their spotted moments are due for a check now; those of others are not."""
    shop.activate("orders", "milestone", ORDERS)
    shop.customer("bo")
    for one in ("ada", "bo"):
        shop.record(order(customer=one), order(customer=one))
    with shop.db.writing() as session:
        session.execute(Moment.__table__.update().values(check_at=NOW + days(9)))  # type: ignore[attr-defined]
    shop.record(event("login", "2026-05-04"))
    with shop.db.writing() as session:
        rows = session.execute(select(Customer.external_id, Moment.check_at).join(Moment)).all()
    assert {name: check_at == NOW for name, check_at in rows} == {"ada": True, "bo": False}
