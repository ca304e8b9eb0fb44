"""What people said and did about one message, as its page shows it: plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

STOPPABLE = ("draft", "in_review", "approved")


@dataclass(frozen=True, slots=True)
class FlagView:
    """What somebody said feels wrong, and what marketing answered. `open` until they did.

    `state` and `reason` are the message's; `until` is when it ends if it is not answered.
    """

    id: UUID
    message_id: UUID
    text: str
    raised_by: str | None
    raised_at: datetime
    paused_trigger: bool
    outcome: str | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    state: str
    reason: str | None
    until: datetime

    @property
    def open(self) -> bool:
        """Whether it stops the message."""
        return self.answered_at is None

    @property
    def over(self) -> bool:
        """Whether the message ended without an answer, or went out all the same: there is nothing left to decide."""
        return self.state not in STOPPABLE


@dataclass(frozen=True, slots=True)
class ReadView:
    """A second pair of eyes: who asked whom what, and the answer. `asked_of` is None where anybody was asked;
    `may_answer` whether the person who looks is one of these."""

    question: str | None
    asked_by: str | None
    asked_of: str | None
    asked_at: datetime
    number: int | None
    answer: str | None
    remark: str | None
    answered_by: str | None
    answered_at: datetime | None
    may_answer: bool

    @property
    def open(self) -> bool:
        """Whether an answer is still waited for."""
        return self.answered_at is None


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of what happened to a message: who did what, with what was written down about it."""

    at: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]
