"""What an unhappy reply sets off: a problem, once, which holds what was planned; and what people say of it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.errors import Conflict, InvalidInput
from engine.listen.complaining import open_problems, say_complaint, say_no_complaint, solve
from engine.listen.letters import take_mail
from engine.plan.holds import holds_of
from engine.record.checking import EventRow
from engine.record.complaints import Solution
from engine.record.events import record_events
from engine.storage.models import AuditEntry, Customer, Delivery, Event, Message, Moment, Problem, Reply
from engine.storage.session import Database
from tests.engine.answer.answers import agent
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger
from tests.engine.listen.heard import submitted
from tests.engine.listen.letters import LINKS, letter, reply_address
from tests.engine.send.approved import Ending, approve

ANGRY = "I am really disappointed.\n\nOn Mon, 1 Jun 2026, Kim wrote:\n> Happy birthday"


def none(_: Session) -> Sequence[ActiveTrigger]:
    return []


def wrote(session: Session, text: str = ANGRY, **headers: str) -> Reply:
    """Ada wrote back to Kim's birthday message."""
    ada = make_customer(session, last_name="Marlowe")
    delivery = submitted(session, ada, approved_by=agent(session).id)
    take_mail(session, letter(reply_address(delivery.message_id), text, **headers), links=LINKS, now=NOW)
    return session.scalars(select(Reply)).one()


def heard(session: Session, text: str = ANGRY, **headers: str) -> Reply:
    """The same, and a worker has been there."""
    reply = wrote(session, text, **headers)
    open_problems(session, none, now=NOW)
    session.expire_all()
    return reply


def problem(session: Session) -> Problem | None:
    return session.scalars(select(Problem).execution_options(populate_existing=True)).one_or_none()


def held(session: Session, reply: Reply) -> bool:
    """Whether a celebration of hers would wait."""
    customer = session.get_one(Customer, reply.customer_id)
    moment = make_moment(session, customer, make_trigger(session))
    found = holds_of(session, [moment.id], now=NOW)
    return "open_problem" in {hold.name for hold in found.get(moment.id, ())}


def test_an_unhappy_reply_opens_a_problem_once(session: Session) -> None:
    """Of its author, without a word of the customer's, and as an event like any other."""
    reply = heard(session)
    assert open_problems(session, none, now=NOW) == 0
    found = problem(session)
    assert found is not None
    assert (reply.negative, reply.problem_id) == (True, found.id)
    assert (found.category, found.severity, found.state, found.owner) == ("reply", "minor", "open", "Kim")
    assert found.what_happened == "They wrote back unhappily to our message of 1 June 2026 (birthday)"
    assert session.scalars(select(Event.message_id)).all() == [f"reply:{reply.id}"]
    assert session.scalars(select(AuditEntry.action)).all() == ["hear_complaint"]
    assert held(session, reply)


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("Thank you so much!\n\n> I am disappointed", {}),
        ("unsubscribe", {}),
        (ANGRY, {"auto_submitted": "auto-replied"}),
    ],
    ids=["quoted", "objection", "robot"],
)
def test_what_is_no_complaint(session: Session, text: str, headers: dict[str, str]) -> None:
    """What they quote, an objection, and what a program wrote."""
    assert heard(session, text, **headers).negative is False
    assert problem(session) is None


def test_what_a_test_address_says_is_none(session: Session) -> None:
    """In redirect mode the team writes, not the customer."""
    delivery = submitted(session, redirected=True)
    raw = letter(reply_address(delivery.message_id), ANGRY, **{"from": "test@example.com"})
    take_mail(session, raw, links=LINKS, now=NOW)
    assert open_problems(session, none, now=NOW) == 0


def test_a_stranger_has_no_problem(session: Session) -> None:
    """Nobody is known whose it could be."""
    take_mail(session, letter("hello@example.com", ANGRY, **{"from": "x@example.net"}), links=LINKS, now=NOW)
    reply = session.scalars(select(Reply)).one()
    assert (reply.negative, open_problems(session, none, now=NOW)) == (False, 0)
    with pytest.raises(InvalidInput):
        say_complaint(session, reply.id, category="", severity="minor", person=agent(session), triggers=[], now=NOW)


def test_a_person_says_that_it_is_none(session: Session) -> None:
    """The event is taken back, nothing is held any more, and no sweep opens it again."""
    reply = heard(session)
    say_no_complaint(session, reply.id, person=agent(session), triggers=[], now=NOW)
    session.expire_all()
    assert (reply.negative, reply.problem_id, problem(session)) == (False, None, None)
    assert not held(session, reply)
    assert open_problems(session, none, now=NOW) == 0
    assert "say_no_complaint" in session.scalars(select(AuditEntry.action)).all()
    with pytest.raises(Conflict):
        say_no_complaint(session, reply.id, person=agent(session), triggers=[], now=NOW)


def test_a_person_hears_one_that_was_missed(session: Session) -> None:
    """With what it is about and how bad it is; also where somebody said before that it is none."""
    reply = heard(session)
    kim = agent(session)
    say_no_complaint(session, reply.id, person=kim, triggers=[], now=NOW)
    later = NOW + timedelta(minutes=1)
    say_complaint(session, reply.id, category=" Delivery ", severity="serious", person=kim, triggers=[], now=later)
    session.expire_all()
    found = problem(session)
    assert found is not None
    assert (found.category, found.severity, found.state) == ("delivery", "serious", "open")
    assert reply.problem_id == found.id
    with pytest.raises(Conflict):
        say_complaint(session, reply.id, category="", severity="minor", person=kim, triggers=[], now=later)
    say_no_complaint(session, reply.id, person=kim, triggers=[], now=later + timedelta(minutes=1))
    assert problem(session) is None


def test_it_is_solved_in_words_they_may_read(session: Session) -> None:
    """Then the problem settles as any other, and stays on record as a complaint."""
    reply, kim = heard(session), agent(session)
    with pytest.raises(InvalidInput):
        solve(session, reply.id, Solution("the lamp was broken", " "), person=kim, triggers=[], now=NOW)
    later = NOW + timedelta(hours=1)
    told = Solution("the lamp was broken", "we sent a new one", "it comes on Friday")
    solve(session, reply.id, told, person=kim, triggers=[], now=later)
    session.expire_all()
    found = problem(session)
    assert found is not None
    assert (found.state, found.resolved_at) == ("resolved", later)
    assert (found.what_happened, found.what_we_did) == ("the lamp was broken", "we sent a new one")
    with pytest.raises(Conflict):
        say_no_complaint(session, reply.id, person=kim, triggers=[], now=later)


def test_what_was_approved_does_not_go_any_more(db: Database) -> None:
    """The second check sees the open problem in the commit that would hand it over."""
    with db.writing() as session:
        reply = wrote(session)
        ada = session.get_one(Customer, reply.customer_id)
        tomorrow = NOW + timedelta(days=1)
        message = approve(session, ada, send_on=tomorrow.date())
        message_id = message.id
    ending = Ending(db)
    claims = ending.claim()
    assert [one.message_id for one in claims] == [message_id]
    with db.writing() as session:
        assert open_problems(session, none, now=NOW) == 1
    assert ending.submit(claims) == 0
    assert ending.calls == []
    with db.reading() as session:
        wanted = select(Delivery.reason).where(Delivery.message_id == message_id)
        assert session.scalars(wanted).all() == ["held:open_problem"]
        assert session.get_one(Message, message_id).state == "approved"
        assert session.scalars(select(Moment.state).where(Moment.state == "spotted")).all() == []


def test_a_problem_that_is_retracted_from_outside_leaves_the_reply_alone(session: Session) -> None:
    """Whoever takes the event back, by a file or by a program: then it is no complaint."""
    reply = heard(session)
    customer = session.get_one(Customer, reply.customer_id).external_id
    row = EventRow("r1", customer, "event_retracted", NOW, {"message_id": f"reply:{reply.id}"})
    record_events(session, [row], triggers=[], now=NOW, source="test")
    session.expire_all()
    assert (problem(session), reply.negative, reply.problem_id) == (None, False, None)
