"""Everything is checked again in the commit that hands over: what changed after the approval stops the message, and
says why."""

from collections.abc import Callable
from datetime import date, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.plan.ending import cancel_moments
from engine.send.switch import stop_sending
from engine.storage.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerDate,
    Delivery,
    Message,
    MessageMoment,
    Preference,
    Suppression,
    Trigger,
)
from engine.storage.models.contact_point import hash_of_address
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_problem, make_trigger
from tests.engine.send.approved import Ending, approve, approved, change, deliveries, message, moment, open_holds

Change = Callable[[Session, Message], object]


def revoke_consent(session: Session, message: Message) -> None:
    session.execute(update(Consent).where(Consent.customer_id == message.customer_id).values(state="refused"))


def suppress(session: Session, message: Message) -> None:
    session.add(Suppression(customer_id=message.customer_id, reason="asked", source="test", created_at=NOW))


def suppress_address(session: Session, message: Message) -> None:
    session.add(ContactPoint(customer_id=message.customer_id, channel="postbox", address="Ada@example.com"))
    kept = {"reason": "complaint", "source": "test", "created_at": NOW}
    session.add(Suppression(address_hash=hash_of_address("ada@example.com"), **kept))


def switch_occasion_off(session: Session, message: Message) -> None:
    wish = {"occasion": "birthday", "wanted": False, "source": "test", "changed_at": NOW}
    session.add(Preference(customer_id=message.customer_id, **wish))


def open_problem(session: Session, message: Message) -> None:
    make_problem(session, session.get_one(Customer, message.customer_id))


def pause_trigger(session: Session, message: Message) -> None:
    paused = {"state": "paused", "paused_reason": "by hand"}
    session.execute(update(Trigger).where(Trigger.id == message.trigger_id).values(paused))


@pytest.mark.parametrize(
    ("happens", "name"),
    [
        (revoke_consent, "consent_refused"),
        (suppress, "suppressed"),
        (suppress_address, "suppressed"),
        (switch_occasion_off, "occasion_off"),
        (open_problem, "open_problem"),
        (pause_trigger, "trigger_paused"),
    ],
)
@pytest.mark.parametrize("when", ["before the claim", "after the claim"])
def test_news_after_the_approval_hold_the_message(db: Database, happens: Change, name: str, when: str) -> None:
    """It is not sent, the hold stands by its name, no attempt is spent, and it is looked at again."""
    message_id = approved(db)
    ending = Ending(db)
    early = ending.claim() if when == "after the claim" else []
    with db.writing() as session:
        happens(session, session.get_one(Message, message_id))
    ending.submit(early or ending.claim())
    assert ending.calls == []
    assert open_holds(db, message_id) == {name}
    assert [(d.state, d.reason) for d in deliveries(db, message_id)] == [("refused", f"held:{name}")]
    kept = message(db, message_id)
    assert (kept.state, kept.attempts, kept.send_at) == ("approved", 0, NOW + timedelta(minutes=15))


def test_a_held_message_goes_when_the_hold_is_lifted(db: Database) -> None:
    """The next look releases the hold and sends."""
    message_id = approved(db)
    ending = Ending(db)
    with db.writing() as session:
        pause_trigger(session, session.get_one(Message, message_id))
    ending.send()
    with db.writing() as session:
        session.execute(update(Trigger).values(state="active"))
    ending.pass_time(minutes=16)
    assert ending.send() == 1
    assert open_holds(db, message_id) == set()


def test_a_hold_for_good_ends_the_message(db: Database) -> None:
    """Nobody waits for the dead."""
    message_id = approved(db)
    with db.writing() as session:
        session.execute(update(Customer).values(deceased=True))
    ending = Ending(db)
    ending.send()
    ended = message(db, message_id)
    assert (ending.calls, ended.state, ended.reason) == ([], "skipped", "deceased")
    assert (moment(db, message_id).state, moment(db, message_id).reason) == ("skipped", "deceased")


def test_a_held_message_with_no_window_left_expires_by_the_name_of_its_hold(db: Database) -> None:
    """Late is worse than never, and the reason is what kept it."""
    message_id = approved(db, expires_at=NOW + timedelta(minutes=10))
    ending = Ending(db)
    with db.writing() as session:
        open_problem(session, session.get_one(Message, message_id))
    ending.send()
    ended = message(db, message_id)
    assert (ending.calls, ended.state, ended.reason) == ([], "expired", "held:open_problem")


def test_an_expired_message_does_not_go(db: Database) -> None:
    """Not even in the very instant of its expiry."""
    message_id = approved(db, expires_at=NOW)
    ending = Ending(db)
    ending.send()
    assert deliveries(db, message_id)[0].reason == "too_late"
    ended = message(db, message_id)
    assert (ending.calls, ended.state, ended.reason) == ([], "expired", "too_late")


def test_a_corrected_birthday_stops_the_greeting(db: Database) -> None:
    """What it says is not true any more: the moment is cancelled with it."""
    message_id = approved(db)
    with db.writing() as session:
        session.execute(update(CustomerDate).values(month=7, month_day=701))
    ending = Ending(db)
    ending.send()
    assert (ending.calls, deliveries(db, message_id)[0].reason) == ([], "date_changed")
    assert (message(db, message_id).state, moment(db, message_id).state) == ("cancelled", "cancelled")


def test_a_moment_cancelled_while_the_message_was_claimed_stops_it(db: Database) -> None:
    """The tenth order was refunded between the claim and the hand-over."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    with db.writing() as session:
        cancel_moments(session, [moment(db, message_id).id], "no_longer_true", now=NOW)
    assert (ending.submit(claims), ending.calls) == (0, [])
    assert deliveries(db, message_id)[0].reason == "no_longer_approved"
    assert message(db, message_id).reason == "no_longer_true"


def test_a_message_that_speaks_of_no_moment_does_not_go(db: Database) -> None:
    """Nothing shows that it is true, and no rule was asked about it."""
    message_id = approved(db)
    with db.writing() as session:
        session.execute(update(MessageMoment).values(live=False))
    ending = Ending(db)
    ending.send()
    assert (ending.calls, message(db, message_id).state) == ([], "cancelled")


def test_a_changed_fact_brings_the_text_back(db: Database) -> None:
    """She chose another name after the text was signed: it is written again before it can go."""
    message_id = approved(db)
    with db.writing() as session:
        session.execute(update(Customer).values(first_name="Augusta"))
    ending = Ending(db)
    ending.send()
    assert (ending.calls, deliveries(db, message_id)[0].reason) == ([], "facts_changed")
    assert message(db, message_id).state == "draft"


def test_the_switch_stops_everything_before_it_is_claimed(db: Database) -> None:
    """Nothing is claimed while it is pulled, and all goes when it is put back."""
    approved(db)
    ending = Ending(db)
    with db.writing() as session:
        stop_sending(session)
    assert (ending.claim(), ending.calls) == ([], [])
    with db.writing() as session:
        stop_sending(session, False)
    assert ending.send() == 1


def test_the_switch_stops_what_was_claimed(db: Database) -> None:
    """Pulled between the claim and the hand-over, it costs no attempt and names itself."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    with db.writing() as session:
        stop_sending(session)
    assert (ending.submit(claims), ending.calls) == (0, [])
    assert deliveries(db, message_id)[0].reason == "sending_stopped"
    assert (message(db, message_id).state, message(db, message_id).attempts) == ("approved", 0)


def test_a_new_version_of_the_trigger_does_not_alter_an_approved_message(db: Database) -> None:
    """Its caps and audience are those of the version that planned it."""
    with db.writing() as session:
        trigger = make_trigger(session)
        approve(session, trigger=trigger)
        newer = make_trigger(session, audience={"field": "customer.country", "op": "eq", "value": "US"})
        trigger.version_id = newer.version_id
    assert Ending(db).send() == 1


def test_one_held_message_does_not_keep_the_others(db: Database) -> None:
    """Each of a batch is judged by itself."""
    held, free = approved(db), approved(db)
    with db.writing() as session:
        revoke_consent(session, session.get_one(Message, held))
    ending = Ending(db)
    assert ending.send() == 1
    assert [call.message_id for call in ending.calls] == [free]


def at(hour: int, minute: int = 0, **fields: object) -> dict[str, object]:
    return {"window_start": time(hour, minute), "send_at": NOW - timedelta(hours=12), **fields}


def test_a_late_worker_waits_for_the_next_opening(db: Database) -> None:
    """14:00 in Berlin, and the window was 9 to 11: tomorrow at 9 is 07:00 UTC, on tomorrow's date."""
    message_id = approved(db, **at(9, window_end=time(11)))
    ending = Ending(db)
    ending.send()
    late = message(db, message_id)
    assert (ending.calls, deliveries(db, message_id)[0].reason) == ([], "outside_window")
    assert (late.send_on, late.send_at) == (date(2026, 6, 2), NOW + timedelta(hours=19))
    ending.pass_time(hours=19)
    assert ending.send() == 1


def test_a_message_is_not_put_off_to_a_day_that_has_its_own_celebration(db: Database) -> None:
    """At most one celebration per customer and local day: it takes the day after."""
    with db.writing() as session:
        customer = make_customer(session)
        tomorrows = make_moment(session, customer, make_trigger(session, occasion="anniversary"))
        make_message(session, tomorrows, state="approved")
        message_id = approve(session, customer, **at(9, window_end=time(11), expires_at=NOW + timedelta(days=5))).id
    Ending(db).send()
    assert message(db, message_id).send_on == date(2026, 6, 3)


def test_a_late_worker_lets_a_message_expire_whose_windows_are_over(db: Database) -> None:
    """Tomorrow would be too late."""
    message_id = approved(db, **at(9, window_end=time(11), expires_at=NOW + timedelta(hours=10)))
    ending = Ending(db)
    ending.send()
    assert (ending.calls, message(db, message_id).state, message(db, message_id).reason) == ([], "expired", "too_late")


def test_a_window_past_midnight_belongs_to_the_day_it_began(db: Database) -> None:
    """Window 22:00 to 02:00, begun yesterday: at 01:00 in Berlin it is open, and the date stays yesterday's."""
    night = {"window_start": time(22), "window_end": time(2), "send_on": date(2026, 5, 31)}
    message_id = approved(db, **night, send_at=NOW - timedelta(days=1), release_at=NOW - timedelta(days=1))
    ending = Ending(db, now=NOW - timedelta(hours=13))  # 23:00 UTC on 31 May is 01:00 on 1 June in Berlin
    assert ending.send() == 1
    assert message(db, message_id).send_on == date(2026, 5, 31)


def test_a_customer_who_moved_is_written_to_at_their_new_hour(db: Database) -> None:
    """Planned for Berlin, where it is 14:00; the customer is in Honolulu now, where it is two at night.

    13:00 in Honolulu is 23:00 UTC, eleven hours from NOW."""
    message_id = approved(db, expires_at=NOW + timedelta(days=3))
    with db.writing() as session:
        session.execute(update(Customer).values(zone="Pacific/Honolulu"))
    ending = Ending(db)
    ending.send()
    assert ending.calls == []
    assert message(db, message_id).send_at == NOW + timedelta(hours=11)
    ending.pass_time(hours=11)
    assert ending.send() == 1


def test_every_delivery_that_ended_names_its_reason(db: Database) -> None:
    """Nothing is dropped silently, whatever stopped it."""
    for happens in (revoke_consent, suppress, switch_occasion_off, open_problem, pause_trigger):
        message_id: UUID = approved(db)
        with db.writing() as session:
            happens(session, session.get_one(Message, message_id))
    Ending(db).send()
    with db.reading() as session:
        reasons = session.scalars(select(Delivery.reason)).all()
    assert len(reasons) == 5
    assert all(reasons)


def test_changes_behind_our_back_find_an_unapproved_message(db: Database) -> None:
    """Pulled back by a person between claim and hand-over."""
    message_id = approved(db)
    ending = Ending(db)
    claims = ending.claim()
    change(db, message_id, state="in_review")
    assert (ending.submit(claims), ending.calls) == (0, [])
    assert deliveries(db, message_id)[0].reason == "no_longer_approved"
