"""A key opens what it was made for, is kept as a hash, and opens nothing once it was taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotFound
from engine.people.audit import Doer
from engine.people.keys import add_key, keys, machine_of, note_use, prefix_of, revoke_key
from engine.storage.models import ApiKey, AuditEntry
from tests.engine.builders import NOW

DOER = Doer("test")


def test_a_key_opens_what_it_was_made_for(session: Session) -> None:
    """It says which program it is and what that may do."""
    row, key = add_key(session, "the app", ["inapp"], now=NOW, doer=DOER)
    known = machine_of(session, key)
    assert known is not None
    assert (known.id, known.name, known.scopes) == (row.id, "the app", ("inapp",))


def test_the_key_itself_is_kept_nowhere(session: Session) -> None:
    """Neither in its row nor in the audit trail: who reads the database cannot use what is there."""
    row, key = add_key(session, "the app", ["inapp"], now=NOW, doer=DOER)
    secret = key.rpartition(f"{row.prefix}_")[2]
    stored = [getattr(row, column.name) for column in ApiKey.__table__.columns]
    audited = session.scalars(select(AuditEntry.detail)).all()
    assert secret not in str([stored, audited])
    assert len(secret) >= 43  # 256 bits


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key + "A",
        lambda key: key.upper(),
        lambda key: key.replace("jub_", "jub-"),
        lambda key: "_".join(key.split("_")[:2]),
        lambda key: key.split("_")[1],
        lambda key: "",
        lambda key: "jub__",
        lambda key: key * 10,
        lambda key: "jub_" + "0" * 8 + "_" + key.rpartition("_")[2],
    ],
)
def test_anything_else_opens_nothing(session: Session, spoil: object) -> None:
    """One letter off, another case, half of it, the prefix alone, another prefix with the same secret."""
    _, key = add_key(session, "the app", ["inapp"], now=NOW, doer=DOER)
    assert machine_of(session, spoil(key)) is None  # type: ignore[operator]


def test_a_revoked_key_opens_nothing_and_stays_listed(session: Session) -> None:
    """Both acts stand in the audit trail; taking it back twice is one act."""
    row, key = add_key(session, "the app", ["inapp"], now=NOW, doer=DOER)
    revoke_key(session, row.prefix, now=NOW, doer=DOER)
    revoke_key(session, row.prefix, now=NOW + timedelta(days=1), doer=DOER)
    assert machine_of(session, key) is None
    assert [one.revoked_at for one in keys(session)] == [NOW]
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all() == ["add_key", "revoke_key"]


def test_two_keys_of_one_prefix_are_told_apart(session: Session) -> None:
    """A prefix is for people; the whole key decides."""
    one, first = add_key(session, "one", ["inapp"], now=NOW, doer=DOER)
    _, second = add_key(session, "two", ["inapp"], now=NOW, doer=DOER)
    twin = f"jub_{one.prefix}_{'x' * 43}"
    assert prefix_of(twin) == prefix_of(first) != prefix_of(second)
    assert machine_of(session, twin) is None


def test_use_is_noted_to_the_minute(session: Session) -> None:
    """So that a busy app does not write with every request."""
    row, _ = add_key(session, "the app", ["inapp"], now=NOW, doer=DOER)
    for seconds in (0, 30, 61):
        note_use(session, row.id, now=NOW + timedelta(seconds=seconds))
        session.refresh(row)
        assert row.last_used_at == NOW + timedelta(seconds=0 if seconds < 60 else 61)


def test_an_unknown_scope_is_refused(session: Session) -> None:
    """A misspelt scope would open nothing, and nobody would know why."""
    with pytest.raises(InvalidInput, match="inap"):
        add_key(session, "the app", ["inap"], now=NOW, doer=DOER)
    with pytest.raises(InvalidInput):
        add_key(session, " ", ["inapp"], now=NOW, doer=DOER)
    with pytest.raises(InvalidInput, match=r"nobody sees.*U\+2066"):
        add_key(session, "the \u2066app", ["inapp"], now=NOW, doer=DOER)


def test_an_unknown_prefix_is_said(session: Session) -> None:
    """Who mistypes learns it at once."""
    with pytest.raises(NotFound, match="deadbeef"):
        revoke_key(session, "deadbeef", now=NOW, doer=DOER)
