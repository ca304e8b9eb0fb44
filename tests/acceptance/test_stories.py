"""Stories from a customer's row to a sent message, or to the reason why there is none. The clock moves, nobody waits.

2 March 2026 is a Monday. Berlin is an hour ahead of UTC until 29 March; the team works from nine to five UTC.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from engine.storage.session import Database
from tests.acceptance.house import OPENED, House, at


@pytest.fixture
def house(db: Database, tmp_path: Path) -> Iterator[House]:
    """A house with the shipped triggers, templates and mission, long open."""
    with time_machine.travel(at(OPENED), tick=False) as machine:
        opened = House(db, tmp_path, machine)
        opened.open()
        yield opened


def test_a_resolution_that_reopens_and_resolves_again_makes_one_recovery_at_the_right_hour(house: House) -> None:
    """Four days of peace count from the last resolution; the letter goes in the customer's next working morning."""
    house.at("2026-03-02 08:00")
    house.customer()
    about = {"ticket_id": "T1", "what_happened": "the parcel came open", "what_we_did": "I sent a new one."}
    house.happened("2026-03-02 09:00", "ticket_opened", type="problem", category="delivery", **about)
    house.happened("2026-03-03 10:00", "ticket_resolved", **about)
    house.happened("2026-03-05 12:00", "ticket_reopened", ticket_id="T1")
    house.happened("2026-03-06 15:00", "ticket_resolved", **about)

    house.at("2026-03-07 11:00")  # four days after the first resolution, one after the second
    assert house.moments() == []
    house.at("2026-03-10 14:59")  # a minute short of 6 March 15:00 + 96 hours
    assert house.moments() == []
    house.at("2026-03-10 15:00")
    assert [name for name, _, _ in house.moments()] == ["ticket_solved"]

    assert house.approve_all() == 1
    house.at("2026-03-11 07:59")  # 08:59 in Berlin, where the window begins at nine
    assert house.letters() == []
    house.at("2026-03-11 08:00")
    assert len(house.letters()) == 1
    assert "the parcel came open" in house.letters()[0].text

    house.at("2026-03-20 12:00")
    assert len(house.letters()) == 1
    assert house.moments() == [("ticket_solved", "closed", None)]


def test_a_serious_ticket_that_is_solved_asks_for_a_call_at_once_and_for_a_message_days_later(house: House) -> None:
    """The call is due 48 hours after the resolution, while nothing is spotted yet; opened again it waits."""
    house.at("2026-03-02 08:00")
    house.customer()
    about = {"ticket_id": "T1", "what_happened": "the parcel came open", "what_we_did": "I sent a new one."}
    house.happened("2026-03-02 09:00", "ticket_opened", type="problem", category="delivery", priority="urgent", **about)
    house.run()
    assert house.calls() == []
    house.happened("2026-03-03 10:00", "ticket_resolved", **about)
    house.at("2026-03-03 10:01")
    assert house.calls() == [("open", None, at("2026-03-05 10:00"))]
    assert house.moments() == []

    house.happened("2026-03-04 12:00", "ticket_reopened", ticket_id="T1")
    house.run()
    assert [(state, reason) for state, reason, _ in house.calls()] == [("dropped", "reopened")]
    house.happened("2026-03-05 12:00", "ticket_resolved", **about)
    house.run()
    assert house.calls() == [("open", None, at("2026-03-07 12:00"))]

    house.at("2026-03-09 12:00")
    assert [name for name, _, _ in house.moments()] == ["ticket_solved"]
    assert house.calls() == [("open", None, at("2026-03-07 12:00"))]


def test_a_tenth_order_refunded_before_sending_is_cancelled_and_made_again_by_the_next_order(house: House) -> None:
    """The approved message is not sent, as it would not be true; after another order there is one message."""
    house.at("2025-11-03 08:00")
    house.customer()
    for day in range(1, 10):
        house.ordered(f"2025-11-0{day} 10:00")
    tenth = house.ordered("2026-03-02 10:00")
    house.at("2026-03-02 10:05")
    assert house.approve_all() == 1
    house.happened("2026-03-02 18:00", "order_refunded", order_id=tenth, amount_minor=1200, currency="EUR")
    house.at("2026-03-04 08:00")  # its window has begun: 3 March, nine o'clock in Berlin, is over
    assert house.letters() == []
    assert [(state, reason) for _, state, reason in house.moments()] == [("cancelled", "no_longer_true")]
    assert "no longer true" in house.why()

    house.ordered("2026-03-04 10:00")
    house.at("2026-03-04 10:05")
    assert house.approve_all() == 1
    house.at("2026-03-05 08:00")
    house.at("2026-03-09 08:00")
    assert len(house.letters()) == 1
    assert "10th" in house.letters()[0].text + house.letters()[0].subject


def test_a_birthday_during_an_open_complaint_waits_and_expires_if_it_lasts(house: House) -> None:
    """No congratulation while something is wrong; a day later it would only say that we forgot."""
    house.at("2026-03-02 08:00")
    house.customer(dates={"birthday": "1980-03-10"})
    about = {"ticket_id": "T1", "what_happened": "the parcel is lost", "owner": "Mia Keller"}
    house.happened("2026-03-04 09:00", "ticket_opened", type="problem", category="delivery", **about)
    house.at("2026-03-05 09:00")
    house.at("2026-03-09 12:00")
    assert "open_problem" in house.holds()
    house.at("2026-03-10 08:30")  # half past nine on the day
    house.at("2026-03-13 09:00")
    assert ("birthday", "expired", "held:open_problem") in house.moments()
    assert [letter.occasion for letter in house.letters()] == []
    assert "Birthday (10 March 2026)" in house.why()


def test_a_birthday_goes_out_when_nothing_is_wrong(house: House) -> None:
    """The counterpart of the story before: the same birthday without a complaint is greeted in the morning."""
    house.at("2026-03-02 08:00")
    house.customer(dates={"birthday": "1980-03-10"})
    house.at("2026-03-09 09:00")
    assert house.approve_all() == 1
    house.at("2026-03-10 07:59")
    assert house.letters() == []
    house.at("2026-03-10 08:00")
    assert [letter.occasion for letter in house.letters()] == ["birthday"]


def test_two_celebrations_of_one_day_become_one_message(house: House) -> None:
    """A birthday on the anniversary of the first order: one letter that speaks of both, and both moments are closed."""
    house.at("2025-03-10 08:00")
    house.customer(dates={"birthday": "1980-03-10"})
    house.ordered("2025-03-10 10:00")
    house.ordered("2025-12-10 10:00")  # not a quiet relationship
    house.at("2026-03-05 12:00")
    assert house.approve_all() == 1
    for hour in ("08:00", "09:00", "10:00", "11:00"):
        house.at(f"2026-03-10 {hour}")
    house.at("2026-03-16 12:00")
    assert len(house.letters()) == 1
    text = house.letters()[0].text
    assert "birthday" in text.casefold()
    assert "year" in text
    celebrated = [(name, state) for name, state, _ in house.moments() if state == "closed"]
    assert celebrated == [("birthday", "closed"), ("first_order_anniversary", "closed")]


def test_what_nobody_reviewed_is_dropped_at_its_deadline_with_the_reason(house: House) -> None:
    """An anniversary speaks of one person's years with us: unread it stays unsaid, and `why` tells so."""
    house.at("2025-03-10 08:00")
    house.customer()
    house.ordered("2025-03-10 10:00")
    house.ordered("2025-12-10 10:00")
    house.at("2026-03-05 12:00")
    assert [message.state for message in house.messages()] == ["in_review"]
    deadline = house.messages()[0].deadline_at
    house.at(deadline)
    house.at("2026-03-16 12:00")
    assert house.letters() == []
    assert house.moments() == [("first_order_anniversary", "expired", "unreviewed")]
    assert "Nobody read it before its deadline." in house.why()


def test_a_birthday_that_nobody_read_goes_at_its_deadline_in_the_name_of_the_team(house: House) -> None:
    """Its trigger says so, as it is light; but no person's name stands under what no person read."""
    house.at("2026-03-02 08:00")
    house.customer(dates={"birthday": "1980-03-10"})
    house.at("2026-03-09 09:00")
    assert [message.state for message in house.messages()] == ["in_review"]
    house.at(house.messages()[0].deadline_at)
    house.at("2026-03-10 08:00")
    (letter,) = house.letters()
    assert letter.occasion == "birthday"
    assert "Mia" not in letter.text + letter.sender_name
    assert house.settings.team_name in letter.sender_name


def test_a_zone_changed_after_planning_moves_the_send_time(house: House) -> None:
    """Approved for nine in Berlin, then Ada moves to Los Angeles: it comes at nine there, 16:00 UTC by then."""
    house.at("2026-03-02 08:00")
    house.customer(dates={"birthday": "1980-03-10"})
    house.at("2026-03-09 09:00")
    assert house.approve_all() == 1
    assert f"{house.messages()[0].send_at:%Y-%m-%d %H:%M}" == "2026-03-10 08:00"

    house.customer(zone="America/Los_Angeles")
    house.at("2026-03-09 09:05")
    assert f"{house.messages()[0].send_at:%Y-%m-%d %H:%M}" == "2026-03-10 16:00"
    house.at("2026-03-10 08:00")
    assert house.letters() == []
    house.at("2026-03-10 16:00")
    assert len(house.letters()) == 1
