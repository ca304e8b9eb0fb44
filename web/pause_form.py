"""The form of a "not now", read from what a browser sends; what was written is shown again where it cannot be used."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from engine.calendar.pauses import Wanted
from engine.calendar.scope import BY_DEFAULT
from engine.conditions import Condition
from engine.conditions.countries import COUNTRY, code_of
from engine.conditions.tree import CUSTOMER_FIELDS, read_condition
from engine.dates.zones import first_instant
from engine.errors import InvalidInput

ROWS = 3
LAST_YEAR = 2999
OPS = ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains")
FIELDS = tuple(CUSTOMER_FIELDS)
_SEPARATOR = re.compile(r"[,;\n]+")
_CODES = re.compile(r"([A-Za-z]{2}(-[A-Za-z0-9]{1,3})?\s+)+[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?")
_WHOLE, _DECIMAL = re.compile(r"-?\d{1,15}"), re.compile(r"-?\d{1,15}\.\d{1,6}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the segment."""

    field: str = ""
    op: str = "eq"
    value: str = ""


@dataclass(frozen=True, slots=True)
class PauseForm:
    """What stands in the fields."""

    reason: str = ""
    touches: tuple[str, ...] = BY_DEFAULT
    places: str = ""
    rows: tuple[Row, ...] = (Row(),) * ROWS
    until: str = ""

    @property
    def narrows(self) -> bool:
        """Whether it is not simply for everybody."""
        return bool(self.places.strip() or any(row.field.strip() for row in self.rows))

    def wanted(self, zone: str) -> Wanted:
        """What it asks for. Raises InvalidInput with what is to be mended."""
        return Wanted(
            reason=self.reason,
            touches=self.touches,
            places=read_places(self.places),
            segment=self._segment(),
            until=_instant(self.until, zone) if self.until.strip() else None,
        )

    def _segment(self) -> Condition | None:
        leaves = [_leaf(row) for row in self.rows if row.field.strip()]
        try:
            return read_condition({"all": leaves} if len(leaves) > 1 else leaves[0]) if leaves else None
        except ValidationError as error:
            raise InvalidInput(error.errors()[0]["msg"].removeprefix("Value error, ").capitalize() + ".") from None


def read_places(text: str) -> list[str]:
    """What stands between commas, as names have spaces; codes may stand with spaces alone between them."""
    parts = [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
    return [word for part in parts for word in (part.split() if _CODES.fullmatch(part) else [part])]


def read_form(form: FormData) -> PauseForm:
    """The fields of a form of ours."""

    def text(name: str) -> str:
        return str(form.get(name, ""))[:2_000]

    rows = tuple(Row(text(f"field{n}"), text(f"op{n}") or "eq", text(f"value{n}")) for n in range(ROWS))
    touches = tuple(str(one) for one in form.getlist("touches"))
    return PauseForm(text("reason"), touches, text("places"), rows, text("until"))


def _leaf(row: Row) -> dict[str, Any]:
    field = row.field.strip()
    field = field if "." in field else f"customer.{field}" if f"customer.{field}" in FIELDS else f"trait.{field}"
    values = [_plain(one.strip()) for one in (row.value.split(",") if row.op in ("in", "not_in") else [row.value])]
    if field == COUNTRY:
        values = [code_of(one) or one if isinstance(one, str) else one for one in values]
    return {"field": field, "op": row.op, "value": values if row.op in ("in", "not_in") else values[0]}


def _plain(text: str) -> str | int | float | bool:
    if text.lower() in ("true", "yes", "false", "no"):
        return text.lower() in ("true", "yes")
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _instant(text: str, zone: str) -> datetime:
    """`2026-06-03T18:00` on the clock of whoever wrote it."""
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(f"“{text}” is no day and hour.") from None
    if local.year > LAST_YEAR:
        raise InvalidInput(
            f"The year {local.year} is too far away: leave it empty, and it holds until somebody ends it."
        )
    if local.tzinfo is not None or local.year < 2000:
        raise InvalidInput(f"“{text}” is no day and hour of your clock.")
    return first_instant(local.date(), local.time(), zone)
