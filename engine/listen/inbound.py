"""What SendGrid's inbound parse posts: the whole mail, or a mail that it has taken apart. Pure."""

import json
from collections.abc import Mapping, Sequence
from email import message_from_string, policy
from email.message import EmailMessage
from hmac import compare_digest

from engine.errors import InvalidInput
from engine.listen.mail import Mail, read_mail
from engine.listen.quoting import text_of_html
from engine.listen.said import storable

RAW = "email"
_BODY = ("Content-Type", "Content-Transfer-Encoding", "MIME-Version")


def is_ours(given: str, token: str) -> bool:
    """Whether this is the secret that was agreed with SendGrid, which signs nothing here."""
    return bool(token) and compare_digest(given.encode("utf-8", "replace"), token.encode())


def read_inbound(fields: Mapping[str, str], attachments: Sequence[str]) -> Mail:
    """The mail of these fields. Raises InvalidInput where there is none."""
    recipients = _envelope_to(fields.get("envelope", ""))
    if fields.get(RAW):
        return read_mail(fields[RAW].encode("utf-8", "replace"), envelope_to=recipients)
    if not fields.get("from") and not fields.get("headers"):
        raise InvalidInput("a mail is expected, whole or taken apart")
    return read_mail(_put_together(fields, attachments), envelope_to=recipients)


def _put_together(fields: Mapping[str, str], attachments: Sequence[str]) -> bytes:
    """Its headers again above its text. Of attachments there is only the name."""
    mail = message_from_string(storable(fields.get("headers", "")).strip() + "\n\n", policy=policy.compat32)
    for name in _BODY:
        del mail[name]
    for name in ("From", "To", "Subject"):
        if name not in mail and (given := fields.get(name.lower())):
            mail[name] = " ".join(storable(given).split())
    text = fields.get("text") or text_of_html(fields.get("html", ""))
    whole = EmailMessage(policy=policy.SMTPUTF8)
    whole.set_content(storable(text))
    for attachment in attachments[:50]:
        whole.add_attachment(b"", maintype="application", subtype="octet-stream", filename=storable(attachment)[:100])
    return mail.as_bytes().rstrip(b"\n") + b"\n" + whole.as_bytes()


def _envelope_to(envelope: str) -> list[str]:
    try:
        said = json.loads(envelope) if envelope else {}
    except (ValueError, RecursionError):
        return []
    to = said.get("to") if isinstance(said, dict) else None
    return [one for one in to if isinstance(one, str)] if isinstance(to, list) else []
