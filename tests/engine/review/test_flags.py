""" "This feels wrong": what it stops, what it pauses, and how marketing's answer sets it free."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.plan.holds import holds_of
from engine.plan.reasons import FEELS_WRONG
from engine.review.deadlines import apply_deadlines
from engine.review.decisions import approve
from engine.review.flag_alerts import alert_unanswered
from engine.review.flags import Answer, answer_flag, raise_flag
from engine.review.page import one
from engine.review.story import all_flags
from engine.storage.models import Flag, Hold, Message, MessageMoment, Notice, Person, Trigger
from tests.engine.builders import NOW, make_trigger
from tests.engine.review.desk import claim, person, written
from tests.engine.write.desk import birthday, questions, seed

SOON = NOW + timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


@pytest.fixture
def ada(session: Session) -> Person:
    return person(session, "Ada Agent")


@pytest.fixture
def mark(session: Session) -> Person:
    return person(session, "Mark Eting", role="marketing")


@pytest.fixture
def message(session: Session) -> Message:
    return written(session, birthday(session))


def flag(session: Session, message: Message, by: Person, *, pause: bool = False, text: str = "She hates them") -> Flag:
    session.refresh(message)
    return raise_flag(session, message.id, version=message.version, text=text, pause=pause, person=by, now=SOON)


def answer(session: Session, raised: Flag, by: Person, outcome: str = "kept", *, resume: bool = False) -> Flag:
    return answer_flag(session, raised.id, Answer(outcome, "We asked her.", resume), person=by, now=SOON)


def state_of(session: Session, message: Message) -> str:
    session.refresh(message)
    return message.state


def test_a_flag_needs_words(session: Session, message: Message, ada: Person) -> None:
    """A feeling that is not said cannot be answered."""
    with pytest.raises(InvalidInput):
        flag(session, message, ada, text="   ")


def test_while_it_is_open_nobody_approves(session: Session, message: Message, ada: Person, mark: Person) -> None:
    """Neither who raised it nor marketing itself, before they have answered."""
    flag(session, message, ada)
    for who in (ada, mark):
        session.refresh(message)
        with pytest.raises(InvalidInput, match="feels wrong"):
            approve(session, message.id, version=message.version, person=who, now=SOON)
    assert one(session, message.id, now=SOON, person=ada).refusal is not None


def test_an_approved_message_is_pulled_back(session: Session, message: Message, ada: Person) -> None:
    """It is in review again, unsigned and held."""
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    flag(session, message, ada)
    assert state_of(session, message) == "in_review"
    assert questions(session, message) == [(FEELS_WRONG, None)]


def test_what_a_worker_has_claimed_is_held_where_it_is(session: Session, message: Message, ada: Person) -> None:
    """The check in the commit of submitting reads the hold; the claim itself is left alone."""
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    claim(session, message)
    flag(session, message, ada)
    assert state_of(session, message) == "approved"
    moments = session.scalars(select(MessageMoment.moment_id).where(MessageMoment.message_id == message.id)).all()
    assert [hold.name for holds in holds_of(session, moments, now=SOON).values() for hold in holds] == [FEELS_WRONG]


def test_what_has_gone_cannot_be_stopped(session: Session, message: Message, ada: Person) -> None:
    """That is said, and nothing is stored."""
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    message.state, message.handed_over_at = "handed_over", NOW
    session.flush()
    with pytest.raises(Conflict, match="handed over"):
        flag(session, message, ada)
    assert session.scalars(select(Flag)).all() == []


def test_a_second_flag_waits_for_the_first(session: Session, message: Message, ada: Person) -> None:
    """One question at a time."""
    flag(session, message, ada)
    with pytest.raises(Conflict):
        flag(session, message, ada)


def test_it_may_pause_the_whole_trigger(session: Session, message: Message, ada: Person, mark: Person) -> None:
    """An agent pauses; only marketing's answer switches it on again, and only if they say so."""
    raised = flag(session, message, ada, pause=True)
    trigger = session.get_one(Trigger, message.trigger_id)
    assert (trigger.state, raised.paused_trigger) == ("paused", True)
    answer(session, raised, mark)
    assert trigger.state == "paused"
    again = flag(session, message, ada)
    assert not again.paused_trigger
    answer(session, again, mark, resume=True)
    assert trigger.state == "active"


def test_what_only_watches_is_not_switched_on_by_an_answer(session: Session, ada: Person, mark: Person) -> None:
    """A trigger in shadow is left in shadow, and one that somebody else paused stays paused."""
    trigger = make_trigger(session)
    message = written(session, birthday(session, trigger=trigger))
    trigger.state = "shadow"
    session.flush()
    raised = flag(session, message, ada, pause=True)
    assert (trigger.state, raised.paused_trigger) == ("shadow", False)
    trigger.state, trigger.paused_reason = "paused", "the brake"
    session.flush()
    answer(session, raised, mark, resume=True)
    assert (trigger.state, trigger.paused_reason) == ("paused", "the brake")


def test_only_marketing_answers_and_with_words(session: Session, message: Message, ada: Person, mark: Person) -> None:
    """Agents read along."""
    raised = flag(session, message, ada)
    with pytest.raises(NotAllowed):
        answer(session, raised, ada)
    with pytest.raises(InvalidInput):
        answer_flag(session, raised.id, Answer("kept", " "), person=mark, now=SOON)
    with pytest.raises(InvalidInput):
        answer_flag(session, raised.id, Answer("maybe", "well"), person=mark, now=SOON)


@pytest.mark.parametrize("outcome", ["changed", "kept"])
def test_an_answer_sets_it_free(session: Session, message: Message, ada: Person, mark: Person, outcome: str) -> None:
    """The hold is over, the message can be approved, and who stopped it is told."""
    raised = flag(session, message, ada)
    answer(session, raised, mark, outcome)
    assert questions(session, message) == []
    approve(session, message.id, version=message.version, person=ada, now=SOON)
    assert state_of(session, message) == "approved"
    told = session.scalars(select(Notice.person_id).where(Notice.key == f"flag:{raised.id}:answered")).one()
    assert told == ada.id


def test_an_answer_may_end_it(session: Session, message: Message, ada: Person, mark: Person) -> None:
    """It does not go, and its page says why."""
    answer(session, flag(session, message, ada), mark, "skipped")
    assert state_of(session, message) == "skipped"
    assert message.reason == "it felt wrong"
    assert session.scalars(select(Hold).where(Hold.released_at.is_(None))).all() == []


def test_of_two_answers_the_second_is_told(session: Session, message: Message, ada: Person, mark: Person) -> None:
    """What was answered first stands."""
    raised = flag(session, message, ada)
    answer(session, raised, mark, "kept")
    with pytest.raises(Conflict):
        answer(session, raised, mark, "skipped")
    assert state_of(session, message) == "in_review"


def test_its_deadline_does_not_let_it_go(session: Session, ada: Person) -> None:
    """A light celebration that would go unread is dropped, and the reason says that somebody stopped it."""
    message = written(session, birthday(session, must_read=False, if_unreviewed="send"))
    flag(session, message, ada)
    apply_deadlines(session, now=message.deadline_at)
    assert (state_of(session, message), message.reason) == ("expired", "held:feels_wrong")


def test_marketing_is_told_and_the_list_begins_with_what_waits(
    session: Session, message: Message, ada: Person, mark: Person
) -> None:
    """The oldest open one first; a notice holds nobody's words."""
    answered = flag(session, message, ada, text="About Ada and her lamp")
    told = session.scalars(select(Notice)).all()
    assert {notice.person_id for notice in told} == {None, mark.id}
    assert not any("lamp" in notice.body for notice in told)
    answer(session, answered, mark)
    other = written(session, birthday(session))
    raised = flag(session, other, ada)
    assert [(one.id, one.open) for one in all_flags(session)] == [(raised.id, True), (answered.id, False)]


TEAM = TeamHours()  # 9 to 17 UTC; NOW is Monday noon


def test_marketing_is_told_once_before_a_stopped_message_ends(
    session: Session, message: Message, ada: Person, mark: Person
) -> None:
    """Eight working hours before; not of one that is far away, and no agent, who cannot answer it."""
    flag(session, message, ada)
    message.deadline_at = NOW + timedelta(days=4)
    session.flush()
    assert alert_unanswered(session, now=SOON, team=TEAM, hours=8) == 0
    message.deadline_at = NOW + timedelta(hours=4)
    session.flush()
    assert alert_unanswered(session, now=SOON, team=TEAM, hours=8) == 2
    assert alert_unanswered(session, now=SOON + timedelta(hours=1), team=TEAM, hours=8) == 0
    notices = session.scalars(select(Notice).where(Notice.kind == "flag_ends")).all()
    assert {one.person_id for one in notices} == {mark.id, None}
    assert notices[0].subject == "A stopped message ends unanswered on Monday, 16:00"
    assert "Ada" not in notices[0].body


def test_what_is_answered_alerts_nobody(session: Session, message: Message, ada: Person, mark: Person) -> None:
    """Nothing waits any more."""
    raised = flag(session, message, ada)
    message.deadline_at = NOW + timedelta(hours=4)
    session.flush()
    answer(session, raised, mark)
    assert alert_unanswered(session, now=SOON, team=TEAM, hours=8) == 0


@pytest.mark.parametrize("outcome", ["changed", "kept"])
def test_what_ended_meanwhile_can_only_be_closed(
    session: Session, message: Message, ada: Person, mark: Person, outcome: str
) -> None:
    """Nobody is told that it goes; that it does not go is true, and closes it."""
    raised = flag(session, message, ada)
    apply_deadlines(session, now=message.deadline_at)
    with pytest.raises(InvalidInput, match="ended in the meantime"):
        answer(session, raised, mark, outcome)
    [view] = all_flags(session)
    assert (view.over, view.reason) == (True, "held:feels_wrong")
    answer(session, raised, mark, "skipped")
    assert state_of(session, message) == "expired"
    assert not all_flags(session)[0].open
