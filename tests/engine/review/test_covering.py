"""What an approval covers: the texts its reader had before them, or all of them where a policy let it go."""

import pytest
from sqlalchemy.orm import Session

from engine.review.decisions import approve, edit, undo
from engine.storage.models import Message
from tests.engine.builders import NOW, make_trigger
from tests.engine.review.desk import person, written
from tests.engine.write.desk import birthday, seed, solved


def fresh(session: Session, message: Message) -> Message:
    session.refresh(message)
    return message


@pytest.mark.parametrize(
    ("seen", "covered"),
    [((), ["email"]), (("sms",), ["email", "sms"]), (("email", "sms", "inapp", "pigeon"), ["email", "inapp", "sms"])],
)
def test_a_person_covers_what_they_saw(session: Session, seen: tuple[str, ...], covered: list[str]) -> None:
    """The text that goes always, others only if they were shown, and none that there is not."""
    seed(session)
    message = written(session, birthday(session))
    approve(session, message.id, version=message.version, person=person(session), now=NOW, seen=seen)
    texts = fresh(session, message).approved_texts
    assert texts is not None
    assert (texts[0], sorted(texts)) == ("email", covered)


def test_an_edit_of_one_text_leaves_the_others_covered_if_they_were_shown(session: Session) -> None:
    """It is the page of the approval that counts."""
    seed(session)
    message, ada = written(session, birthday(session)), person(session)
    edit(session, message.id, {"sms": {"body": "Happy birthday, Ada!"}}, version=message.version, person=ada, now=NOW)
    approve(session, message.id, version=fresh(session, message).version, person=ada, now=NOW, seen=("email", "sms"))
    assert sorted(fresh(session, message).approved_texts or ()) == ["email", "sms"]


def test_what_is_taken_back_covers_nothing(session: Session) -> None:
    """The next approval says anew what was seen."""
    seed(session)
    message, ada = written(session, birthday(session)), person(session)
    approve(session, message.id, version=message.version, person=ada, now=NOW, seen=("sms",))
    undo(session, message.id, version=fresh(session, message).version, person=ada, now=NOW)
    assert fresh(session, message).approved_texts is None


def test_a_policy_covers_every_text(session: Session) -> None:
    """Nobody had to read any of them."""
    seed(session)
    trigger = make_trigger(session, review={"policy": "auto"})
    message = written(session, birthday(session, trigger=trigger, must_read=False))
    assert message.state == "approved"
    assert sorted(message.approved_texts or ()) == ["email", "inapp", "sms"]


def test_a_text_that_waits_for_words_is_not_covered(session: Session) -> None:
    """The serious case wants words of one's own in each text: those of the mail do not speak for the SMS."""
    seed(session)
    message, ada = written(session, solved(session, serious=True)), person(session)
    own = "Dear Ada,\n\nthe lamp shade came late, and that was our fault. I have sent it by courier myself.\n\nRobin"
    texts = {"email": {"subject": "About your lamp", "body": own}}
    edit(session, message.id, texts, version=message.version, person=ada, now=NOW)
    approve(session, message.id, version=fresh(session, message).version, person=ada, now=NOW, seen=("email", "sms"))
    assert fresh(session, message).approved_texts == ["email"]
