"""What every mail owes its reader: why it came, a way out, an address, and a person to answer to."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine.links import Links
from engine.send.composing import CannotCompose, compose
from engine.send.duties import NO_DUTIES, Duties
from engine.send.outgoing import ApprovedTemplate, OutgoingMessage
from engine.storage.models import ContactPoint, Customer, Delivery, Message, Person, Revision
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer
from tests.engine.send.approved import Stub, approve

LINKS = Links("a secret of at least thirty-two letters", "https://jubilee.example.com")
DUTIES = Duties(postal_address="Loom & Lantern\\nHigh Street 1", links=LINKS)


def composed(
    db: Database,
    *,
    channel: str = "email",
    duties: Duties = DUTIES,
    texts: dict[str, Any] | None = None,
    locale: str = "en",
    approver: str | None = None,
    has_left: bool = False,
    address: str = "ada@example.com",
) -> OutgoingMessage:
    """The message that this channel would be given, of a customer with that address."""
    with db.writing() as session:
        customer = make_customer(session, email="ada@example.com")
        message = approve(session, customer, channel=channel)
        if approver:
            person = Person(name="Kim", email=approver, role="agent", password_hash="", created_at=NOW)
            person.active = not has_left
            session.add(person)
            session.flush()
            message.approved_by = person.id
        values: dict[str, Any] = {"locale": locale} | ({"texts": texts} if texts else {})
        session.execute(update(Revision).where(Revision.message_id == message.id).values(values))
        point = session.scalars(select(ContactPoint).where(ContactPoint.customer_id == customer.id)).one()
        point.heard_at = NOW - timedelta(hours=3)
        delivery = Delivery(
            message_id=message.id,
            channel=channel,
            address=address,
            state="claimed",
            fence=1,
            worker="one",
            lease_until=NOW,
            claimed_at=NOW,
        )
        session.add(delivery)
        session.flush()
        channels = {channel: Stub(name=channel)}
        made = compose(session, [delivery.id], channels, company="Acme & Sons", team="the team", duties=duties)
    answer = made[delivery.id]
    if isinstance(answer, CannotCompose):
        raise answer
    return answer


@pytest.mark.parametrize(
    ("locale", "reason", "way_out"),
    [
        ("en", "You receive this because you are a customer of Acme & Sons.", "Choose what you hear from us, or leave"),
        ("de-AT", "Du bekommst das, weil du bei Acme & Sons Kunde bist.", "Wähle, was du von uns hörst"),
        ("es", "Recibes esto porque eres cliente de Acme & Sons.", "Elige qué quieres recibir"),
        ("fr", "You receive this because", "Choose what you hear"),
    ],
)
def test_both_parts_say_why_how_to_leave_and_who_wrote(db: Database, locale: str, reason: str, way_out: str) -> None:
    """In the language of the text; English where there is no other."""
    mail = composed(db, locale=locale)
    footer = mail.text.partition("\n\n-- \n")[2]
    assert footer.startswith(reason)
    assert f"{way_out}" in footer
    assert mail.preferences_url in footer
    assert footer.endswith("\nLoom & Lantern\nHigh Street 1")
    assert reason.replace("&", "&amp;") in mail.html
    assert f'<a href="{mail.preferences_url}"' in mail.html
    assert "Loom &amp; Lantern<br>\nHigh Street 1" in mail.html


def test_the_links_are_this_customers_and_this_messages(db: Database) -> None:
    """Each for its own purpose, and the one-click link knows the occasion."""
    mail = composed(db)
    leave = LINKS.read(mail.unsubscribe_url.rpartition("/")[2], "unsubscribe")
    choose = LINKS.read(mail.preferences_url.rpartition("/")[2], "preferences")
    assert leave is not None
    assert choose is not None
    assert (leave.message_id, leave.occasion) == (mail.message_id, "birthday")
    assert choose.customer_id == leave.customer_id == customer_of(db, mail.message_id)


def customer_of(db: Database, message_id: UUID) -> UUID:
    with db.reading() as session:
        return session.get_one(Message, message_id).customer_id


def test_without_links_the_reader_is_told_to_answer(db: Database) -> None:
    """No empty link, no empty line."""
    mail = composed(db, duties=NO_DUTIES)
    assert mail.text.endswith(
        "-- \nYou receive this because you are a customer of Acme & Sons. "
        "Just answer if you would rather not hear from us."
    )
    assert "<a " not in mail.html


def test_an_answer_goes_to_the_person_who_approved(db: Database) -> None:
    """To their own address, as long as no mail comes to Jubilee."""
    mail = composed(db, approver="kim@acme.example")
    assert (mail.reply_to, mail.sender_name, mail.by_person) == ("kim@acme.example", "Kim, Acme & Sons", True)


def test_where_jubilee_takes_answers_they_come_back_to_the_message(db: Database) -> None:
    """The address says which message is answered; its author sees it."""
    mail = composed(db, approver="kim@acme.example", duties=Duties(links=LINKS, reply_domain="answers.acme.example"))
    assert mail.reply_to.endswith("@answers.acme.example")
    assert LINKS.read_reply_address(mail.reply_to) == mail.message_id


def test_what_nobody_approved_is_answered_where_it_came_from(db: Database) -> None:
    """The team's name, no person's address, and marked as automatic."""
    mail = composed(db)
    assert (mail.reply_to, mail.sender_name, mail.by_person) == ("", "the team, Acme & Sons", False)


def test_a_text_message_is_its_words_alone(db: Database) -> None:
    """No footer that costs a segment, and nothing in it is read as markup."""
    body = "* 5. time *\n- with love, _Kim_"
    mail = composed(db, channel="sms", texts={"sms": {"subject": None, "body": body}})
    assert (mail.text, mail.html) == (body, "")
    assert mail.unsubscribe_url


def test_what_is_no_mail_carries_no_footer(db: Database) -> None:
    """The app shows the text in a page of its own."""
    mail = composed(db, channel="inapp", texts={"inapp": {"subject": None, "body": "Hello **Ada**"}})
    assert (mail.text, mail.html) == ("Hello Ada", "<p>Hello <strong>Ada</strong></p>")


def test_the_template_that_a_provider_approved_goes_along(db: Database) -> None:
    """With what fills its blanks."""
    text = {"subject": None, "body": "Hello Ada", "template": "HX1", "variables": {"1": "Ada", "2": 5}}
    assert composed(db, channel="whatsapp", texts={"whatsapp": text}).template == ApprovedTemplate(
        "HX1", {"1": "Ada", "2": "5"}
    )


def test_the_channel_knows_when_the_customer_last_wrote_from_there(db: Database) -> None:
    """From this address; a test address in its place has never been heard of."""
    assert composed(db).heard_at == NOW - timedelta(hours=3)
    assert composed(db, address="test@acme.example").heard_at is None


def test_family_and_locale_go_along(db: Database) -> None:
    """A channel may need them."""
    mail = composed(db, locale="de")
    assert (mail.family, mail.locale) == ("celebrate", "de")


def test_the_customers_own_id_goes_along(db: Database) -> None:
    """A service of the company's own knows the customer by it."""
    made = composed(db, channel="webhook")
    with db.reading() as session:
        customer_id = session.get_one(Message, made.message_id).customer_id
        assert made.facts["customer_id"] == session.get_one(Customer, customer_id).external_id


def test_the_name_of_who_has_left_stays_under_what_they_approved(db: Database) -> None:
    """They did read it. But an answer goes to the company: nobody reads their mail any more."""
    mail = composed(db, approver="kim@example.com", has_left=True, duties=NO_DUTIES)
    assert mail.sender_name == "Kim, Acme & Sons"
    assert mail.reply_to == ""
