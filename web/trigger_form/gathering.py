"""What is gathered from a form: plain values, the field that each came from, and what is missing in a field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definitions.positions import FieldPath
from web.trigger_form import typed

Fields = Mapping[str, str]


@dataclass
class Gathering:
    """`places` maps the place of a value in the definition to the field of the form; `faults` are (field, sentence)."""

    fields: Fields
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[FieldPath, str] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        """What stands in a field; nothing where there is none."""
        return self.fields.get(name, "")

    def whole(self, name: str) -> Any:
        """A number, or the text that is none."""
        return typed.number(self.get(name))

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.get(name))

    def put(self, path: FieldPath, name: str, value: Any) -> None:
        """Put the value of a field into the definition."""
        self.places[path] = name
        inner: Any = self.values
        for part in path[:-1]:
            inner = inner.setdefault(part, {})
        inner[path[-1]] = value

    def field_of(self, path: FieldPath) -> str | None:
        """The field that holds the value at this place, or the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path)


def count(fields: Fields, prefix: str) -> int:
    """How many rows stand under this name, numbered from 0."""
    number = 0
    while f"{prefix}.{number}.is" in fields:
        number += 1
    return number


def add(fields: Fields, prefix: str, **row: str) -> dict[str, str]:
    """The fields with one row more under this name."""
    at = f"{prefix}.{count(fields, prefix)}"
    return {**fields, **{f"{at}.{name}": value for name, value in row.items()}}


def swap(fields: Fields, prefix: str, number: int, other: int) -> dict[str, str]:
    """The fields with these two rows in each other's place; the same fields where one of them is not there."""
    if not {number, other} <= set(range(count(fields, prefix))):
        return dict(fields)
    turned = {f"{prefix}.{number}": f"{prefix}.{other}", f"{prefix}.{other}": f"{prefix}.{number}"}
    length = prefix.count(".") + 2

    def moved(name: str) -> str:
        parts = name.split(".")
        return ".".join([turned.get(".".join(parts[:length]), ".".join(parts[:length])), *parts[length:]])

    return {moved(name): value for name, value in fields.items()}


def remove(fields: Fields, prefix: str, number: int) -> dict[str, str]:
    """The fields without this row; those after it move up."""
    kept = {}
    for name, value in fields.items():
        at, dot, rest = name.removeprefix(f"{prefix}.").partition(".")
        if not name.startswith(f"{prefix}.") or not at.isdigit() or int(at) < number:
            kept[name] = value
        elif int(at) > number:
            kept[f"{prefix}.{int(at) - 1}{dot}{rest}"] = value
    return kept
