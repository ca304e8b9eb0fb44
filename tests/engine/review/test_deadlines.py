"""What becomes of messages that nobody reviewed in time."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.review.deadlines import apply_deadlines
from engine.review.decisions import edit
from engine.storage.models import AuditEntry, Message, Moment
from tests.engine.builders import NOW, make_customer
from tests.engine.review.desk import audited, person, written
from tests.engine.write.desk import COMPANY, TEAM, birthday, body, questions, seed, solved

DEADLINE = NOW + timedelta(hours=3)


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


def light(session: Session, **fields: Any) -> Message:
    """A birthday that may go unread when its deadline is over."""
    return written(
        session,
        birthday(session, **{"if_unreviewed": "send", "must_read": False, "deadline_at": DEADLINE} | fields),
    )


def after_the_deadline(session: Session, message: Message, **arguments: Any) -> tuple[str, str | None]:
    apply_deadlines(session, now=DEADLINE, **arguments)
    session.expire_all()
    return message.state, message.reason


def test_an_unreviewed_message_is_dropped_with_its_moment(session: Session) -> None:
    """The default. It says so, and the audit says that nobody but the deadline did it."""
    message = written(session, birthday(session, deadline_at=DEADLINE))
    assert after_the_deadline(session, message) == ("expired", "unreviewed")
    assert session.execute(select(Moment.state, Moment.reason)).one() == ("expired", "unreviewed")
    assert audited(session, message) == [("deadline", "drop")]


def test_before_the_deadline_nothing_happens(session: Session) -> None:
    """A microsecond is time enough to approve."""
    message = light(session, deadline_at=DEADLINE + timedelta(microseconds=1))
    assert apply_deadlines(session, now=DEADLINE) == 0
    session.expire_all()
    assert message.state == "in_review"


def test_a_light_celebration_goes_where_its_trigger_says_so(session: Session) -> None:
    """Signed by the team, approved by no one, and audited as the deadline's doing."""
    message = light(session)
    assert after_the_deadline(session, message, release_seconds=5) == ("approved", None)
    assert (message.approved_by, message.release_at) == (None, DEADLINE)  # there is no click to undo
    assert body(session, message).endswith(f"{TEAM}, {COMPANY}")
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.person_id) == ("deadline", "approve", None)


def test_what_must_be_read_is_dropped_unread(session: Session) -> None:
    """Whatever else is said: nothing goes without a person having read it."""
    assert after_the_deadline(session, light(session, must_read=True)) == ("expired", "unreviewed")


def test_what_the_mission_forbids_is_dropped(session: Session) -> None:
    """A blocking finding does not go by itself."""
    message = light(session, customer=make_customer(session, first_name="Kindly"))
    assert after_the_deadline(session, message) == ("expired", "unreviewed")


def test_a_recovery_is_never_sent_unread(session: Session) -> None:
    """Only celebrations are."""
    message = written(session, solved(session, if_unreviewed="send", must_read=False, deadline_at=DEADLINE))
    assert after_the_deadline(session, message) == ("expired", "unreviewed")


def test_a_half_finished_edit_is_not_sent(session: Session) -> None:
    """Somebody was at it and did not let it go."""
    message = light(session)
    texts = {"email": {"subject": "x", "body": "Dear Ada, on 14 February I"}}
    edit(session, message.id, texts, version=message.version, person=person(session), now=NOW)
    assert after_the_deadline(session, message) == ("expired", "unreviewed")


def test_what_would_come_too_late_is_dropped(session: Session) -> None:
    """Even where it may go unread."""
    assert after_the_deadline(session, light(session, expires_at=DEADLINE)) == ("expired", "unreviewed")


def test_a_question_that_nobody_answered_is_the_reason(session: Session) -> None:
    """It says more than that nobody looked; its hold ends with it."""
    message = written(session, solved(session, problem={"what_we_did": None}, deadline_at=DEADLINE))
    assert after_the_deadline(session, message) == ("expired", "held:missing_fact")
    assert questions(session, message) == []


def test_deadlines_come_in_batches(session: Session) -> None:
    """The caller commits in between and asks until nothing is left."""
    for _ in range(3):
        birthday(session, deadline_at=DEADLINE)
    assert [apply_deadlines(session, now=DEADLINE, limit=2) for _ in range(3)] == [2, 1, 0]


def test_a_light_one_that_nobody_was_shown_is_shown_instead_of_dropped(session: Session) -> None:
    """It stayed out of the queue, and then may not go after all: it waits for a person until it must go, and then for
    real."""
    message = light(session, weight=10)
    message.facts_changed = {"order_count": [9, 10]}
    message.edited = True  # whatever the reason why the policy may not release it
    session.flush()
    assert after_the_deadline(session, message, from_weight=20) == ("in_review", None)
    assert (message.must_read, message.deadline_at) == (True, message.send_at)
    assert audited(session, message)[-1] == ("deadline", "show")
    apply_deadlines(session, now=message.deadline_at, from_weight=20)
    session.expire_all()
    assert (message.state, message.reason) == ("expired", "unreviewed")


@pytest.mark.parametrize("fields", [{"weight": 20}, {"weight": 10, "if_unreviewed": "drop", "must_read": True}])
def test_what_was_in_the_queue_is_dropped_as_ever(session: Session, fields: dict[str, Any]) -> None:
    """Heavier than the threshold, or in need of a person anyway."""
    message = light(session, **fields)
    message.edited = True
    session.flush()
    assert after_the_deadline(session, message, from_weight=20) == ("expired", "unreviewed")
