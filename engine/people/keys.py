"""Keys for machines: made once, shown once, kept as a hash. Each names what it may do, and can be taken back.

A key is 256 random bits, so a plain hash keeps it as well as a slow one would, and may be compared with every request.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotFound
from engine.people.audit import Doer, record
from engine.storage.models import ApiKey
from engine.unseen import unseen_in

SCOPES = ("inapp", "events")
_WORD = "jub"
_LONGEST = 200
# Compared where no such key is known, so that the answer takes as long.
_NOBODY = hashlib.sha256(b"no key is this").hexdigest()
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Machine:
    """A program that was let in, by the name its key was given."""

    id: UUID
    name: str
    scopes: tuple[str, ...]


def add_key(session: Session, name: str, scopes: Collection[str], *, now: datetime, doer: Doer) -> tuple[ApiKey, str]:
    """A new key's row, and the key itself, which can never be read again. Raises InvalidInput for an unknown scope."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise InvalidInput(f"scope: `{unknown[0]}` is not one of {', '.join(SCOPES)}")
    if not scopes or not name.strip():
        raise InvalidInput("a key needs a name and at least one scope")
    if said := unseen_in(name.strip()):
        raise InvalidInput(f"name: {said}")
    prefix = secrets.token_hex(4)
    key = f"{_WORD}_{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey(name=name.strip(), prefix=prefix, key_hash=_hash(key), scopes=sorted(set(scopes)), created_at=now)
    row.created_by = doer.person_id
    session.add(row)
    session.flush()
    record(session, doer, "add_key", row, now=now, name=row.name, prefix=prefix, scopes=row.scopes)
    return row, key


def revoke_key(session: Session, prefix: str, *, now: datetime, doer: Doer) -> ApiKey:
    """Take a key back; one that was taken back stays so. Raises NotFound for a prefix that no key has."""
    row = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix).with_for_update())
    if row is None:
        raise NotFound(f"There is no key {prefix!r}; `jubilee keys list` shows them.")
    if row.revoked_at is None:
        row.revoked_at = now
        record(session, doer, "revoke_key", row, now=now, name=row.name, prefix=prefix)
        session.flush()
    return row


def keys(session: Session) -> Sequence[ApiKey]:
    """Every key, the newest first, with those that were taken back."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())).all()


def machine_of(session: Session, key: str) -> Machine | None:
    """Whose key this is; None where it is wrong or was taken back."""
    rows = session.scalars(select(ApiKey).where(ApiKey.prefix == prefix_of(key), ApiKey.revoked_at.is_(None))).all()
    given = _hash(key[:_LONGEST])
    found = None
    for row in rows:
        found = row if hmac.compare_digest(row.key_hash, given) else found
    if not rows:
        hmac.compare_digest(_NOBODY, given)
    return Machine(found.id, found.name, tuple(found.scopes)) if found is not None else None


def note_use(session: Session, key_id: UUID, *, now: datetime) -> None:
    """That it was used, to the minute: a busy key does not write with every request."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - _NOTED_EVERY)
    session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))


def use_is_noted(session: Session, key_id: UUID, *, now: datetime) -> bool:
    """Whether `note_use` would change nothing, so that reading need not begin to write."""
    used = session.scalar(select(ApiKey.last_used_at).where(ApiKey.id == key_id))
    return used is not None and used > now - _NOTED_EVERY


def prefix_of(key: str) -> str:
    """The part of a key that people recognise it by; empty where it has the shape of none."""
    word, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if word == _WORD and secret and len(key) <= _LONGEST else ""


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
