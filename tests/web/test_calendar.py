"""The calendar and sensitive days, as the desk shows them."""

from datetime import date

import pytest
from sqlalchemy import select

from engine.storage.models import AuditEntry, CustomerDate, Installation, Message, Person, SensitiveDay, Trigger
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger
from tests.web.conftest import NewBrowser
from tests.web.office import Office

pytestmark = pytest.mark.databases("sqlite")
DAY = {"name": "A day of mourning", "every": "once", "date": "2026-06-10", "families": "celebrate"}


def test_a_month_says_what_is_coming(browser: NewBrowser, office: Office, db: Database) -> None:
    """Planned by its own date, with today marked, the holidays of where customers live, and everything reachable."""
    with db.writing() as session:
        make_customer(session, country="US")
    page = browser("viewer").get("/calendar").text
    assert "<h1>June 2026</h1>" in page
    assert 'href="/calendar/2026-06-03"' in page
    assert page.count('aria-current="date"') == 1
    for wanted in ("view=week&amp;on=2026-06-01", "on=2026-05-01", "on=2026-07-01", "Juneteenth"):
        assert wanted in page, wanted
    assert "Week of Mon 1 Jun 2026" in browser("viewer").get("/calendar?view=week").text


def test_it_is_narrowed_by_person_trigger_and_country(browser: NewBrowser, office: Office, db: Database) -> None:
    """What stands there is only theirs, and the links keep it."""
    with db.writing() as session:
        agent = session.scalars(select(Person).where(Person.role == "agent")).one()
        session.get_one(Message, office.birthday).owner_id = agent.id
        agent_id = agent.id
    visitor = browser("viewer")
    mine = visitor.get(f"/calendar/2026-06-03?owner={agent_id}").text
    assert "Ben Okafor" in mine
    assert "Ben Okafor" not in visitor.get("/calendar/2026-06-03?owner=nobody").text
    assert "Ben Okafor" in visitor.get("/calendar/2026-06-03?trigger=birthday&country=DE").text
    assert "Ben Okafor" not in visitor.get("/calendar/2026-06-03?country=FR").text
    assert f"owner={agent_id}" in visitor.get(f"/calendar?owner={agent_id}").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/calendar?view=year", 422),
        ("/calendar?on=2026-02-30", 404),
        ("/calendar?on=9999-12-31", 404),
        ("/calendar?owner=me", 422),
        ("/calendar?trigger=nothing", 404),
        ("/calendar/today", 404),
        ("/calendar/2026-06-03?what=nothing", 404),
        ("/calendar/2026-06-03?after=nothing", 422),
        ("/calendar/2026-06-03?what=found&after=nothing", 422),
    ],
)
def test_what_is_no_calendar_is_said_plainly(browser: NewBrowser, office: Office, path: str, status: int) -> None:
    """No address of it ends in a fault of ours."""
    assert browser("viewer").get(path).status_code == status


def test_a_long_day_comes_in_pages(browser: NewBrowser, people: None, db: Database) -> None:
    """Everybody once, in the order of their hour."""
    on = date(2026, 6, 4)
    with db.writing() as session:
        trigger = make_trigger(session, name="many")
        for number in range(120):
            customer = make_customer(session, external_id=f"p{number:03}", first_name=f"Number{number:03}")
            make_message(session, make_moment(session, customer, trigger, nominal_on=on))
    visitor, seen, path = browser("viewer"), [], "/calendar/2026-06-04"
    while path:
        page = visitor.get(path).text
        seen += [part[:9] for part in page.split("<bdi>")[1:] if part.startswith("Number")]
        path = page.partition('class="more"><a class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert (len(seen), len(set(seen))) == (120, 120)


def test_dates_further_ahead_are_counted_and_named(browser: NewBrowser, people: None, db: Database) -> None:
    """Of triggers that send, beyond what has been looked at; whose they are is on the day's page."""
    with db.writing() as session:
        trigger = make_trigger(session, name="birthday", title="Birthday greetings")
        trigger.scanned_through = NOW.date()
        for number in range(3):
            customer = make_customer(session, first_name=f"Ada{number}")
            session.add(
                CustomerDate(customer_id=customer.id, name="birthday", month=6, day=20, month_day=620, source="test")
            )
    visitor = browser("viewer")
    assert "about 3 ahead" in visitor.get("/calendar").text
    day = visitor.get("/calendar/2026-06-20?what=birthday").text
    assert all(f"Ada{number}" in day for number in range(3))
    with db.writing() as session:
        session.scalars(select(Trigger)).one().state = "shadow"
    assert "about 3 ahead" not in visitor.get("/calendar").text


def test_days_that_are_too_full_stand_out(browser: NewBrowser, people: None, db: Database) -> None:
    """120 recoveries of twelve minutes are more than anybody's day."""
    with db.writing() as session:
        agent = session.scalars(select(Person).where(Person.role == "agent")).one()
        trigger = make_trigger(session, name="many")
        for number in range(125):
            moment = make_moment(session, make_customer(session), trigger, nominal_on=date(2026, 6, 6))
            make_message(session, moment, owner_id=agent.id if number < 124 else None)
    page = browser("viewer").get("/calendar").text
    assert "Robin Agent: 8 h 16 to read" in page  # 124 x 4 minutes; the Saturday is read by on Friday
    assert "too full" in page
    assert "Fri 5 Jun" in page


def test_a_sensitive_day_is_written_down_changed_and_taken_away(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """It stands in the calendar, and the send times are worked out again each time."""
    visitor = browser("marketing")
    assert visitor.submit("/calendar/days", on="/calendar/days", **DAY).status_code == 303
    assert "A day of mourning" in visitor.get("/calendar").text
    assert "A day of mourning" in visitor.get("/calendar/2026-06-10").text
    with db.reading() as session:
        day = session.scalars(select(SensitiveDay)).one()
        assert session.get(Installation, "zone_data_version") is None
        day_id = day.id
    off = {**DAY, "active": "off", "version": "1"}
    assert visitor.submit(f"/calendar/days/{day_id}", on="/calendar/days", **off).status_code == 303
    assert "A day of mourning" not in visitor.get("/calendar").text
    stale = visitor.submit(f"/calendar/days/{day_id}", on="/calendar/days", **off)
    assert "Somebody else has changed this day" in stale.text
    gone = visitor.submit(f"/calendar/days/{day_id}/remove", on="/calendar/days", version="2")
    assert gone.headers["location"] == "/calendar/days?did=removed"
    with db.reading() as session:
        said = [one for one in session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)) if "sensitive" in one]
        assert said == ["add_sensitive_day", "change_sensitive_day", "remove_sensitive_day"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": " "}, "Give the day a name"),
        ({"date": ""}, "Choose the day"),
        ({"every": "holiday"}, "Say when it is"),
        ({"countries": "Atlantis"}, "no country"),
        ({"families": "nothing"}, "Choose what is to wait"),
    ],
)
def test_a_day_that_cannot_be_meant_is_refused(
    browser: NewBrowser, people: None, fields: dict[str, str], why: str
) -> None:
    """With what is to be mended."""
    answer = browser("marketing").submit("/calendar/days", on="/calendar/days", **(DAY | fields))
    assert (answer.status_code, why in answer.text) == (422, True)


def test_suggestions_are_offered_and_none_is_in_force(browser: NewBrowser, people: None, db: Database) -> None:
    """Each with its source; once added it is offered no more."""
    visitor = browser("marketing")
    assert "36 U.S.C." in visitor.get("/calendar/days").text
    with db.reading() as session:
        assert session.scalars(select(SensitiveDay)).all() == []
    visitor.submit("/calendar/days", on="/calendar/days", suggested="11 September")
    page = visitor.get("/calendar/days").text
    assert 'value="11 September"><button' not in page
    assert "next: " in page
    assert "36 U.S.C." in page
    with db.reading() as session:
        day = session.scalars(select(SensitiveDay)).one()
        assert (day.month, day.day, day.countries, day.effect) == (9, 11, ["US"], "hold")


def test_a_viewer_sees_the_days_and_changes_none(browser: NewBrowser, people: None) -> None:
    """Neither is offered to them."""
    page = browser("agent").get("/calendar/days").text
    assert "36 U.S.C." in page
    assert 'action="/calendar/days"' not in page


def test_empty_days_that_are_over_are_marked_for_a_phone(browser: NewBrowser, office: Office) -> None:
    """So that a narrow page begins near today; a month that is over altogether keeps its days."""
    page = browser("viewer").get("/calendar?on=2026-06-01").text
    today = page.index('aria-current="date"')
    assert " gone" not in page[today:]
    assert " gone" not in browser("viewer").get("/calendar?on=2026-04-01").text


def test_a_day_that_cannot_be_used_keeps_what_was_typed(browser: NewBrowser, people: None) -> None:
    """All of it, as it was typed, with the fault at its field."""
    typed = DAY | {"countries": "Atlantis, germany", "effect": "shift", "source": "the news", "families": "recover"}
    page = browser("marketing").submit("/calendar/days", on="/calendar/days", **typed)
    assert page.status_code == 422
    for kept in ('value="A day of mourning"', 'value="2026-06-10"', 'value="the news"', 'value="once" selected'):
        assert kept in page.text, kept
    assert 'value="Atlantis, germany" aria-invalid="true"' in page.text
    assert 'value="shift" selected' in page.text
    assert 'value="recover" checked' in page.text
    assert 'value="celebrate" checked' not in page.text
