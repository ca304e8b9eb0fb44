"""What a process remembers of what never changes: stored versions, and statements that took long to make."""

from collections.abc import Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def remember(kept: dict[Key, Value], key: Key, value: Value, *, most: int) -> Value:
    """Keep this one, for the oldest where there are `most` already; returns it. Threads may do so at once."""
    for oldest in list(kept)[: max(0, len(kept) - most + 1)]:
        kept.pop(oldest, None)
    kept[key] = value
    return value
