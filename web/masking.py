"""A secret that stands in a compressed page looks different in each: its length under compression tells nothing of it.

A page that is compressed together with words of an attacker's choosing gets shorter where these repeat what else stands
in it. Masked by a fresh pad, there is nothing in it that could be repeated twice.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode


def masked(secret: bytes) -> str:
    """A pad as long as the secret, and the secret under it."""
    pad = secrets.token_bytes(len(secret))
    return urlsafe_b64encode(pad + _under(pad, secret)).decode()


def unmasked(text: str) -> bytes:
    """The secret again; something that no secret equals where the text was never masked by us."""
    try:
        both = urlsafe_b64decode(text.encode("ascii"))
    except ValueError:
        return b""
    half = len(both) // 2
    return _under(both[:half], both[half:]) if len(both) % 2 == 0 else b""


def _under(pad: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(pad, text, strict=True))
