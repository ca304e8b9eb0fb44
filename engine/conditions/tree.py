"""The shape of a condition: `all`, `any`, `not`, and leaves of field, operator and value, each checked when saved.

A leaf about something that is missing, null or of another type than its value is false, whatever the operator: a
condition never guesses. Only `exists` speaks of what is missing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, field_validator, model_validator

MAX_DEPTH = 8
MAX_LEAVES = 100
MAX_LIST = 200
MAX_TEXT = 200
# Beyond it, JSON readers disagree about whole numbers.
MAX_NUMBER = 2**53

Scalar = str | int | float | bool
Type = Literal["text", "number", "boolean", "any"]
Op = Literal["eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "contains", "exists"]

CUSTOMER_FIELDS: Mapping[str, Type] = {
    "customer.country": "text",
    "customer.locale": "text",
    "customer.language": "text",
    "customer.zone": "text",
    "customer.preferred_channel": "text",
    "customer.has_open_problem": "boolean",
    "customer.has_open_ticket": "boolean",
}
# What may follow the prefix. JSON paths are built from trait and fact names, hence the narrow alphabet.
_NAMED_FIELDS: Mapping[str, tuple[re.Pattern[str], Type]] = {
    "trait.": (re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .:-]{0,59}"), "any"),
    "moment.": (re.compile(r"[a-z][a-z0-9_]{0,59}"), "any"),
    "total.": (re.compile(r"[!-~]{1,200}"), "number"),
}
_FIELDS_HINT = f"{', '.join(CUSTOMER_FIELDS)}, trait.<name>, total.<metric>, moment.<fact>"


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class Leaf(_Node):
    """One question about one field, for example `{field: customer.country, op: in, value: [DE, AT]}`."""

    field: str
    op: Op
    value: Any

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The value as a list, for `in` and `not_in`."""
        return cast(tuple[Scalar, ...], self.value if isinstance(self.value, tuple) else (self.value,))

    @property
    def type(self) -> Type:
        """The type that a field must have to be compared with the value."""
        return _type_of(self.values[0])

    @field_validator("field")
    @classmethod
    def _field_is_known(cls, field: str) -> str:
        if field_type(field) is None:
            raise ValueError(f"there is no field {field!r}; fields are {_FIELDS_HINT}")
        return field

    @model_validator(mode="before")
    @classmethod
    def _exists_by_default(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("op") == "exists" and "value" not in data:
            return {**data, "value": True}
        return data

    @field_validator("value")
    @classmethod
    def _value_is_plain(cls, value: Any) -> Any:
        if isinstance(value, Sequence) and not isinstance(value, str):
            if not 1 <= len(value) <= MAX_LIST:
                raise ValueError(f"a list holds 1 to {MAX_LIST} values, not {len(value)}")
            return tuple(_plain(item) for item in value)
        return _plain(value)

    @model_validator(mode="after")
    def _operator_fits(self) -> "Leaf":
        is_list = isinstance(self.value, tuple)
        if is_list != (self.op in ("in", "not_in")):
            raise ValueError(f"`{self.op}` wants {'one value' if is_list else 'a list of values'}")
        types = {_type_of(value) for value in self.values}
        if len(types) > 1:
            raise ValueError(f"the values of a list are of one type, not {' and '.join(sorted(types))}")
        of_field, of_value = field_type(self.field), types.pop()
        if self.op == "exists":
            if of_value != "boolean":
                raise ValueError("`exists` wants true or false")
            return self
        if of_field not in ("any", of_value):
            raise ValueError(f"{self.field} is a {of_field}, and {self.value!r} is a {of_value}")
        if self.op == "contains" and of_value != "text":
            raise ValueError("`contains` looks for a text in a text")
        if self.op in ("lt", "lte", "gt", "gte") and of_value == "boolean":
            raise ValueError(f"`{self.op}` compares numbers or texts, not true and false")
        return self


class AllOf(_Node):
    """True where every part is. An empty list would let everybody in by accident, and is refused."""

    all_of: Annotated[tuple["Condition", ...], Field(alias="all")]


class AnyOf(_Node):
    """True where at least one part is."""

    any_of: Annotated[tuple["Condition", ...], Field(alias="any")]


class NoneOf(_Node):
    """True where the part is not."""

    none_of: Annotated["Condition", Field(alias="not")]


_SHAPES: Mapping[str, type[_Node]] = {"all": AllOf, "any": AnyOf, "not": NoneOf}


def read_condition(value: Any) -> "AllOf | AnyOf | NoneOf | Leaf":
    """Read a tree of plain dicts and lists. Raises pydantic's ValidationError, whose places are those of the tree."""
    if isinstance(value, AllOf | AnyOf | NoneOf | Leaf):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("a condition is `all`, `any`, `not`, or `field`, `op` and `value`")
    _check_size(value)
    if empty := next((key for key in ("all", "any") if value.get(key) in ([], ())), None):
        raise ValueError(f"`{empty}` is an empty list: say what it means")
    shape = next((shape for key, shape in _SHAPES.items() if key in value), Leaf)
    return cast("AllOf | AnyOf | NoneOf | Leaf", shape.model_validate(value))


def write_condition(condition: "AllOf | AnyOf | NoneOf | Leaf") -> dict[str, Any]:
    """The tree as plain dicts and lists, ready for JSON and for `read_condition`."""
    return condition.model_dump(mode="json")


# Chosen by its key rather than tried as a union: an error then names the place in the tree and nothing else.
Condition = Annotated[AllOf | AnyOf | NoneOf | Leaf, PlainValidator(read_condition), PlainSerializer(write_condition)]

for _shape in (AllOf, AnyOf, NoneOf):
    _shape.model_rebuild()


def fields_of(condition: "AllOf | AnyOf | NoneOf | Leaf") -> frozenset[str]:
    """Every field that it asks about."""
    match condition:
        case Leaf(field=field):
            return frozenset((field,))
        case NoneOf(none_of=part):
            return fields_of(part)
        case AllOf(all_of=parts) | AnyOf(any_of=parts):
            return frozenset().union(*(fields_of(part) for part in parts))
    raise TypeError(f"not a condition: {condition!r}")


def field_type(field: str) -> Type | None:
    """What type a field has; None where there is no such field."""
    if field in CUSTOMER_FIELDS:
        return CUSTOMER_FIELDS[field]
    for prefix, (rest, type_) in _NAMED_FIELDS.items():
        if field.startswith(prefix) and rest.fullmatch(field.removeprefix(prefix)):
            return type_
    return None


def _type_of(value: Scalar) -> Type:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _plain(value: Any) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not math.isfinite(value) or abs(value) > MAX_NUMBER:
            raise ValueError(f"{value} is too large to be compared safely")
        return value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError(f"a text may have {MAX_TEXT} characters, not {len(value)}")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("the text holds characters that cannot be stored")
        return value
    raise ValueError(f"{value!r} is not a text, a number, true or false (write a date as a text in quotes)")


def _check_size(value: Any) -> None:
    level, leaves = [value], 0
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        leaves += len(level)
        if not level:
            return
        if leaves > MAX_LEAVES:
            raise ValueError(f"a condition may have {MAX_LEAVES} parts at most")
    raise ValueError(f"a condition may be {MAX_DEPTH} levels deep at most")


def _children(node: Any) -> Sequence[Any]:
    if not isinstance(node, Mapping):
        return ()
    children: list[Any] = []
    for key in ("all", "any"):
        if isinstance(node.get(key), list | tuple):
            children += node[key]
    return [*children, node["not"]] if "not" in node else children
