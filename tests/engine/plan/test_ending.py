"""How messages and moments end unsent."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.plan.ending import cancel_moments, end_message, expire_due
from engine.storage.models import Customer, Hold, Message, MessageMoment, Moment, Trigger
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger

LATER = NOW + timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def customer(session: Session) -> Customer:
    return make_customer(session)


@pytest.fixture
def trigger(session: Session) -> Trigger:
    return make_trigger(session)


def hold(session: Session, moment: Moment, name: str, **fields: object) -> Hold:
    held = Hold(moment_id=moment.id, name=name, opened_at=NOW, **fields)
    session.add(held)
    session.flush()
    return held


def is_live(session: Session, message: Message) -> bool:
    return any(session.scalars(select(MessageMoment.live).where(MessageMoment.message_id == message.id)))


@pytest.mark.parametrize("state", ["skipped", "expired", "cancelled"])
@pytest.mark.parametrize("before", ["draft", "in_review", "approved"])
def test_a_message_that_ends_takes_its_moments_with_it(
    session: Session, customer: Customer, trigger: Trigger, before: str, state: str
) -> None:
    """Message and moment end in the same state, for the same reason, and the moment has no live message any more."""
    moment = make_moment(session, customer, trigger)
    message = make_message(session, moment, state=before)
    assert end_message(session, message.id, state, "because", now=LATER)  # type: ignore[arg-type]
    session.expire_all()
    assert (message.state, message.reason) == (moment.state, moment.reason) == (state, "because")
    assert not is_live(session, message)


@pytest.mark.parametrize("state", ["handed_over", "closed", "expired"])
def test_what_has_gone_out_or_ended_does_not_end_again(
    session: Session, customer: Customer, trigger: Trigger, state: str
) -> None:
    """The answer is no, and nothing changes."""
    moment = make_moment(session, customer, trigger, state="written")
    message = make_message(session, moment, state=state)
    assert not end_message(session, message.id, "cancelled", "because", now=LATER)
    session.expire_all()
    assert message.state == state
    assert moment.state == "written"


def test_an_edit_in_another_window_does_not_survive_the_end(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """Ending a message counts as a change of it, so that a stale save is noticed."""
    message = make_message(session, make_moment(session, customer, trigger), version=4)
    end_message(session, message.id, "skipped", "because", now=LATER)
    session.expire_all()
    assert message.version == 5


def test_losers_are_looked_at_again_when_the_winner_dies_unsent(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """The moment that lost the day is due for planning at once."""
    winner, loser = (make_moment(session, customer, trigger, check_at=NOW + timedelta(days=1)) for _ in range(2))
    message = make_message(session, winner)
    hold(session, loser, "clash_lost")
    end_message(session, message.id, "skipped", "because", now=LATER)
    session.expire_all()
    assert loser.check_at == LATER


def test_who_waits_for_something_else_is_not_looked_at_again(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """Neither who waits for their day nor whom a problem holds: the end of a message changes nothing for them."""
    tomorrow = NOW + DAY
    winner, early, held = (make_moment(session, customer, trigger, check_at=tomorrow) for _ in range(3))
    hold(session, held, "open_problem")
    end_message(session, make_message(session, winner).id, "skipped", "because", now=LATER)
    session.expire_all()
    assert (early.check_at, held.check_at) == (tomorrow, tomorrow)


def test_the_holds_of_what_ends_with_its_message_are_over(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """Nothing is held that will not go."""
    moment = make_moment(session, customer, trigger)
    kept = hold(session, moment, "open_problem")
    end_message(session, make_message(session, moment).id, "skipped", "because", now=LATER)
    session.expire_all()
    assert kept.released_at == LATER


def test_a_message_ends_for_the_reason_of_what_it_speaks_of_first(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """Each of its moments has a reason of its own."""
    lead, other = (make_moment(session, customer, trigger, expires_at=NOW) for _ in range(2))
    message = make_message(session, lead, other)
    hold(session, lead, "open_problem")
    hold(session, other, "cap")
    assert expire_due(session, now=NOW) == 2
    session.expire_all()
    assert (lead.reason, other.reason, message.reason) == ("held:open_problem", "held:cap", "held:open_problem")


def test_a_cancelled_moment_cancels_the_message_and_frees_the_others_it_spoke_of(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """A merged message cannot be mended by leaving a sentence out: what is still true is planned afresh."""
    false, true = (make_moment(session, customer, trigger) for _ in range(2))
    message = make_message(session, false, true, state="approved")
    assert cancel_moments(session, [false.id], "no_longer_true", now=LATER) == 1
    session.expire_all()
    assert (message.state, message.reason) == ("cancelled", "no_longer_true")
    assert (false.state, true.state, true.check_at) == ("cancelled", "spotted", LATER)
    assert not is_live(session, message)


def test_a_moment_whose_message_was_handed_over_is_not_cancelled(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """What the customer may have read cannot be taken back."""
    moment = make_moment(session, customer, trigger)
    make_message(session, moment, state="handed_over")
    assert cancel_moments(session, [moment.id], "no_longer_true", now=LATER) == 0
    session.expire_all()
    assert moment.state == "written"


def test_a_moment_expires_with_its_message(session: Session, customer: Customer, trigger: Trigger) -> None:
    """Late is worse than never."""
    moment = make_moment(session, customer, trigger, expires_at=NOW)
    message = make_message(session, moment, state="approved")
    assert expire_due(session, now=NOW) == 1
    session.expire_all()
    assert (moment.state, moment.reason) == (message.state, message.reason) == ("expired", "too_late")


def test_a_moment_does_not_expire_before_its_time(session: Session, customer: Customer, trigger: Trigger) -> None:
    """One microsecond is enough to live on."""
    moment = make_moment(session, customer, trigger, expires_at=NOW + timedelta(microseconds=1))
    assert expire_due(session, now=NOW) == 0
    session.expire_all()
    assert moment.state == "spotted"


def test_expiry_names_the_hold_that_kept_the_moment(session: Session, customer: Customer, trigger: Trigger) -> None:
    """A person who asks why sees what it waited for, and not only that it was too late."""
    moment = make_moment(session, customer, trigger, expires_at=NOW)
    hold(session, moment, "suppressed", released_at=NOW)
    open_hold = hold(session, moment, "open_problem")
    expire_due(session, now=NOW)
    session.expire_all()
    assert moment.reason == "held:open_problem"
    assert open_hold.released_at == NOW


def test_expiry_comes_in_batches(session: Session, customer: Customer, trigger: Trigger) -> None:
    """The caller commits in between and asks until nothing is left."""
    for _ in range(3):
        make_moment(session, customer, trigger, expires_at=NOW)
    assert [expire_due(session, now=NOW, limit=2) for _ in range(3)] == [2, 1, 0]


def test_what_was_read_before_is_shown_as_it_is_now(session: Session, customer: Customer, trigger: Trigger) -> None:
    """The statements go past the ORM; whoever holds a row as an object must not decide by what it was."""
    false, true, loser = (make_moment(session, customer, trigger, check_at=LATER + DAY) for _ in range(3))
    message = make_message(session, false, true, state="approved")
    spoken = session.scalars(select(MessageMoment).where(MessageMoment.moment_id == true.id)).one()
    lost, kept = hold(session, loser, "clash_lost"), hold(session, false, "clash_lost")
    cancel_moments(session, [false.id], "no_longer_true", now=LATER)
    assert (false.state, true.state, message.state, spoken.live) == ("cancelled", "spotted", "cancelled", False)
    assert (loser.check_at, lost.released_at, kept.released_at) == (LATER, None, LATER)


def test_a_message_that_was_read_before_is_shown_as_it_ended(
    session: Session, customer: Customer, trigger: Trigger
) -> None:
    """So are its moments, and the others of the customer that waited for it."""
    moment, loser = (make_moment(session, customer, trigger, check_at=LATER + DAY) for _ in range(2))
    message = make_message(session, moment)
    hold(session, loser, "clash_lost")
    end_message(session, message.id, "skipped", "because", now=LATER)
    assert (message.state, moment.state, moment.reason, loser.check_at) == ("skipped", "skipped", "because", LATER)


def someone_waits(db: Database) -> bool:
    """Whether a session of this database waits for a lock, in a new transaction, as one keeps its first look."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with db.reading() as session:
        return bool(session.scalar(text(waiting)))


@pytest.mark.databases("postgres")
def test_ending_moments_waits_for_who_holds_their_message_and_not_the_other_way_round(db: Database) -> None:
    """A sender holds the message and goes on to its moments: expiry must not hold those and wait for the message."""
    with db.writing() as session:
        moment = make_moment(session, make_customer(session), make_trigger(session), state="written")
        message_id, moment_id = make_message(session, moment, state="approved").id, moment.id

    def cancel() -> None:
        with db.writing() as other:
            cancel_moments(other, [moment_id], "no_longer_true", now=NOW)

    with db.writing() as sender:
        sender.execute(select(Message.id).where(Message.id == message_id).with_for_update())
        expiry = threading.Thread(target=cancel)
        expiry.start()
        ends = time.monotonic() + 60
        while not someone_waits(db):
            assert time.monotonic() < ends, "the other never waited"
            time.sleep(0.02)
        assert end_message(sender, message_id, "skipped", "wish", now=NOW)
    expiry.join(60)
    with db.reading() as session:
        assert session.get_one(Moment, moment_id).reason == "wish"
