"""Mails from outside for tests, written as several mail servers and mail programs write them."""

from email.message import EmailMessage
from uuid import UUID

from engine.links import Links

LINKS = Links("k" * 40, "https://jubilee.example.com")
DOMAIN = "answers.example.com"
UNKNOWN = UUID("0197c0de-0000-7000-8000-000000000001")


def reply_address(message_id: UUID) -> str:
    return LINKS.reply_address(message_id, DOMAIN)


def bounce_address(message_id: UUID) -> str:
    return LINKS.bounce_address(message_id, DOMAIN)


def letter(to: str, text: str = "Thank you!", **headers: str) -> bytes:
    """A person's mail. `in_reply_to="<x>"` becomes the header In-Reply-To."""
    mail = EmailMessage()
    values = {
        "from": "Ada <ada@example.org>",
        "to": to,
        "subject": "Re: Happy birthday",
        "message-id": "<m1@example.org>",
    }
    for name, value in (values | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


def report(
    *groups: str,
    to: str = "bounces@example.com",
    returned: str = "",
    returned_as: str = "text/rfc822-headers",
    sender: str = "MAILER-DAEMON@mx.example.org (Mail Delivery System)",
    said: str = "Your message could not be delivered.",
) -> bytes:
    """A report as RFC 3464 has it: a text, fields about each recipient, and our mail or its headers."""
    about = "\r\n\r\n".join(
        ("Reporting-MTA: dns; mx.example.org\r\nArrival-Date: Mon, 1 Jun 2026 09:00:00 +0200", *groups)
    )
    parts = [("text/plain; charset=utf-8", said), ("message/delivery-status", about)]
    if returned:
        parts.append((returned_as, returned))
    body = "".join(f"--=_b\r\nContent-Type: {kind}\r\n\r\n{content}\r\n" for kind, content in parts)
    head = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: Undelivered\r\nMessage-ID: <dsn-1@mx.example.org>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\r\n\r\n'
    )
    return f"{head}{body}--=_b--\r\n".encode()


def group(
    action: str = "failed", status: str = "5.1.1", diagnostic: str = "smtp; 550 5.1.1 no such user", **more: str
) -> str:
    """The fields about one recipient."""
    fields = {
        "Final-Recipient": "rfc822; ada@example.org",
        "Action": action,
        "Status": status,
        "Diagnostic-Code": diagnostic,
        **more,
    }
    return "\r\n".join(f"{name}: {value}" for name, value in fields.items() if value)
