"""The stories of a decision, through the forms of the pages: edit, approve, skip, take back, and two at once."""

import re
from html import unescape
from uuid import UUID

import pytest
import time_machine
from httpx2 import Response
from sqlalchemy import select

from engine.review.taking import take
from engine.send.switch import stop_sending
from engine.storage.models import AuditEntry, Hold, Message, MessageMoment, Person, Revision
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import Office
from tests.web.test_pages import text_of

NAMES = re.compile(r'name="(text\.[^"]+)"(?: value="([^"]*)")?')


def form_of(page: str) -> dict[str, str]:
    """The fields of the editor as a browser would send them, untouched: line ends are CRLF there."""
    editor = page.partition('id="editor"')[2].partition("</form>")[0]
    fields = {
        name: unescape(value) for name, value in re.findall(r'name="(version|csrf_token)" value="([^"]*)"', editor)
    }
    fields |= {
        name: unescape(value) for name, value in re.findall(r'name="(text\.\w+\.subject)" value="([^"]*)"', editor)
    }
    bodies = re.findall(r'name="(text\.\w+\.body)"[^>]*>(.*?)</textarea>', editor, flags=re.DOTALL)
    return fields | {name: unescape(body).replace("\n", "\r\n") for name, body in bodies}


def press(visitor: Browser, message: UUID, button: str = "", **changed: str) -> Response:
    """Open the message, change some fields, press a button."""
    fields = form_of(visitor.get(f"/messages/{message}").text) | changed
    return visitor.post(f"/messages/{message}{button}", data=fields)


def stored(db: Database, message_id: UUID) -> Message:
    with db.reading() as session:
        message = session.get_one(Message, message_id)
        session.expunge(message)
        return message


def subject(db: Database, message_id: UUID) -> str:
    with db.reading() as session:
        message = session.get_one(Message, message_id)
        return (
            session.query(Revision)
            .filter_by(message_id=message_id, number=message.number)
            .one()
            .texts["email"]["subject"]
        )


def test_saving_keeps_the_words(browser: NewBrowser, office: Office, db: Database) -> None:
    """An edit is a new revision by the agent, shown again on the page."""
    visitor = browser("agent")
    answer = press(visitor, office.orders, **{"text.email.subject": "Ten times thank you"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/messages/{office.orders}?did=saved")
    assert subject(db, office.orders) == "Ten times thank you"
    page = visitor.get(f"/messages/{office.orders}").text
    assert 'value="Ten times thank you"' in page
    assert "Robin Agent" in page.partition("Wordings")[2]


def test_saving_nothing_new_makes_no_revision(browser: NewBrowser, office: Office, db: Database) -> None:
    """The line ends of a browser are no change."""
    press(browser("agent"), office.orders)
    assert (stored(db, office.orders).number, stored(db, office.orders).edited) == (1, False)


def test_approving_offers_to_take_it_back(browser: NewBrowser, office: Office, db: Database) -> None:
    """The page says when it goes, and within the minute one press brings it back."""
    visitor = browser("agent")
    assert press(visitor, office.orders, "/approve").headers["location"] == f"/messages/{office.orders}"
    assert stored(db, office.orders).state == "approved"
    page = visitor.get(f"/messages/{office.orders}").text
    assert "Approved. Ada Marlowe gets it on Tue 2 Jun 2026, 09:00 (Berlin time). Undo (60 s)" in text_of(page)
    version = re.search(r'/undo">.*?name="version" value="(\d+)"', page, flags=re.DOTALL)[1]
    answer = visitor.submit(f"/messages/{office.orders}/undo", version=version)
    assert answer.headers["location"] == f"/messages/{office.orders}"
    assert stored(db, office.orders).state == "in_review"


def test_approving_keeps_what_was_just_written(browser: NewBrowser, office: Office, db: Database) -> None:
    """Nobody has to press Save first."""
    press(browser("agent"), office.orders, "/approve", **{"text.email.subject": "Ten times thank you"})
    assert stored(db, office.orders).state == "approved"
    assert subject(db, office.orders) == "Ten times thank you"


def test_approve_and_next_leads_to_the_most_pressing(browser: NewBrowser, office: Office) -> None:
    """The next page is a draft to read, with the way back on top; questions are passed over."""
    visitor = browser("agent")
    answer = press(visitor, office.orders, "/approve", then="next")
    assert answer.headers["location"] == f"/messages/{office.serious}?done={office.orders}"
    page = text_of(visitor.get(answer.headers["location"]).text)
    assert "Approved. Ada Marlowe" in page
    assert "Undo" in page


def test_approve_and_next_leaves_out_what_a_colleague_writes_at(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """Two people at one text undo each other's work."""
    with db.writing() as session:
        colleague = session.scalars(select(Person).where(Person.role == "admin")).one()
        take(session, office.serious, person=colleague, now=NOW)
    answer = press(browser("agent"), office.orders, "/approve", then="next")
    assert answer.headers["location"] == f"/messages/{office.birthday}?done={office.orders}"


def test_after_the_minute_the_way_back_is_gone(
    browser: NewBrowser, office: Office, travel: time_machine.Traveller
) -> None:
    """The bar is not shown for what can no longer be undone by it."""
    visitor = browser("agent")
    press(visitor, office.orders, "/approve")
    travel.shift(61)
    assert "Undo" not in visitor.get(f"/queue?done={office.orders}").text


def test_skipping_needs_a_reason(browser: NewBrowser, office: Office, db: Database) -> None:
    """Without one the page comes back and says so; with one the message ends, and can be brought back for a minute."""
    visitor = browser("agent")
    refused = press(visitor, office.orders, "/skip", reason="  ")
    assert refused.status_code == 422
    assert "say in a few words" in refused.text
    assert stored(db, office.orders).state == "in_review"
    answer = press(visitor, office.orders, "/skip", reason="we spoke on the phone")
    assert f"done={office.orders}" in answer.headers["location"]
    assert (stored(db, office.orders).state, stored(db, office.orders).reason) == ("skipped", "we spoke on the phone")
    page = visitor.get(answer.headers["location"]).text
    assert "Skipped. Ada Marlowe will not get this message." in text_of(page)
    version = re.search(r'/undo">.*?name="version" value="(\d+)"', page, flags=re.DOTALL)[1]
    visitor.submit(f"/messages/{office.orders}/undo", version=version)
    assert stored(db, office.orders).state == "in_review"


def test_a_stale_save_loses_nobodys_words(browser: NewBrowser, office: Office, db: Database) -> None:
    """Who comes second sees both texts, and may save theirs on top after looking."""
    first, second = browser("agent"), browser("admin")
    opened = form_of(second.get(f"/messages/{office.orders}").text)
    press(first, office.orders, **{"text.email.subject": "From the first"})
    answer = second.post(f"/messages/{office.orders}", data=opened | {"text.email.subject": "From the second"})
    assert answer.status_code == 409
    assert "From the first" in answer.text
    assert 'value="From the second"' in answer.text
    assert subject(db, office.orders) == "From the first"
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    again = opened | {"text.email.subject": "From the second", "version": version}
    assert second.post(f"/messages/{office.orders}", data=again).status_code == 303
    assert subject(db, office.orders) == "From the second"


def test_a_stale_approval_is_told(browser: NewBrowser, office: Office, db: Database) -> None:
    """Nobody approves words that they have not seen."""
    first, second = browser("agent"), browser("admin")
    opened = form_of(second.get(f"/messages/{office.orders}").text)
    press(first, office.orders, **{"text.email.subject": "Changed under your eyes"})
    answer = second.post(f"/messages/{office.orders}/approve", data=opened)
    assert answer.status_code == 409
    assert stored(db, office.orders).state == "in_review"


@pytest.mark.databases("sqlite")
def test_a_forbidden_text_is_kept_but_does_not_go(browser: NewBrowser, office: Office, db: Database) -> None:
    """The mission's words to avoid stop the approval with a reason; what was written stays on the page."""
    body = "Hello Ada,\n\nYour 10th order, valued customer. We noticed.\n\n[[ signature ]]"
    answer = press(browser("agent"), office.orders, "/approve", **{"text.email.body": body})
    assert answer.status_code == 422
    assert "This text cannot go" in answer.text
    assert "valued customer. We noticed." in answer.text
    assert stored(db, office.orders).state == "in_review"


@pytest.mark.databases("sqlite")
def test_what_cannot_be_saved_stays_on_the_page(browser: NewBrowser, office: Office) -> None:
    """HTML is refused with the reason beside the words, which are all still there."""
    answer = press(browser("agent"), office.orders, **{"text.email.body": "Dear Ada, <b>ten</b> orders"})
    assert answer.status_code == 422
    assert "looks like HTML" in answer.text
    assert "Dear Ada, &lt;b&gt;ten&lt;/b&gt; orders</textarea>" in answer.text


@pytest.mark.databases("sqlite")
def test_the_check_reads_what_is_not_saved_yet(browser: NewBrowser, office: Office) -> None:
    """While one writes, the remarks quote the words in question with a reason and a better direction."""
    visitor = browser("agent")
    fields = {"text.email.subject": "Your 10th order", "text.email.body": "Hello Ada, sorry for any inconvenience."}
    remarks = visitor.submit(f"/messages/{office.orders}/check", **fields).text
    assert "<html" not in remarks
    assert "<mark>inconvenience</mark>" in remarks
    assert 'class="better"' in remarks


def test_the_preview_is_signed_by_who_looks(browser: NewBrowser, office: Office) -> None:
    """The letter in the frame carries the reader's name, and no mark or hint."""
    letter = browser("agent").get(f"/messages/{office.orders}/preview").text
    assert "Robin Agent, Loom &amp; Lantern" in letter
    assert "[[" not in letter


def test_decisions_are_in_the_audit_trail(browser: NewBrowser, office: Office, db: Database) -> None:
    """Who approved can be read later."""
    press(browser("agent"), office.orders, "/approve")
    with db.reading() as session:
        assert (
            session.query(AuditEntry).filter_by(action="approve", subject_id=office.orders).one().actor == "Robin Agent"
        )


@pytest.mark.databases("sqlite")
def test_an_empty_text_does_not_read_like_a_person_wrote_it(browser: NewBrowser, office: Office) -> None:
    """The check says that nothing is there, and approving is refused with what to do."""
    agent = browser("agent")
    empty = {"text.email.subject": "Hello", "text.email.body": " \n"}
    checked = text_of(agent.submit(f"/messages/{office.orders}/check", **empty).text)
    assert "There is nothing in this text: the customer would get an empty message." in checked
    assert "It reads like a person wrote it" not in checked
    refused = press(agent, office.orders, "/approve", **empty)
    assert refused.status_code == 422
    assert "the text is empty. Write what you want to say, or skip the message." in text_of(refused.text)
    turned = {"text.email.subject": "Hello", "text.email.body": "Thank \u202eyou, Ada, for your 10th order."}
    hidden = text_of(agent.submit(f"/messages/{office.orders}/check", **turned).text)
    assert "hidden letters" in hidden
    assert "what is read is not what is written" in hidden


@pytest.mark.databases("sqlite")
def test_the_bar_after_a_decision_promises_no_hour_while_something_holds(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """Ada wrote of a problem meanwhile; with sending stopped it says that it waits for that."""
    agent = browser("agent")
    assert press(agent, office.orders, "/approve").status_code == 303
    assert "gets it on Tue 2 Jun 2026" in text_of(agent.get(f"/queue?done={office.orders}").text)
    with db.writing() as session:
        stop_sending(session)
    stopped = text_of(agent.get(f"/queue?done={office.orders}").text)
    assert "gets it once sending is switched on again, not before" in stopped
    with db.writing() as session:
        moment = session.scalars(select(MessageMoment.moment_id).where(MessageMoment.message_id == office.orders)).one()
        session.add(Hold(moment_id=moment, name="open_problem", opened_at=NOW))
    for page in (f"/queue?done={office.orders}", f"/messages/{office.orders}"):
        held = text_of(agent.get(page).text)
        assert "Approved, but held." in held
        assert "gets it on Tue" not in held


@pytest.mark.databases("sqlite")
def test_no_two_fields_of_a_conflict_have_one_name(browser: NewBrowser, office: Office) -> None:
    """Mail, app and text message each say what they are, also beside the other's."""
    words = {f"text.{name}.body": "Other words, Ada." for name in ("email", "sms", "inapp")}
    answer = press(browser("agent"), office.orders, version="1", **words)
    assert answer.status_code == 409
    labels = re.findall(r"<label[^>]*>([^<]+)</label>", answer.text.partition("Yours, not saved")[2])
    assert {"Message", "Text message", "Text in the app"} <= set(labels)
    assert len(labels) == len(set(labels))
    assert re.findall(r"<h3>([^<]+)</h3>", answer.text) == ["Message", "Text in the app", "Text message"]
