"""Redirect mode: until an installation is live, real channels write to a test address instead of the customer, and say
for whom it was. Pure; the address is chosen in the commit of `submitting`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.channel_terms import TERMS
from engine.send.outgoing import OutgoingMessage

HINDRANCE = "redirect_mode"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where messages go while it is `on`. `allowed` are addresses that are left as they are, or @domains of such."""

    on: bool = False
    to: Mapping[str, str] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()

    def address_of(self, channel: str, address: str) -> str | None:
        """The address to use; None where the message must not go."""
        if not self.on or channel not in TERMS or not TERMS[channel].real or self._is_allowed(address):
            return address
        return self.to.get(channel) or None

    def _is_allowed(self, address: str) -> bool:
        known = address.strip().casefold()
        if known in self.allowed:
            return bool(known)
        # From the first @ on: an address with two could name somebody else before the domain that is allowed.
        return f"@{known.partition('@')[2]}" in self.allowed


def redirect(on: bool, to: Mapping[str, str], allowed: list[str]) -> Redirect:
    """From the settings as they are written."""
    return Redirect(on, dict(to), frozenset(one.strip().casefold() for one in allowed))


def mark(message: OutgoingMessage, meant_for: str) -> OutgoingMessage:
    """The same message, saying whom it was for: in the subject where the channel shows one, else before the text."""
    said = f"[for {meant_for or message.recipient_name or 'a customer'}]"
    if message.subject:
        return replace(message, subject=f"{said} {message.subject}")
    return replace(message, text=f"{said} {message.text}")
