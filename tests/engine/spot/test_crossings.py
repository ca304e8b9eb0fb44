"""Moments follow what stands by the totals: made, cancelled, restored and mended, and never once they went out."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.schema import SendRules
from engine.definitions.store import save_definition, set_state
from engine.spot import crossings
from engine.spot.crossings import backfill, backfill_batch, backfill_due
from engine.spot.dating import expiry, send_day
from engine.storage.models import Message, Moment, Trigger
from engine.storage.models.trigger import NOT_FOLDED
from engine.storage.session import Database
from tests.engine.builders import make_message
from tests.engine.record.shop import (
    FIRST_ORDER,
    MONTHS,
    NOW,
    ORDERS,
    SPEND,
    Shop,
    amendment,
    at,
    monthly,
    order,
    refund,
)
from triggers.table import KINDS


@pytest.fixture
def shop(db: Database) -> Shop:
    shop = Shop(db)
    shop.customer("ada", zone="Europe/Berlin", country="DE")
    shop.activate("orders", "milestone", ORDERS)
    return shop


def message(shop: Shop, key: str, state: str) -> None:
    """Plan and write the moment, up to this state of its message."""
    with shop.db.writing() as session:
        moment = session.scalars(select(Moment).where(Moment.occurrence_key == key)).one()
        make_message(session, moment, state=state)
        if state == "closed":
            moment.state, moment.closed_at = "closed", NOW


def message_states(shop: Shop) -> list[str]:
    with shop.db.reading() as session:
        return list(session.scalars(select(Message.state)))


def test_a_moment_says_what_it_is_about(shop: Shop) -> None:
    """Its days are the customer's: 22:30 UTC on 1 May is half past midnight on the 2nd in Berlin."""
    shop.record(order("2026-04-01"), order("2026-05-01 22:30", id="m2"))
    moment = shop.moment("2")
    assert (moment.state, moment.occasion, moment.family, moment.weight) == ("spotted", "orders", "celebrate", 30)
    assert (moment.nominal_on, moment.send_on) == (date(2026, 5, 2), date(2026, 5, 2))
    assert moment.occurred_at == at("2026-05-01 22:30")
    assert moment.expires_at == at("2026-05-04 22:00")  # the end of 4 May in Berlin, two days after the day to send
    assert moment.facts == {
        "order_count": {"value": 2, "source": "event m2", "sayable": True},
        "reached_on": {"value": "2026-05-02", "source": "event m2", "sayable": False},
    }


def test_amounts_may_not_be_said(shop: Shop) -> None:
    """Nobody is told what they spent."""
    shop.activate("spend", "milestone", SPEND)
    shop.record(order(amount_minor=1500))
    amount = shop.moment("1000").facts["amount"]
    assert (amount["value"], amount["sayable"]) == (1000, False)


def test_what_happened_before_the_trigger_was_active_makes_no_moment(shop: Shop) -> None:
    """Of four orders the first two were before; only the third threshold is reached after."""
    shop.activate("late_orders", "milestone", ORDERS, since=at("2026-05-01 00:00"))
    shop.record(order("2026-04-01"), order("2026-04-02"), order("2026-05-03"))
    assert [moment[2] for moment in shop.moments() if moment[0] == "late_orders"] == ["3"]


def test_a_refund_cancels_what_it_makes_untrue(shop: Shop) -> None:
    """The moment, and with it the message that spoke of it."""
    shop.record(order(), order(), order())
    message(shop, "3", "in_review")
    shop.record(refund())
    moment = shop.moment("3")
    assert (moment.state, moment.reason, message_states(shop)) == ("cancelled", "no_longer_true", ["cancelled"])
    assert shop.standing() == ["2"]


def test_what_becomes_true_again_returns(shop: Shop) -> None:
    """The same moment, with the day of the order that brought it back."""
    shop.record(order(), order("2026-05-02"))
    first = shop.moment("2").id
    shop.record(refund("2026-05-03"))
    shop.record(order("2026-05-04"))
    moment = shop.moment("2")
    assert (moment.id, moment.state, moment.reason) == (first, "spotted", None)
    assert moment.nominal_on == date(2026, 5, 4)
    assert moment.check_at == NOW


@pytest.mark.parametrize("state", ["handed_over", "closed"])
def test_what_has_gone_out_stays(shop: Shop, state: str) -> None:
    """It cannot be called back, and ordered again it is not told again."""
    shop.record(order(), order())
    message(shop, "2", state)
    before = shop.moment("2").state
    shop.record(refund())
    shop.record(order("2026-05-21"))
    moment = shop.moment("2")
    assert (moment.state, moment.nominal_on, message_states(shop)) == (before, date(2026, 5, 1), [state])


def test_an_earlier_order_moves_what_is_only_spotted(shop: Shop) -> None:
    """A late event shows that the second order was on another day."""
    shop.record(order("2026-05-01"), order("2026-05-10"))
    shop.record(order("2026-05-05"))
    assert shop.moment("2").nominal_on == date(2026, 5, 5)


def test_a_text_from_facts_that_changed_is_written_again(shop: Shop) -> None:
    """The old message ends, and the moment is spotted with the new facts."""
    shop.record(order("2026-05-01"), order("2026-05-10", id="m2"))
    message(shop, "2", "approved")
    shop.record(amendment("m2", occurred_at="2026-05-12T09:00:00Z"))
    moment = shop.moment("2")
    assert (moment.state, moment.reason, moment.nominal_on) == ("spotted", None, date(2026, 5, 12))
    assert message_states(shop) == ["cancelled"]


def test_a_text_whose_facts_did_not_change_stays(shop: Shop) -> None:
    """A late event that leaves the second order where it was does not touch what was approved."""
    shop.record(order("2026-05-01"), order("2026-05-02"), order("2026-05-10"))
    message(shop, "2", "approved")
    shop.record(order("2026-05-05"))
    assert (shop.moment("2").state, message_states(shop)) == ("written", ["approved"])


def test_a_person_s_skip_stays(shop: Shop) -> None:
    """What somebody decided is not undone by a refund and a new order."""
    shop.record(order(), order())
    with shop.db.writing() as session:
        session.execute(Moment.__table__.update().values(state="skipped", reason="by_agent"))  # type: ignore[attr-defined]
    shop.record(refund())
    shop.record(order("2026-05-21"))
    assert (shop.moment("2").state, shop.moment("2").reason) == ("skipped", "by_agent")


def test_a_run_that_was_told_is_not_told_again_under_an_earlier_end(shop: Shop) -> None:
    """Told of March to May; then a late order of February shows that three in a row were reached in April."""
    shop.activate("months", "streak", MONTHS)
    shop.record(*monthly(["2026-03", "2026-04", "2026-05"]))
    message(shop, "3:2026-05", "closed")
    shop.record(*monthly(["2026-02"]))
    assert (shop.moment("3:2026-04").state, shop.moment("3:2026-04").reason) == ("skipped", "already_told")
    assert shop.moment("4:2026-05").state == "spotted"


def test_a_run_that_was_not_told_yet_moves_to_its_earlier_end(shop: Shop) -> None:
    """The later end is not where the three were reached, so it is cancelled."""
    shop.activate("months", "streak", MONTHS)
    shop.record(*monthly(["2026-03", "2026-04", "2026-05"]))
    shop.record(*monthly(["2026-02"]))
    assert shop.moment("3:2026-04").state == "spotted"
    assert shop.moment("3:2026-05").state == "cancelled"


def test_a_backfill_finds_what_happened_since_the_trigger_is_active(shop: Shop) -> None:
    """Events that were recorded before it was switched on count; repeated, it finds nothing new."""
    shop.customer("bo")
    shop.record(order(), order(), order(customer="bo"))
    shop.activate("more", "milestone", ORDERS | {"thresholds": [1, 2]})
    (trigger,) = (one for one in shop.triggers if one.name == "more")
    for _ in range(2):
        with shop.db.writing() as session:
            assert backfill(session, trigger, now=NOW) == 2
    assert [moment[1:3] for moment in shop.moments() if moment[0] == "more"] == [
        ("ada", "1"),
        ("ada", "2"),
        ("bo", "1"),
    ]


def test_a_backfill_goes_on_where_it_stopped(shop: Shop) -> None:
    """In batches that can be committed one by one."""
    for name in ("bo", "cy"):
        shop.customer(name)
    with shop.db.writing() as session:
        first = backfill_batch(session, shop.triggers[0], after=None, now=NOW, limit=2)
        second = backfill_batch(session, shop.triggers[0], after=first[-1], now=NOW, limit=2)
        none = backfill_batch(session, shop.triggers[0], after=second[-1], now=NOW, limit=2)
    assert (len(first), len(second), none) == (2, 1, [])


def fold_due(shop: Shop, batches: int = 99) -> int:
    """What a worker does, two customers a batch and at most so many batches."""
    left = iter(range(batches))
    return backfill_due(shop.db, KINDS, enough=lambda: next(left, None) is None, limit=2)


def test_who_passed_the_mark_is_spotted_when_a_trigger_is_changed(shop: Shop) -> None:
    """The fourth order was yesterday; the mark at four is new. Nobody has to order again for it to be seen."""
    shop.record(*(order(f"2026-05-{day}") for day in (28, 29, 30, 31)))
    fold_due(shop)
    assert shop.standing() == ["2", "3"]
    shop.activate("orders", "milestone", ORDERS | {"thresholds": [2, 3, 4]})
    assert fold_due(shop) == 1
    assert shop.standing() == ["2", "3", "4"]
    assert fold_due(shop) == 0


def test_what_happened_is_added_up_when_a_trigger_is_switched_on_or_goes_on(shop: Shop) -> None:
    """Also after a pause. What happened before it was first switched on makes no moment."""
    shop.record(order("2026-05-01", amount_minor=1500), order("2026-05-02", amount_minor=600))
    fold_due(shop)
    before = shop.totals()
    shop.activate("spend", "milestone", SPEND, since=NOW)
    assert shop.totals() == before
    fold_due(shop)
    (added,) = set(shop.totals()) - set(before)
    assert (added[1].partition(":")[0], added[2], shop.standing()) == ("sum", "2100", ["2"])
    with shop.db.writing() as session:
        trigger = session.scalars(select(Trigger).where(Trigger.name == "spend")).one()
        set_state(session, trigger, "paused", reason="a while", now=NOW)
        assert trigger.folded_after is None
        set_state(session, trigger, "active", now=NOW)
        assert trigger.folded_after == NOT_FOLDED


def test_folding_goes_on_where_a_worker_stopped(shop: Shop) -> None:
    """Each batch says how far it came; a trigger of the calendar has nothing to fold."""
    for name in ("bo", "cy"):
        shop.customer(name)
    shop.activate("yearly", "anniversary", FIRST_ORDER)
    assert fold_due(shop, batches=1) == 2
    assert fold_due(shop) == 1
    assert fold_due(shop) == 0


def test_a_trigger_that_changes_while_it_is_folded_is_folded_from_the_beginning(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first batch did by the old version is done again by the new one."""
    shop.record(*(order(f"2026-05-{day}") for day in (28, 29, 30, 31)))
    for name in ("bo", "cy"):
        shop.customer(name)

    keep, with_four = crossings._note, ORDERS | {"thresholds": [2, 3, 4]}

    def change_first(session: Session, *given: Any) -> None:
        monkeypatch.undo()
        mine = shop.triggers[0].definition.model_copy(update={"params": with_four})
        save_definition(session, mine, author="mia", reason="four too", now=NOW)
        keep(session, *given)

    monkeypatch.setattr(crossings, "_note", change_first)
    assert fold_due(shop) == 5
    assert shop.standing() == ["2", "3", "4"]


def test_a_new_version_leaves_alone_what_was_planned(shop: Shop) -> None:
    """Other send rules move what is only spotted, when it is folded again, and nothing that has a message."""
    shop.record(order("2026-05-01"), order("2026-05-02"), order("2026-05-03"))
    message(shop, "2", "approved")
    shop.activate("orders", "milestone", ORDERS, send={"delay_days": 5})
    with shop.db.writing() as session:
        backfill(session, shop.triggers[0], now=NOW)
    assert (shop.moment("2").send_on, shop.moment("3").send_on) == (date(2026, 5, 2), date(2026, 5, 8))


# nominal day, rules, country -> day to send; 1 May 2026 is a Friday and a holiday in Germany, not in Britain
DAYS: list[tuple[str, dict[str, Any], str | None, str]] = [
    ("2026-05-01", {}, "DE", "2026-05-01"),
    ("2026-05-01", {"lead_days": 2}, "DE", "2026-04-29"),
    ("2026-05-01", {"delay_days": 2}, "DE", "2026-05-03"),
    ("2026-05-01", {"shift": "before"}, "DE", "2026-04-30"),
    ("2026-05-01", {"shift": "after"}, "DE", "2026-05-04"),
    ("2026-05-01", {"shift": "after"}, "GB", "2026-05-01"),
    ("2026-05-02", {"shift": "nearest"}, None, "2026-05-01"),
    ("2026-05-01", {"delay_days": 1, "shift": "after"}, "DE", "2026-05-04"),
]


@pytest.mark.parametrize(("nominal", "rules", "country", "expected"), DAYS)
def test_the_day_to_send(nominal: str, rules: dict[str, Any], country: str | None, expected: str) -> None:
    """Lead and delay first, then the shift to a working day of the country."""
    assert send_day(date.fromisoformat(nominal), SendRules(**rules), country) == date.fromisoformat(expected)


# day to send, days, zone -> the first instant of the day after the last one
ENDS = [
    ("2026-05-01", 0, "UTC", "2026-05-02 00:00"),
    ("2026-05-01", 2, "America/New_York", "2026-05-04 04:00"),
    ("2026-03-28", 0, "Europe/Berlin", "2026-03-28 23:00"),
    ("2026-03-29", 0, "Europe/Berlin", "2026-03-29 22:00"),  # the day of 23 hours
    ("2026-03-07", 0, "America/Havana", "2026-03-08 05:00"),  # midnight of the 8th does not exist: 01:00 is the first
]


@pytest.mark.parametrize(("send_on", "after", "zone", "expected"), ENDS)
def test_the_expiry_is_the_end_of_a_local_day(send_on: str, after: int, zone: str, expected: str) -> None:
    """Also where the clocks change that night."""
    rules = SendRules(expires_after_days=after)
    assert expiry(date.fromisoformat(send_on), rules, zone) == at(expected)
