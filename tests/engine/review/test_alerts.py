"""Unread drafts are told to people in time: whom, when, once, and without a customer's name."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.review.alerts import alert
from engine.review.decisions import approve
from engine.storage.models import Message, Notice, Person
from tests.engine.builders import NOW, make_customer
from tests.engine.review.desk import person, written
from tests.engine.write.desk import birthday, seed, solved, write

TEAM = TeamHours()  # 9 to 17 UTC; NOW is Monday noon
HOUR = timedelta(hours=1)
LEVELS = {"owner": 8, "substitute": 4, "marketing": 2}


@pytest.fixture
def kim(session: Session) -> Person:
    seed(session)
    return person(session, "Kim")


def due_in(session: Session, hours: float, **fields: Any) -> Message:
    return written(session, birthday(session, deadline_at=NOW + hours * HOUR, **fields))


def told(session: Session, now: datetime = NOW) -> list[tuple[str, str]]:
    """Level and name of whom this round tells; `webhook` for nobody by name."""
    before = set(session.scalars(select(Notice.id)))
    alert(session, now=now, team=TEAM, levels=LEVELS)
    names: dict[object, str] = dict(session.execute(select(Person.id, Person.name)).all())
    return sorted(
        (one.key.split(":")[1], names.get(one.person_id, "webhook"))
        for one in session.scalars(select(Notice))
        if one.id not in before
    )


def test_the_owner_is_told_a_working_day_before(session: Session, kim: Person) -> None:
    """Eight team hours after Monday noon is Tuesday noon; the night does not count."""
    due_in(session, 24.1)
    assert told(session) == []
    assert told(session, NOW + 0.2 * HOUR) == [("owner", "Kim"), ("owner", "webhook")]


def test_then_a_substitute_then_marketing(session: Session, kim: Person) -> None:
    """Each once, however often the sweep comes; whoever has read it is told nothing more."""
    kim.substitute_id = person(session, "Sub").id
    person(session, "Mara", "marketing")
    message = due_in(session, 5)
    message.owner_id = kim.id
    session.flush()
    assert told(session) == [("owner", "Kim"), ("owner", "webhook")]
    assert told(session, NOW + HOUR) == [("substitute", "Sub"), ("substitute", "webhook")]
    assert told(session, NOW + HOUR) == []
    assert told(session, NOW + 3 * HOUR) == [("marketing", "Mara"), ("marketing", "webhook")]
    assert told(session, NOW + 4 * HOUR) == []


def test_many_drafts_of_one_deadline_are_one_notice(session: Session, kim: Person) -> None:
    """With their number, and no customer's name or words."""
    for _ in range(3):
        birthday(session, make_customer(session, first_name="Zebedee"), deadline_at=NOW + 5 * HOUR)
    write(session)
    alert(session, now=NOW, team=TEAM, levels={"owner": 8})
    notice = session.scalars(select(Notice).where(Notice.person_id == kim.id)).one()
    assert notice.subject == "3 drafts wait to be read by Monday, 17:00"
    assert "Zebedee" not in notice.subject + notice.body + notice.key + notice.path


def test_what_comes_late_is_told_after_an_hour(session: Session, kim: Person) -> None:
    """Not with every new draft, and never not at all."""
    due_in(session, 5)
    assert len(told(session)) == 2
    late = birthday(session, deadline_at=NOW + 5 * HOUR)
    write(session, now=NOW + timedelta(minutes=5))
    assert late.deadline_at == NOW + 5 * HOUR
    assert told(session, NOW + timedelta(minutes=30)) == []
    assert ("owner", "Kim") in told(session, NOW + 1.5 * HOUR)


def test_what_is_nobodys_is_told_to_all_who_could_take_it(session: Session, kim: Person) -> None:
    """Not to whom a complaint is about, who speaks another language, or is away."""
    person(session, "Fern").locales = ["fr"]
    person(session, "Amy").away_until = NOW + 48 * HOUR
    person(session, "Tom")
    message = written(session, solved(session, deadline_at=NOW + 5 * HOUR, problem={"about": "Tom"}))
    message.owner_id = None
    session.flush()
    assert [name for level, name in told(session) if level == "owner"] == ["Kim", "webhook"]


def test_who_is_away_is_not_told_but_their_substitute(session: Session, kim: Person) -> None:
    """At once, at the owner's level."""
    message = due_in(session, 5)
    kim.away_until, kim.substitute_id = NOW + 48 * HOUR, person(session, "Sub").id
    message.owner_id = kim.id
    session.flush()
    assert ("owner", "Sub") in told(session)


def test_a_question_alerts_too(session: Session, kim: Person) -> None:
    """It is dropped unanswered just the same."""
    written(session, solved(session, deadline_at=NOW + 5 * HOUR, problem={"what_we_did": None}))
    assert told(session) != []


def test_what_goes_by_itself_or_is_decided_alerts_nobody(session: Session, kim: Person) -> None:
    """Nothing is lost by it."""
    due_in(session, 1, must_read=False, if_unreviewed="send")
    approved = due_in(session, 1)
    approve(session, approved.id, version=approved.version, person=kim, now=NOW)
    assert told(session) == []


@pytest.mark.parametrize("many", [1, 6])
def test_an_alert_costs_as_many_statements_for_many_drafts(session: Session, kim: Person, many: int) -> None:
    """A row for each kind of draft comes back, not one for each draft."""
    for _ in range(many):
        due_in(session, 5)
    alert(session, now=NOW - 90 * HOUR, team=TEAM)
    seen: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: seen.append(args[2]))
    alert(session, now=NOW, team=TEAM, levels={"owner": 8})
    assert len(seen) == 7  # versions of templates, drafts, people, marketing, what was told, and two notices
