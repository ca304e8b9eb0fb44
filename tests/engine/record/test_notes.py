"""Front-line notes: kept once, held while they are in force, never a fact, and taken back by who wrote them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.definitions.store import active_triggers
from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.ids import new_id
from engine.plan.holds import holds_of
from engine.record.erasing import erase
from engine.record.notes import NewNote, leave_note, may_read, notes_for_writing, withdraw_note
from engine.record.readings import add_reading
from engine.storage.models import AuditEntry, Customer, Event, Message, Moment, Note, Person, Problem, Revision
from engine.write.facts import facts_of
from engine.write.material import gather
from tests.engine.builders import NOW, make_customer, make_event, make_message, make_moment, make_trigger
from tests.engine.write.desk import seed, write
from triggers.table import KINDS

DAY = timedelta(days=1)


@pytest.fixture
def robin(session: Session) -> Person:
    return hire(session, "agent")


def hire(session: Session, role: str) -> Person:
    person = Person(email=f"{new_id()}@example.org", name=f"Robin {role}", role=role, password_hash="x", created_at=NOW)
    session.add(person)
    session.flush()
    return person


def leave(session: Session, customer: Customer, author: Person, kind: str = "complaint", **fields: Any) -> Note:
    values: dict[str, Any] = {"id": new_id(), "customer_id": customer.id, "kind": kind, "text": "so it is"}
    triggers = active_triggers(session, KINDS, include_paused=True)
    return leave_note(session, NewNote(**values | fields), author=author, triggers=triggers, now=fields.pop("now", NOW))


def held(session: Session, moment: Moment, days: int = 0) -> set[str]:
    return {hold.name for hold in holds_of(session, [moment.id], now=NOW + days * DAY).get(moment.id, ())}


@pytest.mark.parametrize(("kind", "days", "ends"), [("life_event", None, 30), ("not_now", None, 14), ("not_now", 3, 3)])
def test_it_holds_for_its_days_and_no_longer(
    session: Session, robin: Person, kind: str, days: int | None, ends: int
) -> None:
    """Thirty days for a life event and fourteen for a bad time, unless its author says otherwise."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session))
    assert leave(session, customer, robin, kind, days=days).expires_at == NOW + ends * DAY
    assert held(session, moment) == {kind}
    assert held(session, moment, ends - 1) == {kind}
    assert held(session, moment, ends) == set()


@pytest.mark.parametrize("kind", ["complaint", "compliment", "other"])
def test_the_other_kinds_hold_nothing_and_do_not_end(session: Session, robin: Person, kind: str) -> None:
    """A number of days that came along is let be."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session))
    assert leave(session, customer, robin, kind, days=9).expires_at is None
    assert held(session, moment) == set()


def test_a_note_is_looked_at_at_once(session: Session, robin: Person) -> None:
    """What was spotted and waits for its next look is planned anew now, when it begins and when it is taken back."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), check_at=NOW + DAY)
    note = leave(session, customer, robin, "life_event")
    session.refresh(moment)
    assert moment.check_at == NOW
    moment.check_at = NOW + DAY
    session.flush()
    withdraw_note(session, note.id, person=robin, now=NOW)
    session.refresh(moment)
    assert moment.check_at == NOW


@pytest.mark.parametrize("kind", ["life_event", "not_now"])
def test_a_withdrawn_note_holds_no_more(session: Session, robin: Person, kind: str) -> None:
    """Another one in force goes on holding."""
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session))
    first, second = leave(session, customer, robin, kind, days=9), leave(session, customer, robin, kind, days=5)
    withdraw_note(session, first.id, person=robin, now=NOW)
    (hold,) = holds_of(session, [moment.id], now=NOW)[moment.id]
    assert (hold.name, hold.until) == (kind, NOW + 5 * DAY)
    withdraw_note(session, second.id, person=robin, now=NOW)
    assert held(session, moment) == set()


def test_only_its_author_or_an_admin_takes_it_back(session: Session, robin: Person) -> None:
    """Everybody else is told so, nothing changes, and the audit trail says who did."""
    customer = make_customer(session)
    note = leave(session, customer, robin)
    with pytest.raises(NotAllowed):
        withdraw_note(session, note.id, person=hire(session, "marketing"), now=NOW)
    assert note.withdrawn_at is None
    admin = hire(session, "admin")
    withdraw_note(session, note.id, person=admin, now=NOW + DAY)
    withdraw_note(session, note.id, person=robin, now=NOW + 2 * DAY)
    assert (note.withdrawn_at, note.withdrawn_by) == (NOW + DAY, admin.id)
    actions = session.execute(select(AuditEntry.action, AuditEntry.person_id).order_by(AuditEntry.id)).all()
    assert actions == [("leave_note", robin.id), ("withdraw_note", admin.id)]


def test_sending_the_form_twice_leaves_one_note_and_one_problem(session: Session, robin: Person) -> None:
    """A thumb that was too fast: the second answer is the first note."""
    customer, key = make_customer(session), new_id()
    notes = [leave(session, customer, robin, id=key, opens_problem=True) for _ in range(2)]
    assert notes[0] is notes[1]
    for model in (Note, Event, Problem):
        assert session.scalar(select(func.count()).select_from(model)) == 1
    with pytest.raises(InvalidInput, match="another note"):
        leave(session, make_customer(session), robin, id=key)


def test_a_complaint_opens_a_problem_by_an_event(session: Session, robin: Person) -> None:
    """With its category, its author as the source, and none of its words: they would be a fact that may be said."""
    customer = make_customer(session)
    note = leave(session, customer, robin, text="He shouted", category="delivery", opens_problem=True)
    problem = session.scalars(select(Problem)).one()
    assert (problem.state, problem.category, problem.what_happened) == ("open", "delivery", None)
    event = session.scalars(select(Event)).one()
    assert (event.message_id, event.source) == (f"note:{note.id}", "note by Robin agent")
    assert "shouted" not in str(event.properties)


@pytest.mark.parametrize("kind", ["compliment", "life_event", "not_now", "other"])
def test_no_other_kind_opens_a_problem(session: Session, robin: Person, kind: str) -> None:
    """Whatever the form says, and no category or occasion is kept for it."""
    note = leave(
        session, make_customer(session), robin, kind, opens_problem=True, category="delivery", occasion="birthday"
    )
    assert session.scalar(select(func.count()).select_from(Problem)) == 0
    assert (note.category, note.occasion) == (None, None)


def test_a_category_of_nobodys_list_is_not_kept(session: Session, robin: Person) -> None:
    """Categories are told in a mail, so they may hold no customer's words."""
    assert leave(session, make_customer(session), robin, category="Zenobia's parcel").category is None


@pytest.mark.parametrize(
    "fields",
    [{"text": "  "}, {"text": "x" * 2_001}, {"kind": "life_event", "days": 0}, {"kind": "not_now", "days": 181}],
)
def test_what_cannot_be_kept_is_refused(session: Session, robin: Person, fields: dict[str, Any]) -> None:
    """With a sentence that says what would do."""
    with pytest.raises(InvalidInput):
        leave(session, make_customer(session), robin, **fields)


def test_nothing_is_kept_of_who_was_erased(session: Session, robin: Person) -> None:
    """Also where the page was open while it happened."""
    customer = make_customer(session)
    erase(session, customer.id, now=NOW)
    with pytest.raises(NotFound):
        leave(session, customer, robin)


def test_who_writes_sees_what_may_help_and_no_life_event(session: Session, robin: Person) -> None:
    """Complaints, compliments and the rest of the last year, the newest first, with who says so."""
    customer = make_customer(session)
    for kind in ("life_event", "not_now"):
        leave(session, customer, robin, kind, text="a secret")
    withdraw_note(session, leave(session, customer, robin, text="taken back").id, person=robin, now=NOW)
    for days, text in ((400, "old"), (2, "two days ago"), (1, "yesterday")):
        leave(session, customer, robin, "compliment", text=text).created_at = NOW - days * DAY
    session.flush()
    found = notes_for_writing(session, customer.id, NOW)
    assert [(note.kind, note.text, note.author) for note in found] == [
        ("compliment", "yesterday", "Robin agent"),
        ("compliment", "two days ago", "Robin agent"),
    ]


@pytest.mark.parametrize(("role", "reads"), [("viewer", False), ("agent", True), ("marketing", False), ("admin", True)])
def test_a_life_event_is_for_agents(session: Session, role: str, reads: bool) -> None:
    """Design section 8: agents only; an admin looks after the notes. Its author may take it back."""
    person = hire(session, role)
    assert may_read("life_event", None, person) is reads
    assert may_read("life_event", person.id, person)
    assert may_read("complaint", None, person)


def test_nobody_takes_back_a_life_event_they_may_not_see(session: Session, robin: Person) -> None:
    """It is not even said that there is one."""
    note = leave(session, make_customer(session), robin, "life_event")
    with pytest.raises(NotFound):
        withdraw_note(session, note.id, person=hire(session, "marketing"), now=NOW)


@pytest.fixture
def marked(session: Session, robin: Person) -> Message:
    """A draft written for a customer about whom much was noted and read into."""
    seed(session)
    customer = make_customer(session)
    make_event(session, customer, "order_completed")
    for kind in ("complaint", "compliment", "other"):
        leave(session, customer, robin, kind, text="XENOPHANES")
    for quadrant in ("thinks", "feels"):
        add_reading(session, customer.id, quadrant, "XENOPHANES", author=robin, now=NOW)
    facts = {"month": {"value": 6, "source": "birthday"}, "day": {"value": 3, "source": "birthday"}}
    message = make_message(session, make_moment(session, customer, make_trigger(session), facts=facts), write_at=NOW)
    return message


def test_no_fact_and_no_text_comes_from_a_note_or_a_reading(session: Session, marked: Message) -> None:
    """What is offered to the agent beside the draft stays beside it."""
    write(session)
    session.refresh(marked)
    assert marked.state == "in_review"
    facts = facts_of(gather(session, [marked])[marked.id], company="Loom", team="the team")
    assert "XENOPHANES" not in str(facts)
    stored = session.execute(select(Revision.texts, Revision.facts, Revision.findings)).all()
    assert len(stored) == 1
    assert "XENOPHANES" not in str(stored)
    assert "XENOPHANES" not in str(session.scalars(select(Moment.facts)).all())
