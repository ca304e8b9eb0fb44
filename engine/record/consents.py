"""Which of two statements about consent or an occasion holds: a file read again must not undo a refusal. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Statement = Mapping[str, Any]

_SAID = ("state", "basis", "wanted", "channel")


def settle(old: Statement | None, new: Statement, *, dated: bool) -> tuple[Statement, str | None]:
    """The statement that holds, and a remark where the new one differs and does not.

    `dated`: the new one says itself since when it holds. Without that, it never turns a refusal into a grant, and an
    equal one renews nothing.
    """
    if old is None:
        return new, None
    same = all(old.get(name) == new.get(name) for name in _SAID)
    if not dated:
        if same:
            return old, None
        if _agrees(new) and not _agrees(old):
            return old, f"the refusal of {_since(old).date()} stands, as this row does not say when it was taken back"
        return new, None
    if _since(new) < _since(old) or (_since(new) == _since(old) and _agrees(new) and not _agrees(old)):
        return old, None if same else f"the statement of {_since(old).date()} stands, as this one is not newer"
    if same and _since(new) == _since(old) and old.get("expires_at") == new.get("expires_at"):
        return old, None
    return new, None


def _agrees(statement: Statement) -> bool:
    return statement.get("state") == "granted" or statement.get("wanted") is True


def _since(statement: Statement) -> datetime:
    return datetime.fromisoformat(statement.get("given_at") or statement["changed_at"])
