"""The pages of backtests and forecasts: asking, watching, stopping, and reading what was found."""

from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from engine.backtest.kept import result_of
from engine.backtest.results import Result
from engine.storage.models import AuditEntry, Customer, Person, Rehearsal, TriggerVersion
from engine.storage.session import Database
from tests.engine.backtest.found import FIRST, LAST, keep_run, make_result, make_sample, make_year
from tests.engine.builders import NOW, make_definition, make_trigger
from tests.web.conftest import NewBrowser
from tests.web.office import HOSTILE
from web import rehearsal_words

pytestmark = pytest.mark.databases("sqlite")


def run(db: Database, state: str = "done", result: Result | None = None) -> UUID:
    """A kept run that marketing asked for."""
    with db.writing() as session:
        return keep_run(session, _marketing(session), state, result=result)


def _marketing(session) -> Person:  # type: ignore[no-untyped-def]
    return session.scalars(select(Person).where(Person.role == "marketing")).one()  # type: ignore[no-any-return]


@pytest.fixture
def birthday(db: Database) -> str:
    """A trigger with two versions, of which the second is heavier."""
    with db.writing() as session:
        trigger = make_trigger(session, name="birthday")
        newer = make_definition(name="birthday", weight=77).model_dump(mode="json", by_alias=True)
        of = {"trigger_id": trigger.id, "author": "mia", "reason": "test", "created_at": NOW}
        session.add(TriggerVersion(**of, number=2, definition=newer))
    return "birthday"


def test_asking_leads_to_the_page_of_the_run(browser: NewBrowser, db: Database, birthday: str) -> None:
    """Of the newest version that is kept, for the days that were named; htmx is not needed."""
    answer = browser("marketing").submit(
        "/rehearsals", trigger=birthday, version="", mode="backtest", first="2026-01-01", last="2026-03-31"
    )
    with db.reading() as session:
        kept = session.scalars(select(Rehearsal)).one()
        assert answer.headers["location"] == f"/rehearsals/{kept.id}"
        assert (str(kept.first_on), str(kept.last_on), kept.subjects[0]["weight"]) == ("2026-01-01", "2026-03-31", 77)


def test_an_older_version_may_be_tried(browser: NewBrowser, db: Database, birthday: str) -> None:
    """By its number, so many days up to yesterday."""
    browser("marketing").submit("/rehearsals", trigger=birthday, version="1", mode="backtest", days="10")
    with db.reading() as session:
        kept = session.scalars(select(Rehearsal)).one()
        assert kept.subjects[0]["weight"] != 77
        assert (kept.first_on, kept.last_on) == (NOW.date() - timedelta(days=10), NOW.date() - timedelta(days=1))


def test_a_forecast_begins_today(browser: NewBrowser, db: Database, birthday: str) -> None:
    """And is a month long where nothing is said."""
    browser("marketing").submit("/rehearsals", trigger=birthday, mode="forecast")
    with db.reading() as session:
        kept = session.scalars(select(Rehearsal)).one()
        assert (kept.mode, kept.first_on, kept.last_on) == ("forecast", NOW.date(), NOW.date() + timedelta(days=29))


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"trigger": "nobody"}, 422, "There is no trigger"),
        ({"version": "99"}, 422, "There is no version 99"),
        ({"version": "x"}, 422, "counted 1, 2, 3"),
        ({"mode": "sideways"}, 422, "looks back"),
        ({"days": "0"}, 422, "comes after the last"),
        (
            {"first": "2030-01-01", "last": "2029-01-01"},
            422,
            "The first day, 2030-01-01, comes after the last, 2029-01-01.",
        ),
        ({"days": "many"}, 422, "whole numbers"),
        ({"days": "9" * 30}, 422, "whole numbers"),
        ({"first": "2026-13-01"}, 422, "whole numbers"),
        ({"last": "2099-01-01"}, 422, "days that are over"),
        ({"mode": "forecast", "days": "4000"}, 422, "366"),
    ],
)
def test_what_cannot_be_run_is_said_above_the_form(
    browser: NewBrowser, birthday: str, fields: dict[str, str], status: int, said: str
) -> None:
    """With what was chosen still chosen."""
    answer = browser("marketing").submit("/rehearsals", **{"trigger": birthday} | fields)
    assert answer.status_code == status
    assert said in answer.text
    assert ('value="birthday" selected' in answer.text) is ("trigger" not in fields)


def test_a_second_one_is_refused_while_the_first_is_not_over(browser: NewBrowser, db: Database, birthday: str) -> None:
    """In words; a second press of the button leads to the same page."""
    marketing = browser("marketing")
    first = marketing.submit("/rehearsals", trigger=birthday, mode="backtest", days="10")
    again = marketing.submit("/rehearsals", trigger=birthday, mode="backtest", days="10")
    assert again.headers["location"] == first.headers["location"]
    other = marketing.submit("/rehearsals", trigger=birthday, mode="backtest", days="11")
    assert other.status_code == 409
    assert "not over yet" in other.text


def test_while_it_runs_the_page_tells_how_far_it_is(browser: NewBrowser, db: Database) -> None:
    """As a part that renews itself, and with a link for who has no script."""
    running = run(db, "running")
    with db.writing() as session:
        session.execute(update(Rehearsal).values(part="days", progress=81))
    visitor = browser("marketing")
    page = visitor.get(f"/rehearsals/{running}").text
    assert "Living through the days" in page
    assert '<progress id="bar" max="100" value="81">' in page
    assert "Look again" in page
    part = visitor.get(f"/rehearsals/{running}/progress", headers={"hx-request": "true"})
    assert part.text.strip().startswith("<section")
    assert "81 %" in part.text
    assert visitor.get(f"/rehearsals/{running}/progress").headers["location"] == f"/rehearsals/{running}"


def test_when_it_is_over_the_page_is_loaded_anew(browser: NewBrowser, db: Database) -> None:
    """The part that renews itself says so, once."""
    done = run(db)
    answer = browser("viewer").get(f"/rehearsals/{done}/progress", headers={"hx-request": "true"})
    assert answer.headers["hx-refresh"] == "true"
    assert "hx-trigger" not in browser("viewer").get(f"/rehearsals/{done}").text


def test_marketing_stops_it_and_others_see_no_button(browser: NewBrowser, db: Database) -> None:
    """One that waits is stopped at once, and its page says so."""
    waiting = run(db, "waiting")
    assert "Stop it" not in browser("agent").get(f"/rehearsals/{waiting}").text
    marketing = browser("marketing")
    assert "Stop it" in marketing.get(f"/rehearsals/{waiting}").text
    answer = marketing.submit(f"/rehearsals/{waiting}/stop")
    assert answer.headers["location"] == f"/rehearsals/{waiting}"
    assert "stopped before its end" in marketing.get(f"/rehearsals/{waiting}").text


def test_one_that_nobody_takes_says_what_to_look_at(browser: NewBrowser, db: Database, travel) -> None:  # type: ignore[no-untyped-def]
    """After two minutes something is wrong."""
    waiting = run(db, "waiting")
    assert "within seconds" in browser("viewer").get(f"/rehearsals/{waiting}").text
    travel.shift(180)
    assert "Does a worker run?" in browser("viewer").get(f"/rehearsals/{waiting}").text


def test_what_was_found_is_told(browser: NewBrowser, db: Database) -> None:
    """Warnings, the story, every table, the ten customers, and what it does not know."""
    with db.writing() as session:
        customers = [Customer(external_id=f"c{at}", first_name=f"Ada{at}", last_name="M", bucket=at, created_at=NOW,
                              updated_at=NOW) for at in range(10)]  # fmt: skip
        session.add_all(customers)
        session.flush()
        done = keep_run(session, _marketing(session), result=make_year(customers))
    page = browser("viewer").get(f"/rehearsals/{done}").text
    for said in (
        "One day would have pulled the brake", "nobody was reached in: French (1,000 customers)",
        "have been spotted", "<svg", "No consent is recorded", "Only delayed",
        "Birthday</strong> leads, first order anniversary meets it", "On <strong>1 day</strong> it is more",
        "nobody reached", "Less than one", "Ada0", "the longest name",
        "would wait for somebody to mend it: The first name (customer.first_name) is not known",
        "3 customers were erased since",
        "1,320 customers the order of things mattered",
    ):  # fmt: skip
        assert said in page, said
    assert "Try it again" not in page


def test_a_customer_may_be_called_anything(browser: NewBrowser, db: Database) -> None:
    """What they are called and what was written to them is text."""
    with db.writing() as session:
        customer = Customer(external_id=HOSTILE, bucket=1, created_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        told = {"customer": HOSTILE, "name": HOSTILE, "subject": HOSTILE, "body": HOSTILE, "locale": HOSTILE}
        shown = make_sample(customer_id=customer.id, **told)
        done = keep_run(session, _marketing(session), result=make_result(samples=(shown,)))
    page = browser("viewer").get(f"/rehearsals/{done}").text
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;") >= 4


def test_an_older_shape_breaks_no_page(browser: NewBrowser, db: Database) -> None:
    """It says that the result can no longer be read, and the list stays as it is."""
    done = run(db)
    with db.writing() as session:
        session.execute(update(Rehearsal).values(result={"of": "old"}, subjects=[{"of": "old"}]))
    visitor = browser("marketing")
    page = visitor.get(f"/rehearsals/{done}")
    assert page.status_code == 200
    assert "can no longer be read" in page.text
    assert visitor.get("/rehearsals").status_code == 200
    assert visitor.submit(f"/rehearsals/{done}/export", what="days").status_code == 422


def test_the_counts_go_into_a_file_without_a_customer(browser: NewBrowser, db: Database) -> None:
    """Each day of each trigger; totals with their holds; and the trail knows who took it along."""
    shown = make_sample(name="Zenobia")
    with db.writing() as session:
        customer = Customer(external_id="c1", bucket=1, created_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        found = make_result(samples=(make_sample(customer_id=customer.id, name="Zenobia"),))
        done = keep_run(session, _marketing(session), result=found)
    agent = browser("agent")
    days = agent.submit(f"/rehearsals/{done}/export", what="days")
    assert days.text.splitlines()[1] == f"birthday,{FIRST},40,1,2"
    assert days.headers["content-disposition"] == f'attachment; filename="backtest-days-{FIRST}.csv"'
    totals = agent.submit(f"/rehearsals/{done}/export", what="totals").text.splitlines()
    assert totals[1:] == ["birthday,,83,80,1,,2,0,0", "birthday,consent_refused,,,1,0,,,"]
    assert shown.name not in days.text
    with db.reading() as session:
        assert "export_rehearsal" in session.scalars(select(AuditEntry.action)).all()


def test_no_cell_of_the_file_is_a_formula(browser: NewBrowser, db: Database) -> None:
    """A name that a spreadsheet would work out is text there."""
    done = run(db)
    with db.writing() as session:
        kept = session.get_one(Rehearsal, done)
        result = result_of(session, kept)
        assert result is not None
        triggers = [dict(one) | {"name": "=HYPERLINK(1)"} for one in (kept.result or {})["triggers"]]
        session.execute(update(Rehearsal).values(result=(kept.result or {}) | {"triggers": triggers}))
    assert "'=HYPERLINK(1)" in browser("agent").submit(f"/rehearsals/{done}/export", what="days").text


def test_the_list_shows_what_became_of_each(browser: NewBrowser, db: Database) -> None:
    """The newest first, and no form for those who may not ask."""
    run(db)
    run(db, "failed")
    run(db, "waiting")
    page = browser("viewer").get("/rehearsals").text
    assert page.index("waits for its turn") < page.index("could not be run") < page.index("80 of 83 would go")
    assert "Try a trigger" not in page
    assert "Try a trigger" in browser("marketing").get("/rehearsals?trigger=birthday").text


def test_five_years_are_drawn_by_week(app: FastAPI) -> None:
    """More bars than a year's would say nothing; the sums stay the same."""
    result = make_result(first=FIRST - timedelta(days=1_000), last=LAST)
    chart = rehearsal_words.day_chart(result)
    assert rehearsal_words.is_weekly(result)
    assert len(chart.rows) < 160
    assert sum(sum(value or 0 for value in one.values) for one in chart.series) == 83
    assert not rehearsal_words.is_weekly(make_result())
