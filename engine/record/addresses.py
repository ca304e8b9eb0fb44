"""Addresses on channels: one recipient each, in one spelling, so that the same address is never taken for two."""

import re
from collections.abc import Callable

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from engine.record.rejection import RowRefused
from engine.record.texts import clean_line

_MAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]+@(?:[^\s@<>()\[\],;:\\\".]+\.)+[^\s@<>()\[\],;:\\\".]{2,}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_PUNCTUATION = re.compile(r"[\s()./-]")


def _mail(text: str) -> str:
    if len(text) > 254 or not _MAIL.fullmatch(text):
        raise ValueError("is not one email address such as ana@example.org")
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def _phone(text: str) -> str:
    """The zero that is dialled within a country, as in +49 (0)30, is no part of the number; where it is one, as in
    Italy, it stays."""
    number = _PHONE_PUNCTUATION.sub("", text)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    try:
        if _PHONE.fullmatch(number):
            return str(format_number(parse(number, None), PhoneNumberFormat.E164))
    except NumberParseException:  # no country has such a code
        pass
    raise ValueError("is not a telephone number with its country code, such as +4930123456")


def _any(text: str) -> str:
    return text


CHANNELS: dict[str, Callable[[str], str]] = {
    "email": _mail,
    "sms": _phone,
    "whatsapp": _phone,
    "call": _phone,
    "inapp": _any,
    "webhook": _any,
    "letter": _any,
    "postbox": _any,
    "push": _any,
}


def clean_channel(column: str, channel: str) -> str:
    """The channel's name, or a refusal that lists the ones there are."""
    if channel not in CHANNELS:
        raise RowRefused(column, f"there is no channel {channel!r}: {', '.join(sorted(CHANNELS))} are known")
    return channel


def clean_address(column: str, channel: str, value: str | None) -> str | None:
    """The address in its one spelling; None where the customer has none on this channel."""
    text = clean_line(column, value)
    if text is None:
        return None
    try:
        return CHANNELS[channel](text)
    except ValueError as error:
        raise RowRefused(column, f"{text!r} {error}") from None
