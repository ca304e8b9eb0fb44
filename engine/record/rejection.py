"""What recording says about single rows: one that was refused, and one that was taken with a remark."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejection:
    """Row number `index` was not recorded, and why; `column` names the place where one can be named."""

    index: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Row number `index` was recorded, but somebody should know this about it."""

    index: int
    column: str | None
    reason: str


class RowRefused(Exception):
    """One row cannot be recorded."""

    def __init__(self, column: str | None, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(reason)
