"""What mail servers report, each in its own way: whose mail it was, and whether its address is dead."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.listen.dsn import read_bounces
from engine.listen.letters import take_mail
from engine.listen.mail import read_mail
from engine.listen.receipts import apply_parked
from engine.listen.said import Said
from engine.storage.models import ContactPoint, Delivery, Reply
from tests.engine.builders import NOW
from tests.engine.listen.heard import OFFERED, receipts, state_of, submitted
from tests.engine.listen.letters import LINKS, UNKNOWN, bounce_address, group, letter, reply_address, report

OURS = UUID("0197c0de-1111-7000-8000-000000000002")


def _forged() -> str:
    """The right message with a wrong proof."""
    local = bounce_address(OURS).partition("@")[0]
    return f"{local[:-5]}{'a' if local[-5] != 'a' else 'b'}{local[-4:]}"


FORGED = _forged()


def read(raw: bytes, *, envelope_to: tuple[str, ...] = ()) -> list[Said]:
    return read_bounces(read_mail(raw, envelope_to=envelope_to), LINKS.read_reply_address, now=NOW)


REPORTS = {
    "to the return path": report(group(), to=bounce_address(OURS)),
    "to the return path, in capitals": report(group(), to=bounce_address(OURS).upper()),
    "with our headers": report(group(), returned=f"From: a@example.com\r\nMessage-ID: <{OURS}@example.com>\r\n"),
    "with the reply address in our headers": report(group(), returned=f"Reply-To: Kim <{reply_address(OURS)}>\r\n"),
    "with our whole mail": report(
        group(), returned=f"Message-ID: <{OURS}@example.com>\r\nSubject: Hi\r\n\r\nHello", returned_as="message/rfc822"
    ),
    "with folded fields": report(
        group(diagnostic="smtp; 550-5.1.1 The account that you tried to reach\r\n 550 5.1.1 does not exist"),
        to=bounce_address(OURS),
    ),
    "with remarks in the fields": report(
        group(action="failed (bounced)", status="5.1.1 (bad destination mailbox address)"), to=bounce_address(OURS)
    ),
    "where only the diagnostic code tells": report(
        group(status="5.0.0", diagnostic="smtp; 550 #5.1.10 recipient not found"), to=bounce_address(OURS)
    ),
    "without a diagnostic code": report(group(diagnostic=""), to=bounce_address(OURS)),
    "a plain letter of an old server": letter(
        bounce_address(OURS),
        "Hi. I am the mail program here.\n\n<ada@example.org>:\nRemote host said: 550 5.1.1 unknown user\n",
        **{"from": "MAILER-DAEMON@mx.example.org", "subject": "failure notice"},
    ),
}


@pytest.mark.parametrize("raw", REPORTS.values(), ids=REPORTS)
def test_a_report_of_failure_is_understood(raw: bytes) -> None:
    """Whatever the server, the message is known and its address is dead."""
    (said,) = read(raw)
    assert (said.message_id, said.kind, said.data["dead"]) == (OURS, "bounced", True)


def test_the_envelope_tells_where_no_header_does() -> None:
    """A pipe hands over the address that the mail was really sent to."""
    assert read(report(group()), envelope_to=(bounce_address(OURS),))
    assert not read(report(group()))


@pytest.mark.parametrize(
    ("action", "status", "kind", "dead"),
    [
        ("failed", "5.1.1", "bounced", True),
        ("failed", "5.1.2", "bounced", True),
        ("failed", "5.2.1", "bounced", True),
        ("failed", "5.4.4", "bounced", True),
        ("failed", "5.2.2", "bounced", False),
        ("failed", "5.3.4", "bounced", False),
        ("failed", "5.7.1", "bounced", False),
        ("failed", "4.4.7", "bounced", False),
        ("delayed", "4.4.1", "deferred", False),
        ("delivered", "2.1.5", "delivered", False),
        ("relayed", "2.0.0", "processed", False),
    ],
)
def test_what_a_status_means(action: str, status: str, kind: str, dead: bool) -> None:
    """Only a failure of class 5 about the address itself ends it (RFC 3463)."""
    (said,) = read(report(group(action, status, diagnostic=""), to=bounce_address(OURS)))
    assert (said.kind, said.data["dead"]) == (kind, dead)


@pytest.mark.parametrize(
    "raw",
    [
        report(group(action="expanded"), to=bounce_address(OURS)),
        report(to=bounce_address(OURS)),
        report(group(), to=bounce_address(OURS).replace("bounce+", "bounce+a")),
        report(group(), to=f"{FORGED}@answers.example.com"),
        report(group(), returned="Message-ID: <somebody-elses@example.com>\r\n"),
        letter(bounce_address(OURS), "I am on holiday until 5.5.2026", auto_submitted="auto-replied"),
        letter(bounce_address(OURS), "I cannot reach you: 550 5.1.1 unknown user"),
        letter(bounce_address(OURS), "All is well.", **{"from": "postmaster@mx.example.org"}),
        b"",
        b"\x00\xff" * 100,
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x",
    ],
    ids=[
        "expanded",
        "no group",
        "no token",
        "forged",
        "not ours",
        "absence",
        "a person",
        "no code",
        "nothing",
        "garbage",
        "torn",
    ],
)
def test_what_is_no_bounce_of_ours(raw: bytes) -> None:
    """A token that was made up, another's mail, an absence that comes to the return path, a person's own words."""
    assert read(raw) == []


def test_a_bounce_ends_the_delivery_and_the_address(session: Session) -> None:
    """From a mail through a pipe to the customer's address; the second time it is known."""
    delivery = submitted(session)
    raw = report(group(), to=bounce_address(delivery.message_id))
    assert [take_mail(session, raw, links=LINKS, now=NOW).what for _ in range(2)] == ["bounce", "known"]
    apply_parked(session, offered=OFFERED, now=NOW)
    assert state_of(session, delivery) == "bounced"
    assert not session.scalars(select(ContactPoint.usable).execution_options(populate_existing=True)).one()
    assert receipts(session)[0].provider == "smtp"


def test_a_bounce_is_of_the_attempt_that_was_taken(session: Session) -> None:
    """Not of one that was refused before it while the mail server was away: neither has an id that the report names."""
    taken = submitted(session, provider_id="queued as 4711")
    taken.fence = 2
    before = dict.fromkeys(("claimed_at", "submitting_at", "ended_at"), NOW)
    refused = {"state": "refused", "reason": "ConnectionRefusedError", "fence": 1, "worker": "test", **before}
    session.add(Delivery(message_id=taken.message_id, channel="email", address=taken.address, **refused))
    session.flush()
    take_mail(session, report(group(), to=bounce_address(taken.message_id)), links=LINKS, now=NOW)
    apply_parked(session, offered=OFFERED, now=NOW)
    assert receipts(session)[0].delivery_id == taken.id
    assert state_of(session, taken) == "bounced"


def test_a_report_about_mail_that_is_not_ours_disturbs_nobody(session: Session) -> None:
    """It is no answer that somebody would have to read."""
    assert take_mail(session, report(group()), links=LINKS, now=NOW).what == "left out"
    assert not session.scalars(select(Reply)).all()


def test_a_bounce_of_a_message_that_is_gone_waits(session: Session) -> None:
    """Its token is ours, its message is not here (any more)."""
    raw = report(group(), to=bounce_address(UNKNOWN))
    assert take_mail(session, raw, links=LINKS, now=NOW).what == "bounce"
    assert apply_parked(session, offered=OFFERED, now=NOW) == 0
