"""Flags and quiet customers, and what is given up because it takes too long."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.insight import quiet as quiet_room
from engine.insight.bounded import TakesTooLong, bounded
from engine.insight.flagged import flagged, last_flags
from engine.insight.quiet import Wanted, quiet
from engine.insight.spans import between, last_days
from engine.storage.models import Customer, CustomerDate, Flag
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger
from tests.engine.insight.history import TODAY, hire_one

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def since(session: Session, customer: Customer, year: int, *, name: str = "first:order_completed") -> None:
    event = name.removeprefix("first:") if name.startswith("first:") else None
    session.add(
        CustomerDate(
            customer_id=customer.id, name=name, year=year, month=3, day=1, month_day=301, source="t", event_name=event
        )
    )
    session.flush()


def long_quiet(session: Session, year: int, silent: int, **fields: object) -> Customer:
    """With us since March of that year, and silent for so many days."""
    customer = make_customer(session, last_active_at=NOW - timedelta(days=silent, hours=1), **fields)
    since(session, customer, year)
    return customer


def test_the_longest_friends_who_were_silent_longest_come_first(session: Session) -> None:
    """Years times silence: ten years and two of silence before four years and three of silence."""
    four, ten = long_quiet(session, 2022, 1_095), long_quiet(session, 2016, 730)
    long_quiet(session, 2016, 300)  # not quiet for a year
    long_quiet(session, 2024, 800)  # not three years with us
    found, more = quiet(session, Wanted(), now=NOW)
    assert [(one.external_id, one.years, one.silent_days) for one in found] == [
        (ten.external_id, 10, 730),
        (four.external_id, 4, 1_095),
    ]
    assert not more


def test_years_are_counted_as_birthdays_are(session: Session) -> None:
    """With us since 1 March 2023: three years on 1 March 2026, not a day before. A birthday says nothing of it."""
    customer = long_quiet(session, 2023, 500)
    since(session, customer, 1950, name="birthday")
    assert [
        one.years for one in quiet(session, Wanted(years=1), now=datetime(2026, 3, 1, 12, tzinfo=NOW.tzinfo))[0]
    ] == [3]
    assert [
        one.years for one in quiet(session, Wanted(years=1), now=datetime(2026, 2, 28, 12, tzinfo=NOW.tzinfo))[0]
    ] == [2]


def test_without_a_first_day_the_record_counts(session: Session) -> None:
    """Since we keep a record of them; and who never did anything has been silent since."""
    make_customer(session, last_active_at=None, created_at=NOW - timedelta(days=4 * 366))
    (found,), _ = quiet(session, Wanted(), now=NOW)
    assert (found.years, found.silent_days, found.last_active_at) == (4, 4 * 366, None)


def test_the_dead_the_closed_and_the_erased_are_not_listed(session: Session) -> None:
    """There is nobody to think of there, or nothing kept."""
    for gone in ({"deceased": True}, {"closed": True}, {"erased_at": NOW}):
        long_quiet(session, 2010, 900, **gone)
    assert quiet(session, Wanted(), now=NOW) == ([], False)


def test_a_long_list_has_pages(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each customer on one of them."""
    monkeypatch.setattr(quiet_room, "PAGE", 2)
    everybody = {long_quiet(session, 2010 + number, 900).external_id for number in range(3)}
    first, more = quiet(session, Wanted(), now=NOW)
    second, no_more = quiet(session, Wanted(), now=NOW, page=2)
    assert (len(first), more, len(second), no_more) == (2, True, 1, False)
    assert {one.external_id for one in (*first, *second)} == everybody


def test_flags_are_counted_by_trigger_and_template_with_what_became_of_them(session: Session) -> None:
    """Open ones are said; the time to the answer is the mean of those that were answered."""
    trigger, robin = make_trigger(session), hire_one(session)
    for hours, outcome in ((4, "changed"), (8, "kept"), (None, None)):
        message = make_message(session, make_moment(session, make_customer(session), trigger))
        told = {"outcome": outcome, "answer": "We see", "answered_at": NOW + timedelta(hours=hours)} if hours else {}
        session.add(
            Flag(
                message_id=message.id,
                trigger_id=trigger.id,
                template="birthday",
                text=f"odd {outcome}",
                raised_at=NOW,
                raised_by=robin.id,
                **told,
            )
        )
        session.flush()
    begins, ends = NOW - timedelta(days=1), NOW + timedelta(days=1)
    (found,) = flagged(session, begins, ends)
    assert (found.trigger, found.raised, found.open, found.changed, found.kept) == (trigger.name, 3, 1, 1, 1)
    assert found.answered_within is not None
    assert abs(found.answered_within - timedelta(hours=6)) < timedelta(seconds=1)
    assert {(one.text, one.raised_by, one.answer) for one in last_flags(session, begins, ends)} == {
        ("odd changed", "Robin", "We see"),
        ("odd kept", "Robin", "We see"),
        ("odd None", "Robin", None),
    }
    assert flagged(session, ends, ends + timedelta(days=1)) == []


def test_what_takes_too_long_is_given_up_and_said(db: Database) -> None:
    """An endless statement ends after the time it was given; the database serves on."""
    with db.reading() as session, pytest.raises(TakesTooLong, match="fewer days"), bounded(session, seconds=0.2):
        session.execute(text(ENDLESS))
    with db.reading() as session, bounded(session, seconds=0.2):
        assert session.scalar(text("SELECT 1")) == 1
    with db.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM moments")) == 0


def test_a_span_is_whole_days_up_to_today() -> None:
    """Both ends belong to it; what lies ahead is cut off, and more than a year and a day is refused."""
    assert last_days(30, today=TODAY).days == 30
    assert between(TODAY - timedelta(days=3), TODAY + timedelta(days=9), today=TODAY).last == TODAY
    for first, last in (
        (TODAY, TODAY - timedelta(days=1)),
        (TODAY - timedelta(days=400), TODAY),
        (TODAY + timedelta(days=1),) * 2,
    ):
        with pytest.raises(InvalidInput):
            between(first, last, today=TODAY)
    with pytest.raises(InvalidInput):
        last_days(0, today=TODAY)
