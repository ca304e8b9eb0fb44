"""What a new mission forbids, no draft that waits may say: not unread, not by a person, and not in an edit."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.review.deadlines import apply_deadlines
from engine.review.decisions import approve, edit
from engine.review.unread import goes_unread
from engine.storage.models import Message
from engine.write.new_mission import bring_into_force
from engine.write.store import newest_mission, save_mission
from tests.engine.builders import NOW
from tests.engine.review.desk import person, written
from tests.engine.write.desk import MISSION, birthday, body, latest, seed

DEADLINE = NOW + timedelta(hours=3)


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


@pytest.fixture
def light(session: Session) -> Message:
    """A birthday that may go unread when its deadline is over."""
    return written(session, birthday(session, if_unreviewed="send", must_read=False, deadline_at=DEADLINE))


def now_avoiding(session: Session, *words: str) -> None:
    mission = replace(MISSION, words_to_avoid=(*MISSION.words_to_avoid, *words))
    bring_into_force(session, mission, author="Max", reason="x", expected=newest_mission(session), now=NOW)
    session.expire_all()


def remarks(session: Session, message: Message) -> list[tuple[str, str]]:
    return [(finding["text"].lower(), finding["severity"]) for finding in latest(session, message).findings]


def unread(session: Session, message: Message) -> bool:
    return session.query(Message).where(goes_unread(session), Message.id == message.id).count() == 1


def test_a_draft_that_says_it_does_not_go_unread(session: Session, light: Message) -> None:
    """It is remarked, the queue shows it to a person, and the deadline sends nothing."""
    assert unread(session, light)
    before = body(session, light)
    now_avoiding(session, "happy birthday")
    assert set(remarks(session, light)) == {("happy birthday", "block")}
    assert not unread(session, light)
    apply_deadlines(session, now=DEADLINE)
    session.expire_all()
    assert (light.state, light.reason) == ("expired", "unreviewed")
    assert body(session, light) == before


def test_the_deadline_asks_the_mission_in_force(session: Session, light: Message) -> None:
    """Also where a draft was being written while the mission was saved, so that nobody read it again."""
    avoiding = replace(MISSION, words_to_avoid=("happy birthday",))
    save_mission(session, avoiding, author="Max", reason="x", expected=1, now=NOW)
    assert remarks(session, light) == []
    apply_deadlines(session, now=DEADLINE)
    session.expire_all()
    assert (light.state, light.reason) == ("expired", "unreviewed")


def test_nobody_approves_it_as_it_stands(session: Session, light: Message) -> None:
    """The reason names the word."""
    now_avoiding(session, "Happy Birthday")
    with pytest.raises(InvalidInput, match="This text cannot go"):
        approve(session, light.id, version=light.version, person=person(session), now=NOW)


def test_what_is_typed_is_read_under_it(session: Session, light: Message) -> None:
    """The draft keeps the mission that it is signed by, and is told what the one in force forbids."""
    signed_by = latest(session, light).mission_id
    now_avoiding(session, "synergy")
    assert remarks(session, light) == []
    typed = {"email": {"subject": "For you", "body": "Synergy, Ada, on 14 February."}}
    edit(session, light.id, typed, version=light.version, person=person(session), now=NOW)
    assert ("synergy", "block") in remarks(session, light)
    assert latest(session, light).mission_id == signed_by


def test_what_it_allows_again_goes(session: Session, light: Message) -> None:
    """A word that is taken off the list forbids nothing any more."""
    now_avoiding(session, "happy birthday")
    now_avoiding(session)
    assert remarks(session, light) == []
    assert unread(session, light)


def test_what_was_approved_stays(session: Session, light: Message) -> None:
    """What somebody read is what goes."""
    approve(session, light.id, version=light.version, person=person(session), now=NOW)
    before = latest(session, light).findings
    now_avoiding(session, "happy birthday")
    assert (light.state, latest(session, light).findings) == ("approved", before)


def test_drafts_that_do_not_say_it_are_left_alone(session: Session, light: Message) -> None:
    """A longer word is another one."""
    other = latest(session, light).id
    now_avoiding(session, "birth")
    assert latest(session, light).id == other
    assert remarks(session, light) == []
