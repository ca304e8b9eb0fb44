"""The second check of the channel: wishes, and how a customer can be reached, may change after the approval."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.ids import new_id
from engine.send.choosing_again import CHANNEL_CHANGED, move_to_present_channels
from engine.send.submitting import Sender, submit
from engine.storage.models import Customer, Message, Preference, Suppression
from engine.storage.session import Database
from tests.engine.builders import NOW, make_consent
from tests.engine.review.desk import person
from tests.engine.send.approved import Ending, Stub, deliveries, message
from tests.engine.send.chain import HOUSE, audit_of, lose, reachable, ready, refused, wish


def looks(session: Session, message: Message, offered: Offered = HOUSE) -> bool:
    """Whether the second check moved it."""
    delivery = new_id()
    moved = move_to_present_channels(session, {delivery: message.id}, offered=offered, now=NOW)
    session.refresh(message)
    return moved == {delivery: CHANNEL_CHANGED}


@pytest.mark.parametrize("covered", [True, False])
def test_a_wish_made_after_the_approval_counts(session: Session, covered: bool) -> None:
    """The message moves there if its text was approved, else it returns to the person who approved the other."""
    customer = reachable(session, "email", "sms")
    approved = ready(session, customer, approved_by=person(session).id)
    approved.approved_texts = ["email", "sms"] if covered else ["email"]
    wish(session, customer, "sms")
    assert looks(session, approved)
    assert (approved.channel, approved.channel_reason) == ("sms", "wished_for_occasion")
    assert approved.state == ("approved" if covered else "in_review")
    (detail,) = audit_of(session, approved.id, "moved")
    assert (detail["from"], detail["to"], detail["to_read"]) == ("email", "sms", not covered)


def test_a_wish_that_was_taken_back_counts_too(session: Session) -> None:
    """It was planned by SMS because they wished so; now the company's order decides."""
    customer = reachable(session, "email", "sms")
    approved = ready(session, customer, channel="sms", channel_reason="wished")
    assert looks(session, approved)
    assert (approved.channel, approved.channel_reason) == ("email", "company_order")


def _suppress(session: Session, customer: Customer) -> None:
    stop = {"customer_id": customer.id, "channel": "email", "reason": "complaint", "source": "test"}
    session.add(Suppression(**stop, created_at=NOW))
    session.flush()


def _refuse(session: Session, customer: Customer) -> None:
    make_consent(session, customer, channel="email", state="refused")


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (lambda session, customer: lose(session, customer, "email"), "no_channel"),
        (_suppress, "suppressed"),
        (_refuse, "consent_refused"),
    ],
)
def test_a_channel_that_may_not_be_used_any_more_gives_way(session: Session, what: Any, reason: str) -> None:
    """Not skipped, not held: the next channel of the chain takes it, and the reason is kept."""
    customer = reachable(session, "email", "sms")
    approved = ready(session, customer)
    what(session, customer)
    assert looks(session, approved)
    assert (approved.state, approved.channel) == ("approved", "sms")
    assert approved.channel_reason == f"fallback:email:{reason}"


def test_a_channel_that_is_not_offered_any_more_gives_way(session: Session) -> None:
    """Its configuration was taken away."""
    approved = ready(session, reachable(session, "email", "sms"))
    assert looks(session, approved, offered=Offered(("inapp", "sms")))
    assert approved.channel_reason == "fallback:email:not_offered"


def test_a_channel_of_the_trial_gives_way_to_the_only_real_one(session: Session) -> None:
    """Planned for the postbox while that was all there was; now e-mail alone is offered."""
    approved = ready(session, reachable(session, "email"), channel="postbox")
    assert looks(session, approved, offered=Offered(("email",)))
    assert (approved.channel, approved.channel_reason) == ("email", "fallback:postbox:not_offered")


def test_without_another_channel_it_stays_and_is_held(session: Session) -> None:
    """What holds it is named by the rules."""
    customer = reachable(session, "email")
    approved = ready(session, customer)
    lose(session, customer, "email")
    assert not looks(session, approved)
    assert (approved.state, approved.channel) == ("approved", "email")


@pytest.mark.parametrize("reason", ["company_order", None])
def test_the_companys_order_alone_moves_nothing(session: Session, reason: str | None) -> None:
    """A channel that was put first after the approval is for what is planned from now on."""
    approved = ready(session, reachable(session, "email", "sms"), channel="sms", channel_reason=reason)
    assert not looks(session, approved)
    assert approved.channel == "sms"


def test_a_channel_that_failed_is_not_gone_back_to(session: Session) -> None:
    """They wish for e-mail, which came back."""
    customer = reachable(session, "email", "sms")
    approved = ready(session, customer, channel="sms", channel_reason="fallback:email:550")
    wish(session, customer, "email")
    refused(session, approved, "bounced", channel="email")
    assert not looks(session, approved)


def test_a_letter_that_would_come_too_late_is_no_reason_to_move(session: Session) -> None:
    """They wish for a letter, which needs days: it goes as it was approved."""
    customer = reachable(session, "email", "letter")
    approved = ready(session, customer)
    wish(session, customer, "letter")
    assert not looks(session, approved, offered=replace(HOUSE, lead_days=3))
    assert approved.channel == "email"


def sender(db: Database, *channels: Stub) -> Sender:
    """An installation that offers these channels."""
    one = Ending(db, channels[0]).sender
    return replace(
        one, channels={stub.name: stub for stub in channels}, offered=Offered(tuple(stub.name for stub in channels))
    )


def test_a_wish_made_between_claim_and_hand_over_is_met(db: Database) -> None:
    """The claim is let go, nothing is called, and the next claim goes by the new channel, once."""
    mail, app = Stub(name="email"), Stub(name="inapp")
    with db.writing() as session:
        customer = reachable(session, "email", "inapp")
        message_id, customer_id = ready(session, customer).id, customer.id
    claims = Ending(db, mail).claim()
    assert [claim.channel for claim in claims] == ["email"]
    with db.writing() as session:
        wish(session, session.get_one(Customer, customer_id), "inapp")
    assert submit(sender(db, mail, app), claims) == 0
    assert (mail.calls, app.calls) == ([], [])
    moved = message(db, message_id)
    assert (moved.state, moved.channel, moved.attempts) == ("approved", "inapp", 0)
    assert submit(sender(db, mail, app), Ending(db, app).claim("two")) == 1
    assert (len(mail.calls), len(app.calls)) == (0, 1)
    assert [(one.channel, one.state) for one in deliveries(db, message_id)] == [
        ("email", "refused"),
        ("inapp", "accepted"),
    ]
    with db.reading() as session:
        assert session.scalar(select(Preference.channel)) == "inapp"
