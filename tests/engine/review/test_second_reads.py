"""A second pair of eyes: who may ask whom, what an answer does, and what a trigger with four eyes lets go."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.review.deadlines import apply_deadlines
from engine.review.decisions import answer_second_read, approve, edit, undo
from engine.review.page import one
from engine.review.second_reads import Word, ask_second_read, open_read, waiting_for, withdraw_second_read
from engine.storage.models import Message, Notice, Person, SecondRead
from engine.write.approval import approve_text
from engine.write.stops import NeedsAnotherReader
from tests.engine.builders import NOW, make_trigger
from tests.engine.review.desk import audited, person, written
from tests.engine.write.desk import birthday, body, seed

SOON = NOW + timedelta(seconds=30)
MINE = {"email": {"subject": "For you, Ada", "body": "Dear Ada, 14 February is yours.\n\n[[ signature ]]"}}
FINE = Word("fine")


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


@pytest.fixture
def ada(session: Session) -> Person:
    return person(session, "Ada Agent")


@pytest.fixture
def bob(session: Session) -> Person:
    return person(session, "Bob Agent")


@pytest.fixture
def message(session: Session) -> Message:
    return written(session, birthday(session))


@pytest.fixture
def guarded(session: Session) -> Message:
    """A draft of a trigger that wants four eyes."""
    return written(session, birthday(session, trigger=make_trigger(session, review={"four_eyes": True})))


def ask(session: Session, message: Message, by: Person, of: UUID | None = None) -> None:
    ask_second_read(session, message.id, of=of, question="Too familiar?", person=by, now=NOW)


def say(session: Session, message: Message, by: Person, word: Word = FINE) -> Message:
    session.refresh(message)
    return answer_second_read(session, message.id, word, version=message.version, person=by, now=SOON)


def let_go(session: Session, message: Message, by: Person) -> Message:
    session.refresh(message)
    return approve(session, message.id, version=message.version, person=by, now=SOON)


def notices(session: Session) -> list[tuple[str, UUID | None]]:
    return [(one.key.rpartition(":")[2], one.person_id) for one in session.scalars(select(Notice).order_by(Notice.id))]


# asking


def test_one_colleague_is_asked_and_told(session: Session, message: Message, ada: Person, bob: Person) -> None:
    """The text is not touched, so nobody's page becomes stale."""
    before = message.version
    ask(session, message, ada, bob.id)
    session.refresh(message)
    assert (message.version, message.state) == (before, "in_review")
    assert notices(session) == [("asked", bob.id)]
    assert [read.message_id for read in waiting_for(session, bob.id)] == [message.id]
    assert waiting_for(session, ada.id) == []


def test_only_one_question_is_open_at_a_time(session: Session, message: Message, ada: Person, bob: Person) -> None:
    """A second one would leave nobody sure whose word counts."""
    ask(session, message, ada)
    with pytest.raises(Conflict):
        ask(session, message, bob)


def test_nobody_asks_themselves_or_who_cannot_answer(session: Session, message: Message, ada: Person) -> None:
    """A viewer decides nothing."""
    viewer = person(session, "Vera", role="viewer")
    for of in (ada.id, viewer.id):
        with pytest.raises(InvalidInput):
            ask(session, message, ada, of)
    with pytest.raises(NotAllowed):
        ask(session, message, viewer)


def test_a_notice_holds_no_word_of_the_question(session: Session, message: Message, ada: Person, bob: Person) -> None:
    """Mails of colleagues outlive an erasure."""
    ask(session, message, ada, bob.id)
    say(session, message, bob, Word("change", "Ada hates being called dear"))
    for notice in session.scalars(select(Notice)):
        assert "familiar" not in notice.body
        assert "dear" not in notice.body


# answering


def test_fine_is_kept_beside_the_text_and_told(session: Session, message: Message, ada: Person, bob: Person) -> None:
    """Without four eyes it releases nothing: who asked goes on."""
    ask(session, message, ada)
    say(session, message, bob)
    assert message.state == "in_review"
    (read,) = one(session, message.id, now=SOON, person=ada).second_reads
    assert (read.answer, read.answered_by, read.number, read.open) == ("fine", "Bob Agent", 1, False)
    assert notices(session) == [("asked", None), ("answered", ada.id)]


def test_a_change_needs_words(session: Session, message: Message, ada: Person, bob: Person) -> None:
    """Otherwise who asked knows no more than before."""
    ask(session, message, ada)
    with pytest.raises(InvalidInput):
        say(session, message, bob, Word("change", "  "))
    say(session, message, bob, Word("change", "shorter, please"))
    assert session.scalars(select(SecondRead.remark)).one() == "shorter, please"


def test_only_who_was_asked_answers(session: Session, message: Message, ada: Person, bob: Person) -> None:
    """And never who asked."""
    cleo = person(session, "Cleo Agent")
    ask(session, message, ada, bob.id)
    for other in (ada, cleo):
        with pytest.raises(NotAllowed):
            say(session, message, other)


def test_a_question_can_be_taken_back(session: Session, message: Message, ada: Person, bob: Person) -> None:
    """By anybody, as who asked may be away; afterwards there is nothing to answer."""
    ask(session, message, ada)
    withdraw_second_read(session, message.id, person=bob, now=SOON)
    with pytest.raises(Conflict):
        say(session, message, bob)


def test_an_approval_closes_an_open_question(session: Session, message: Message, ada: Person) -> None:
    """What has been decided needs no more opinion."""
    ask(session, message, ada)
    let_go(session, message, ada)
    assert open_read(session, message.id) is None
    assert session.scalars(select(SecondRead.answer)).one() is None


# four eyes


def test_the_first_approval_lets_nothing_go(session: Session, guarded: Message, ada: Person) -> None:
    """It waits in review for another reader, and says whose approval it has."""
    let_go(session, guarded, ada)
    assert (guarded.state, guarded.number) == ("in_review", 1)
    assert one(session, guarded.id, now=SOON, person=ada).first_approver == "Ada Agent"
    assert audited(session, guarded) == [("Ada Agent", "approve_first")]


def test_the_same_person_twice_is_not_two(session: Session, guarded: Message, ada: Person) -> None:
    """However often they press."""
    let_go(session, guarded, ada)
    let_go(session, guarded, ada)
    assert guarded.state == "in_review"
    with pytest.raises(NotAllowed):
        say(session, guarded, ada)


def test_anothers_fine_releases_it_in_the_name_of_the_first(
    session: Session, guarded: Message, ada: Person, bob: Person
) -> None:
    """Both have read exactly this text, and the one who approved it signs."""
    let_go(session, guarded, ada)
    say(session, guarded, bob)
    assert (guarded.state, guarded.approved_by) == ("approved", ada.id)
    assert "Ada Agent" in body(session, guarded)


def test_anothers_approval_is_their_fine(session: Session, guarded: Message, ada: Person, bob: Person) -> None:
    """Who presses approve on what a colleague approved is the second reader."""
    let_go(session, guarded, ada)
    let_go(session, guarded, bob)
    assert (guarded.state, guarded.approved_by) == ("approved", ada.id)
    assert session.scalars(select(SecondRead.answered_by)).one() == bob.id


def test_a_change_releases_nothing(session: Session, guarded: Message, ada: Person, bob: Person) -> None:
    """And makes the first approval void."""
    let_go(session, guarded, ada)
    say(session, guarded, bob, Word("change", "shorter, please"))
    assert guarded.state == "in_review"
    assert one(session, guarded.id, now=SOON, person=ada).first_approver is None


def test_an_edit_makes_the_approval_void(session: Session, guarded: Message, ada: Person, bob: Person) -> None:
    """A fine is about exactly the text that was approved; whoever changed it since."""
    let_go(session, guarded, ada)
    edit(session, guarded.id, MINE, version=guarded.version, person=ada, now=SOON)
    say(session, guarded, bob)
    assert guarded.state == "in_review"


def test_a_fine_that_was_asked_before_counts_until_the_next_edit(
    session: Session, guarded: Message, ada: Person, bob: Person
) -> None:
    """Who asked first need not wait again."""
    ask(session, guarded, ada)
    say(session, guarded, bob)
    let_go(session, guarded, ada)
    assert guarded.state == "approved"


def test_a_fine_is_void_after_an_edit(session: Session, guarded: Message, ada: Person, bob: Person) -> None:
    """It was said of other words."""
    ask(session, guarded, ada)
    say(session, guarded, bob)
    edit(session, guarded.id, MINE, version=guarded.version, person=ada, now=SOON)
    let_go(session, guarded, ada)
    assert guarded.state == "in_review"


def test_ones_own_fine_does_not_count(session: Session, guarded: Message, ada: Person, bob: Person) -> None:
    """Bob read it for Ada, and then wants to approve it himself: another one still has to read it."""
    ask(session, guarded, ada)
    say(session, guarded, bob)
    let_go(session, guarded, bob)
    assert guarded.state == "in_review"


def test_after_an_undo_both_read_again(session: Session, guarded: Message, ada: Person, bob: Person) -> None:
    """Taken back, it is a revision that nobody has read."""
    let_go(session, guarded, ada)
    say(session, guarded, bob)
    undo(session, guarded.id, version=guarded.version, person=ada, now=SOON)
    let_go(session, guarded, ada)
    assert guarded.state == "in_review"


def test_nothing_goes_unread_or_by_another_door(session: Session, ada: Person) -> None:
    """Neither when it is written, nor at its deadline, nor by whoever releases texts in the name of a policy."""
    review = {"four_eyes": True, "policy": "auto", "if_unreviewed": "send"}
    trigger = make_trigger(session, review=review)
    message = written(session, birthday(session, trigger=trigger, must_read=False, if_unreviewed="send"))
    assert message.state == "in_review"
    for who in (None, ada):
        with pytest.raises(NeedsAnotherReader):
            approve_text(session, message, person=who, now=NOW)
    apply_deadlines(session, now=message.deadline_at)
    session.refresh(message)
    assert (message.state, message.reason) == ("expired", "unreviewed")


def test_what_came_too_late_meanwhile_is_not_released(
    session: Session, guarded: Message, ada: Person, bob: Person
) -> None:
    """Late is worse than never, also for the second reader."""
    let_go(session, guarded, ada)
    guarded.expires_at = NOW
    session.flush()
    say(session, guarded, bob)
    assert guarded.state == "in_review"
