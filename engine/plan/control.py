"""The control group: who is left out at random, by hash of the trigger's salt and the customer, so that the effect can
be measured. The same in Python and in SQL; drawn last; never for a recovery.
"""

from hashlib import blake2b

from sqlalchemy import ColumnElement, literal
from sqlalchemy.types import BigInteger

_PRIME = 2**31 - 1
_PARTS = 10_000


def in_control(bucket: int, salt: str, share: float) -> bool:
    """Whether the customer with this bucket is in the control group of the trigger with this salt."""
    factor, offset = _mixed(salt)
    return (bucket * factor + offset) % _PRIME % _PARTS < round(share * _PARTS)


def in_control_sql(bucket: ColumnElement[int], salt: str, share: float) -> ColumnElement[bool]:
    """The same for a set."""
    factor, offset = (literal(number, BigInteger) for number in _mixed(salt))
    return (bucket * factor + offset) % _PRIME % _PARTS < round(share * _PARTS)


def _mixed(salt: str) -> tuple[int, int]:
    """Numbers small enough that the product with a bucket below 2**31 fits 63 bits."""
    digest = blake2b(salt.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8]) % (_PRIME - 1) + 1, int.from_bytes(digest[8:]) % _PRIME
