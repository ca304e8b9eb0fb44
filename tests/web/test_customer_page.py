"""The customer's page: what happened in pages, what went wrong, what comes next, and the empathy map."""

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.record.erasing import erase
from engine.storage.models import (
    Answer,
    CallOutcome,
    ContactPoint,
    Customer,
    CustomerChange,
    CustomerDate,
    Event,
    Hold,
    Note,
    Person,
    Preference,
    Problem,
    Reading,
    Reply,
    Suppression,
    Total,
)
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_event, make_moment, make_problem, make_trigger
from tests.web.conftest import NewBrowser
from tests.web.handed import hand_over
from tests.web.naughty import NAUGHTY
from tests.web.office import Office
from tests.web.test_pages import HTMX, text_of

PAGE = "/customers/ada"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMELINE = HTMX | {"hx-target": "timeline"}


def ada(session: Session, **fields: Any) -> Customer:
    return make_customer(session, external_id="ada", last_name="Marlowe", **fields)


def person(session: Session, role: str = "agent") -> Person:
    return session.scalars(select(Person).where(Person.email == f"{role}@example.com")).one()


def lines(page: str) -> list[str]:
    """What the lines of the timeline say, newest first."""
    return [text_of(found) for found in re.findall(r'<li class="happened [^>]*>(.*?)</li>', page, re.S)]


# Everything that happened


def everything(session: Session) -> Customer:
    """One thing of every sort, each an hour after the one before."""
    customer, robin = ada(session), person(session)
    of = {"customer_id": customer.id}
    at = iter(NOW - 40 * HOUR + number * HOUR for number in range(40))
    made = {"effective_at": next(at), "recorded_at": NOW, "source": "crm"}
    session.add(CustomerChange(**of, field="traits.plan", new="family", **made))
    wish = {"effective_at": next(at), "recorded_at": NOW, "source": "customer"}
    session.add(CustomerChange(**of, field="preferences.birthday", new={"wanted": False}, **wish))
    make_event(session, customer, "order_completed", occurred_at=next(at), source="the shop")
    make_event(
        session,
        customer,
        "ticket_opened",
        occurred_at=next(at),
        subject="ticket:4711",
        properties={"ticket_id": "4711"},
    )
    make_event(
        session,
        customer,
        "ticket_reopened",
        occurred_at=next(at),
        subject="ticket:4711",
        properties={"ticket_id": "4711"},
    )
    message, delivery = hand_over(session, customer, "call", address="+1555")
    message.written_at, message.approved_at, message.approved_by = next(at), next(at), robin.id
    message.handed_over_at = next(at)
    delivery.accepted_at = next(at)
    session.add(
        CallOutcome(delivery_id=delivery.id, person_id=robin.id, outcome="reached", note="glad", made_at=next(at))
    )
    reply = Reply(
        **of, channel="email", provider_key="k", from_address="a@b.cd", text="Thank you", received_at=next(at)
    )
    session.add(reply)
    session.flush()
    answer = {"person_id": robin.id, "channel": "email", "address": "a@b.cd", "text": "You are welcome"}
    session.add(
        Answer(
            **of, **answer, reply_id=reply.id, state="accepted", accepted_at=NOW, created_at=next(at), release_at=NOW
        )
    )
    session.add(Note(**of, author_id=robin.id, kind="compliment", text="A lovely person", created_at=next(at)))
    moment = make_moment(session, customer, make_trigger(session), spotted_at=next(at))
    session.add(Hold(moment_id=moment.id, name="open_problem", opened_at=next(at), released_at=next(at)))
    session.flush()
    return customer


def test_everything_is_told_with_its_source_newest_first(db: Database, browser: NewBrowser, people: None) -> None:
    """What they did, what went wrong, messages, calls, answers, notes, wishes, the record, moments and holds."""
    with db.writing() as session:
        everything(session)
    told = lines(browser("agent").get(PAGE).text)
    assert [line.partition(" 2026, ")[2][6:] for line in told][-16:] == [
        "Birthday (2 June 2026): not held any more Something that went wrong for the customer is still open.",
        "Birthday (2 June 2026): held Something that went wrong for the customer is still open.",
        "Noticed: Birthday (2 June 2026) · Jubilee",
        "Noted: a compliment · Robin Agent A lovely person",
        "Answered: sent · Robin Agent, email You are welcome",
        "Wrote back · email Thank you",
        "Called: reached · Robin Agent glad",
        "Sent · call",
        "Birthday: handed over · call Happy birthday",
        "Birthday: approved · Robin Agent Happy birthday",
        "Birthday: drafted · Jubilee Happy birthday",
        "Ticket reopened (ticket 4711) · test",
        "Ticket opened (ticket 4711) · test",
        "Order completed · the shop",
        "Does not want to hear about birthday · customer",
        "Plan · crm family",
    ]


@pytest.mark.parametrize(
    ("sort", "words"),
    [
        ("events", ["Order completed"]),
        ("problems", ["Ticket reopened", "Ticket opened"]),
        ("notes", ["Noted: a compliment"]),
        ("wishes", ["Does not want to hear about birthday"]),
        ("record", ["Plan"]),
        ("answers", ["Answered: sent", "Wrote back", "Called: reached"]),
    ],
)
@pytest.mark.databases("sqlite")
def test_one_sort_of_thing_alone(db: Database, browser: NewBrowser, people: None, sort: str, words: list[str]) -> None:
    """With a link, and as a fragment for htmx."""
    with db.writing() as session:
        everything(session)
    agent = browser("agent")
    page, fragment = (agent.get(f"{PAGE}?sort={sort}", headers=headers).text for headers in ({}, TIMELINE))
    for text in (page, fragment):
        told = lines(text)
        assert len(told) == len(words)
        assert all(word in line for word, line in zip(words, told, strict=True))
    assert "<html" not in fragment


def test_earlier_ones_follow_without_a_gap_or_a_repetition(db: Database, browser: NewBrowser, people: None) -> None:
    """Sixty events, most of them of one instant: three pages hold each of them once, by link and by htmx."""
    with db.writing() as session:
        customer = ada(session)
        for number in range(60):
            make_event(session, customer, f"thing_{number}", occurred_at=NOW - (number // 40) * DAY)
            at = {"effective_at": NOW, "recorded_at": NOW, "source": f"file {number}"}
            session.add(CustomerChange(customer_id=customer.id, field=f"traits.of_{number}", new=number, **at))
    agent = browser("agent")
    for headers in ({}, HTMX | {"hx-target": "timeline-more"}):
        seen, address, pages = [], PAGE, 0
        while address:
            page = agent.get(address, headers=headers if pages else {}).text
            seen += lines(page)
            pages += 1
            more = re.search(r'hx-get="([^"]+after=[^"]+)"', page)
            address = unquote(more[1].replace("&amp;", "&")).replace("+", "%2B") if more else ""
        assert pages == 5
        assert len(seen) == len(set(seen)) == 120


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("query", ["sort=nonsense", "after=nonsense", "after=2026-06-01T00:00:00~1~x"])
def test_a_made_up_place_is_refused(db: Database, browser: NewBrowser, people: None, query: str) -> None:
    """A friendly page, and no fault."""
    with db.writing() as session:
        ada(session)
    assert browser("agent").get(f"{PAGE}?{query}").status_code == 422


@pytest.mark.databases("sqlite")
def test_fields_of_one_import_are_told_together(db: Database, browser: NewBrowser, people: None) -> None:
    """A new customer is one line and not twenty."""
    with db.writing() as session:
        customer = ada(session)
        for name in ("first_name", "zone", "traits.plan"):
            at = {"effective_at": NOW, "recorded_at": NOW, "source": "crm"}
            session.add(CustomerChange(customer_id=customer.id, field=name, new="x", **at))
    (line,) = lines(browser("agent").get(f"{PAGE}?sort=record").text)
    assert "Recorded · crm" in line
    assert {"first name", "zone", "plan"} <= set(line.partition("crm ")[2].split(", "))


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("agent", True), ("marketing", False), ("admin", True)])
def test_a_life_event_is_seen_by_agents(db: Database, browser: NewBrowser, people: None, role: str, sees: bool) -> None:
    """Neither among the notes nor in what happened; the hold it makes is no secret."""
    with db.writing() as session:
        customer = ada(session)
        note = {"kind": "life_event", "text": "bereaved", "created_at": NOW, "expires_at": NOW + DAY}
        session.add(Note(customer_id=customer.id, author_id=person(session, "viewer").id, **note))
        moment = make_moment(session, customer, make_trigger(session))
        session.add(Hold(moment_id=moment.id, name="life_event", opened_at=NOW, until=NOW + DAY))
    page = browser(role).get(PAGE).text
    assert (("bereaved" in page) is sees) or role == "viewer"  # who left it sees it among the notes
    assert any("life event" in line for line in lines(page)) is True
    assert any("Noted: a life event" in line for line in lines(page)) is sees


# Why did, or didn't, they get this


def test_each_moment_is_told_as_a_story(db: Database, browser: NewBrowser, people: None) -> None:
    """How it ended first, then what held it from when to when."""
    with db.writing() as session:
        customer = ada(session)
        trigger = make_trigger(session)
        waits = make_moment(session, customer, trigger, spotted_at=NOW - DAY)
        session.add(Hold(moment_id=waits.id, name="open_problem", opened_at=NOW - DAY, released_at=NOW - HOUR))
        session.add(Hold(moment_id=waits.id, name="consent_unknown", opened_at=NOW - DAY))
        make_moment(
            session, customer, trigger, state="expired", reason="held:minor", closed_at=NOW, spotted_at=NOW - DAY
        )
        _, delivery = hand_over(session, customer, "postbox")
        delivery.state, delivery.delivered_at = "delivered", NOW
    read = text_of(browser("agent").get(PAGE).text)
    assert "It waits. No consent is recorded for this channel and occasion." in read
    assert "still open. held from 31 May 2026, 14:00 to 1 Jun 2026, 13:00" in read
    assert "held from 31 May 2026, 14:00 on; ends when consent is recorded" in read
    assert "They did not get it. It was held until it was too late: The customer is a minor" in read
    assert "They got it: delivered by postbox, on" in read


@pytest.mark.databases("sqlite")
def test_many_moments_are_told_when_asked_for(db: Database, browser: NewBrowser, people: None) -> None:
    """The latest five, and all of them under a link, with what was reached before a trigger was switched on."""
    with db.writing() as session:
        customer = ada(session)
        trigger = make_trigger(session)
        for day in range(1, 8):
            make_moment(session, customer, trigger, nominal_on=date(2026, 6, day))
    agent = browser("agent")
    page = agent.get(PAGE).text
    assert page.count('class="story ') == 5
    assert "Earlier moments, and what was reached before a trigger was switched on" in page
    assert agent.get(f"{PAGE}?moments=all").text.count('class="story ') == 7


# What went wrong


def unsolved(session: Session) -> Problem:
    customer = ada(session)
    make_event(session, customer, "ticket_opened", subject="ticket:7", properties={"ticket_id": "7", "type": "problem"})
    return make_problem(session, customer, key="ticket:7", last_event_at=NOW - HOUR)


def form(page: str, problem: Problem) -> dict[str, str]:
    """The hidden fields of the form of this problem."""
    body = page.partition(f"/problems/{problem.id}")[2].partition("</form>")[0]
    return dict(re.findall(r'name="(key|known_at)" value="([^"]+)"', body))


def test_what_is_missing_is_filled_in_by_an_agent(db: Database, browser: NewBrowser, people: None) -> None:
    """It becomes an event with their name as its source, and the page shows both."""
    with db.writing() as session:
        problem = unsolved(session)
    agent = browser("agent")
    page = agent.get(PAGE).text
    assert "not known yet; a message about this waits for it" in page
    fields = form(page, problem)
    answer = agent.submit(f"{PAGE}/problems/{problem.id}", what_we_did="we sent another", next_step="", **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers/ada#problems")
    page = agent.get(PAGE).text
    assert "we sent another" in page
    assert any("Ticket updated (ticket 7) · Robin Agent we sent another" in line for line in lines(page))
    assert agent.submit(f"{PAGE}/problems/{problem.id}", what_we_did="we sent another", **fields).status_code == 303
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 2


def test_who_comes_second_keeps_their_words(db: Database, browser: NewBrowser, people: None) -> None:
    """The page says that something changed, shows what stands now, and has what they wrote in the form."""
    with db.writing() as session:
        problem = unsolved(session)
    first, second = browser("agent"), browser("admin")
    seen = form(second.get(PAGE).text, problem)
    first.submit(f"{PAGE}/problems/{problem.id}", what_we_did="we sent another", **form(first.get(PAGE).text, problem))
    answer = second.submit(f"{PAGE}/problems/{problem.id}", what_we_did="my own words", **seen)
    assert answer.status_code == 409
    assert "became known in the meantime" in answer.text
    assert "my own words</textarea>" in answer.text
    assert "we sent another" in answer.text


@pytest.mark.databases("sqlite")
def test_a_viewer_fills_in_nothing(db: Database, browser: NewBrowser, people: None) -> None:
    """The form is not there, and its address refuses; so do those of the readings."""
    with db.writing() as session:
        problem = unsolved(session)
    viewer = browser("viewer")
    page = viewer.get(PAGE).text
    assert "/problems/" not in page
    assert "/readings" not in page
    fields = {"key": str(new_id()), "known_at": NOW.isoformat(), "what_we_did": "x", "quadrant": "feels", "text": "x"}
    for path in (f"/problems/{problem.id}", "/readings", f"/readings/{new_id()}/withdraw"):
        assert viewer.submit(PAGE + path, **fields).status_code == 403


@pytest.mark.databases("sqlite")
def test_a_customer_who_was_erased_meanwhile_is_gone(db: Database, browser: NewBrowser, people: None) -> None:
    """The form finds nobody, and says so."""
    with db.writing() as session:
        problem = unsolved(session)
    agent = browser("agent")
    fields = form(agent.get(PAGE).text, problem)
    with db.writing() as session:
        erase(session, problem.customer_id, now=NOW)
    for path, more in ((f"/problems/{problem.id}", fields), ("/readings", {"quadrant": "feels", "text": "sad"})):
        assert agent.submit(PAGE + path, what_we_did="x", **more).status_code == 404
    assert agent.get(PAGE).status_code == 404


# The empathy map, and the rest


def test_the_empathy_map_tells_observed_from_read(db: Database, browser: NewBrowser, people: None) -> None:
    """Their own words with day and source, what they did, and readings under a name; above it that they may read it."""
    with db.writing() as session:
        customer = ada(session)
        make_event(session, customer, "csat_answered", properties={"score": 2, "comment": "Too slow"})
        make_event(session, customer, "order_completed")
        reply = {"channel": "email", "provider_key": "k", "from_address": "a@b.cd", "received_at": NOW}
        session.add(Reply(customer_id=customer.id, text="Thank you\n\n> quoted", **reply))
    agent = browser("agent")
    agent.submit(f"{PAGE}/readings", quadrant="feels", text="  left alone ")
    page = agent.get(PAGE).text
    read = text_of(page[page.index('id="empathy"') : page.index("Everything that happened")])
    assert "The customer may ask to read all of this." in read
    assert "Says Thank you a reply by email, Mon 1 Jun 2026 Too slow csat answered, Mon 1 Jun 2026" in read
    assert "Does Order completed test , Mon 1 Jun 2026" in read
    assert "Thinks somebody's reading Nobody has read anything into it." in read
    assert "Feels somebody's reading left alone Robin Agent , Mon 1 Jun 2026" in read
    with db.reading() as session:
        reading_id = session.scalars(select(Reading.id)).one()
    assert agent.submit(f"{PAGE}/readings/{reading_id}/withdraw").status_code == 303
    assert "left alone" not in agent.get(PAGE).text


@pytest.mark.databases("sqlite")
def test_a_refused_reading_keeps_its_words(db: Database, browser: NewBrowser, people: None) -> None:
    """Nothing that was written is lost."""
    with db.writing() as session:
        ada(session)
    answer = browser("agent").submit(f"{PAGE}/readings", quadrant="feels", text="x" * 600)
    assert answer.status_code == 422
    assert "x" * 600 in answer.text


@pytest.mark.databases("sqlite")
def test_health_of_addresses_wishes_and_what_comes_next(db: Database, browser: NewBrowser, people: None) -> None:
    """Usable, came back or complained; since when and from where; how far to the next mark and day."""
    with db.writing() as session:
        customer = ada(session)
        of = {"customer_id": customer.id}
        good = ContactPoint(**of, channel="email", address="ada@example.com", heard_at=NOW - DAY)
        bad = ContactPoint(**of, channel="sms", address="+1555", usable=False, unusable_reason="550 nobody")
        loud = ContactPoint(**of, channel="whatsapp", address="+1666")
        session.add_all([good, bad, loud])
        session.flush()
        session.add(
            Suppression(
                address_hash=loud.address_hash, channel="whatsapp", reason="complained", source="x", created_at=NOW
            )
        )
        session.add(Preference(**of, occasion="birthday", wanted=False, source="customer", changed_at=NOW - DAY))
        session.add(CustomerDate(**of, name="birthday", month=6, day=14, month_day=614, year=1980, source="crm"))
        session.add(Total(**of, metric="count:order_completed", value=7, last_at=NOW, last_message_id="x"))
        make_trigger(session)
        count = {"aggregate": "count", "event": "order_completed", "thresholds": [5, 10]}
        make_trigger(session, title="Orders", kind="milestone", params=count)
    read = text_of(browser("agent").get(PAGE).text)
    assert "ada@example.com usable they last wrote from it on Sun 31 May 2026" in read
    assert "+1555 came back: 550 nobody" in read
    assert "+1666 complained: marked a message as spam" in read
    assert "Does not want to hear about: birthday. Since Sun 31 May 2026, on their own page." in read
    assert "Birthday Sun 14 Jun 2026 in 13 days" in read
    assert "Orders 3 to go until 10" in read


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes, and no words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def with_words(session: Session, words: str, external_id: str = "ada") -> Customer:
    """A customer everything of whom says this."""
    customer = make_customer(
        session, external_id=external_id, first_name=words, last_name="Marlowe", traits={"plan": words}
    )
    robin, of = person(session), {"customer_id": customer.id}
    make_event(session, customer, "csat_answered", properties={"score": 1, "comment": words}, source=words)
    make_problem(session, customer, what_happened=words, next_step=words, owner=words, about=words, remedy=words)
    session.add(Note(**of, author_id=robin.id, kind="complaint", text=words, created_at=NOW))
    session.add(Reading(**of, quadrant="feels", text=words, author_id=robin.id, created_at=NOW))
    session.add(ContactPoint(**of, channel="inapp", address=words))
    reply = {"channel": "email", "provider_key": "k", "from_address": "a@b.cd", "received_at": NOW}
    session.add(Reply(**of, text=words, **reply))
    at = {"effective_at": NOW, "recorded_at": NOW, "source": words}
    session.add(CustomerChange(**of, field="traits.plan", old=words, new=words, **at))
    moment = make_moment(session, customer, make_trigger(session), state="skipped", reason=words, closed_at=NOW)
    session.add(Hold(moment_id=moment.id, name="open_problem", detail=words, opened_at=NOW))
    return customer


@pytest.mark.databases("sqlite")
def test_naughty_strings_are_shown_as_the_letters_they_are(db: Database, browser: NewBrowser, people: None) -> None:
    """Whatever a customer is called and whatever was written of them: each page has the very elements that it has for
    a plain one, and letters that turn the direction are kept to themselves."""
    pages = ("/customers/{}", "/customers?q={}", "/notes", "/notes/new?customer={}", "/notes/new?q={}")
    agent, plain = browser("agent"), {}
    for number, words in enumerate(("plain words", *NAUGHTY)):
        name = f"ada-{number}"
        with db.writing() as session:
            customer_id = with_words(session, words, name).id
        for page in pages:
            shown = agent.get(page.format(name))
            assert shown.status_code == 200, (page, words)
            assert Shape(shown.text).seen == plain.setdefault(page, Shape(shown.text).seen), (page, words)
        with db.writing() as session:
            erase(session, customer_id, now=NOW)


@pytest.mark.databases("sqlite")
def test_a_name_that_turns_the_direction_is_kept_to_itself(db: Database, browser: NewBrowser, people: None) -> None:
    """Every place of the page that shows it isolates it."""
    with db.writing() as session:
        with_words(session, "\u202eabc")
    page = browser("agent").get(PAGE).text
    places = [page[max(0, at.start() - 500) : at.start()] for at in re.finditer("\u202e", page)]
    assert len(places) > 10
    for before in places:
        opened = re.findall(
            r"<(?:bdi[^>]*|[a-z]+[^>]*dir=\"auto\"[^>]*|/bdi|/p|/dd|/blockquote|/textarea)>|\u2068", before
        )
        hidden = before.rstrip().endswith(('value="', "“"))
        assert hidden or (opened and not opened[-1].startswith("</")), before[-200:]


def test_the_office_still_reads_well(browser: NewBrowser, office: Office) -> None:
    """The furnished office: a question, its form open, and how to answer it."""
    page = browser("agent").get("/customers/cd-00500").text
    assert "a message about this waits for it" in page
    assert "<details open>" in page
    assert "Add what is missing" in page


def test_the_page_says_whose_hours_it_shows(browser: NewBrowser, office: Office) -> None:
    """Noon is 14:00 in Berlin, where the agent sits, and 08:00 in New York, where Ben lives; Ada is in Berlin too."""
    agent = browser("agent")
    ben = text_of(agent.get("/customers/cd-00107").text)
    assert "It is 08:00 for Ben Okafor in New York, and 14:00 for you in Berlin. Hours on this page are theirs" in ben
    assert "These hours are yours, Berlin time." in ben
    here = text_of(agent.get("/customers/cd-00042").text)
    assert "Hours on this page are yours and theirs: it is 14:00 in Berlin." in here
