"""Totals are a cache of folds: what is newest is added, everything else is folded again, and a lost one heals."""

import pytest
from sqlalchemy import delete, select, update

from engine.definitions.store import set_state
from engine.record.totals import relocate
from engine.storage.models import Customer, Total, Trigger
from engine.storage.session import Database
from tests.engine.record.shop import MONTHS, ORDERS, SPEND, Shop, monthly, order, refund, retraction

COUNT = "count:order_completed-order_refunded"
SUM = "sum:order_completed.amount_minor:EUR-order_refunded.amount_minor:EUR"


@pytest.fixture
def shop(db: Database) -> Shop:
    shop = Shop(db)
    shop.customer("ada")
    shop.activate("orders", "milestone", ORDERS)
    return shop


def test_a_total_adds_up_and_subtracts(shop: Shop) -> None:
    """Three orders and a refund are two."""
    shop.record(order(), order(), order())
    shop.record(refund())
    assert shop.total(COUNT) == 2


def test_only_the_named_currency_is_added_up(shop: Shop) -> None:
    """Dollars are not euros, and a dollar refund takes no euros away."""
    shop.activate("spend", "milestone", SPEND)
    shop.record(order(), order(currency="USD"), refund(currency="USD"), order(amount_minor=5))
    assert shop.total(SUM) == 1005


def test_two_triggers_with_equal_metrics_share_a_total(shop: Shop) -> None:
    """There is one row, and each trigger finds its own thresholds in it."""
    shop.activate("more_orders", "milestone", ORDERS | {"thresholds": [4]})
    shop.record(*[order() for _ in range(4)])
    assert shop.total(COUNT) == 4
    assert [moment[:3] for moment in shop.moments()] == [
        ("more_orders", "ada", "4"),
        ("orders", "ada", "2"),
        ("orders", "ada", "3"),
    ]


def test_a_newer_event_adds_to_the_stored_total(shop: Shop) -> None:
    """The total is believed as it is stored: that is what makes recording fast."""
    shop.record(order("2026-05-01"))
    with shop.db.writing() as session:
        session.execute(update(Total).values(value=41))
    shop.record(order("2026-05-02"))
    assert shop.total(COUNT) == 42


def test_a_late_event_folds_everything_again(shop: Shop) -> None:
    """Whatever was stored before."""
    shop.record(order("2026-05-02"))
    with shop.db.writing() as session:
        session.execute(update(Total).values(value=41))
    shop.record(order("2026-05-01"))
    assert shop.total(COUNT) == 2


def test_a_tie_is_decided_by_the_message_id(shop: Shop) -> None:
    """At the same instant the smaller id is earlier, so it comes late after the larger one."""
    shop.record(order(id="m2"))
    with shop.db.writing() as session:
        session.execute(update(Total).values(value=41))
    shop.record(order(id="m1"))
    assert shop.total(COUNT) == 2


def test_ids_are_ordered_as_python_orders_them(shop: Shop) -> None:
    """Capitals before small letters, whatever the collation of the database: B is earlier than a."""
    shop.record(order(id="a"), order(id="B"))
    assert shop.moment("2").facts["order_count"]["source"] == "event a"


def test_a_lost_total_heals(shop: Shop) -> None:
    """The next event folds all events, not itself alone."""
    shop.record(order("2026-05-01"), order("2026-05-02"))
    with shop.db.writing() as session:
        session.execute(delete(Total))
    shop.record(order("2026-05-03"))
    assert shop.total(COUNT) == 3


def test_a_total_that_missed_an_event_is_not_added_to(shop: Shop) -> None:
    """An import that began before the trigger was switched on records without it; the next event sets that right."""
    known, shop.triggers = shop.triggers, []
    shop.record(order("2026-05-01"))
    shop.triggers = known
    shop.record(order("2026-05-02"))
    shop.triggers = []
    shop.record(order("2026-05-03"))
    shop.triggers = known
    shop.record(order("2026-05-04"))
    assert (shop.total(COUNT), shop.standing()) == (4, ["2", "3"])


def test_a_total_goes_with_its_last_event(shop: Shop) -> None:
    """No row is left that speaks of nothing."""
    shop.record(order(id="m1"))
    shop.record(retraction("m1"))
    assert shop.total(COUNT) is None


def test_a_trigger_that_is_paused_keeps_counting(shop: Shop) -> None:
    """So that nothing is missing when it goes on; its moments wait at planning."""
    with shop.db.writing() as session:
        paused = session.scalars(select(Trigger)).one()
        set_state(session, paused, "paused", reason="a test", now=shop.now)
    shop.read_triggers()
    shop.record(order(), order())
    assert (shop.total(COUNT), shop.standing()) == (2, ["2"])


def test_another_zone_moves_the_days(shop: Shop) -> None:
    """Orders at 23:30 UTC on the last of January, February and March are of three months in UTC; in Tokyo they are of
    February, March and April."""
    shop.activate("months", "streak", MONTHS)
    ends = ["2026-01-31", "2026-02-28", "2026-03-31"]
    shop.record(*[order(f"{day} 23:30") for day in ends])
    assert "3:2026-03" in shop.standing()
    with shop.db.writing() as session:
        session.execute(update(Customer).values(zone="Asia/Tokyo"))
        customer_id = session.scalars(select(Customer.id)).one()
        relocate(session, [customer_id], triggers=shop.triggers, now=shop.now)
    assert shop.standing() == ["2", "3", "3:2026-04"]
    assert shop.standing(cancelled=True) == ["3:2026-03"]


def test_a_streak_that_breaks_begins_again(shop: Shop) -> None:
    """Each run of three tells once; the break tells nothing."""
    shop.activate("months", "streak", MONTHS)
    shop.record(*monthly(["2025-10", "2025-11", "2025-12", "2026-02", "2026-03", "2026-04"]))
    assert [key for key in shop.standing() if ":" in key] == ["3:2025-12", "3:2026-04"]
