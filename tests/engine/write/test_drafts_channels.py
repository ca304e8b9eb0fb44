"""The channel of a draft: one that the template in force has a text for."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.storage.models import ContactPoint, Hold, Message
from engine.write.store import seed_mission, seed_templates
from tests.engine.builders import NOW, make_customer
from tests.engine.write.desk import FOLDERS, MISSION, birthday, write

HOUSE = Offered(("email", "sms", "letter"))


def written(session: Session, wished: str, *kinds: str, reached: Sequence[str] = ("email", "sms")) -> Message:
    """A birthday by the wished channel, from a template that has texts of these kinds alone."""
    folders = [
        replace(folder, texts=tuple(text for text in folder.texts if text.channel in kinds)) for folder in FOLDERS
    ]
    seed_templates(session, folders, now=NOW)
    seed_mission(session, MISSION, now=NOW)
    customer = make_customer(session, preferred_channel=wished)
    for channel in reached:
        session.add(ContactPoint(customer_id=customer.id, channel=channel, address=f"{channel}:x"))
    message = birthday(session, customer, channel=wished, channel_reason="wished")
    write(session, offered=HOUSE)
    session.refresh(message)
    return message


def test_a_channel_without_a_text_gives_way_to_the_next(session: Session) -> None:
    """They wished for SMS, and the template speaks in mails only."""
    message = written(session, "sms", "email")
    assert (message.state, message.channel) == ("in_review", "email")
    assert message.channel_reason == "fallback:sms:no_text"


def test_a_channel_with_a_text_stays(session: Session) -> None:
    """Their wish counts."""
    message = written(session, "sms", "email", "sms")
    assert (message.channel, message.channel_reason) == ("sms", "wished")


def test_without_another_way_the_template_is_asked_for_a_text(session: Session) -> None:
    """Nobody can be reached by mail, and there is nothing for an SMS: a named hold."""
    message = written(session, "sms", "email", reached=("sms",))
    assert (message.state, message.channel) == ("draft", "sms")
    hold = session.query(Hold).one()
    assert (hold.name, "sms" in str(hold.detail)) == ("template_refused", True)
