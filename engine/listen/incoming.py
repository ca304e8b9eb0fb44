"""What somebody wrote, from whichever channel it came, in one form."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from engine.links import Links
from engine.listen.dsn import our_id_in
from engine.listen.mail import LONGEST_TEXT, Mail
from engine.listen.quoting import parted
from engine.listen.stop_words import meaning_of
from engine.listen.twilio import Written

EMAIL = "email"
Meaning = Literal["text", "stop", "start", "help", "automatic"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody wrote, from any channel. `key` is the provider's id of it, and makes it one."""

    channel: str
    key: str
    from_address: str
    text: str
    meaning: Meaning
    subject: str | None = None
    message_id: UUID | None = None


def of_mail(mail: Mail, links: Links) -> Incoming:
    """A mail as something that somebody wrote. The message it answers is named by the address it was sent to; failing
    that, by the ids of mails that it refers to."""
    text = mail.text or (f"({_named(mail.attachments)})" if mail.attachments else "")
    if mail.text and mail.attachments:
        text = f"{mail.text[: LONGEST_TEXT - 1_000]}\n\n({_named(mail.attachments)})"
    by_token = (links.read_reply_address(address) for address in mail.recipients)
    return Incoming(
        channel=EMAIL,
        key=mail.key,
        from_address=mail.from_address,
        text=text,
        meaning="automatic" if mail.automatic else _meaning_of_mail(mail),
        subject=mail.subject or None,
        message_id=next((found for found in by_token if found), None) or our_id_in(mail.answers),
    )


def of_text(written: Written) -> Incoming:
    """A text or WhatsApp message as something that somebody wrote."""
    text = written.text[:LONGEST_TEXT]
    if written.media:
        count = f"{written.media} picture or file" + ("s" if written.media > 1 else "")
        text = f"{text}\n\n({count}, not kept)".strip()
    return Incoming(written.channel, written.key, written.address, text, meaning_of(written.text))


def _meaning_of_mail(mail: Mail) -> Meaning:
    """Only what ends our writing is done by itself in a mail; START and HELP are words like others there. The subject
    counts where it is not that of ours: some programs unsubscribe by a mail with nothing but a subject."""
    answer, _ = parted(mail.text)
    objects = meaning_of(answer) == "stop" or (not mail.answers and meaning_of(mail.subject) == "stop")
    return "stop" if objects else "text"


def _named(attachments: Iterable[str]) -> str:
    return f"attached, and not kept: {', '.join(attachments)}"[:1_000]
