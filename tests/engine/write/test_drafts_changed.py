"""Facts that change after the draft was written bring it back, with the change shown."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer
from engine.review.decisions import approve, edit
from engine.review.page import one
from engine.storage.models import AuditEntry, Customer, Delivery, Message, Person, Problem, Revision
from engine.write.changes import Change, bring_back_changed, changes_of
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.write.desk import birthday, body, latest, seed, solved, write

LATER = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


@pytest.fixture
def ada(session: Session) -> Person:
    new = NewPerson("ada@shop.example", "Ada Agent", "agent", "a long password")
    return create_person(session, new, now=NOW, doer=Doer("test"))


def shown(session: Session) -> object:
    """What the audit says about changed facts."""
    session.expire_all()
    return session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "facts_changed")).all()


def rename(session: Session, name: str) -> None:
    session.scalars(select(Customer)).one().first_name = name
    session.flush()


def test_while_nothing_changes_nothing_comes_back(session: Session) -> None:
    """Also where company and team are told by the settings of the day."""
    message = birthday(session)
    write(session)
    assert bring_back_changed(session, now=LATER) == 0
    session.expire_all()
    assert message.state == "in_review"


@pytest.mark.parametrize("approved", [False, True])
def test_a_changed_fact_has_the_draft_written_again(session: Session, ada: Person, approved: bool) -> None:
    """Old and new are shown; an approval does not outlive what it approved."""
    message = birthday(session, make_customer(session, first_name="Ada"))
    write(session)
    if approved:
        approve(session, message.id, version=message.version, person=ada, now=NOW)
    rename(session, "Ida")
    assert bring_back_changed(session, now=LATER) == 1
    assert shown(session) == [{"facts": {"customer.first_name": {"old": "Ada", "new": "Ida"}}}]
    assert (message.state, message.approved_at, message.approved_by) == ("draft", None, None)
    write(session, now=LATER)
    assert message.state == "in_review"
    assert "Ida" in body(session, message)
    assert bring_back_changed(session, now=LATER) == 0


def test_what_became_unknown_stops_the_draft(session: Session) -> None:
    """A name that was taken out of the record is not said from memory."""
    message = birthday(session)
    write(session)
    rename(session, "")
    bring_back_changed(session, now=LATER)
    write(session, now=LATER)
    session.expire_all()
    assert message.state == "draft"


def test_an_edited_text_stays_as_it_is_and_shows_the_change(session: Session, ada: Person) -> None:
    """Nobody's words are thrown away: they wait for their reader with the facts of today, once."""
    message = birthday(session)
    write(session)
    mine = {"email": {"subject": "For Ada", "body": "Ada, February 14 is your day.\n\n[[ signature ]]"}}
    edit(session, message.id, mine, version=message.version, person=ada, now=NOW)
    rename(session, "Ida")
    assert bring_back_changed(session, now=LATER) == 1
    assert bring_back_changed(session, now=LATER) == 0
    revision = latest(session, message)
    assert (message.state, revision.number, revision.author_id) == ("in_review", 3, ada.id)
    assert revision.texts["email"] == mine["email"]
    assert revision.facts["customer.first_name"]["value"] == "Ida"
    assert shown(session) == [{"facts": {"customer.first_name": {"old": "Ada", "new": "Ida"}}}]


def test_an_edited_and_approved_text_returns_unsigned(session: Session, ada: Person) -> None:
    """It can be read, changed and approved again."""
    message = birthday(session)
    write(session)
    mine = {"email": {"subject": "For Ada", "body": "Ada, February 14 is your day.\n\n[[ signature ]]"}}
    edit(session, message.id, mine, version=message.version, person=ada, now=NOW)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    rename(session, "Ida")
    assert bring_back_changed(session, now=LATER) == 1
    assert message.state == "in_review"
    assert body(session, message) == mine["email"]["body"]


def test_a_fact_that_the_text_does_not_use_disturbs_nobody(session: Session) -> None:
    """The ticket has another owner now; the text never named one."""
    message = solved(session)
    write(session)
    session.scalars(select(Problem)).one().owner = "Kim"
    assert bring_back_changed(session, now=LATER) == 0
    session.expire_all()
    assert message.state == "in_review"


def test_what_was_done_about_a_problem_may_change(session: Session) -> None:
    """The record at the time of writing is not the last word."""
    message = solved(session)
    write(session)
    session.scalars(select(Problem)).one().what_we_did = "we sent two shades"
    session.flush()
    assert changes_of(session, [message.id]) == {
        message.id: [Change("what_we_did", "we sent the shade by courier", "we sent two shades")]
    }


def test_what_a_worker_holds_is_left_to_the_check_before_sending(session: Session, ada: Person) -> None:
    """A claimed message does not change under the worker's hands."""
    message = birthday(session)
    write(session)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    claim = Delivery(
        message_id=message.id,
        channel="postbox",
        address="",
        state="claimed",
        fence=1,
        worker="w",
        lease_until=LATER,
        claimed_at=NOW,
    )
    session.add(claim)
    rename(session, "Ida")
    assert bring_back_changed(session, now=LATER) == 0
    session.expire_all()
    assert message.state == "approved"


def test_a_text_that_comes_back_after_its_deadline_is_not_dropped_as_unread(session: Session, ada: Person) -> None:
    """It was read in time; there is time again until it is sent."""
    message = birthday(session, deadline_at=NOW + timedelta(hours=1))
    write(session)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    rename(session, "Ida")
    bring_back_changed(session, now=LATER)
    session.expire_all()
    assert message.deadline_at == message.send_at > LATER


def test_all_that_waits_is_looked_at_piece_by_piece(session: Session) -> None:
    """The pieces are of `limit` messages; none is left out."""
    trigger = make_trigger(session)
    customers = [make_customer(session, first_name="Ada") for _ in range(5)]
    for customer in customers:
        birthday(session, customer, trigger)
    write(session)
    for customer in customers:
        customer.first_name = "Ida"
    session.flush()
    assert bring_back_changed(session, now=LATER, limit=2) == 5
    session.expire_all()
    assert set(session.scalars(select(Message.state))) == {"draft"}
    assert len(session.scalars(select(Revision)).all()) == 5


def test_the_change_stands_on_the_message_until_somebody_approves(session: Session, ada: Person) -> None:
    """Over several changes as well: what was, as its reader knew it, and what is."""
    message = birthday(session, make_customer(session, first_name="Ada"))
    write(session)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    for name in ("Ida", "Eda"):
        rename(session, name)
        bring_back_changed(session, now=LATER)
        write(session, now=LATER)
    session.expire_all()
    assert message.facts_changed == {"customer.first_name": {"was": "Ada", "is": "Eda"}}
    view = one(session, message.id, now=LATER, person=ada)
    assert [(change.name, change.was, change.now) for change in view.changes] == [("customer.first_name", "Ada", "Eda")]
    approve(session, message.id, version=message.version, person=ada, now=LATER)
    session.expire_all()
    assert message.facts_changed is None


def test_what_changed_back_did_not_change(session: Session) -> None:
    """A slip that was mended is no news."""
    message = birthday(session, make_customer(session, first_name="Ada"))
    write(session)
    for name in ("Ida", "Ada"):
        rename(session, name)
        bring_back_changed(session, now=LATER)
        write(session, now=LATER)
    session.expire_all()
    assert message.facts_changed is None


def test_an_approved_wording_is_offered_again(session: Session, ada: Person) -> None:
    """It came back and was written anew; the text that a person had approved is not lost, and holds its marks."""
    message = birthday(session, make_customer(session, first_name="Ada"))
    write(session)
    first = body(session, message)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    rename(session, "Ida")
    bring_back_changed(session, now=LATER)
    write(session, now=LATER)
    session.expire_all()
    offered = one(session, message.id, now=LATER, person=ada).approved_before
    assert offered is not None
    assert (offered.author, offered.texts["email"]["body"]) == ("Ada Agent", first)
