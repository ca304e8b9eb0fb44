"""Insight's pages say what was counted and no more; who may change something, and what leaves as a file."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.insight import effect as effect_room
from engine.insight.bounded import TakesTooLong
from engine.insight.tables import Table
from engine.insight.tally import Score
from engine.storage.models import AuditEntry, Outcome, Person, Trigger
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_event, make_moment, make_trigger
from tests.engine.insight.history import TODAY, answer, at, decide, send
from tests.engine.insight.test_words import edit
from tests.web.conftest import NewBrowser
from tests.web.office import HOSTILE, Office
from tests.web.test_pages import text_of
from web import insight_words
from web.insight_files import as_csv, as_json
from web.insight_words import percent, points, verdict_words

pytestmark = pytest.mark.databases("sqlite")
DAY = TODAY - timedelta(days=10)


@pytest.fixture
def birthday(db: Database, office: Office) -> str:
    """Four birthdays ten days ago: two sent, one of them answered; one too late; one in the control group."""
    with db.writing() as session:
        trigger = session.scalars(select(Trigger).where(Trigger.name == "birthday")).one()
        robin = session.scalars(select(Person).where(Person.role == "agent")).one()
        messages = [send(session, make_customer(session), trigger, on=DAY, approver=robin) for _ in range(2)]
        answer(session, messages[0])
        late = make_moment(session, make_customer(session), trigger, send_on=DAY)
        late.state, late.reason, late.closed_at = "expired", "held:consent_unknown", NOW
        decide(session, trigger, on=DAY, control=True)
        return trigger.name


def test_the_page_of_all_triggers_counts_and_leads_on(browser: NewBrowser, birthday: str) -> None:
    """Numbers, shares, a chart with its table, and a way to each trigger with the same days."""
    page = browser("viewer").get("/insight?days=30").text
    assert '<a href="/insight/triggers/birthday?days=30">' in page
    assert "<svg" in page
    assert "The numbers" in page
    assert "33\N{NO-BREAK SPACE}%" in page  # the office sent one more
    assert "Mon 1 Jun 2026" in page


def test_the_page_of_one_trigger_says_what_held_and_ended_its_moments(browser: NewBrowser, birthday: str) -> None:
    """In the words of the holds; the effect is not told from a message that came after."""
    page = browser("viewer").get("/insight/triggers/birthday").text
    assert "It was held until it was too late: No consent is recorded" in page
    assert "in the control group, by lot" in page
    assert "keeps nobody out" in page
    assert "From draft to approval" in page


def test_a_quiet_trigger_says_that_nothing_was_sent_yet(browser: NewBrowser, office: Office, db: Database) -> None:
    """No division by nought, and no noughts that look like results."""
    with db.writing() as session:
        make_moment(session, make_customer(session), make_trigger(session, name="new_one"), send_on=DAY)
        make_trigger(session, name="silent_one")
    visitor = browser("viewer")
    page = visitor.get("/insight/triggers/new_one").text
    assert "nothing was sent yet" in page
    assert "0\N{NO-BREAK SPACE}%" not in page
    assert "Nothing was sent yet either." in visitor.get("/insight/triggers/silent_one").text


def test_before_anything_happened_the_pages_say_so(browser: NewBrowser) -> None:
    """An installation of today."""
    visitor = browser("viewer")
    assert "Nothing was due on these days" in visitor.get("/insight").text
    assert "No trigger keeps a control group" in visitor.get("/insight/effect").text
    assert "Nobody stopped anything" in visitor.get("/insight/flags").text
    assert "Nobody has been that quiet" in visitor.get("/insight/quiet").text
    assert "Nothing was edited" in visitor.get("/insight/words").text


def test_days_are_read_or_refused_in_words(browser: NewBrowser) -> None:
    """Whatever stands in the address."""
    visitor = browser("viewer")
    good = ("days=30", "from=2026-05-01&to=2026-05-20", "from=2026-05-01")
    turned, long = "from=2026-05-20&to=2026-05-01", "from=1999-01-01&to=2026-05-01"
    bad = ("days=0", "days=9999", "days=abc", turned, long, "from=x", "to=2026-05-01")
    assert {query: visitor.get(f"/insight?{query}").status_code for query in good} == dict.fromkeys(good, 200)
    assert {query: visitor.get(f"/insight?{query}").status_code for query in bad} == dict.fromkeys(bad, 422)


def test_what_is_not_there_is_not_found(browser: NewBrowser, office: Office) -> None:
    """Neither a trigger nor a template of that name."""
    visitor = browser("viewer")
    assert visitor.get("/insight/triggers/nobody").status_code == 404
    assert visitor.get("/insight/templates/nobody").status_code == 404


def test_too_few_customers_are_said_with_how_many_are_missing(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """A thousand in each group; no difference is shown before."""
    with db.writing() as session:
        trigger = make_trigger(session, name="five_years", title="Five years", control_share=0.1)
        for control in (True, False):
            decide(session, trigger, on=TODAY - timedelta(days=100), control=control)
    page = browser("viewer").get("/insight/effect").text
    assert "Not enough data yet" in page
    assert "1,000" in page
    assert "95&nbsp;% interval" not in page


def test_a_reading_is_shown_with_its_interval_and_no_more_than_it_says(
    browser: NewBrowser, office: Office, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten in each group here; five of those we wrote to bought something, and none of the others."""
    monkeypatch.setattr(effect_room.readings, "__kwdefaults__", {"least": 10})
    monkeypatch.setattr(effect_room, "LEAST", 10)
    with db.writing() as session:
        trigger = make_trigger(session, name="five_years", title="Five years", control_share=0.1)
        for number in range(20):
            customer = decide(session, trigger, on=TODAY - timedelta(days=100), control=number % 2 == 0)
            if number % 4 == 1:
                make_event(session, customer, "order_completed", occurred_at=at(TODAY - timedelta(days=90)))
    page = browser("viewer").get("/insight/effect").text
    assert "+50.0 points</strong>, 95&nbsp;% interval" in page
    assert "the next is at 20 in each group" in page


def test_what_agents_change_is_shown_without_a_customers_name(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """And what an agent wrote is no page of theirs."""
    with db.writing() as session:
        trigger = make_trigger(session, name="five_years")
        robin = session.scalars(select(Person).where(Person.role == "agent")).one()
        for number in range(5):
            after = f"Thank you, Zenobia{number}, {HOSTILE} and all."
            edit(session, trigger, robin, "Thank you.", after, first_name=f"Zenobia{number}")
    page = browser("viewer").get("/insight/words").text
    assert "{name}" in page
    assert "Zenobia" not in page
    assert HOSTILE not in page


def test_marketing_names_changes_and_retires_an_outcome(browser: NewBrowser, office: Office, db: Database) -> None:
    """Each step in the audit trail; a version that is not the newest is refused."""
    visitor = browser("marketing")
    page = "/insight/outcomes"
    terms = {"name": "Second  contract", "event": "contract signed", "within_days": "120", "good": "yes"}
    made = visitor.submit(page, on=page, **terms)
    assert made.status_code == 303
    key = made.headers["location"].partition("#")[2]
    assert visitor.submit(f"{page}/{key}", on=page, version="1", **terms | {"within_days": "90"}).status_code == 303
    stale = visitor.submit(f"{page}/{key}", on=page, version="1", **terms)
    assert (stale.status_code, "Somebody else changed this outcome" in stale.text) == (409, True)
    assert visitor.submit(f"{page}/{key}/retire", on=page, version="2").status_code == 303
    assert "Contract signed, within 90 days" in text_of(visitor.get(page).text)
    with db.reading() as session:
        kept = session.scalars(select(Outcome).where(Outcome.name == "Second contract")).one()
        assert (kept.within_days, kept.version, kept.retired_at is not None) == (90, 3, True)
        assert kept.event == "contract_signed"
        actions = set(session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "outcome")))
        assert actions == {"add_outcome", "change_outcome", "retire_outcome"}


def test_an_outcome_that_says_nothing_is_refused_where_it_was_written(browser: NewBrowser, people: None) -> None:
    """With what to mend, and nothing of what was written lost."""
    visitor, page = browser("marketing"), "/insight/outcomes"
    terms = {"name": "Second contract", "event": "contract signed", "within_days": "60", "good": "yes"}
    for field, value, status, said in (
        ("name", "x", 422, "give it a name"),
        ("name", "Renewal", 409, "there is an outcome Renewal already"),
        ("event", "Order completed!", 422, "write the event&#39;s name"),
        ("within_days", "366", 422, "1 to 365 days"),
        ("within_days", "soon", 422, "write a number of days"),
        ("property", "plan", 422, "a filter needs both"),
    ):
        answered = visitor.submit(page, on=page, **terms | {field: value})
        assert (answered.status_code, said in answered.text) == (status, True), (field, value)
        assert f'value="{(terms | {field: value})["event"]}"' in answered.text


def test_every_table_can_be_taken_away(browser: NewBrowser, birthday: str) -> None:
    """As a file with a name, by everybody, as it holds no customer."""
    visitor = browser("viewer")
    for table in ("triggers", "templates", "holds", "endings", "effect", "words", "flags"):
        for form in ("csv", "json"):
            answered = visitor.get(f"/insight/export?table={table}&as={form}&days=30")
            assert answered.status_code == 200
            wanted = f'filename="jubilee-{table}-2026-05-03-2026-06-01.{form}"'
            assert wanted in answered.headers["content-disposition"]
            assert not any(name in answered.text for name in ("Marlowe", "cd-00", "Okafor"))


def test_the_file_says_what_the_page_says(browser: NewBrowser, birthday: str) -> None:
    """The same counts, one line for each trigger."""
    text = browser("viewer").get("/insight/export?table=triggers&days=30").text
    lines = {line["trigger"]: line for line in csv.DictReader(io.StringIO(text))}
    assert (lines["birthday"]["control"], lines["birthday"]["answered"]) == ("1", "1")


def test_no_cell_is_a_formula_and_numbers_stay_numbers() -> None:
    """A difference of minus 0.2 is a number, not an attack."""
    table = Table(("=a", "b"), [("=HYPERLINK(1)", -0.2), ("+1", None), ("@x", True)])
    assert as_csv(table).splitlines()[1:] == ["'=HYPERLINK(1),-0.2", "'+1,", "'@x,True"]
    assert '"b": -0.2' in as_json(table)


def test_the_list_with_names_is_taken_away_by_marketing_and_written_down(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """Everybody may look at it, as at all customers; to take it away is marketing's, and stays in the trail."""
    with db.writing() as session:
        make_customer(
            session, first_name="=Eva", last_active_at=NOW - timedelta(days=800), created_at=at(DAY.replace(year=2015))
        )
    assert "=Eva" in browser("viewer").get("/insight/quiet").text
    assert browser("agent").submit("/insight/quiet/export").status_code == 403
    answered = browser("marketing").submit("/insight/quiet/export", on="/insight/quiet")
    assert "'=Eva" in answered.text
    with db.reading() as session:
        assert session.scalar(select(AuditEntry.action).where(AuditEntry.action == "export_quiet")) == "export_quiet"


def test_what_takes_too_long_is_said_and_hangs_nothing(
    browser: NewBrowser, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do instead."""

    def never_ends(*_: object, **__: object) -> None:
        raise TakesTooLong

    monkeypatch.setattr("web.routes.insight.tallies", never_ends)
    answered = browser("viewer").get("/insight?days=365")
    assert answered.status_code == 503
    assert "Look at fewer days, or at one trigger alone." in answered.text


def test_numbers_are_said_as_they_are() -> None:
    """Not nought is not 0 %; a true minus; what is not known is a dash."""
    assert [percent(share) for share in (None, 0.0, 0.001, 0.5)] == [
        "–",
        "0\N{NO-BREAK SPACE}%",
        "<1\N{NO-BREAK SPACE}%",
        "50\N{NO-BREAK SPACE}%",
    ]
    assert [points(value) for value in (0.021, -0.021, -0.0001)] == ["+2.1", "\N{MINUS SIGN}2.1", "0.0"]
    nets = [insight_words.score_brief("nps", Score(4, 7.0, net)) for net in (25.0, -25.0, -0.2)]
    assert nets == ["+25 (4)", "\N{MINUS SIGN}25 (4)", "0 (4)"]
    assert insight_words.took(timedelta(hours=50)) == "2 days"


@pytest.mark.parametrize(
    ("treated", "control", "good", "said"),
    [
        (300, 200, True, "more frequent among those we wrote to, as hoped"),
        (200, 300, True, "less frequent among those we wrote to, which nobody hoped for"),
        (200, 300, False, "less frequent among those we wrote to, as hoped"),
        (238, 200, True, "Perhaps a difference, not enough for a verdict"),
        (203, 200, True, "No difference can be seen"),
    ],
)
def test_the_verdict_says_no_more_than_the_reading(treated: int, control: int, good: bool, said: str) -> None:
    """Good news of a bad outcome is that it came less often."""
    day = effect_room.Day(DAY, effect_room.Group(1_000, treated), effect_room.Group(1_000, control))
    reading = effect_room.readings([day], least=1_000)
    assert reading is not None
    effect = effect_room.Effect("t", "T", "Renewal", good, 60, 0.1, 1_000, 1_000, reading, 2_000, None, DAY)
    assert said in verdict_words(effect, reading)
