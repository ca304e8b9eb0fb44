"""The writing room: what stands on the page of a message, and what its forms do."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.record.erasing import erase
from engine.review.deadlines import apply_deadlines
from engine.storage.models import (
    AuditEntry,
    ContactPoint,
    Customer,
    Delivery,
    Flag,
    Message,
    MessageMoment,
    Moment,
    Note,
    Person,
    Preference,
    Problem,
    Reply,
    Revision,
    SecondRead,
    Trigger,
    TriggerVersion,
)
from engine.storage.session import Database
from engine.write.changes import bring_back_changed
from tests.engine.builders import NOW, make_event
from tests.engine.send.approved import Ending
from tests.engine.write.desk import write
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import HOSTILE, Office
from tests.web.test_deciding import form_of, press, stored
from tests.web.test_pages import text_of

WRITTEN = "That was two trips to the post office for you, and I am sorry for them."


def page_of(visitor: Browser, message: UUID, query: str = "") -> str:
    return visitor.get(f"/messages/{message}{query}").text


def person_id(db: Database, role: str) -> str:
    with db.reading() as session:
        return str(session.scalars(select(Person.id).where(Person.role == role)).one())


def four_eyes(db: Database, message_id: UUID) -> None:
    """The trigger of this message wants another reader, in a version of its own."""
    with db.writing() as session:
        version = session.get_one(TriggerVersion, session.get_one(Message, message_id).trigger_version_id)
        definition = {**version.definition, "review": {**version.definition["review"], "four_eyes": True}}
        new = TriggerVersion(
            trigger_id=version.trigger_id,
            number=version.number + 1,
            definition=definition,
            author="test",
            reason="test",
            created_at=NOW,
        )
        session.add(new)
        session.flush()
        message = session.get_one(Message, message_id)
        message.trigger_version_id = new.id
        moments = select(MessageMoment.moment_id).where(MessageMoment.message_id == message_id)
        for moment in session.scalars(select(Moment).where(Moment.id.in_(moments))):
            moment.trigger_version_id = new.id


def test_the_first_view_says_who_why_when_and_what_to_write(browser: NewBrowser, office: Office) -> None:
    """In the customer's hour and in the agent's own, with who signs and where words are wanted."""
    page = page_of(browser("agent"), office.birthday)
    read = text_of(page)
    assert "Ben Okafor" in read
    assert "Birthday on 3 June" in read
    assert "in New York" in read
    assert "for you" in read
    assert "Signed Robin Agent, Loom & Lantern" in read
    assert "Room for words of your own" in text_of(page_of(browser("agent"), office.orders))


def test_the_parts_of_the_template_are_visible(browser: NewBrowser, office: Office) -> None:
    """Fixed, suggested and free, each with what became of it; also as one types."""
    visitor = browser("agent")
    page = page_of(visitor, office.serious)
    states = re.findall(r'class="part (\w+) is-([\w-]+)"', page)
    assert ("free", "empty") in states
    assert ("suggested", "as-suggested") in states
    assert ("fixed", "as-given") in states
    fields = form_of(page)
    body = re.sub(r"\[\[ hint:.*?\]\]", WRITTEN, fields["text.email.body"], count=1)
    checked = visitor.post(f"/messages/{office.serious}/check", data=fields | {"text.email.body": body}).text
    states = re.findall(r'class="part (\w+) is-([\w-]+)"', checked)
    assert ("free", "written") in states
    assert ("free", "empty") in states
    assert 'id="outline" hx-swap-oob="true"' in checked


def test_why_it_cannot_be_approved_stands_at_the_button(browser: NewBrowser, office: Office, db: Database) -> None:
    """A serious recovery waits for words; written, the note is gone and it goes."""
    visitor = browser("agent")
    page = page_of(visitor, office.serious)
    assert 'aria-describedby="refusal"' in page
    assert "Not yet. This message needs words of your own" in text_of(page)
    assert press(visitor, office.serious, "/approve").status_code == 422
    fields = form_of(page)
    body = re.sub(r"\[\[ hint:.*?\]\]", WRITTEN, fields["text.email.body"])
    checked = visitor.post(f"/messages/{office.serious}/check", data=fields | {"text.email.body": body}).text
    assert "Not yet" not in checked
    assert press(visitor, office.serious, "/approve", **{"text.email.body": body}).status_code == 303
    assert stored(db, office.serious).state == "approved"


def test_facts_can_be_put_in_if_they_may_be_said(browser: NewBrowser, office: Office) -> None:
    """In words for a sentence; what may not be said says so and has no button."""
    page = page_of(browser("agent"), office.orders)
    assert re.findall(r'data-insert="([^"]*)"', page) == ["Ada", "February 2025", "10", "10th"]
    assert "event 4711 · not to be said aloud" in text_of(page)
    assert "data-insert" not in page_of(browser("viewer"), office.orders)


@pytest.mark.databases("sqlite")
def test_what_colleagues_noted_is_there_to_know_and_is_no_fact(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """As text, with who noted it; no life event, and nothing of it can be put in, shown or approved by itself."""
    with db.writing() as session:
        robin = session.scalars(select(Person).where(Person.role == "agent")).one()
        of = {"customer_id": session.get_one(Message, office.orders).customer_id, "author_id": robin.id}
        at = NOW - timedelta(days=3)
        session.add(Note(**of, kind="compliment", text=f"Loves our blue paper {HOSTILE}", created_at=at))
        session.add(Note(**of, kind="life_event", text="lost her dog", created_at=at, expires_at=NOW + timedelta(9)))
        session.add(Note(**of, kind="other", text="has moved", created_at=at, withdrawn_at=NOW))
    agent = browser("agent")
    page = page_of(agent, office.orders)
    _, _, card = page.partition("From the front line")
    card = card.partition("</section>")[0]
    assert "Loves our blue paper" in card
    assert "Compliment · Robin Agent" in card
    assert "Do not quote it without thinking" in card
    assert HOSTILE not in page
    assert "data-insert" not in card
    assert "lost her dog" not in page
    assert "has moved" not in page
    assert "blue paper" not in agent.get(f"/messages/{office.orders}/preview").text
    assert page.count("blue paper") == 1
    assert "From the front line" not in page_of(agent, office.sent)


@pytest.mark.databases("sqlite")
def test_every_look_at_the_preview_answers(browser: NewBrowser, office: Office) -> None:
    """On a desk, on a phone, in the dark, as plain text, as a text message and in the app."""
    visitor = browser("agent")
    looks = {
        view: visitor.get(f"/messages/{office.orders}/preview?view={view}").text
        for view in ("desktop", "phone", "dark", "text", "sms", "inapp")
    }
    assert looks["desktop"] == looks["phone"]
    assert "You receive this because you are a customer" in looks["desktop"]
    token = re.search(r"/preferences/([\w.-]+)", looks["desktop"])
    assert token is not None
    assert browser().get(f"/preferences/{token[1]}").status_code == 404
    assert "@media all" in looks["dark"]
    assert "<pre>" in looks["text"]
    assert "-- \n" in unescape(looks["text"])
    assert "Robin Agent" in looks["inapp"]
    assert visitor.get(f"/messages/{office.orders}/preview?view=nonsense").status_code == 422


@pytest.mark.databases("sqlite")
def test_a_letter_is_shown_as_a_page_or_the_page_says_why_not(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """Without an address there is none; with one it is the picture of its first sheet."""
    visitor = browser("agent")
    assert "No postal address is known" in visitor.get(f"/messages/{office.orders}/preview?view=letter").text
    with db.writing() as session:
        ada = session.get_one(Message, office.orders).customer_id
        session.add(ContactPoint(customer_id=ada, channel="letter", address="1 Mill Lane; Ely CB7 4AA"))
    answer = visitor.get(f"/messages/{office.orders}/preview?view=letter")
    assert (answer.headers["content-type"], answer.content[:4]) == ("image/png", b"\x89PNG")


def test_what_was_written_is_compared_and_can_be_put_back(browser: NewBrowser, office: Office, db: Database) -> None:
    """Word by word against the first draft; an earlier wording comes into the editor, not into the database."""
    visitor = browser("agent")
    first = form_of(page_of(visitor, office.orders))["text.email.body"]
    press(visitor, office.orders, **{"text.email.body": "Dear Ada,\n\nten orders, ten thanks.\n\n[[ signature ]]"})
    page = page_of(visitor, office.orders)
    changed = page.partition('id="changed-heading"')[2].partition("</section>")[0]
    assert "<ins>" in changed
    assert "<del>" in changed
    restored = page_of(visitor, office.orders, "?restore=1")
    assert form_of(restored)["text.email.body"] == first
    assert "An earlier wording is in the editor" in restored
    assert stored(db, office.orders).number == 2


def test_what_they_got_and_answered_is_there_on_demand(browser: NewBrowser, office: Office, db: Database) -> None:
    """The subject, the day, the words, and what came back."""
    with db.writing() as session:
        sent = session.get_one(Message, office.sent)
        ada = session.get_one(Message, office.orders).customer_id
        sent.customer_id = ada
        reply = Reply(
            channel="email",
            provider_key="r1",
            customer_id=ada,
            message_id=sent.id,
            from_address="ada@example.com",
            text="That was kind of you.",
            received_at=NOW,
        )
        session.add(reply)
    read = text_of(page_of(browser("agent"), office.orders).partition('id="earlier-heading"')[2])
    assert "31 May 2026 · birthday" in read
    assert "June 3 is" in read
    assert "That was kind of you." in read


def test_what_happened_is_told(browser: NewBrowser, office: Office) -> None:
    """Who did what, in words."""
    visitor = browser("agent")
    press(visitor, office.orders, **{"text.email.subject": "Ten times thank you"})
    press(visitor, office.orders, "/approve")
    read = text_of(page_of(visitor, office.orders).partition('id="history-heading"')[2])
    assert "Robin Agent wrote a new wording" in read
    assert "Robin Agent approved it" in read


# what else can be done with it


def test_a_common_reason_is_one_press(browser: NewBrowser, office: Office, db: Database) -> None:
    """And stands on the message like words of one's own."""
    visitor = browser("agent")
    reason = unescape(re.findall(r'name="common" value="([^"]+)"', page_of(visitor, office.orders))[0])
    assert press(visitor, office.orders, "/skip", common=reason).status_code == 303
    assert stored(db, office.orders).reason == reason


def test_handing_over_keeps_what_was_written(browser: NewBrowser, office: Office, db: Database) -> None:
    """The colleague finds the words and the note."""
    to = person_id(db, "marketing")
    subject = {"text.email.subject": "Ten times thank you"}
    answer = press(browser("agent"), office.orders, "/hand-over", to=to, note="She wrote to you.", **subject)
    assert answer.headers["location"].endswith("?did=handed")
    read = text_of(page_of(browser("marketing"), office.orders))
    assert "A note for whoever writes this. She wrote to you." in read
    assert "Robin Marketing" in read
    assert stored(db, office.orders).number == 2


def test_without_a_note_nothing_is_handed_over_and_no_word_is_lost(browser: NewBrowser, office: Office) -> None:
    """The page comes back with everything on it."""
    subject = {"text.email.subject": "Ten times thank you"}
    answer = press(browser("agent"), office.orders, "/hand-over", to="team", note="", **subject)
    assert answer.status_code == 422
    assert 'value="Ten times thank you"' in answer.text


def test_a_flag_stops_it_until_marketing_has_answered(browser: NewBrowser, office: Office, db: Database) -> None:
    """Raised by an agent, answered on the page Flags, read by the agent on the message."""
    agent, marketing = browser("agent"), browser("marketing")
    assert press(agent, office.orders, "/flag", wrong=f"She dislikes {HOSTILE}", pause="true").status_code == 303
    page = page_of(agent, office.orders)
    assert "Robin Agent says that this feels wrong" in text_of(page)
    assert HOSTILE not in page
    assert press(agent, office.orders, "/approve").status_code == 422
    with db.reading() as session:
        flag, trigger = session.execute(select(Flag.id, Flag.trigger_id)).one()
        assert session.get_one(Trigger, trigger).state == "paused"
    assert 'name="outcome"' not in agent.get("/flags").text
    listed = marketing.get("/flags").text
    assert "1 message is stopped" in text_of(listed)
    silent = marketing.submit(f"/flags/{flag}", on="/flags", outcome="kept", words=" ")
    assert silent.status_code == 422
    answered = marketing.submit(f"/flags/{flag}", on="/flags", outcome="kept", words="We asked her.", resume="true")
    assert answered.headers["location"] == f"/flags#{flag}"
    assert "We asked her." in text_of(page_of(agent, office.orders))
    assert press(agent, office.orders, "/approve").status_code == 303
    with db.reading() as session:
        assert session.get_one(Trigger, trigger).state == "active"


def test_flags_says_until_when_and_when_it_is_over(browser: NewBrowser, office: Office, db: Database) -> None:
    """No choice is offered that nothing would come of; a word closes it."""
    press(browser("agent"), office.serious, "/flag", wrong="She wrote to us today")
    marketing = browser("marketing")
    waiting = text_of(marketing.get("/flags").text)
    assert "Without an answer it ends in 1 hour , on Mon 1 Jun 2026, 15:00, and does not go." in waiting
    with db.writing() as session:
        apply_deadlines(session, now=NOW + timedelta(hours=2))
        flag = session.scalars(select(Flag.id)).one()
    page = marketing.get("/flags").text
    assert "The message ended before it was answered, and did not go." in text_of(page)
    assert "Nothing is stopped. 1 more is over and wants a word to whoever stopped it." in text_of(page)
    assert 'type="radio"' not in page
    assert marketing.submit(f"/flags/{flag}", on="/flags", outcome="kept", words="fine").status_code == 422
    assert marketing.submit(f"/flags/{flag}", on="/flags", outcome="skipped", words="Too late.").status_code == 303
    assert "does not go" in text_of(marketing.get("/flags").text)


def test_an_agent_answers_no_flag(browser: NewBrowser, office: Office, db: Database) -> None:
    """That is marketing's."""
    agent = browser("agent")
    press(agent, office.orders, "/flag", wrong="It is not her style")
    with db.reading() as session:
        flag = session.scalars(select(Flag.id)).one()
    assert agent.submit(f"/flags/{flag}", on="/today", outcome="kept", words="fine").status_code == 403


def test_a_colleague_reads_it_for_somebody(browser: NewBrowser, office: Office, db: Database) -> None:
    """Asked by name, listed for them alone, answered with a remark that stands beside the text."""
    agent, other = browser("agent"), browser("admin")
    of = person_id(db, "admin")
    answer = press(agent, office.orders, "/second-read", of=of, question="Too familiar?")
    assert answer.headers["location"].endswith("?did=asked")
    assert "Too familiar?" in text_of(other.get("/second-reads").text)
    assert "Nobody waits for your word" in text_of(agent.get("/second-reads").text)
    assert press(other, office.orders, "/second-read/answer", word="change", remark="").status_code == 422
    press(other, office.orders, "/second-read/answer", word="change", remark="Shorter, please.")
    read = text_of(page_of(agent, office.orders).partition('id="said-heading"')[2])
    assert "Robin Admin would change something" in read
    assert "Shorter, please." in read


def test_with_four_eyes_the_second_lets_it_go(browser: NewBrowser, office: Office, db: Database) -> None:
    """The first approval is noted and leads on; another person's word releases it under the first one's name."""
    four_eyes(db, office.orders)
    agent, other = browser("agent"), browser("admin")
    first = press(agent, office.orders, "/approve", then="next")
    assert first.headers["location"].startswith(f"/messages/{office.serious}")
    assert stored(db, office.orders).state == "in_review"
    page = page_of(other, office.orders)
    assert "Robin Agent approved this. A second reader decides" in text_of(page)
    assert "Robin Agent, Loom &amp; Lantern" in other.get(f"/messages/{office.orders}/preview").text
    assert press(other, office.orders, "/second-read/answer", word="fine").status_code == 303
    assert (stored(db, office.orders).state, str(stored(db, office.orders).approved_by)) == (
        "approved",
        person_id(db, "agent"),
    )


def test_a_question_can_be_taken_back(browser: NewBrowser, office: Office, db: Database) -> None:
    """Nobody is asked any more."""
    agent = browser("agent")
    press(agent, office.orders, "/second-read", question="?")
    assert press(agent, office.orders, "/second-read/withdraw").status_code == 303
    with db.reading() as session:
        read = session.scalars(select(SecondRead)).one()
        assert (read.answer, read.answered_at is not None) == (None, True)


def test_a_test_goes_to_the_agent_and_counts_as_nothing(browser: NewBrowser, office: Office, db: Database) -> None:
    """Without mail it lies in the postbox, marked; what was not saved is in it and stays unsaved."""
    visitor = browser("agent")

    def deliveries() -> int | None:
        with db.reading() as session:
            return session.scalar(select(func.count()).select_from(Delivery))

    before = deliveries()
    subject = {"text.email.subject": "Ten times thank you"}
    answer = press(visitor, office.orders, "/test", **subject)
    assert answer.headers["location"].startswith("/postbox/")
    letter = visitor.get(answer.headers["location"])
    assert "[Test] Ten times thank you" in letter.text
    assert "agent@example.com" in letter.text
    assert deliveries() == before
    assert (stored(db, office.orders).number, stored(db, office.orders).state) == (1, "in_review")
    html = visitor.get(answer.headers["location"].partition("?")[0] + "/letter").text
    token = re.search(r"/preferences/([\w.-]+)", html)
    assert token is not None
    assert browser().get(f"/preferences/{token[1]}").status_code == 404


def test_too_many_tests_are_refused_in_words(browser: NewBrowser, office: Office) -> None:
    """The preview shows the same."""
    visitor = browser("agent")
    answers = [press(visitor, office.orders, "/test") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [422]
    assert "enough tests for now" in answers[-1].text


# what happened meanwhile is said


def test_an_approval_after_the_expiry_is_refused_in_words(browser: NewBrowser, office: Office, db: Database) -> None:
    """Late is worse than never; every word stays on the page."""
    visitor = browser("agent")
    opened = form_of(page_of(visitor, office.orders))
    with db.writing() as session:
        session.get_one(Message, office.orders).expires_at = NOW - timedelta(hours=1)
    late = visitor.post(f"/messages/{office.orders}/approve", data=opened | {"text.email.subject": "In time?"})
    assert late.status_code == 422
    assert "would come too late" in late.text
    assert 'value="In time?"' in late.text


def test_a_wish_after_the_approval_stops_it_and_is_shown(browser: NewBrowser, office: Office, db: Database) -> None:
    """The customer switches the occasion off; in the moment of sending it stays here, and the page says why."""
    visitor = browser("agent")
    press(visitor, office.orders, "/approve")
    message = stored(db, office.orders)
    with db.writing() as session:
        session.add(
            Preference(
                customer_id=message.customer_id, occasion=message.occasion, wanted=False, source="test", changed_at=NOW
            )
        )
    ending = Ending(db, now=message.send_at + timedelta(minutes=1))
    assert ending.send() == 0
    assert ending.calls == []
    assert "The customer does not want to hear about this occasion." in text_of(page_of(visitor, office.orders))


@pytest.mark.parametrize("button", ["", "/approve", "/skip", "/flag", "/hand-over", "/second-read"])
def test_a_customer_erased_while_the_page_was_open(
    browser: NewBrowser, office: Office, db: Database, button: str
) -> None:
    """Whatever was pressed: nothing is stored, nothing goes, and the page says what happened."""
    visitor = browser("agent")
    opened = form_of(page_of(visitor, office.orders))
    with db.writing() as session:
        erase(session, session.get_one(Message, office.orders).customer_id, now=NOW)
    fields = opened | {"text.email.subject": "Still here?", "reason": "x", "wrong": "x", "note": "x"}
    answer = visitor.post(f"/messages/{office.orders}{button}", data=fields)
    assert answer.status_code == 409
    assert "asked to be erased" in text_of(answer.text)
    assert stored(db, office.orders).state == "skipped"
    with db.reading() as session:
        texts = session.scalars(select(Revision.texts).where(Revision.message_id == office.orders)).all()
        assert all(text == {} for text in texts)
        assert session.scalars(select(Flag)).all() == []
    assert "The text is gone" in text_of(page_of(visitor, office.orders))


def test_who_comes_second_reads_what_the_first_decided(browser: NewBrowser, office: Office) -> None:
    """Skipped by whom and why, or approved by whom."""
    first, second = browser("agent"), browser("admin")
    opened = form_of(page_of(second, office.orders))
    press(first, office.orders, "/skip", reason="we spoke on the phone")
    answer = second.post(f"/messages/{office.orders}/approve", data=opened)
    assert answer.status_code == 409
    assert "left out by Robin Agent" in text_of(answer.text)
    opened = form_of(page_of(second, office.birthday))
    press(first, office.birthday, "/approve")
    answer = second.post(f"/messages/{office.birthday}/skip", data=opened | {"reason": "no"})
    assert "approved by Robin Agent" in text_of(answer.text)


def test_a_changed_fact_is_shown_with_what_it_was(browser: NewBrowser, office: Office, db: Database) -> None:
    """And the wording that was approved is offered again."""
    visitor = browser("agent")
    press(visitor, office.orders, "/approve")
    with db.writing() as session:
        customer = session.get_one(Customer, session.get_one(Message, office.orders).customer_id)
        customer.first_name = "Ida"
        session.flush()
        bring_back_changed(session, now=NOW)
        write(session)
    page = page_of(visitor, office.orders)
    read = text_of(page)
    assert "It came back: facts have changed since Robin Agent approved it." in read
    assert "First name: Ada → Ida" in read
    (number,) = re.findall(r"restore=(\d+)#editor\">Put the approved", page)
    assert "Ada" in form_of(page_of(visitor, office.orders, f"?restore={number}"))["text.email.body"]


def test_what_came_up_since_planning_is_said_before_the_approval(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """Somebody noted that now is not a good time: planning has not looked again yet, and the page tells it already."""
    agent = browser("agent")
    assert "left alone" not in text_of(agent.get(f"/messages/{office.orders}").text)
    with db.writing() as session:
        customer_id = session.get_one(Message, office.orders).customer_id
        until = NOW + timedelta(days=14)
        session.add(Note(customer_id=customer_id, kind="not_now", text="moving", created_at=NOW, expires_at=until))
    assert "left alone" in text_of(agent.get(f"/messages/{office.orders}").text)


def test_who_hands_a_draft_over_does_not_take_it_again(browser: NewBrowser, office: Office) -> None:
    """The page they come back to would take it by itself, as it does for whoever opens it."""
    agent = browser("agent")
    assert "data-take-on-open" in agent.get(f"/messages/{office.orders}").text
    answer = press(agent, office.orders, "/hand-over", to="team", note="I am off for the day.")
    assert "data-take-on-open" not in agent.get(answer.headers["location"]).text


def told_by_a_ticket(session: Session, message_id: UUID) -> None:
    """Its problem as another system told it: opened and solved, without a word of what was done."""
    of_message = select(Problem).join(Moment, Moment.problem_id == Problem.id).join(MessageMoment)
    problem = session.scalars(of_message.where(MessageMoment.message_id == message_id)).one()
    customer, problem.key = session.get_one(Customer, problem.customer_id), "ticket:77"
    opened = {"ticket_id": "77", "type": "problem", "what_happened": problem.what_happened, "owner": "Tom"}
    for name, days, said in (("ticket_opened", 6, opened), ("ticket_resolved", 4, {"ticket_id": "77"})):
        at = NOW - timedelta(days=days)
        make_event(session, customer, name, subject="ticket:77", properties=said, occurred_at=at)
    problem.last_event_at = at
    session.flush()


def test_a_question_is_answered_where_it_is_asked(browser: NewBrowser, office: Office, db: Database) -> None:
    """The words go to the problem as an event under one's name, and the draft is written with them."""
    with db.writing() as session:
        told_by_a_ticket(session, office.question)
    agent = browser("agent")
    page = page_of(agent, office.question)
    assert "What did we do about it?" in page
    assert "what_we_did" not in text_of(page)
    given = dict(re.findall(r'name="(key|known_at)" value="([^"]+)"', page))
    empty = agent.submit(f"/messages/{office.question}/answer", on="/today", **given, what_we_did=" ")
    assert empty.status_code == 422
    assert "Nothing new was written" in text_of(empty.text)
    words = "we sent the missing parcel by courier"
    kept = agent.submit(f"/messages/{office.question}/answer", on="/today", **given, what_we_did=words)
    assert kept.headers["location"] == f"/messages/{office.question}?did=known"
    waits = text_of(agent.get(kept.headers["location"]).text)
    assert "All that it asked for is known now." in waits
    with db.writing() as session:
        assert session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "add_to_problem")).all() == [
            "Robin Agent"
        ]
        write(session)
    assert stored(db, office.question).state == "in_review"
    assert words in unescape(page_of(agent, office.question))


def test_what_became_known_meanwhile_is_not_written_over(browser: NewBrowser, office: Office, db: Database) -> None:
    """Who comes second is told, and their words stand in the field."""
    agent = browser("agent")
    given = {"key": str(office.orders), "known_at": "2026-01-01T00:00:00+00:00", "what_we_did": "we called her"}
    late = agent.submit(f"/messages/{office.question}/answer", on="/today", **given)
    assert late.status_code == 409
    assert ">we called her</textarea>" in late.text


def test_a_message_that_asks_nothing_takes_no_answer(browser: NewBrowser, office: Office) -> None:
    """There is no problem behind an order milestone."""
    given = {"key": str(office.orders), "known_at": NOW.isoformat(), "what_we_did": "we called her"}
    assert browser("agent").submit(f"/messages/{office.orders}/answer", on="/today", **given).status_code == 404
