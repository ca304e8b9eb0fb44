"""Drafts get owners: when they are written, when somebody is away, and by hand."""

from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.kinds import FoldEvent
from engine.record.problem_states import fold_problem
from engine.review.assigning import assign, move_from_absent
from engine.review.decisions import approve
from engine.review.queue import queue
from engine.storage.models import Message, Person
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.review.desk import audited, person, written
from tests.engine.write.desk import birthday, fact, message_of, seed, solved, write

LATER = NOW + timedelta(days=2)


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


def somebody(session: Session, name: str, role: str = "agent", **fields: object) -> Person:
    one = person(session, name, role)
    for field, value in fields.items():
        setattr(one, field, value)
    session.flush()
    return one


def owner(session: Session, message: Message) -> tuple[object, str | None]:
    session.refresh(message)
    return message.owner_id, message.owner_reason


def test_a_recovery_is_written_for_whoever_solved_it(session: Session) -> None:
    """The other system calls them by another name; the row says why it is theirs."""
    tom, _ = somebody(session, "Thomas Tremblay", ticket_names=["TOM"]), somebody(session, "Kim Lee")
    message = written(session, solved(session))
    assert owner(session, message) == (tom.id, "solved")
    [item] = queue(session, now=NOW, person_id=tom.id)
    assert (item.owner_name, item.owner_why) == (
        "Thomas Tremblay",
        "Yours: you solved the problem it is about.",
    )


def test_a_complaint_about_them_goes_to_another(session: Session) -> None:
    """What the event says it is about decides."""
    somebody(session, "Tom"), (kim := somebody(session, "Kim Lee"))
    message = written(session, solved(session, problem={"about": "tom"}))
    assert owner(session, message) == (kim.id, "fits")


def test_whom_a_complaint_is_about_comes_with_its_events() -> None:
    """The fold keeps it, and silence does not take it away."""
    about = {"ticket_id": "1", "type": "complaint", "about": "Tom"}
    opened = FoldEvent(message_id="m1", name="ticket_opened", occurred_at=NOW, occurred_on=NOW.date(), properties=about)
    silent = {"ticket_id": "1"}
    later = FoldEvent(
        message_id="m2", name="ticket_updated", occurred_at=LATER, occurred_on=LATER.date(), properties=silent
    )
    problem = fold_problem([opened, later])
    assert problem is not None
    assert problem.about == "Tom"


def test_a_question_is_asked_of_somebody_too(session: Session) -> None:
    """Whoever solved the problem knows what was done."""
    tom = somebody(session, "Tom")
    message = written(session, solved(session, problem={"what_we_did": None}))
    assert message.state == "draft"
    assert owner(session, message) == (tom.id, "solved")


def test_skill_and_language_decide_for_the_rest(session: Session) -> None:
    """A skilled German speaker gets what a German reader waits for, not who has less to do."""
    somebody(session, "Idle English", locales=["en"], skills=["cake"])
    baker = somebody(session, "Busy Baker", locales=["de-AT"], skills=["cake"])
    trigger = make_trigger(session, review={"skill": "cake"})
    facts = {"month": fact(2, "birthday", sayable=False), "day": fact(14, "birthday", sayable=False)}
    messages = [message_of(session, trigger, facts, make_customer(session, locale="de-DE")) for _ in range(2)]
    write(session)
    assert [owner(session, one) for one in messages] == [(baker.id, "fits")] * 2


def test_drafts_of_one_batch_are_shared_out(session: Session) -> None:
    """Each goes to who has the fewest, those of the batch counted."""
    people = {somebody(session, name).id for name in ("Kim", "Lee")}
    messages = [birthday(session) for _ in range(4)]
    write(session)
    owners = [owner(session, message)[0] for message in messages]
    assert {one: owners.count(one) for one in people} == dict.fromkeys(people, 2)


def test_where_nobody_fits_it_is_everybodys_and_says_why(session: Session) -> None:
    """A viewer writes nothing, who is away or takes a breather is not there."""
    somebody(session, "Vera Viewer", "viewer"), somebody(session, "Amy Away", away_until=LATER)
    somebody(session, "Paul Pausing", paused_until=LATER), somebody(session, "Dora Disabled", active=False)
    message = written(session, birthday(session))
    assert owner(session, message) == (None, "nobody::en")
    [item] = queue(session, now=NOW)
    assert item.owner_why == "Nobody's yet: nobody who writes en was there when it was written."


@pytest.mark.parametrize("many", [1, 7])
def test_a_batch_costs_as_many_statements_however_large(session: Session, many: int) -> None:
    """What they are about, who is there, who has how many, and one update."""
    somebody(session, "Kim")
    absent = somebody(session, "Lee", away_until=LATER)
    for _ in range(many):
        message = written(session, birthday(session))
        message.owner_id = absent.id
    session.flush()
    seen: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert move_from_absent(session, now=NOW) == many
    assert len(seen) == 5


def test_who_goes_away_leaves_drafts_to_the_substitute(session: Session) -> None:
    """Those at which somebody writes stay until they are let go."""
    kim = somebody(session, "Kim")
    tom = somebody(session, "Tom")
    free, busy = written(session, solved(session)), written(session, solved(session))
    busy.taken_by, busy.taken_until = tom.id, NOW + timedelta(minutes=5)
    tom.away_until, tom.substitute_id = LATER, kim.id
    session.flush()
    assert move_from_absent(session, now=NOW) == 1
    assert owner(session, free) == (kim.id, "stands_in:Tom")
    assert owner(session, busy)[0] == tom.id


def test_somebody_hands_a_draft_over_with_a_note(session: Session) -> None:
    """Whoever gets it reads the note; it is audited, and no version is spent on it."""
    kim, lee = somebody(session, "Kim"), somebody(session, "Lee")
    message = written(session, birthday(session))
    version = message.version
    assign(session, message.id, to=lee.id, note=" You know\nher ", person=kim, now=NOW)
    session.refresh(message)
    assert (message.owner_id, message.owner_reason, message.owner_note) == (lee.id, "by_hand:Kim", "You know her")
    assert message.version == version
    assert ("Kim", "assign") in audited(session, message)


def test_what_was_given_to_the_team_stays_the_teams(session: Session) -> None:
    """The next round of writing gives it to nobody, though a question is tried again."""
    tom = somebody(session, "Tom")
    message = written(session, solved(session, problem={"what_we_did": None}))
    assign(session, message.id, to=None, person=tom, now=NOW)
    write(session, now=NOW + timedelta(hours=2))
    assert owner(session, message) == (None, "team:Tom")


def test_only_who_may_write_can_be_given_a_draft(session: Session) -> None:
    """Not a viewer, nobody who left; and a viewer gives nothing away."""
    kim, viewer = somebody(session, "Kim"), somebody(session, "Vera", "viewer")
    gone = somebody(session, "Gone", active=False)
    message = written(session, birthday(session))
    for to in (viewer.id, gone.id):
        with pytest.raises(InvalidInput):
            assign(session, message.id, to=to, person=kim, now=NOW)
    with pytest.raises(NotAllowed):
        assign(session, message.id, to=kim.id, person=viewer, now=NOW)


def test_what_is_decided_is_handed_over_no_more(session: Session) -> None:
    """The page says so."""
    kim = somebody(session, "Kim")
    message = written(session, birthday(session))
    approve(session, message.id, version=message.version, person=kim, now=NOW)
    with pytest.raises(Conflict, match="decided already"):
        assign(session, message.id, to=None, person=kim, now=NOW)
