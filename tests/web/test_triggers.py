"""The triggers' pages: building, versions, publishing, states, files. Forms alone do all of it."""

import io
import re
import zipfile
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.backtest.claims import claim, finish
from engine.backtest.results import BrakeDay, DayCount, Result, TriggerResult
from engine.conditions.counting import Counted
from engine.definitions.store import definition_of
from engine.definitions.writing import plain
from engine.rounds import never
from engine.spot.crossings import backfill_due
from engine.storage.models import (
    Customer,
    CustomerDate,
    Hold,
    Message,
    MessageMoment,
    Moment,
    Publication,
    Trigger,
    TriggerVersion,
)
from engine.storage.session import Database
from tests.engine.backtest.found import make_result
from tests.engine.builders import NOW, make_customer, make_event, make_moment, make_problem, make_trigger
from tests.web.conftest import Browser, NewBrowser
from tests.web.definitions import FIVE_YEARS
from tests.web.office import HOSTILE, Office
from tests.web.test_pages import text_of
from triggers.table import KINDS
from web.queries import triggers as trigger_queries
from web.routes import trigger_editing
from web.routes import triggers as trigger_pages

pytestmark = pytest.mark.databases("sqlite")
FIELD = re.compile(r"<(?:(input)\b([^>]*)|(textarea|select)\b([^>]*)>(.*?)</(?:textarea|select))>", re.DOTALL)
VERSIONS = select(Moment.trigger_version_id).join(MessageMoment, MessageMoment.moment_id == Moment.id)
OPTION = re.compile(r'<option value="([^"]*)"( selected)?')
ANSWERS = {
    "feeling": "Glad that somebody noticed, I believe.",
    "alternatives": "Those with an open ticket are left out.",
    "evidence": "Ten customers told us so in spring.",
}


def form_of(page: str, form: str) -> dict[str, str]:
    """What a browser would send of the form with this id or address."""
    begin = page.index(f'id="{form}"') if f'id="{form}"' in page else page.index(f'action="{form}"')
    return fields_of(page[begin : page.index("</form>", begin)])


def forms_of(page: str, action: str) -> list[dict[str, str]]:
    """All forms with this address."""
    return [fields_of(part.partition("</form>")[0]) for part in page.split(f'action="{action}"')[1:]]


def fields_of(body: str) -> dict[str, str]:
    """The fields of a form, by name."""
    fields: dict[str, str] = {}
    for plain_tag, of_plain, long_tag, of_long, inner in FIELD.findall(body):
        tag, attributes = plain_tag or long_tag, of_plain or of_long
        name = re.search(r'\bname="([^"]*)"', attributes)
        if name is None:
            continue
        value = re.search(r'\bvalue="([^"]*)"', attributes)
        kind = re.search(r'\btype="([^"]*)"', attributes)
        if tag == "select":
            options = OPTION.findall(inner)
            said = next((one for one, chosen in options if chosen), options[0][0] if options else "")
        elif tag == "textarea":
            said = inner.removeprefix("\n")
        else:
            if kind and kind[1] in ("checkbox", "radio") and " checked" not in attributes:
                continue
            said = value[1] if value else ""
        fields[unescape(name[1])] = unescape(said)
    return fields


class Builder:
    """Somebody of marketing at the form: opens it, presses its buttons, saves."""

    def __init__(self, browser: Browser, path: str) -> None:
        self.browser = browser
        self.path = path.partition("?")[0]
        self.read(browser.get(path).text)

    def read(self, page: str) -> None:
        self.page = page
        self.fields = form_of(page, "trigger-form")

    def press(self, button: str, **changed: str) -> "Builder":
        answer = self.browser.post(self.path, data=self.fields | changed | {"do": button})
        assert answer.status_code == 200, text_of(answer.text)
        self.read(answer.text)
        return self

    def save(self, **changed: str) -> Any:
        return self.browser.post(self.path, data=self.fields | changed | {"do": "save"})


def stored(db: Database, name: str) -> dict[str, Any]:
    """What the newest version of a trigger says."""
    with db.reading() as session:
        version = session.scalars(
            select(TriggerVersion)
            .join(Trigger, Trigger.id == TriggerVersion.trigger_id)
            .where(Trigger.name == name)
            .order_by(TriggerVersion.number.desc())
        ).first()
        assert version
        return plain(definition_of(session, version.id), KINDS)


def in_force(db: Database, name: str) -> tuple[str, int]:
    with db.reading() as session:
        row = session.execute(
            select(Trigger.state, TriggerVersion.number)
            .join(TriggerVersion, TriggerVersion.id == Trigger.version_id)
            .where(Trigger.name == name)
        ).one()
        return row.state, row.number


@pytest.fixture
def marketing(browser: NewBrowser, office: Office) -> Browser:
    return browser("marketing")


def five_years(marketing: Browser) -> Any:
    """A copy of the anniversary of the first order, in the fifth year, for those without an open ticket."""
    builder = Builder(marketing, "/triggers/new?kind=anniversary")
    builder.press("add:audience", **{"audience.new": "customer.has_open_ticket"})
    return builder.save(
        title="5th anniversary",
        template="first_order_anniversary",
        occasion="first order anniversary",
        **{"params.counts": "5"},
    )


def publish(browser: Browser, name: str, goes: str = "active", **changed: str) -> Any:
    path = f"/triggers/{name}/publish"
    return browser.post(path, data=form_of(browser.get(path).text, path) | ANSWERS | {"goes": goes} | changed)


def test_a_trigger_is_built_and_stored_as_the_form_says(marketing: Browser, db: Database) -> None:
    """As a draft, with a name from its title; nothing is said that the form did not say."""
    answer = five_years(marketing)
    assert answer.headers["location"] == "/triggers/trigger_5th_anniversary?did=saved"
    assert stored(db, "trigger_5th_anniversary") == FIVE_YEARS
    assert in_force(db, "trigger_5th_anniversary") == ("draft", 1)


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(marketing: Browser) -> None:
    """Each input keeps what was written, and says what is wrong with it."""
    builder = Builder(marketing, "/triggers/new?kind=anniversary")
    answer = builder.save(title="A", weight="many", **{"params.counts": "5, soon", "send.window_start": "late"})
    assert answer.status_code == 422
    read = text_of(answer.text)
    for said in ("At least 3 characters.", "A whole number is needed.", "A time such as 09:00.", "This is needed."):
        assert said in read
    again = form_of(answer.text, "trigger-form")
    assert (again["title"], again["weight"], again["params.counts"]) == ("A", "many", "5, soon")
    turned = builder.save(title="Fif\u202eth")
    assert "There is a letter here that nobody sees and that disturbs what stands beside it (U+202E)" in turned.text


def test_the_page_beside_says_it_in_words_and_counts(marketing: Browser, db: Database) -> None:
    """One of the customers has an open ticket; what a moment says is not counted beforehand."""
    with db.writing() as session:
        make_problem(session, make_customer(session), state="contact")
    builder = Builder(marketing, "/triggers/new?kind=anniversary")
    builder.press("add:audience", **{"audience.new": "customer.has_open_ticket"})
    fields = builder.fields | {"title": "Five", "occasion": "five", "template": "birthday", "params.counts": "5"}
    read = text_of(marketing.post("/triggers/look-at", data=fields).text)
    assert "On the yearly anniversary of their first order, in year 5, at 9 to 11 in the customer's morning" in read
    assert "only where they have no open ticket" in read
    assert "5 of 6 customers" in read
    assert "By e-mail" not in read
    assert "To the postbox" in read
    builder.press("add:audience", **{"audience.new": "moment"})
    fields = builder.fields | {"audience.1.name": "serious", "audience.1.value": "yes"}
    assert "cannot be counted beforehand" in text_of(marketing.post("/triggers/look-at", data=fields).text)


def test_the_page_comes_before_the_count(marketing: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers are counted when the look is loaded after it, or by the button; not for a part of the form."""
    counted: list[object] = []

    def count(_: Session, condition: object) -> Counted:
        counted.append(condition)
        return Counted(4, 5, complete=True)

    monkeypatch.setattr(trigger_editing, "count_customers", count)
    builder = Builder(marketing, "/triggers/birthday/edit")
    assert "Not counted yet" in text_of(builder.page)
    assert 'hx-trigger="load, ' in builder.page
    part = marketing.post(builder.path, data=builder.fields | {"do": "show"}, headers={"hx-request": "true"})
    assert (part.status_code, counted) == (200, [])
    builder.press("add:audience")
    assert counted == []
    builder.press("show")
    assert "4 of 5 customers" in text_of(builder.page)
    assert ('hx-trigger="load, ' in builder.page, len(counted)) == (False, 1)


def test_what_very_many_wait_for_is_not_asked_of_each(marketing: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger's page says that there are more than it counts."""
    assert "more than 10,000" not in text_of(marketing.get("/triggers/birthday").text)
    monkeypatch.setattr(trigger_queries, "COUNTED", 0)
    monkeypatch.setattr(trigger_pages, "waiting", lambda *_: pytest.fail("asked of each"))
    read = text_of(marketing.get("/triggers/birthday").text)
    assert "more than 10,000 moments that wait are not sent" in read


def test_holds_are_counted_of_the_first_moments_of_each_state(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are more of them than people count."""
    trigger, customer = make_trigger(session), make_customer(session)
    for key in ("2026", "2027"):
        moment = make_moment(session, customer, trigger, occurrence_key=key)
        session.add(Hold(moment_id=moment.id, name="mourning", opened_at=NOW))
    over = make_moment(session, customer, trigger, occurrence_key="2025", state="expired", reason="too_late")
    session.add(Hold(moment_id=over.id, name="mourning", opened_at=NOW))
    session.flush()
    assert [(one.name, one.moments) for one in trigger_queries.holds_of(session, trigger)] == [("mourning", 2)]
    monkeypatch.setattr(trigger_queries, "COUNTED", 1)
    assert [one.moments for one in trigger_queries.holds_of(session, trigger)] == [1]


def test_an_edit_of_a_live_trigger_is_proposed_and_publishing_puts_it_in_force(
    marketing: Browser, office: Office, db: Database
) -> None:
    """Until then the one in force goes on; an approved message keeps the version that planned it."""
    with db.writing() as session:
        message = session.get_one(Message, office.birthday)
        before = session.scalars(
            select(Moment.trigger_version_id).where(Moment.customer_id == message.customer_id)
        ).all()
    assert Builder(marketing, "/triggers/birthday/edit").save(weight="45", reason="it matters more").status_code == 303
    assert in_force(db, "birthday") == ("active", 1)
    page = text_of(marketing.get("/triggers/birthday").text)
    assert "Version 2 is proposed" in page
    assert "weight is 30 45 of 100" in page
    refused = publish(marketing, "birthday", goes="", feeling="")
    assert refused.status_code == 422
    assert "Answer in a sentence" in text_of(refused.text)
    assert "Choose whether it watches first" in text_of(refused.text)
    assert "Ten customers told us so in spring." in refused.text
    assert publish(marketing, "birthday").headers["location"] == "/triggers/birthday?did=published"
    assert in_force(db, "birthday") == ("active", 2)
    assert "Glad that somebody noticed" in marketing.get("/triggers/birthday").text
    with db.reading() as session:
        message = session.get_one(Message, office.birthday)
        after = session.scalars(
            select(Moment.trigger_version_id).where(Moment.customer_id == message.customer_id)
        ).all()
    assert after == before


def test_watching_comes_first_unless_one_says_otherwise(marketing: Browser, db: Database) -> None:
    """A draft's form has it chosen; and a run that was never made is said so, with a button that starts one."""
    five_years(marketing)
    page = marketing.get("/triggers/trigger_5th_anniversary/publish").text
    assert form_of(page, "/triggers/trigger_5th_anniversary/publish")["goes"] == "shadow"
    assert "No backtest was made of it yet." in text_of(page)
    started = marketing.post("/rehearsals", data=form_of(page, "/rehearsals"))
    assert started.headers["location"].startswith("/rehearsals/")
    assert publish(marketing, "trigger_5th_anniversary", goes="shadow").status_code == 303
    assert in_force(db, "trigger_5th_anniversary") == ("shadow", 1)
    assert "It has found nothing yet." in text_of(marketing.get("/triggers/trigger_5th_anniversary").text)
    page = marketing.get("/triggers/trigger_5th_anniversary/publish").text
    assert "It has found nothing yet." in page
    assert form_of(page, "/triggers/trigger_5th_anniversary/publish")["evidence"] == ANSWERS["evidence"]


def test_who_passed_a_new_mark_just_now_is_spotted_after_it_was_published(marketing: Browser, db: Database) -> None:
    """As the command line does it: nobody has to order once more. A worker does it, as it may take long."""
    with db.writing() as session:
        customer = make_customer(session, external_id="third-order")
        for hours in (30, 20, 1):
            make_event(session, customer, "order_completed", occurred_at=NOW - timedelta(hours=hours))
    fields = {"params.thresholds": "3, 10, 25, 50, 100", "reason": "the third one too"}
    assert Builder(marketing, "/triggers/order_milestone/edit").save(**fields).status_code == 303
    assert publish(marketing, "order_milestone").status_code == 303
    spotted = select(Moment.occurrence_key).join(Customer).where(Customer.external_id == "third-order")
    with db.reading() as session:
        assert session.scalars(spotted).all() == []
    backfill_due(db, KINDS, enough=never)
    with db.reading() as session:
        assert session.scalars(spotted).all() == ["3"]


def run_it(marketing: Browser, db: Database, mode: str, result: Result) -> None:
    """Start a run by the button of the checklist, and let it find this."""
    page = marketing.get("/triggers/birthday/publish").text
    form = next(one for one in forms_of(page, "/rehearsals") if one["mode"] == mode)
    assert marketing.post("/rehearsals", data=form).status_code == 303
    with db.writing() as session:
        mine = claim(session, "one", now=NOW, machine=NOW)
        assert mine
        finish(session, mine, result, now=NOW)


def test_the_checklist_says_what_runs_of_exactly_this_version_found(marketing: Browser, db: Database) -> None:
    """Warnings of the backtest and the brake of the forecast; after a change neither counts any more."""
    nobody = TriggerResult("birthday", "Birthday", "celebrate", 0, 0, 0, 0, 0, 0, (), (), ())
    run_it(marketing, db, "backtest", make_result(triggers=(nobody,)))
    days = tuple(DayCount(NOW.date() + timedelta(days=at), 9 + at, 1, 0) for at in range(10))
    pulled = (BrakeDay(NOW.date(), "brake: 99 moments today"),)
    many = TriggerResult("birthday", "Birthday", "celebrate", 145, 135, 10, 0, 0, 0, days, (), pulled)
    run_it(marketing, db, "forecast", make_result(triggers=(many,), is_forecast=True))
    read = text_of(marketing.get("/triggers/birthday/publish").text)
    assert "Birthday would have touched nobody at all on these days." in read
    assert "About 14.5 a day are expected, at most 19 on one day." in read
    assert "after its first week also above 44, which is 3 times what is usual" in read
    assert "It would be pulled: 2026-06-01: brake: 99 moments today" in read
    Builder(marketing, "/triggers/birthday/edit").save(weight="45", reason="more")
    read = text_of(marketing.get("/triggers/birthday/publish").text)
    assert "The latest backtest was of another version" in read
    assert "The latest forecast was of another version" in read
    assert "touched nobody" not in read


def test_the_checklist_says_what_speaks_of_the_same_and_which_run_is_under_way(marketing: Browser) -> None:
    """A copy of the birthday would become one message with it; a backtest that was asked for is linked."""
    text = marketing.get("/triggers/birthday/file").text.replace("name: birthday", "name: name_day")
    marketing.submit("/triggers/from-files", on="/triggers/from-files", text=text)
    page = marketing.get("/triggers/name_day/publish").text
    assert "speaks of the same. On a common day" in text_of(page)
    assert "No backtest was made of it yet" in text_of(page)
    form = next(one for one in forms_of(page, "/rehearsals") if one["mode"] == "backtest")
    assert marketing.post("/rehearsals", data=form).status_code == 303
    read = text_of(marketing.get("/triggers/name_day/publish").text)
    assert "A backtest of exactly this version waits for its turn." in read
    assert "No backtest was made of it yet" not in read
    assert "No forecast was made of it yet" in read


def test_a_date_that_nobody_has_is_said(marketing: Browser, office: Office, db: Database) -> None:
    """On the page of publishing and beside the form; it may well come, so it is no fault."""
    text = marketing.get("/triggers/birthday/file").text.replace("name: birthday", "name: name_day")
    text = text.replace("date: birthday", "date: birthdayy")
    marketing.submit("/triggers/from-files", on="/triggers/from-files", text=text)
    for page in ("publish", "edit"):
        read = text_of(marketing.get(f"/triggers/name_day/{page}").text)
        assert "No customer has a date called “birthdayy” yet." in read
    with db.writing() as session:
        whose = session.get_one(Message, office.birthday).customer_id
        row = {"customer_id": whose, "name": "birthdayy", "month": 6, "day": 3, "month_day": 603, "source": "test"}
        session.add(CustomerDate(**row))
    assert "No customer has a date" not in text_of(marketing.get("/triggers/name_day/publish").text)


def test_an_event_that_nobody_heard_of_is_said(marketing: Browser, db: Database) -> None:
    """At the same places: a name that Jubilee knows, or that came lately, is none; a correction's name is looked at."""
    text = marketing.get("/triggers/order_milestone/file").text.replace("name: order_milestone", "name: visits")
    text = text.replace("event: order_completed", "event: shop_visited")
    text = text.replace("order_refunded", "visit_undone")
    marketing.submit("/triggers/from-files", on="/triggers/from-files", text=text)
    for page in ("publish", "edit"):
        read = text_of(marketing.get(f"/triggers/visits/{page}").text)
        for name in ("shop visited", "visit undone"):
            assert f"None of the last 10,000 events is called “{name}”." in read
    assert "None of the last" not in text_of(marketing.get("/triggers/order_milestone/publish").text)
    with db.writing() as session:
        make_event(session, make_customer(session), "shop_visited")
    read = text_of(marketing.get("/triggers/visits/publish").text)
    assert "called “shop visited”" not in read
    assert "called “visit undone”" in read


def test_what_has_no_template_is_not_published(marketing: Browser, db: Database) -> None:
    """The page says so before and after the answers, which stay; a trigger in force without one says it on its page."""
    text = marketing.get("/triggers/birthday/file").text.replace("name: birthday", "name: name_day")
    text = text.replace("template: birthday", "template: to_come")
    marketing.submit("/triggers/from-files", on="/triggers/from-files", text=text)
    said = "There is no template “to_come” yet: nothing could be written. It is published once the template is there."
    assert said in text_of(marketing.get("/triggers/name_day/publish").text)
    refused = publish(marketing, "name_day")
    assert (refused.status_code, in_force(db, "name_day")) == (422, ("draft", 1))
    assert said in text_of(refused.text)
    assert "Not published yet: 1 thing to mend." in text_of(refused.text)
    assert form_of(refused.text, "/triggers/name_day/publish")["evidence"] == ANSWERS["evidence"]
    with db.writing() as session:
        session.execute(update(Trigger).where(Trigger.name == "name_day").values(state="active"))
    assert "There is no template “to_come” yet" in text_of(marketing.get("/triggers/name_day").text)
    assert "There is no template" not in text_of(marketing.get("/triggers/birthday").text)


def test_two_people_publish_what_wants_two(marketing: Browser, browser: NewBrowser, db: Database) -> None:
    """Who asked is shown no button and is refused without one; somebody else agrees."""
    five_years(marketing)
    name = "trigger_5th_anniversary"
    on = f"/triggers/{name}"
    assert marketing.submit(f"{on}/two-people", on=on, wanted="true").status_code == 303
    assert publish(marketing, name).headers["location"].endswith("did=asked")
    assert in_force(db, name) == ("draft", 1)
    assert "I agree" not in marketing.get(on).text
    alone = marketing.submit(f"{on}/second", on=on, agrees="true")
    assert (alone.status_code, in_force(db, name)) == (403, ("draft", 1))
    assert marketing.submit(f"{on}/two-people", on=on).status_code == 403
    other = browser("admin")
    assert "I agree, publish it" in other.get(on).text
    assert other.submit(f"{on}/second", on=on, agrees="true").status_code == 303
    assert in_force(db, name) == ("active", 1)
    with db.reading() as session:
        done = session.scalars(select(Publication)).one()
        assert done.asked_by != done.settled_by


def test_two_windows_lose_nothing(marketing: Browser, browser: NewBrowser, db: Database) -> None:
    """The second to save sees both, keeps what they wrote, and decides."""
    first, second = Builder(marketing, "/triggers/birthday/edit"), Builder(browser("admin"), "/triggers/birthday/edit")
    assert first.save(weight="45", reason="theirs").status_code == 303
    answer = second.save(title="A birthday, at last", reason="mine")
    assert answer.status_code == 409
    read = text_of(answer.text)
    assert "Somebody else saved this trigger meanwhile" in read
    assert "“theirs”" in read
    assert "A birthday, at last" in answer.text
    assert "weight is 45 30 of 100" in read
    second.read(answer.text)
    assert second.save().status_code == 303
    assert (stored(db, "birthday")["title"], stored(db, "birthday").get("weight")) == ("A birthday, at last", None)
    with db.reading() as session:
        reasons = session.scalars(select(TriggerVersion.reason).order_by(TriggerVersion.number)).all()
    assert [one for one in reasons if one in ("theirs", "mine")] == ["theirs", "mine"]


def test_two_windows_with_a_file(marketing: Browser, browser: NewBrowser, db: Database) -> None:
    """The same for who edits the file: their text comes back to the letter."""
    path = "/triggers/birthday/yaml"
    mine = form_of(marketing.get(path).text, "file-form")
    assert Builder(browser("admin"), "/triggers/birthday/edit").save(weight="45", reason="theirs").status_code == 303
    text = mine["text"].replace("title: Birthday", "title: Many happy returns") + "# mine\n"
    answer = marketing.post(path, data=mine | {"text": text, "reason": "mine"})
    assert answer.status_code == 409
    again = form_of(answer.text, "file-form")
    assert (again["text"], again["expected"]) == (text, "2")
    assert marketing.post(path, data=again).status_code == 303
    assert stored(db, "birthday")["title"] == "Many happy returns"


def test_a_broken_file_is_answered_by_lines_and_not_kept(marketing: Browser, db: Database) -> None:
    """In the editor: every fault with its line, the text as it was, and no version."""
    path = "/triggers/birthday/yaml"
    form = form_of(marketing.get(path).text, "file-form")
    text = form["text"] + "wieght: 30\nclash: maybe\n"
    answer = marketing.post(path, data=form | {"text": text, "reason": "try"})
    lines = text.splitlines()
    read = text_of(answer.text)
    assert answer.status_code == 422
    for name in ("wieght", "clash"):
        number = next(at for at, line in enumerate(lines, 1) if line.startswith(name))
        assert f"Line {number} {name}" in read
    assert form_of(answer.text, "file-form")["text"] == text
    assert in_force(db, "birthday")[1] == 1
    with db.reading() as session:
        assert session.scalars(select(TriggerVersion).where(TriggerVersion.number == 2)).all() == []


def test_a_value_of_a_list_is_counted_as_people_count(marketing: Browser) -> None:
    """In the editor and where files are taken in."""
    text = marketing.get("/triggers/order_milestone/file").text
    text = text.replace("thresholds: [10, ", "thresholds: [10, many, ")
    read = text_of(marketing.submit("/triggers/from-files", on="/triggers/from-files", text=text).text)
    assert "params.thresholds (2nd) : must be a whole number" in read
    form = form_of(marketing.get("/triggers/order_milestone/yaml").text, "file-form")
    answer = marketing.post("/triggers/order_milestone/yaml", data=form | {"text": text, "reason": "x"})
    assert "params.thresholds (2nd) : must be a whole number" in text_of(answer.text)


def test_importing_keeps_what_is_well_and_nothing_of_what_is_broken(marketing: Browser, db: Database) -> None:
    """Several files at once, each answered by itself."""
    good = marketing.get("/triggers/birthday/file").text
    files = [
        ("files", ("name_day.yaml", good.replace("name: birthday", "name: name_day"), "text/yaml")),
        ("files", ("broken.yaml", "name: broken\n  title: [", "text/yaml")),
        ("files", ("wrong.yaml", good.replace("name: birthday", "name: wrong\nkindd: x"), "text/yaml")),
        ("files", ("latin.yaml", b"name: caf\xe9", "text/yaml")),
    ]
    token = marketing.token("/triggers/from-files")
    answer = marketing.post("/triggers/from-files", data={"csrf_token": token}, files=files)
    read = text_of(answer.text)
    assert answer.status_code == 422
    assert "name_day.yaml Name day is kept as a draft." in read
    assert "not kept broken.yaml" in read
    assert "Line 3 kindd : there is no such field" in read
    assert "is not UTF-8 text" in read
    with db.reading() as session:
        names = set(session.scalars(select(Trigger.name)))
    assert "name_day" in names
    assert not names & {"broken", "wrong", "caf"}
    assert in_force(db, "name_day") == ("draft", 1)


def test_what_is_pasted_comes_back_when_it_is_broken(marketing: Browser) -> None:
    """So that it can be mended where it stands."""
    answer = marketing.submit("/triggers/from-files", on="/triggers/from-files", text=f"name: {HOSTILE}\n")
    assert answer.status_code == 422
    assert HOSTILE not in answer.text
    assert unescape(form_of(answer.text, "/triggers/from-files")["text"]) == f"name: {HOSTILE}\n"


def test_everything_can_be_taken_along(marketing: Browser, db: Database) -> None:
    """The archive holds a file for each trigger, and importing one again changes nothing."""
    packed = zipfile.ZipFile(io.BytesIO(marketing.get("/triggers/all.zip").content))
    assert {"birthday.yaml", "order_milestone.yaml", "ticket_solved.yaml"} == set(packed.namelist())
    text = packed.read("ticket_solved.yaml").decode()
    read = text_of(marketing.submit("/triggers/from-files", on="/triggers/from-files", text=text).text)
    assert "Ticket solved says what was kept already." in read
    assert in_force(db, "ticket_solved") == ("active", 1)


def test_what_is_proposed_stays_so_where_everything_is_taken_along(marketing: Browser, db: Database) -> None:
    """Both downloads hold the newest version and say which it is; what is retired is no fault of the archive."""
    assert Builder(marketing, "/triggers/birthday/edit").save(weight="45", reason="it matters more").status_code == 303
    on = "/triggers/ticket_solved/retire"
    assert marketing.submit(on, on=on, reason="it is over").status_code == 303
    data = marketing.get("/triggers/all.zip").content
    packed = zipfile.ZipFile(io.BytesIO(data))
    files = {name: packed.read(f"{name}.yaml").decode() for name in ("birthday", "order_milestone", "ticket_solved")}
    assert {name: text.partition("\n")[0] for name, text in files.items()} == {
        "birthday": "# Version 2, proposed and not in force.",
        "order_milestone": "# Version 1, in force.",
        "ticket_solved": "# Version 1, retired.",
    }
    for name, text in files.items():
        assert marketing.get(f"/triggers/{name}/file").text == text
    read = sent_as_file(marketing, "triggers.zip", data)
    assert "not kept" not in read
    assert read.count("says what was kept already.") == 3
    assert "Version 2 is proposed" in text_of(marketing.get("/triggers/birthday").text)
    assert in_force(db, "ticket_solved") == ("retired", 1)


def test_what_was_taken_along_comes_back_as_one_archive(marketing: Browser, db: Database) -> None:
    """With something broken in it, which is told by its name; the others are kept all the same."""
    place = io.BytesIO(marketing.get("/triggers/all.zip").content)
    with zipfile.ZipFile(place, "a") as archive:
        text = archive.read("birthday.yaml").decode()
        archive.writestr("name_day.yaml", text.replace("name: birthday", "name: name_day"))
        archive.writestr("broken.yaml", text.replace("name: birthday", "name: broken\nweight: many"))
    read = sent_as_file(marketing, "triggers.zip", place.getvalue())
    assert "Birthday says what was kept already." in read
    assert "Name day is kept as a draft." in read
    assert "not kept triggers.zip: broken.yaml" in read
    assert "weight : must be a whole number" in read
    assert in_force(db, "name_day") == ("draft", 1)


def test_an_archive_that_leads_elsewhere_or_is_none_is_refused(marketing: Browser, db: Database) -> None:
    """As one of templates is: by the same look at its names and sizes; and it may hold a hundred files."""
    for name, files in (("out.zip", ["../name_day.yaml"]), ("many.zip", [f"n{at}.yaml" for at in range(101)])):
        place = io.BytesIO()
        with zipfile.ZipFile(place, "w") as archive:
            for each in files:
                archive.writestr(each, "name: x")
        read = sent_as_file(marketing, name, place.getvalue())
        assert f"not kept {name}" in read
        assert "leads out of the archive" in read or "holds more than 100 files" in read
    assert "is no archive that can be read" in sent_as_file(marketing, "torn.zip", b"PK\x03\x04torn")


def sent_as_file(browser: Browser, name: str, data: bytes) -> str:
    """What the page answers to this upload."""
    token = browser.token("/triggers/from-files")
    upload = [("files", (name, data, "application/zip"))]
    return text_of(browser.post("/triggers/from-files", data={"csrf_token": token}, files=upload).text)


def test_an_old_version_is_put_back_as_a_new_one(marketing: Browser, db: Database) -> None:
    """With what changed in words and lines on the page before."""
    Builder(marketing, "/triggers/birthday/edit").save(weight="45", reason="more")
    page = text_of(marketing.get("/triggers/birthday/versions?number=2").text)
    assert "Version 2 against 1" in page
    assert "“more”" in page
    assert "weight: 45" in page
    on = "/triggers/birthday/versions?number=1"
    form = form_of(marketing.get(on).text, "back-heading")
    assert marketing.post("/triggers/birthday/versions", data=form | {"reason": "less again"}).status_code == 303
    assert "weight" not in stored(db, "birthday")
    assert in_force(db, "birthday") == ("active", 1)
    assert "Version 3 is proposed" in text_of(marketing.get("/triggers/birthday").text)


def test_retiring_says_what_waits_and_ends_it_by_name(marketing: Browser, office: Office, db: Database) -> None:
    """A draft and an approved message end at once, and the customer's page says why; what they said is kept."""
    with db.writing() as session:
        message = session.get_one(Message, office.birthday)
        message.state, message.approved_at, message.release_at = "approved", message.created_at, message.created_at
    page = text_of(marketing.get("/triggers/birthday/retire").text)
    assert "Approved, and would go 1" in page
    assert marketing.submit("/triggers/birthday/retire", on="/triggers/birthday/retire", reason="").status_code == 422
    on = "/triggers/birthday/retire"
    assert marketing.submit(on, on=on, reason="it felt like a routine").status_code == 303
    assert in_force(db, "birthday")[0] == "retired"
    with db.reading() as session:
        message = session.get_one(Message, office.birthday)
        assert (message.state, message.reason) == ("skipped", "trigger_retired")
        assert session.get_one(Message, office.sent).state == "closed"
        assert session.get_one(Message, office.orders).state == "in_review"
    assert "The trigger was retired." in text_of(marketing.get("/customers/cd-00107").text)


def test_what_is_retired_is_not_opened_for_a_change(marketing: Browser) -> None:
    """As a form and as a file: the address leads back and says so, before anything is typed."""
    on = "/triggers/birthday/retire"
    assert marketing.submit(on, on=on, reason="it is over").status_code == 303
    for way in ("edit", "yaml"):
        answer = marketing.get(f"/triggers/birthday/{way}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/triggers/birthday?did=is_retired")
    assert "It is retired for good" in text_of(marketing.get("/triggers/birthday?did=is_retired").text)


def test_who_had_it_open_when_it_was_retired_keeps_what_they_wrote(marketing: Browser, browser: NewBrowser) -> None:
    """With what has happened, and nothing kept of it."""
    mine, file = Builder(marketing, "/triggers/birthday/edit"), marketing.get("/triggers/birthday/yaml").text
    on = "/triggers/birthday/retire"
    assert browser("admin").submit(on, on=on, reason="it is over").status_code == 303
    answer = mine.save(weight="45", reason="it matters more")
    assert answer.status_code == 409
    assert "It was retired for good meanwhile" in text_of(answer.text)
    again = form_of(answer.text, "trigger-form")
    assert (again["weight"], again["reason"]) == ("45", "it matters more")
    form = form_of(file, "file-form")
    text = form["text"].replace("title: Birthday", "title: Many happy returns")
    answer = marketing.post("/triggers/birthday/yaml", data=form | {"text": text, "reason": "mine"})
    assert (answer.status_code, form_of(answer.text, "file-form")["text"]) == (422, text)
    assert "is retired; save a new one under another name" in text_of(answer.text)


def test_a_pause_goes_on_as_it_was(marketing: Browser, db: Database) -> None:
    """With reasons both times; what only watched does not begin to send."""
    five_years(marketing)
    name = "trigger_5th_anniversary"
    on = f"/triggers/{name}"
    publish(marketing, name, goes="shadow")
    assert marketing.submit(f"{on}/pause", on=on, reason=" ").headers["location"].endswith("did=no_reason#state")
    marketing.submit(f"{on}/pause", on=on, reason="a look at its words")
    assert in_force(db, name)[0] == "paused"
    assert "a look at its words" in marketing.get(on).text
    marketing.submit(f"{on}/resume", on=on, reason="looked")
    assert in_force(db, name)[0] == "shadow"


def test_the_drafts_of_a_paused_trigger_say_so(
    marketing: Browser, browser: NewBrowser, office: Office, db: Database
) -> None:
    """In the queue and in the writing room, with the reason and without a promise that it goes."""
    marketing.post(
        "/triggers/birthday/pause",
        data=form_of(marketing.get("/triggers/birthday").text, "/triggers/birthday/pause") | {"reason": "wrong words"},
    )
    said = "Its trigger is paused: wrong words. It waits, and its time runs on."
    queue, page = (text_of(browser("agent").get(at).text) for at in ("/queue", f"/messages/{office.birthday}"))
    assert said in queue
    assert said in page
    assert "Goes out" not in page
    with db.reading() as session:
        message = session.get_one(Message, office.birthday)
        customer = session.get_one(Customer, message.customer_id).external_id
    assert said in text_of(browser("agent").get(f"/customers/{customer}").text)


def test_what_was_deeper_than_the_form_stays_through_a_save(marketing: Browser, db: Database) -> None:
    """It is shown as a file says it, and comes back to the letter when something else changes."""
    deep = "audience: {any: [{all: [{any: [{not: {not: {field: trait.a, op: eq, value: x}}}]}]}]}\n"
    text = marketing.get("/triggers/birthday/file").text.replace("name: birthday", "name: deep") + deep
    assert marketing.submit("/triggers/from-files", on="/triggers/from-files", text=text).status_code == 200
    before = stored(db, "deep")["audience"]
    builder = Builder(marketing, "/triggers/deep/edit")
    assert "Deeper than this form goes." in builder.page
    assert builder.save(weight="44", reason="more").status_code == 303
    assert (stored(db, "deep")["audience"], stored(db, "deep")["weight"]) == (before, 44)


def test_a_name_that_is_taken_is_said_at_its_field(marketing: Browser, db: Database) -> None:
    """Nobody's trigger is changed by making a new one."""
    builder = Builder(marketing, "/triggers/new?copy_of=birthday")
    answer = builder.save(title="Birthday", occasion="birthday")
    assert answer.status_code == 409
    assert "There is a trigger of this name already." in text_of(answer.text)
    assert '<details class="wide" open><summary>Its lasting name' in answer.text
    assert form_of(answer.text, "trigger-form")["name"] == "birthday"
    assert in_force(db, "birthday") == ("active", 1)
    assert Builder(marketing, "/triggers/new?copy_of=birthday").save(title="New", occasion="b").status_code == 422


def test_titles_in_other_letters_are_given_names_that_are_free(marketing: Browser, db: Database) -> None:
    """Little or nothing of them can stand in a name; the same one pressed twice is still told to be there."""
    kept = []
    for title in ("ذكرى سنوية", "周年纪念", "創業5年", "5 лет"):
        answer = Builder(marketing, "/triggers/new?copy_of=birthday").save(title=title)
        kept.append(answer.headers["location"].removeprefix("/triggers/").removesuffix("?did=saved"))
        assert stored(db, kept[-1])["title"] == title
    assert kept == ["trigger", "trigger_2", "trigger_5", "trigger_5_2"]
    assert Builder(marketing, "/triggers/new?copy_of=birthday").save(title="周年纪念").status_code == 409


def test_the_list_says_each_in_a_sentence(marketing: Browser) -> None:
    """With its state, what waits, and no more questions to the database than for one."""
    read = text_of(marketing.get("/triggers").text)
    assert "Every year on their birthday, at 9 to 11 in the customer's morning" in read
    assert "1 moment on the way" in read


@pytest.mark.parametrize(
    "path", ["/triggers", "/triggers/birthday", "/triggers/birthday/versions", "/triggers/birthday/file"]
)
def test_who_only_looks_sees_no_button_that_would_be_refused(browser: NewBrowser, office: Office, path: str) -> None:
    """Viewers and agents read what is there."""
    answer = browser("agent").get(path)
    assert answer.status_code == 200
    for closed in ("/edit", "/publish", "/retire", "/yaml", "/triggers/new", "/pause"):
        assert closed not in answer.text
