"""A moment whose date or problem is not what it was is no longer true, with the reason; all others are."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine.spot.dates import spot_dates
from engine.spot.problems import spot_problems
from engine.spot.truth import no_longer_true
from engine.storage.models import CustomerDate, Problem
from tests.engine.spot.story import TEAM, Story, at, on

NOW = "2026-02-14 15:30"


@pytest.fixture
def story(session: Session) -> Story:
    return Story(session, at(NOW))


def told(story: Story) -> list[str]:
    """The reasons of the moments that are no longer true."""
    ids = [moment.id for moment in story.moments()]
    return sorted(no_longer_true(story.session, ids, now=story.now).values())


def birthday(story: Story, text: str = "1990-02-14") -> Any:
    customer_id = story.customer(birthday=text)
    spot_dates(story.session, [story.trigger()], now=story.now, team=TEAM)
    assert len(story.moments()) == 1
    return customer_id


def recovery(story: Story, **fields: Any) -> Problem:
    params: dict[str, Any] = {"kinds": ["ticket"]}
    family, resolved = "recover", "2026-02-10 15:30"
    if fields:
        params |= {"when": "still_open", "after_days": 3, "every_days": 7, "at_most": 3}
        family = "reassure"
    trigger = story.trigger("ticket_solved", kind="recovery", family=family, params=params)
    problem = story.problem(
        story.customer(), opened="2026-02-09 09:00", resolved=None if fields else resolved, **fields
    )
    assert spot_problems(story.session, [trigger], now=story.now) == 1
    return problem


@pytest.mark.parametrize(
    ("corrected", "reasons"),
    [
        ("1990-02-14", []),
        ("1991-02-14", []),  # the year of a birthday is nobody's business
        ("--02-14", []),
        ("1990-02-15", ["date_changed"]),
        ("1990-03-14", ["date_changed"]),
    ],
)
def test_a_corrected_birthday(story: Story, corrected: str, reasons: list[str]) -> None:
    """Another day makes it untrue, another year does not."""
    story.date(birthday(story), corrected)
    assert told(story) == reasons


def test_a_birthday_that_is_gone_or_was_a_placeholder(story: Story) -> None:
    """Both are no birthday."""
    customer_id = birthday(story)
    story.date(customer_id, "1990-02-14", placeholder="a stand-in")
    assert told(story) == ["date_changed"]
    story.session.execute(delete(CustomerDate).where(CustomerDate.customer_id == customer_id))
    assert told(story) == ["date_changed"]


@pytest.mark.parametrize(
    ("corrected", "reasons"), [("2024-02-14", []), ("2023-02-14", ["date_changed"]), ("2024-02-13", ["date_changed"])]
)
def test_a_first_order_that_turned_out_earlier(story: Story, corrected: str, reasons: list[str]) -> None:
    """Its years would be wrong."""
    trigger = story.trigger("first", params={"of": {"first_event": "order_completed"}, "years": [2, 3]})
    customer_id = story.customer()
    story.date(customer_id, "2024-02-14", name="first:order_completed")
    spot_dates(story.session, [trigger], now=story.now, team=TEAM)
    story.date(customer_id, corrected, name="first:order_completed")
    assert told(story) == reasons


def test_a_birthday_on_a_leap_day_stays_true_on_the_28th(story: Story) -> None:
    """The original is what is compared, not the day it was moved to."""
    story.now = at("2026-02-20 09:00")
    birthday(story, "1996-02-29")
    assert told(story) == []


def test_a_recovery_is_true_while_the_peace_lasts(story: Story) -> None:
    """Also days after it became due."""
    recovery(story)
    story.now += timedelta(days=2)
    assert told(story) == []


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({"state": "open", "resolved_at": None}, ["problem_not_resolved"]),
        ({"state": "contact", "resolved_at": None}, ["problem_not_resolved"]),
        ({"resolved_at": at("2026-02-13 09:00")}, ["problem_not_settled"]),  # resolved again: the four days begin anew
        ({"resolved_at": at("2026-02-10 12:00")}, []),  # earlier than we thought: all the more
        ({"severity": "serious"}, ["facts_changed"]),  # it would have been another message
        ({"what_we_did": "We sent two."}, []),  # written from the problem as it stands
    ],
)
def test_a_problem_that_changed(story: Story, changed: dict[str, Any], reasons: list[str]) -> None:
    """After it was spotted and before anything went out."""
    problem = recovery(story)
    for name, value in changed.items():
        setattr(problem, name, value)
    story.session.flush()
    assert told(story) == reasons


@pytest.mark.parametrize(
    ("when", "reasons"),
    [
        ("2026-02-12 08:00", ["problem_not_settled"]),  # inside the four days, recorded late
        ("2026-02-14 15:30", ["problem_not_settled"]),  # their last instant
        ("2026-02-14 15:31", []),  # after them
        ("2026-02-10 15:00", []),  # before the resolution
    ],
)
def test_a_bad_answer_that_arrived_late(story: Story, when: str, reasons: list[str]) -> None:
    """What counts is when it was given."""
    problem = recovery(story)
    story.event(problem.customer_id, "csat_answered", when, score=1)
    assert told(story) == reasons


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({}, []),
        ({"state": "resolved", "resolved_at": at("2026-02-14 09:00")}, ["problem_not_open"]),
        ({"next_news_on": on("2026-02-14")}, []),  # today
        ({"next_news_on": on("2026-02-13")}, ["news_overdue"]),
    ],
)
def test_news_of_an_open_problem(story: Story, changed: dict[str, Any], reasons: list[str]) -> None:
    """Not once it is resolved, nor announcing a day that is over."""
    problem = recovery(story, next_news_on=on("2026-02-19"))
    for name, value in changed.items():
        setattr(problem, name, value)
    story.session.flush()
    assert told(story) == reasons


def test_a_moment_that_says_nothing_is_not_wrong(story: Story) -> None:
    """Nothing asked is nothing answered either."""
    story.date(birthday(story), "1990-03-14")
    [moment] = story.moments()
    moment.facts = {}
    story.session.flush()
    assert told(story) == []
    assert no_longer_true(story.session, []) == {}
