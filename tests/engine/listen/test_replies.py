"""What customers write back: kept once, beside the message and for its author, and obeyed where it asks for that."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict
from engine.listen.incoming import of_text
from engine.listen.letters import take_mail
from engine.listen.mail import LONGEST_TEXT, read_mail
from engine.listen.replies import mark_handled, store_reply, waiting
from engine.listen.twilio import Written
from engine.storage.models import AuditEntry, ContactPoint, Delivery, Person, Preference, Reply
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.listen.heard import ADDRESS, message_of, submitted
from tests.engine.listen.letters import LINKS, letter, reply_address

INFO = "hello@example.com"


def kim(session: Session) -> Person:
    person = Person(email="kim@example.com", name="Kim", role="agent", password_hash="x", created_at=NOW)
    session.add(person)
    session.flush()
    return person


def sent(session: Session, **fields: object) -> Delivery:
    """A message of Kim's to Ada."""
    make_trigger(session)
    return submitted(session, approved_by=kim(session).id, **fields)  # type: ignore[arg-type]


def take(session: Session, raw: bytes) -> Reply:
    """The reply that this mail became."""
    assert take_mail(session, raw, links=LINKS, now=NOW).what == "reply"
    return session.scalars(select(Reply).order_by(Reply.id.desc()).limit(1)).one()


def test_a_reply_finds_its_message_by_the_address_it_was_sent_to(session: Session) -> None:
    """Whoever wrote it, from wherever: the token says which message it answers, and so whose it is."""
    delivery = sent(session)
    reply = take(session, letter(reply_address(delivery.message_id), **{"from": "elsewhere@example.net"}))
    message = message_of(session, delivery)
    assert (reply.message_id, reply.customer_id, reply.person_id) == (
        message.id,
        message.customer_id,
        message.approved_by,
    )
    assert reply.handled_at is None


@pytest.mark.parametrize("header", ["in_reply_to", "references"])
def test_a_reply_finds_its_message_by_the_id_it_refers_to(session: Session, header: str) -> None:
    """Where people answer to another address of the company."""
    delivery = sent(session)
    refers = f"<other@example.net> <{delivery.message_id}@example.com>"
    assert take(session, letter(INFO, **{header: refers})).message_id == delivery.message_id


def test_a_reply_finds_its_message_by_the_sender(session: Session) -> None:
    """The last message that went to this address, if it is not long ago."""
    delivery = sent(session)
    reply = take(session, letter(INFO, **{"from": "ADA@example.org"}))
    assert (reply.message_id, reply.customer_id) == (delivery.message_id, message_of(session, delivery).customer_id)
    delivery.submitting_at = NOW - timedelta(days=61)
    session.flush()
    late = take(session, letter(INFO, message_id="<m2@example.org>"))
    assert (late.message_id, late.customer_id) == (None, reply.customer_id)


def test_a_stranger_is_kept_as_one(session: Session) -> None:
    """Nobody is guessed; a person looks at it."""
    reply = take(session, letter(INFO, **{"from": "stranger@example.net"}))
    assert (reply.customer_id, reply.message_id, reply.handled_at) == (None, None, None)


def test_an_address_of_two_customers_is_nobodys(session: Session) -> None:
    """Where nothing else tells them apart."""
    for _ in range(2):
        make_customer(session, email=ADDRESS)
    assert take(session, letter(INFO)).customer_id is None


def test_a_mail_is_kept_once(session: Session) -> None:
    """By its own id, however often it is fetched."""
    take(session, letter(INFO))
    assert take_mail(session, letter(INFO), links=LINKS, now=NOW).what == "known"
    assert take_mail(session, letter(INFO, message_id=""), links=LINKS, now=NOW).what == "reply"
    assert take_mail(session, letter(INFO, message_id=""), links=LINKS, now=NOW).what == "known"


@pytest.mark.parametrize(
    "headers",
    [
        {"auto_submitted": "auto-replied"},
        {"auto_submitted": "auto-generated; owner=x"},
        {"precedence": "bulk"},
        {"x_auto_response_suppress": "All"},
        {"x_autoreply": "yes"},
        {"return_path": "<>"},
        {"from": "no-reply@example.org"},
    ],
)
def test_an_automatic_answer_disturbs_nobody(session: Session, headers: dict[str, str]) -> None:
    """It is kept and marked, waits for no one, and its words are not obeyed."""
    delivery = sent(session)
    reply = take(session, letter(reply_address(delivery.message_id), "unsubscribe", **headers))
    assert (reply.meaning, reply.handled_at) == ("automatic", NOW)
    assert session.scalar(waiting()) == 0
    assert not session.scalars(select(Preference)).all()
    assert session.scalars(select(ContactPoint.heard_at)).one() is None


def test_a_person_is_no_robot(session: Session) -> None:
    """`Auto-Submitted: no` is what people's programs say."""
    assert take(session, letter(INFO, auto_submitted="no")).meaning == "text"


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("unsubscribe", "Re: Happy birthday"),
        ("Bitte abmelden!\n\nOn Mon, 1 Jun 2026, Kim wrote:\n> Happy birthday", "Re: Happy birthday"),
        ("Please,\nunsubscribe me.\n\nOn Mon, 1 Jun 2026, Kim wrote:\n> Happy birthday", "Re: Happy birthday"),
        ("Darme de baja, por favor.", "Re: Feliz cumpleaños"),
        ("", "unsubscribe"),
    ],
)
def test_an_objection_by_mail_counts(session: Session, text: str, subject: str) -> None:
    """By any contact (cx-rules L10): all marketing ends, and a person sees it."""
    delivery = sent(session)
    reply = take(session, letter(reply_address(delivery.message_id), text, subject=subject))
    assert (reply.meaning, reply.handled_at) == ("stop", None)
    assert session.get_one(Preference, (reply.customer_id, "*")).wanted is False


def test_the_word_in_a_quotation_is_no_objection(session: Session) -> None:
    """Our own footer speaks of unsubscribing, too."""
    delivery = sent(session)
    text = "Thank you!\n\nOn Mon, 1 Jun 2026, Kim wrote:\n> unsubscribe"
    assert take(session, letter(reply_address(delivery.message_id), text, subject="Re: unsubscribe")).meaning == "text"
    assert not session.scalars(select(Preference)).all()


def test_an_answer_from_a_test_address_says_nothing_about_the_customer(session: Session) -> None:
    """In redirect mode the team answers, not the customer."""
    delivery = sent(session, redirected=True)
    raw = letter(reply_address(delivery.message_id), "stop", **{"from": "test@example.com"})
    assert take(session, raw).meaning == "stop"
    assert not session.scalars(select(Preference)).all()


def test_a_text_from_a_number_that_nobody_has_still_stops(session: Session) -> None:
    """It holds for whoever gets this number later."""
    kept = store_reply(session, of_text(Written("sms", "SM1", "+4915112345678", "STOP", 0, False)), now=NOW)
    assert kept is not None
    assert kept.changed


def test_writing_opens_the_window_of_the_address(session: Session) -> None:
    """WhatsApp's 24 hours are counted from here."""
    delivery = submitted(session, channel="whatsapp", address="+4915112345678")
    store_reply(session, of_text(Written("whatsapp", "SM1", "+4915112345678", "hello", 0, False)), now=NOW)
    heard = session.scalars(select(ContactPoint.heard_at).execution_options(populate_existing=True)).one()
    assert heard == NOW
    assert delivery.channel == "whatsapp"


def test_attachments_are_dropped_and_named(session: Session) -> None:
    """What they hold is not kept."""
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["To"] = ADDRESS, INFO
    mail.set_content("See here")
    mail.add_attachment(b"x" * 1_000, maintype="image", subtype="jpeg", filename="cat.jpg")
    reply = take(session, mail.as_bytes())
    assert reply.text == "See here\n\n(attached, and not kept: cat.jpg)"


def test_a_mail_of_html_alone_is_kept_as_text(session: Session) -> None:
    """Without markup, script or pictures."""
    raw = (
        b"From: ada@example.org\r\nTo: hello@example.com\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
        b"<html><body><p>Gr\xfc\xdfe</p><script>alert(1)</script></body></html>"
    )
    assert take(session, raw).text == "Grüße"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: ada@example.org\r\nSubject: =?utf-8?q?=00?=\r\nContent-Type: text/plain; charset=x\r\n\r\nhi\x00\xff",
        b"From: ada@example.org\r\nContent-Type: multipart/mixed; boundary=\r\n\r\nhi",
        b"From: ada@example.org, eve@example.org\r\nMessage-ID: " + b"x" * 5_000 + b"\r\n\r\nhi",
        b"From: ada@example.org\r\nTo: " + b"<" * 20_000 + b"\r\n\r\nhi",
        b"From: ada@example.org\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
    ],
    ids=["charset", "boundary", "long id", "brackets", "not base64"],
)
def test_what_a_stranger_sends_can_always_be_kept(session: Session, raw: bytes) -> None:
    """Broken headers, unknown charsets, control characters: something is left, and it can be stored."""
    assert take(session, raw).from_address == ADDRESS


def test_an_endless_letter_is_cut() -> None:
    """A reply is for a person to read."""
    assert len(read_mail(letter(INFO, "word " * 50_000)).text) == LONGEST_TEXT


def test_a_reply_is_handled_once(session: Session) -> None:
    """Two agents do not answer the same customer; who did is in the audit log."""
    person, reply = kim(session), take(session, letter(INFO))
    mark_handled(session, reply.id, person=person, now=NOW)
    with pytest.raises(Conflict):
        mark_handled(session, reply.id, person=person, now=NOW)
    assert session.scalars(select(AuditEntry.action)).all() == ["handle_reply"]
    assert session.scalar(waiting()) == 0
