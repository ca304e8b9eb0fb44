"""The weekly digest: counts alone, once for each person, for the week that is over."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.ids import new_id
from engine.notices.digest import tell_digest
from engine.storage.models import Note, Notice, Person
from tests.engine.builders import NOW, make_customer
from tests.engine.record.test_notes import hire

BERLIN = TeamHours("Europe/Berlin", time(9), time(17), "DE")
# Week 22 of 2026 is Monday 25 May to Sunday 31 May; NOW is the Monday after it, noon in UTC.
FRIDAY = datetime(2026, 5, 29, 10, tzinfo=UTC)


def noted(session: Session, at: datetime = FRIDAY, kind: str = "complaint", **fields: Any) -> None:
    customer = make_customer(session, first_name="Zenobia")
    session.add(Note(id=new_id(), customer_id=customer.id, kind=kind, text="Tortellini", created_at=at, **fields))
    session.flush()


def told(session: Session) -> list[Notice]:
    return list(session.scalars(select(Notice).order_by(Notice.key)))


def test_marketing_is_told_how_many_of_which_kind_and_what_about(session: Session) -> None:
    """No name and no word of anybody; a week of the team's calendar."""
    person = hire(session, "marketing")
    noted(session, category="delivery", occasion="order_milestone")
    noted(session, category="delivery")
    noted(session, kind="compliment")
    assert tell_digest(session, now=NOW, team=BERLIN) == 1
    (notice,) = told(session)
    assert (notice.key, notice.person_id, notice.path) == (f"digest:2026-W22:{person.id}", person.id, "/notes")
    assert notice.subject == "3 notes from the front line in week 22"
    assert notice.body == (
        "In the week from Monday, 25 May 2026, colleagues who met customers left:\n\n- 2 complaints\n- 1 compliment\n\n"
        "Complaints are about: delivery (2).\n\nComplaints name our messages: order milestone (1).\n\n"
        "What was said is in Jubilee, under Notes."
    )


def test_it_is_told_once_whenever_it_runs(session: Session) -> None:
    """A second run, a run on Thursday: the same week, the same key."""
    hire(session, "marketing")
    noted(session)
    counts = [tell_digest(session, now=NOW + timedelta(days=days), team=BERLIN) for days in (0, 0, 3, 6)]
    assert counts == [1, 0, 0, 0]


def test_each_of_marketing_is_told_and_nobody_else(session: Session) -> None:
    """Those who left are not."""
    for role in ("viewer", "agent", "admin", "marketing", "marketing"):
        hire(session, role)
    gone: Person = hire(session, "marketing")
    gone.active = False
    noted(session)
    assert tell_digest(session, now=NOW, team=BERLIN) == 2
    assert gone.id not in {notice.person_id for notice in told(session)}


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        # Monday 25 May 00:00 in Berlin is Sunday 22:00 UTC.
        (datetime(2026, 5, 24, 21, 59, tzinfo=UTC), False),
        (datetime(2026, 5, 24, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 5, 31, 21, 59, tzinfo=UTC), True),
        (datetime(2026, 5, 31, 22, 0, tzinfo=UTC), False),
    ],
)
def test_a_week_is_the_teams_week(session: Session, at: datetime, counts: bool) -> None:
    """From Monday to Sunday by their calendar."""
    hire(session, "marketing")
    noted(session, at)
    assert tell_digest(session, now=NOW, team=BERLIN) == int(counts)


def test_a_withdrawn_note_does_not_count(session: Session) -> None:
    """A week without any is not worth a mail."""
    hire(session, "marketing")
    noted(session, withdrawn_at=NOW)
    assert tell_digest(session, now=NOW, team=BERLIN) == 0


def test_it_waits_until_the_team_comes_in(session: Session) -> None:
    """Monday 1 June, 08:59 and 09:00 in Berlin."""
    hire(session, "marketing")
    noted(session)
    counts = [tell_digest(session, now=datetime(2026, 6, 1, *at, tzinfo=UTC), team=BERLIN) for at in ((6, 59), (7, 0))]
    assert counts == [0, 1]
