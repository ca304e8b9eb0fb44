"""What a customer says about being written to is kept once, holds what it should hold, and can be taken back."""

from datetime import time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.errors import NotFound
from engine.plan.holds import holds_of
from engine.record.customers import CustomerRow, PreferenceRow, record_customers
from engine.record.wishes import Wishes, leave, occasions, say, start, stop
from engine.storage.models import AuditEntry, ContactPoint, Customer, CustomerChange, Moment, Preference, Suppression
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger

LATER = NOW + timedelta(hours=1)


def held(session: Session, moment: Moment, channel: str = "postbox") -> set[str]:
    """What the customer's own word holds this moment by."""
    session.flush()
    found = holds_of(session, [moment.id], now=LATER, channels=Offered((channel,)))
    return {hold.name for hold in found.get(moment.id, [])} & {"occasion_off", "suppressed"}


def wishes_of(session: Session, customer: Customer) -> dict[str, bool]:
    session.expire_all()
    rows = session.scalars(select(Preference).where(Preference.customer_id == customer.id))
    return {one.occasion: one.wanted for one in rows}


def celebration(session: Session, customer: Customer, occasion: str = "birthday") -> Moment:
    return make_moment(session, customer, make_trigger(session, occasion=occasion))


def recovery(session: Session, customer: Customer, occasion: str = "ticket_solved") -> Moment:
    """Of class service."""
    trigger = make_trigger(session, occasion=occasion, family="recover", legal_class="service")
    return make_moment(session, customer, trigger)


def test_an_unwanted_occasion_is_held_and_others_are_not(session: Session) -> None:
    """A wish is about its own occasion."""
    ada = make_customer(session)
    birthday, orders = celebration(session, ada), celebration(session, ada, "order_milestone")
    say(session, ada.id, Wishes(occasions={"birthday": False}), now=NOW)
    assert (held(session, birthday), held(session, orders)) == ({"occasion_off"}, set())


def test_what_was_said_is_looked_at_at_once(session: Session) -> None:
    """Planning sees the moment again now, not at the time it had in mind."""
    ada = make_customer(session)
    birthday = celebration(session, ada)
    birthday.check_at = NOW + timedelta(days=3)
    say(session, ada.id, Wishes(occasions={"birthday": False}), now=NOW)
    session.refresh(birthday)
    assert birthday.check_at == NOW


def test_each_change_is_logged_with_what_was_before(session: Session) -> None:
    """The change log tells the past, the audit trail who spoke and where."""
    ada = make_customer(session)
    wishes = Wishes(occasions={"birthday": False}, order=("sms", "email"), quiet=(time(22), time(7, 30)))
    changes = say(session, ada.id, wishes, now=NOW, source="customer")
    assert changes["channel_order"] == (None, "sms,email")
    assert changes["preferred_channel"] == (None, "sms")
    assert changes["quiet_until"] == (None, "07:30")
    logged = session.scalars(select(CustomerChange).where(CustomerChange.customer_id == ada.id)).all()
    assert {(one.field, one.source) for one in logged} == {(name, "customer") for name in changes}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.subject_id == ada.id)).one()
    assert (entry.actor, entry.action, entry.detail["changes"]["quiet_from"]) == ("customer", "wishes", "22:00")


def test_saying_the_same_again_changes_nothing(session: Session) -> None:
    """A form sent twice leaves one line in every log."""
    ada = make_customer(session, email="ada@example.com")
    wishes = Wishes(
        occasions={"birthday": False}, order=("email",), unwanted=("call",), quiet=(time(22), time(7)), nothing=True
    )
    assert say(session, ada.id, wishes, now=NOW)
    assert say(session, ada.id, wishes, now=LATER) == {}
    assert session.scalars(select(Preference.changed_at).where(Preference.customer_id == ada.id)).one() == NOW


def test_unsubscribing_ends_marketing_and_keeps_service(session: Session) -> None:
    """News about a customer's own problem still comes; no celebration does."""
    ada = make_customer(session)
    birthday, solved = celebration(session, ada), recovery(session, ada)
    leave(session, ada.id, now=NOW, source="unsubscribe")
    assert (held(session, birthday), held(session, solved)) == ({"occasion_off"}, set())


def test_unsubscribing_holds_for_occasions_that_come_later(session: Session) -> None:
    """A trigger that marketing makes next month is covered by what the customer said today."""
    ada = make_customer(session)
    leave(session, ada.id, now=NOW, source="unsubscribe")
    assert held(session, celebration(session, ada, "name_day")) == {"occasion_off"}


def test_unsubscribing_from_a_service_message_ends_its_occasion_too(session: Session) -> None:
    """Whoever leaves from under a message does not want that message again, whatever its class."""
    ada = make_customer(session)
    solved, outage = recovery(session, ada), recovery(session, ada, "outage_over")
    leave(session, ada.id, now=NOW, source="unsubscribe", occasion="ticket_solved")
    assert leave(session, ada.id, now=LATER, source="unsubscribe", occasion="ticket_solved") == {}
    assert (held(session, solved), held(session, outage)) == ({"occasion_off"}, set())


def test_an_occasion_of_both_classes_goes_on_as_service_alone(session: Session) -> None:
    """Where an offer and a plain message share an occasion, the offer ends, also for who had asked for it."""
    ada = make_customer(session)
    plain = recovery(session, ada, "outage_over")
    offer = celebration(session, ada, "outage_over")
    say(session, ada.id, Wishes(occasions={"outage_over": True}), now=NOW)
    leave(session, ada.id, now=LATER, source="unsubscribe")
    assert (held(session, plain), held(session, offer)) == (set(), {"occasion_off"})
    assert leave(session, ada.id, now=LATER, source="unsubscribe") == {}


def test_a_file_with_an_older_yes_brings_nobody_back(session: Session) -> None:
    """An import that does not say when it was agreed never turns a refusal into a yes."""
    ada = make_customer(session)
    birthday = celebration(session, ada)
    leave(session, ada.id, now=NOW, source="unsubscribe")
    row = CustomerRow(ada.external_id, preferences=[PreferenceRow("birthday", True)])
    record_customers(session, [row], now=LATER, source="crm.csv")
    assert held(session, birthday) == {"occasion_off"}


def test_who_left_may_come_back_to_one_occasion(session: Session) -> None:
    """Their own yes goes before their general no."""
    ada = make_customer(session)
    birthday, orders = celebration(session, ada), celebration(session, ada, "order_milestone")
    leave(session, ada.id, now=NOW, source="unsubscribe")
    say(session, ada.id, Wishes(occasions={"birthday": True}), now=LATER)
    assert (held(session, birthday), held(session, orders)) == (set(), {"occasion_off"})


def test_nothing_at_all_means_service_too_and_every_address(session: Session) -> None:
    """Nothing is written to them, nor to the same address under another name; and it can be taken back."""
    ada, twin = make_customer(session, email="ada@example.com"), make_customer(session, email="Ada@Example.com")
    moments = [recovery(session, ada), celebration(session, twin)]
    say(session, ada.id, Wishes(nothing=True), now=NOW)
    assert [held(session, one, "email") for one in moments] == [{"suppressed"}, {"suppressed"}]
    say(session, ada.id, Wishes(nothing=False), now=LATER)
    assert [held(session, one, "email") for one in moments] == [set(), set()]


def test_taking_nothing_back_leaves_what_others_said(session: Session) -> None:
    """A complaint that a provider reported is not the customer's own word, and stays."""
    ada = make_customer(session)
    session.add(Suppression(customer_id=ada.id, reason="complained", source="provider", created_at=NOW))
    say(session, ada.id, Wishes(nothing=True), now=NOW)
    say(session, ada.id, Wishes(nothing=False), now=LATER)
    assert held(session, celebration(session, ada)) == {"suppressed"}


def test_an_unwanted_channel_is_not_used_and_may_be_allowed_again(session: Session) -> None:
    """`unwanted` is the whole list: what is not on it any more is wanted."""
    ada = make_customer(session)
    birthday = celebration(session, ada)
    say(session, ada.id, Wishes(unwanted=("postbox",)), now=NOW)
    assert held(session, birthday) == {"suppressed"}
    assert say(session, ada.id, Wishes(unwanted=()), now=LATER) == {"suppressions.postbox": ("customer_asked", None)}
    assert held(session, birthday) == set()


def test_stop_holds_for_the_number_and_for_the_next_one(session: Session) -> None:
    """STOP from a phone ends texts to that phone and to its owner; START takes it back, and only that."""
    ada = make_customer(session)
    session.add(ContactPoint(customer_id=ada.id, channel="sms", address="+4915112345678"))
    birthday = celebration(session, ada)
    assert stop(session, "sms", "+4915112345678", now=NOW, source="twilio")
    assert not stop(session, "sms", "+4915112345678", now=LATER, source="twilio")
    assert held(session, birthday, "sms") == {"suppressed"}
    session.add(ContactPoint(customer_id=ada.id, channel="sms", address="+4915100000000"))
    say(session, ada.id, Wishes(unwanted=("call",)), now=NOW)
    assert start(session, "sms", "+4915112345678", now=LATER, source="twilio")
    assert not start(session, "sms", "+4915112345678", now=LATER, source="twilio")
    assert held(session, birthday, "sms") == set()
    assert held(session, birthday, "call") == {"suppressed"}


def test_stop_from_a_stranger_is_kept_for_later(session: Session) -> None:
    """A number that no customer has yet stays suppressed when one gets it."""
    assert stop(session, "sms", "+15550100", now=NOW, source="twilio")
    ada = make_customer(session)
    session.add(ContactPoint(customer_id=ada.id, channel="sms", address="+15550100"))
    assert held(session, celebration(session, ada), "sms") == {"suppressed"}


def test_of_an_erased_customer_nothing_can_be_said(session: Session) -> None:
    """There is nobody to keep it for."""
    ada = make_customer(session, erased_at=NOW)
    with pytest.raises(NotFound):
        say(session, ada.id, Wishes(nothing=True), now=NOW)


def test_occasions_are_those_that_send(session: Session) -> None:
    """A draft or retired trigger is not something a customer hears about."""
    for name, state in (("birthday", "active"), ("order_milestone", "paused"), ("spend", "draft"), ("old", "retired")):
        make_trigger(session, occasion=name, state=state)
    assert [(one.name, one.title, one.marketing, one.service) for one in occasions(session)] == [
        ("birthday", "Birthday", True, False),
        ("order_milestone", "Birthday", True, False),
    ]
