"""One thing that a provider said about a message, as plain values, and how texts from outside become storable. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

LONGEST_DETAIL = 300
LONGEST_KEY = 300
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+|\+\d[\d\s()./-]{5,}\d|\b\d{9,}\b")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Said:
    """`key` is made of what was said (message, kind, ...), because providers' own event ids change with repeats.

    `kind` is one of `engine.storage.models.receipt.KINDS`. `message_id` is ours, as the provider gave it back;
    `provider_id` is what the provider calls the message. `data` may say `dead` (the address is not to be used again)
    and `channels` (those that this provider carries).
    """

    provider: str
    key: str
    kind: str
    occurred_at: datetime
    message_id: UUID | None = None
    provider_id: str | None = None
    address: str | None = None
    detail: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def storable(text: str) -> str:
    """The text without what a database refuses: lone surrogates and control characters other than line ends."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", plain)


def without_addresses(text: str | None) -> str | None:
    """A provider's reason in one line. The customer's address in it is left out: the reason outlives an erasure."""
    if not text:
        return None
    line = " ".join(storable(text).split())
    return _ADDRESS.sub("…", line)[:LONGEST_DETAIL] or None


def as_uuid(text: object) -> UUID | None:
    """The id that this text spells; None where it spells none."""
    if not isinstance(text, str) or len(text) > 64:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
