"""Texts by Twilio."""

from collections.abc import Mapping
from uuid import UUID

from engine.send.channels.twilio import Account, TwilioSettings, e164, open_account, read_group, sender
from engine.send.outgoing import Accepted, OutgoingMessage
from engine.settings import Settings

# How long Twilio may keep a text in its queue: what was handed over at the end of a decent hour must not ring at night.
VALID_SECONDS = 1_800

# The small alphabet of texts has no á and no ú; see engine/send/segments.py.
_OPT_OUT: Mapping[str, str] = {
    "en": "Reply STOP to opt out.",
    "es": "Responde STOP para darte de baja.",
    "fr": "Répondez STOP pour vous désabonner.",
}


class Sms:
    """Hands texts to Twilio. It cannot be asked for a message afterwards: its list knows numbers and times, but not our
    ids, and a guess by those could take one text for another. Its receipts carry our id instead."""

    name = "sms"
    parallel = 8

    def __init__(self, account: Account, group: TwilioSettings) -> None:
        self.rate = group.sms_rate
        self._account = account
        self._sender = sender(group.sms_from)

    def send(self, message: OutgoingMessage) -> Accepted:
        """Hand over one text."""
        number = e164(message.address)
        body = with_opt_out(message.text, number, family=message.family, locale=message.locale)
        fields = {**self._sender, "To": number, "Body": body, "ValidityPeriod": str(VALID_SECONDS)}
        return self._account.hand_over(message.message_id, fields)

    def find(self, message_id: UUID) -> None:
        """Twilio cannot be asked by our id."""

    def check(self) -> str:
        """Whether Twilio knows us."""
        return self._account.check()

    def close(self) -> None:
        """Let go of connections."""
        self._account.close()


def with_opt_out(text: str, number: str, *, family: str, locale: str) -> str:
    """The text as it goes. A celebration counts as marketing, and marketing to American and Canadian numbers says how
    to make it stop (CTIA's Messaging Principles; cf. 47 CFR 64.1200(a)(10) for the words that must work)."""
    if family != "celebrate" or not number.startswith("+1") or "STOP" in text:
        return text
    return f"{text} {_OPT_OUT.get(locale[:2], _OPT_OUT['en'])}"


def open_channel(settings: Settings) -> Sms | None:
    """Texts, where a Twilio account and a sender for them are configured."""
    group = read_group()
    return Sms(open_account(group, settings), group) if group and group.sms_from else None
