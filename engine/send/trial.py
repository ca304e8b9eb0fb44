"""A test of a message: sent to the agent who writes it, by e-mail where that is configured, else into the postbox.

It is no delivery: it has ids of its own, so that no receipt, bounce or answer finds the message, and its links are
nobody's, so that whoever presses them changes nothing for the customer. It is noted in the audit trail before it goes.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, JubileeError
from engine.ids import new_id
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.send.channels import close, open_channels
from engine.send.channels.postbox import open_channel as open_postbox
from engine.send.composing import compose_sheet
from engine.send.outgoing import OutgoingMessage, Refused
from engine.send.previewing import NOBODY, Letterhead, mailed_by, sheet_of
from engine.send.redirect import redirect
from engine.settings import Settings, split
from engine.storage.models import AuditEntry, Person, Template
from engine.write.approval import Draft
from engine.write.signing import Texts

ACTION = "send_test"
EMAIL = "email"
MOST, WITHIN = 5, timedelta(minutes=10)
MARK = "[Test]"
log = structlog.get_logger()


class TooManyTests(InvalidInput):
    """You have sent yourself enough tests for now. Wait a few minutes; the preview shows the same."""


@dataclass(frozen=True, slots=True)
class Tested:
    """Where the test went: `email`, or `postbox` with the letter's id."""

    channel: str
    outgoing: OutgoingMessage


def prepare_test(
    session: Session,
    draft: Draft,
    letterhead: Letterhead,
    *,
    person: Person,
    unsaved: Texts | None = None,
    now: datetime,
) -> OutgoingMessage:
    """The message as it stands on the page, addressed to the person alone. Raises TooManyTests.

    The caller commits before it sends: what was noted is counted, whatever comes of it.
    """
    require(person, "agent")
    _count(session, person, now=now)
    message = draft.material.message
    sheet = sheet_of(session, draft, _channel(draft), person=person, unsaved=unsaved)
    nobodys = replace(sheet, customer_id=NOBODY, message_id=NOBODY, external_id="", heard_at=None)
    duties = replace(letterhead.duties, reply_domain="")  # an answer to a test comes back to whoever sent it
    outgoing = compose_sheet(nobodys, company=letterhead.company, team=letterhead.team, duties=duties)
    record(session, Doer(person.name, person.id), ACTION, message, now=now)
    return _to_oneself(outgoing, person)


def prepare_template_test(
    session: Session, outgoing: OutgoingMessage, template: Template, *, made_up: bool, person: Person, now: datetime
) -> OutgoingMessage:
    """The same of a template's text, which was tried out for a customer who is made up. Raises InvalidInput
    otherwise.
    """
    require(person, "marketing")
    if not made_up:
        raise InvalidInput("A test is made for a customer who is made up: choose one of them.")
    _count(session, person, now=now)
    record(session, Doer(person.name, person.id), ACTION, template, now=now)
    return _to_oneself(outgoing, person)


def _to_oneself(outgoing: OutgoingMessage, person: Person) -> OutgoingMessage:
    return replace(
        outgoing,
        message_id=new_id(),
        delivery_id=new_id(),
        address=person.email,
        recipient_name=person.name,
        reply_to=person.email,
        subject=f"{MARK} {outgoing.subject}".strip(),
        unsubscribe_url="",
        template=None,
        facts={},
    )


def send_test(settings: Settings, outgoing: OutgoingMessage, *, stopped: bool) -> Tested:
    """Hand it to the mail channel, if one is configured, nothing is stopped, and mails to this very address go nowhere
    else; else to the postbox. Raises InvalidInput, in words, where it was not taken."""
    if not stopped and _may_be_mailed(settings, outgoing.address):
        channels = open_channels(settings)
        try:
            if EMAIL in channels:
                channels[EMAIL].send(outgoing)
                return Tested(EMAIL, outgoing)
        except Refused as refused:
            raise InvalidInput(f"The test was not taken: {refused.reason}.") from refused
        except Exception as error:  # a library's own; whether it arrived nobody knows, and a test is only a test
            log.warning("test_failed", error=type(error).__name__)
            raise InvalidInput("The mail server gave no clear answer; the test may have arrived or not.") from error
        finally:
            with suppress(JubileeError):
                close(channels)
    open_postbox(settings).send(outgoing)
    return Tested("postbox", outgoing)


def _channel(draft: Draft) -> str:
    own = draft.material.message.channel
    return mailed_by(own) if EMAIL in draft.revision.texts else own


def _may_be_mailed(settings: Settings, address: str) -> bool:
    """In redirect mode only to whom mails go as they are addressed."""
    rules = redirect(not settings.live, settings.redirects, split(settings.allowed_addresses))
    return rules.address_of(EMAIL, address) == address


def _count(session: Session, person: Person, *, now: datetime) -> None:
    """The person's row is locked, so that two tests at once are counted one after the other."""
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update()).all()
    sent = session.scalar(
        select(func.count())
        .select_from(AuditEntry)
        .where(AuditEntry.person_id == person.id, AuditEntry.at > now - WITHIN, AuditEntry.action == ACTION)
    )
    if (sent or 0) >= MOST:
        raise TooManyTests
