"""After a restored backup nothing that may have gone out goes again by itself."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.send.restoring import Marked, mark_restored
from engine.send.switch import sending_stopped
from engine.storage.models import Moment
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger
from tests.engine.send.approved import MACHINE, Ending, approved, change, deliveries, message, moment

TAKEN = NOW - timedelta(hours=6)


def restored(db: Database) -> Marked:
    with db.writing() as session:
        return mark_restored(session, taken_at=TAKEN, now=NOW, machine=MACHINE)


def test_what_was_due_may_have_gone(db: Database) -> None:
    """It is shown as not known, and no worker takes it even after sending is started again."""
    one = approved(db)
    assert restored(db) == Marked(unconfirmed=1, messages=0, moments=0)
    assert [(d.state, d.reason, d.fence) for d in deliveries(db, one)] == [("unconfirmed", "restored", 1)]
    assert message(db, one).state == "handed_over"
    assert Ending(db).claim() == []


def test_sending_starts_stopped(db: Database) -> None:
    """Until a person has looked."""
    restored(db)
    with db.reading() as session:
        assert sending_stopped(session)


def test_what_is_due_later_goes_its_way(db: Database) -> None:
    """Its hour had not come when the database broke."""
    later = approved(db, send_at=NOW + timedelta(hours=1))
    assert restored(db).unconfirmed == 0
    assert message(db, later).state == "approved"


@pytest.mark.parametrize("submitted", [False, True])
def test_what_a_worker_held_may_have_gone(db: Database, submitted: bool) -> None:
    """Whether the backup saw it claimed or already on its way."""
    one = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    if submitted:
        from engine.send.submitting import begin_submitting

        with db.writing() as session:
            begin_submitting(session, ending.sender, claims)
    assert restored(db).unconfirmed == 1
    assert [d.state for d in deliveries(db, one)] == ["unconfirmed"]
    assert message(db, one).state == "handed_over"


def test_what_may_have_been_approved_in_the_lost_time_is_given_up(db: Database) -> None:
    """A draft whose hour has passed: somebody may have read and sent it."""
    one = approved(db)
    change(db, one, state="in_review")
    assert restored(db) == Marked(unconfirmed=0, messages=1, moments=0)
    assert (message(db, one).state, message(db, one).reason) == ("skipped", "restored")
    assert moment(db, one).reason == "restored"


def test_what_was_only_spotted_is_given_up_where_its_day_has_come(db: Database) -> None:
    """It may have been planned, written and sent since; what lies ahead is planned as ever."""
    with db.writing() as session:
        customer, trigger = make_customer(session), make_trigger(session)
        today = make_moment(session, customer, trigger, nominal_on=NOW.date(), send_on=NOW.date(), state="spotted").id
        ahead = NOW.date() + timedelta(days=3)
        later = make_moment(session, customer, trigger, nominal_on=ahead, send_on=ahead, state="spotted").id
    assert restored(db).moments == 1
    with db.reading() as session:
        states = dict(session.execute(select(Moment.id, Moment.state)).all())
    assert (states[today], states[later]) == ("skipped", "spotted")


def test_a_backup_of_the_future_is_refused(db: Database) -> None:
    """Before anything is marked."""
    with pytest.raises(ValueError, match="future"), db.writing() as session:
        mark_restored(session, taken_at=NOW + timedelta(hours=1), now=NOW, machine=MACHINE)
