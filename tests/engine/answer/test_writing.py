"""Writing an answer: to whom it would go, why it cannot, and that two people do not answer the same reply."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.answer.writing import LONGEST_TEXT, House, Words, withdraw, write_answer
from engine.channel_terms import Offered
from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.record.suppressions import Suppressed, suppress
from engine.record.wishes import leave
from engine.send.redirect import Redirect
from engine.storage.models import AuditEntry, Customer, Reply
from tests.engine.answer.answers import ADDRESS, HOUSE, NUMBER, agent, answer, replied
from tests.engine.builders import NOW


def write(session: Session, reply: Reply, house: House = HOUSE, text: str = "Thank you.", seen: int = 0) -> None:
    write_answer(session, reply.id, Words(text, seen), person=agent(session), house=house, now=NOW)


def test_an_answer_waits_a_minute_and_the_reply_is_dealt_with(session: Session) -> None:
    """By the channel the reply came by, to the address it came from, and about the same."""
    reply = replied(session)
    one = answer(session, reply)
    assert (one.channel, one.address, one.subject, one.state) == ("email", ADDRESS, "Re: Happy birthday", "waiting")
    assert one.release_at == NOW
    assert (reply.handled_at, reply.handled_by) == (NOW - timedelta(minutes=1), agent(session).id)
    assert session.scalars(select(AuditEntry.action)).all() == ["answer_reply"]


def test_taken_back_within_the_minute_it_never_happened(session: Session) -> None:
    """The reply waits again; what is on its way cannot be taken back."""
    reply = replied(session)
    one = answer(session, reply)
    withdraw(session, one.id, person=agent(session), now=NOW)
    session.refresh(reply)
    session.refresh(one)
    assert (one.state, reply.handled_at) == ("withdrawn", None)
    gone = answer(session, reply)
    gone.state, gone.claimed_until, gone.worker = "claimed", NOW, "one"
    session.flush()
    with pytest.raises(Conflict, match="too late"):
        withdraw(session, gone.id, person=agent(session), now=NOW)


def test_the_second_of_two_people_is_told(session: Session) -> None:
    """Nobody gets two answers because two people did not see each other."""
    reply = replied(session)
    answer(session, reply)
    with pytest.raises(Conflict, match="answered this in the meantime"):
        write(session, reply)
    write(session, reply, seen=1)


def test_a_viewer_does_not_answer(session: Session) -> None:
    """The role is asked where the words are kept, not only on the page."""
    reply, viewer = replied(session), agent(session, "Vera")
    viewer.role = "viewer"
    with pytest.raises(NotAllowed):
        write_answer(session, reply.id, Words("Hello", 0), person=viewer, house=HOUSE, now=NOW)


@pytest.mark.parametrize(
    ("channel", "why", "change"),
    [
        ("email", "asked not to be written to", {"address": ADDRESS, "channel": "email"}),
        ("sms", "asked not to be written to", {"address": NUMBER, "channel": "sms"}),
        ("whatsapp", "asked not to be written to", {"address": NUMBER, "channel": "whatsapp"}),
    ],
)
def test_a_channel_they_stopped_carries_no_answer(
    session: Session, channel: str, why: str, change: dict[str, str]
) -> None:
    """A STOP stands, whatever they write afterwards; the page says why."""
    reply = replied(session, channel=channel)
    suppress(session, [Suppressed("stop", channel, **change)], now=NOW)
    with pytest.raises(InvalidInput, match=why):
        write(session, reply)


def test_who_left_marketing_still_gets_an_answer(session: Session) -> None:
    """They asked something; that they want no advertising is another matter."""
    reply = replied(session)
    assert reply.customer_id
    leave(session, reply.customer_id, now=NOW, source="reply")
    write(session, reply)


@pytest.mark.parametrize(("field", "why"), [("deceased", "died"), ("erased_at", "erased")])
def test_who_is_gone_gets_none(session: Session, field: str, why: str) -> None:
    """Whoever reads the mail there."""
    reply = replied(session)
    setattr(session.get_one(Customer, reply.customer_id), field, True if field == "deceased" else NOW)
    with pytest.raises(InvalidInput, match=why):
        write(session, reply)


def test_whatsapp_closes_after_a_day(session: Session) -> None:
    """Of the last thing they wrote there, not of the one that is answered."""
    old = replied(session, channel="whatsapp", received_at=NOW - timedelta(hours=25))
    with pytest.raises(InvalidInput, match="24 hours"):
        write(session, old)
    again = {"channel": "whatsapp", "from_address": NUMBER, "text": "Are you there?"}
    session.add(Reply(**again, provider_key="SM2", received_at=NOW - timedelta(hours=23)))
    write(session, old)


def test_a_channel_that_is_not_offered_carries_none(session: Session) -> None:
    """By another it would reach them where they did not ask; but where there is only the postbox, that stands in."""
    reply = replied(session)
    with pytest.raises(InvalidInput, match="not offered"):
        write(session, reply, House(Offered(("sms", "postbox")), Redirect()))
    write(session, reply, House(Offered(("postbox",)), Redirect()))


def test_redirect_mode_without_a_test_address_is_told_beforehand(session: Session) -> None:
    """As it is of every message."""
    with pytest.raises(InvalidInput, match="Redirect mode"):
        write(session, replied(session), House(HOUSE.offered, Redirect(on=True)))


def test_a_robot_is_not_answered(session: Session) -> None:
    """Two programs would write to each other for ever."""
    with pytest.raises(InvalidInput, match="program"):
        write(session, replied(session, meaning="automatic"))


@pytest.mark.parametrize(
    ("channel", "text", "why"), [("email", " \r\n ", "nothing"), ("sms", "x" * (LONGEST_TEXT + 1), "1,600")]
)
def test_an_answer_has_words_and_an_end(session: Session, channel: str, text: str, why: str) -> None:
    """A text of more than Twilio takes would only be refused later."""
    with pytest.raises(InvalidInput, match=why):
        write(session, replied(session, channel=channel), text=text)
