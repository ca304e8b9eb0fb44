"""The queue in a browser without a screen: what a row says, and what can be done from it by forms alone."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, update

from engine.review.queue import counts
from engine.storage.models import Message, Person, SavedFilter
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.web.conftest import NewBrowser
from tests.web.office import Office
from tests.web.test_pages import HTMX, text_of

pytestmark = pytest.mark.databases("sqlite")
NAMES = re.compile(r'data-walk href="/messages/[^"]+">([^<]+)<')


def stored(db: Database, message_id: UUID) -> Message:
    with db.reading() as session:
        message = session.get_one(Message, message_id)
        session.expunge(message)
        return message


def test_a_row_says_why_it_is_here_and_whose_it_is(browser: NewBrowser, office: Office, db: Database) -> None:
    """The moment, why a person must look, and why it is mine."""
    with db.writing() as session:
        me = session.scalars(select(Person.id).where(Person.role == "agent")).one()
        session.execute(update(Message).values(owner_id=None))
        session.execute(
            update(Message)
            .where(Message.id == office.serious)
            .values(owner_id=me, owner_reason="solved", owner_note="<b>")
        )
    page = browser("agent").get("/queue?whose=mine").text
    read = text_of(page)
    assert NAMES.findall(page) == ["Cleo Santos"]
    assert "It weighs 70, and from 50 on nothing goes unread." in read
    assert "Yours: you solved the problem it is about. “<b>”" in read
    assert "<b>" not in page


def test_filters_live_in_the_address_and_on_the_next_page(browser: NewBrowser, office: Office) -> None:
    """They narrow the list, stay in the tabs, and an address that asks for nonsense shows everything."""
    visitor = browser("agent")
    page = visitor.get("/queue?family=recover").text
    assert NAMES.findall(page) == ["Cleo Santos", "Dora Lindqvist"]
    assert "/queue?family=recover&amp;whose=mine" in page
    assert NAMES.findall(visitor.get("/queue?q=ada+mar").text) == ["Ada Marlowe"]
    assert NAMES.findall(visitor.get("/queue?q=cd-003").text) == ["Cleo Santos"]
    assert len(NAMES.findall(visitor.get("/queue?whose=theirs&due=1e9").text)) == 4
    assert "Nothing like that waits" in visitor.get("/queue?q=nobody").text


def test_a_filter_is_kept_shared_and_let_go(browser: NewBrowser, office: Office, db: Database) -> None:
    """Under its name, for others too where one wants that."""
    agent = browser("agent")
    kept = agent.submit("/queue/filters", name="Trouble", family="recover", shared="yes")
    assert kept.headers["location"] == "/queue?family=recover"
    assert "Trouble" in text_of(browser("marketing").get("/queue").text)
    with db.reading() as session:
        one = session.scalars(select(SavedFilter.id)).one()
    assert browser("marketing").submit(f"/queue/filters/{one}/forget").status_code == 404
    assert agent.submit(f"/queue/filters/{one}/forget").status_code == 303
    assert "Trouble" not in agent.get("/queue").text


def test_the_second_agent_sees_at_once_who_writes(browser: NewBrowser, office: Office, db: Database) -> None:
    """In the queue and in the writing room, and takes it over only deliberately."""
    first, second = browser("agent"), browser("marketing")
    assert first.submit(f"/queue/{office.orders}/take", back="/queue?due=yes").headers["location"] == "/queue?due=yes"
    said = "Robin Agent is writing at this since 14:00."
    assert said in text_of(second.get("/queue").text)
    assert said in text_of(second.get(f"/messages/{office.orders}").text)
    assert "You have taken this since 14:00." in text_of(first.get("/queue").text)
    refused = second.submit(f"/queue/{office.orders}/take")
    assert refused.status_code == 409
    assert said in text_of(refused.text)
    holder = str(stored(db, office.orders).taken_by)
    assert second.submit(f"/queue/{office.orders}/take", over=holder).status_code == 303
    assert "Robin Marketing is writing" in text_of(first.get("/queue").text)
    second.submit(f"/queue/{office.orders}/give-back")
    assert stored(db, office.orders).taken_by is None


def test_the_banner_says_what_happened_meanwhile(browser: NewBrowser, office: Office) -> None:
    """As a fragment, for a page that shows an older version; a refused take is said in it."""
    agent, other = browser("agent"), browser("marketing")
    at = f"/queue/{office.birthday}/taken"
    version = int(re.search(r'data-version="(\d+)"', agent.get(at, headers=HTMX).text)[1])
    assert "in the meantime" not in agent.get(f"{at}?version={version}").text
    other.submit(f"/queue/{office.birthday}/take")
    token = agent.token("/today")
    answer = agent.post(f"/queue/{office.birthday}/take", data={"csrf_token": token, "version": version}, headers=HTMX)
    assert answer.status_code == 200
    assert "Robin Marketing is writing at this" in text_of(answer.text)
    assert "<html" not in answer.text
    other.submit(f"/messages/{office.birthday}/skip", version=str(version), reason="we spoke on the phone")
    read = text_of(agent.get(f"{at}?version={version}").text)
    assert "Skipped in the meantime." in read
    assert "we spoke on the phone" in read
    assert agent.get(f"/queue/{UUID(int=0)}/taken").status_code == 404


def test_a_draft_is_put_off_and_brought_back(browser: NewBrowser, office: Office, db: Database) -> None:
    """Never past its deadline, and the refusal says until when, on one's own clock."""
    visitor = browser("agent")
    visitor.submit(f"/queue/{office.orders}/snooze", until="hour")
    assert "Ada Marlowe" not in NAMES.findall(visitor.get("/queue").text)
    snoozed = visitor.get("/queue?whose=snoozed").text
    assert NAMES.findall(snoozed) == ["Ada Marlowe"]
    assert "1 Jun 2026, 15:00" in text_of(snoozed)
    visitor.submit(f"/queue/{office.orders}/unsnooze")
    assert "Ada Marlowe" in NAMES.findall(visitor.get("/queue").text)
    put_off = {"csrf_token": visitor.token("/today"), "until": "date"}
    refused = visitor.post(f"/queue/{office.orders}/snooze", data=put_off | {"on": "2027-01-01"})
    assert refused.status_code == 422
    assert "It must be decided before Mon 1 Jun, 17:00, your time." in text_of(refused.text)
    assert visitor.post(f"/queue/{office.orders}/snooze", data=put_off | {"on": "soon"}).status_code == 422


def test_light_ones_go_together_and_come_back_together(
    browser: NewBrowser, office: Office, db: Database, travel: time_machine.Traveller
) -> None:
    """Each can be read in the list; what does not go says why; within the minute all come back."""
    visitor = browser("agent")
    page = visitor.get("/queue").text
    [chosen] = {unescape(value) for value in re.findall(r'name="chosen" value="([^"]+)"', page)}
    assert chosen.startswith(str(office.birthday))
    assert "Read it here" in page
    stale = f"{office.orders}~1"
    went = visitor.post("/queue/approve", data={"csrf_token": visitor.token("/today"), "chosen": [chosen, stale]})
    read = text_of(visitor.get(went.headers["location"]).text)
    assert "Approved: 1 message. 1 did not go." in read
    assert "Ada Marlowe" in read
    assert stored(db, office.birthday).state == "approved"
    batch = re.search(r"/queue/batches/([^/]+)/undo", visitor.get(went.headers["location"]).text)[1]
    assert browser("marketing").submit(f"/queue/batches/{batch}/undo").status_code == 422
    assert visitor.submit(f"/queue/batches/{batch}/undo").headers["location"] == "/queue"
    assert stored(db, office.birthday).state == "in_review"
    travel.shift(timedelta(seconds=61))
    assert "Undo all" not in visitor.get(went.headers["location"]).text


@pytest.mark.parametrize("chosen", [[], ["nonsense"], ["a~b"]])
def test_a_made_up_choice_is_refused(browser: NewBrowser, chosen: list[str]) -> None:
    """With a friendly page."""
    visitor = browser("agent")
    answer = visitor.post("/queue/approve", data={"csrf_token": visitor.token("/today"), "chosen": chosen})
    assert answer.status_code == 422


def test_a_breather_is_offered_and_taken_or_not(browser: NewBrowser, office: Office, db: Database) -> None:
    """To the person alone; it blocks nothing."""
    from engine.people.audit import Doer, record

    agent = browser("agent")
    assert "breather" not in agent.get("/queue").text.lower()
    with db.writing() as session:
        me = session.scalars(select(Person).where(Person.role == "agent")).one()
        heavy = session.get_one(Message, office.serious)
        heavy_ones = [heavy, *(_another(session, heavy, number) for number in range(6))]
        for message in heavy_ones:
            record(session, Doer(me.name, me.id), "approve", message, now=NOW)
    page = text_of(agent.get("/queue").text)
    assert "7 heavy ones in a row" in page
    assert "Cleo Santos" in page
    assert "heavy ones" not in browser("marketing").get("/queue").text
    agent.submit("/queue/pause")
    assert "A breather until 14:10." in text_of(agent.get("/queue").text)
    agent.submit("/queue/go-on")
    assert "breather" not in agent.get("/queue").text.lower()


def _another(session, heavy: Message, number: int) -> Message:  # type: ignore[no-untyped-def]
    from tests.engine.builders import make_customer, make_message, make_moment, make_trigger

    trigger = make_trigger(
        session, family="recover", occasion="ticket_solved", kind="recovery", params={"kinds": ["ticket"]}
    )
    moment = make_moment(session, make_customer(session), trigger)
    return make_message(session, moment, weight=70, state="in_review", deadline_at=NOW + timedelta(days=number + 3))


@pytest.mark.parametrize(
    "path",
    [
        "approve",
        "filters",
        "pause",
        "go-on",
        "{orders}/take",
        "{orders}/give-back",
        "{orders}/snooze",
        "{orders}/unsnooze",
    ],
)
def test_a_viewer_only_looks_and_a_foreign_form_does_nothing(
    browser: NewBrowser, office: Office, db: Database, path: str
) -> None:
    """Whatever is posted from the queue."""
    address = "/queue/" + path.format(**vars(office))
    assert browser("viewer").submit(address, until="hour", chosen="x", name="x").status_code == 403
    assert browser("agent").post(address, data={"until": "hour", "chosen": "x", "name": "x"}).status_code == 403
    message = stored(db, office.orders)
    assert (message.taken_by, message.snoozed_until) == (None, None)
    assert "Take<" not in browser("viewer").get("/queue").text


def test_what_was_counted_only_so_far_says_so(db: Database, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long queue costs no more to count than a short one."""
    with db.reading() as session:
        assert counts(session, now=NOW, up_to=2).in_review == 2
        assert counts(session, now=NOW, up_to=None).in_review == 3


def test_what_is_unassigned_is_shared_out_by_a_button(browser: NewBrowser, office: Office, db: Database) -> None:
    """The tab has a number; afterwards the page says what came of it, and a viewer has no such button."""
    with db.writing() as session:
        session.execute(update(Message).values(owner_id=None, owner_reason=None))
    agent = browser("agent")
    page = agent.get("/queue?whose=nobody").text
    assert re.search(r'>Unassigned <span class="tag">4</span>', page)
    assert "Share out what is unassigned" not in browser("viewer").get("/queue?whose=nobody").text
    done = agent.submit("/queue/share", on="/queue?whose=nobody")
    assert done.status_code == 303
    told = text_of(agent.get(done.headers["location"]).text)
    assert "Shared out: 4 drafts." in told
    assert "Unassigned 0" in told
    assert browser("viewer").submit("/queue/share").status_code == 403


def test_what_is_being_written_anew_is_told(browser: NewBrowser, office: Office, db: Database) -> None:
    """A text that went back to the writer is on its way, and not lost; a draft that never had one is not counted."""
    visitor = browser("agent")
    assert "written anew" not in visitor.get("/queue").text
    with db.writing() as session:
        message = session.get_one(Message, office.birthday)
        message.state, message.write_at = "draft", NOW
    assert "1 is being written anew and comes back in a moment" in visitor.get("/queue/head").text


def test_a_time_that_has_passed_is_not_promised(browser: NewBrowser, office: Office, db: Database) -> None:
    """What still waits for a decision goes as soon as it has one, in the row and in the writing room."""
    with db.writing() as session:
        message = session.get_one(Message, office.birthday)
        message.send_at = NOW - timedelta(minutes=6)
    visitor = browser("agent")
    for path in ("/queue", f"/messages/{office.birthday}"):
        assert "once approved, until Fri 5 Jun, " in text_of(visitor.get(path).text), path
