"""A mail as bytes, ready for a mail server: built line by line, because the standard library's way costs more than all
the rest of sending. Every part is base64, so that no line is long, begins with a dot or holds anything but ASCII.
"""

from base64 import b64encode
from datetime import datetime
from email.utils import format_datetime

from engine.send.channels.mail import Identity, answers_to, header_text, mailbox, own_headers, subject_of
from engine.send.outgoing import OutgoingMessage

_LINE = 76


def mail_bytes(message: OutgoingMessage, to: str, identity: Identity, *, now: datetime) -> bytes:
    """The whole mail with CRLF at every line's end. `now` becomes its Date."""
    headers = {
        "Date": format_datetime(now),
        "From": mailbox(message.sender_name, identity.address),
        "To": mailbox(message.recipient_name, to),
        "Reply-To": mailbox(message.sender_name, answers_to(message, identity)),
        "Subject": header_text(subject_of(message)),
        **own_headers(message, identity),
        "MIME-Version": "1.0",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")
    if not message.html:
        return head + _part("plain", message.text)
    boundary = f"=_{message.delivery_id.hex}"
    opening = f"--{boundary}\r\n".encode()
    return b"".join(
        (
            head,
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
            opening,
            _part("plain", message.text),
            opening,
            _part("html", message.html),
            f"--{boundary}--\r\n".encode(),
        )
    )


def _part(subtype: str, text: str) -> bytes:
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    code = b64encode(lines.encode("utf-8", "replace"))
    body = b"\r\n".join([code[start : start + _LINE] for start in range(0, len(code), _LINE)])
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + body + b"\r\n"
