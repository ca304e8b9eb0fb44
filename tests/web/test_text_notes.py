"""What the page of a draft says beside its short texts: what they cost, and which words a provider approved."""

from sqlalchemy import select

from engine.storage.models import Revision
from engine.storage.session import Database
from tests.web.conftest import NewBrowser
from tests.web.office import Office
from tests.web.test_pages import text_of

APPROVED = "WhatsApp approved these words."


def with_texts(db: Database, office: Office, **texts: dict[str, object]) -> None:
    """The draft about the tenth order, with these texts in place of its own."""
    with db.writing() as session:
        revisions = session.scalars(select(Revision).where(Revision.message_id == office.orders))
        for revision in revisions:
            revision.texts = {**revision.texts, **texts}


def test_a_text_message_says_its_segments_as_it_will_be_sent(browser: NewBrowser, office: Office, db: Database) -> None:
    """Signed, and not with the mark that stands for the signature."""
    with_texts(db, office, sms={"subject": None, "body": "x" * 200})
    page = text_of(browser("agent").get(f"/messages/{office.orders}").text)
    assert "2 text messages, sent as one (GSM-7): 106 more characters fit." in page
    assert "American and Canadian numbers get “Reply STOP to opt out.” as well." in page
    with_texts(db, office, sms={"subject": None, "body": "[[ signature ]]"})
    assert "(GSM-7): 141 more" not in text_of(browser("agent").get(f"/messages/{office.orders}").text)


def test_approved_words_are_marked_as_such(browser: NewBrowser, office: Office, db: Database) -> None:
    """So that nobody changes them without knowing what it means."""
    words = {"subject": None, "body": "Hello Ada", "template": "HX1", "variables": {"1": "Ada"}}
    with_texts(db, office, whatsapp={"subject": None, "body": "Hello Ada"})
    assert APPROVED not in browser("agent").get(f"/messages/{office.orders}").text
    with_texts(db, office, whatsapp=words)
    assert APPROVED in browser("agent").get(f"/messages/{office.orders}").text
