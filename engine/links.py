"""The links and addresses that a customer's message carries: each holds a signed token, bound to one purpose, so that
nobody can make one up or use one for what it was not given for.

They do not expire: a link in a mail found years later must still let its customer leave, and none of them shows or
allows more than hearing less.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from itsdangerous import BadData, BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

Purpose = Literal["unsubscribe", "preferences"]

_ID_BYTES = 16
_PROOF_BYTES = 10  # 80 bits: with the id 42 letters of base32, and a local part may have 64
_MAIL_WORDS = ("reply", "bounce")
_LONGEST_TOKEN = 500


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a link was given to, in which message, and about which occasion it was."""

    customer_id: UUID
    message_id: UUID
    occasion: str


class Links:
    """Makes and reads links and reply addresses under one secret. Several threads may share it."""

    def __init__(self, secret: str, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._signers = {purpose: _signer(secret, purpose) for purpose in ("unsubscribe", "preferences")}
        # Deriving a key and setting up a signer cost more than signing: who sends signs with the key itself.
        self._keys = {purpose: signer.derive_key() for purpose, signer in self._signers.items()}
        self._mail_key = hashlib.sha256(b"jubilee.mail " + secret.encode()).digest()

    def unsubscribe(self, customer_id: UUID, message_id: UUID, occasion: str) -> str:
        """Where a POST lets the customer leave this occasion at once (RFC 8058)."""
        return f"{self._public_url}/unsubscribe/{self._token('unsubscribe', customer_id, message_id, occasion)}"

    def preferences(self, customer_id: UUID, message_id: UUID) -> str:
        """The page on which the customer chooses what to hear, how and when."""
        return f"{self._public_url}/preferences/{self._token('preferences', customer_id, message_id, '')}"

    def read(self, token: str, purpose: Purpose) -> Link | None:
        """What a token says; None where we did not make it, or made it for something else."""
        if len(token) > _LONGEST_TOKEN:
            return None
        try:
            content = base64_decode(self._signers[purpose].unsign(token))
            ids, occasion = content[: 2 * _ID_BYTES], content[2 * _ID_BYTES :].decode()
            return Link(UUID(bytes=ids[:_ID_BYTES]), UUID(bytes=ids[_ID_BYTES:]), occasion)
        except (BadSignature, BadData, ValueError):
            return None

    def reply_address(self, message_id: UUID, domain: str) -> str:
        """Where an answer to this message goes; its token says which message it answers."""
        return f"reply+{self._mail_token(message_id)}@{domain}"

    def bounce_address(self, message_id: UUID, domain: str) -> str:
        """The return path of this message: where mail servers report that it could not be delivered."""
        return f"bounce+{self._mail_token(message_id)}@{domain}"

    def read_reply_address(self, address: str) -> UUID | None:
        """Which message a reply or bounce address belongs to; None where we did not make it. Mail systems may change
        the case of its letters."""
        word, plus, token = address.strip().lower().partition("@")[0].partition("+")
        if word not in _MAIL_WORDS or not plus:
            return None
        try:
            content = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except (binascii.Error, ValueError):
            return None
        message_id, proof = content[:_ID_BYTES], content[_ID_BYTES:]
        return UUID(bytes=message_id) if hmac.compare_digest(proof, self._proof(message_id)) else None

    def _token(self, purpose: Purpose, customer_id: UUID, message_id: UUID, occasion: str) -> str:
        content = base64_encode(customer_id.bytes + message_id.bytes + occasion.encode())
        proof = base64_encode(hmac.digest(self._keys[purpose], content, hashlib.sha256))
        return f"{content.decode()}.{proof.decode()}"

    def _mail_token(self, message_id: UUID) -> str:
        token = base64.b32encode(message_id.bytes + self._proof(message_id.bytes))
        return token.decode().rstrip("=").lower()

    def _proof(self, message_id: bytes) -> bytes:
        return hmac.digest(self._mail_key, message_id, "sha256")[:_PROOF_BYTES]


def _signer(secret: str, purpose: str) -> Signer:
    return Signer(secret, salt=f"jubilee.link.{purpose}", digest_method=hashlib.sha256)
