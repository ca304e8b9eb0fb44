"""Reads YAML into plain values and keeps the line of each, so that a fault can be shown where it stands.

Narrower than YAML on purpose: no tags, no aliases, no repeated fields, and only true, false, null and plain numbers
mean something else than text. (YAML 1.1 reads 10:30 as the number 630, and `on` as true.)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml
from yaml.composer import ComposerError
from yaml.reader import ReaderError

from engine.definitions.yaml_words import UNENDED, yaml_words

FieldPath = tuple[str | int, ...]

_DEEPEST = 20
_STANDARD = "tag:yaml.org,2002:"
_SCALARS = (
    ("null", r"~|null|", ("~", "n", "")),
    ("bool", r"true|false", ("t", "f")),
    ("int", r"[-+]?[0-9]{1,18}", tuple("-+0123456789")),
    # As many decimals as the smallest number needs that a computer tells from nothing.
    ("float", r"[-+]?[0-9]{1,18}\.[0-9]{1,1100}", tuple("-+0123456789")),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file: the field it stands in, its line, and what is wrong."""

    field: FieldPath
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """The plain values of a file, the line of every field in it, and what is wrong with its shape."""

    values: Any
    lines: Mapping[FieldPath, int]
    faults: tuple[Fault, ...]


def read_document(text: str) -> Document:
    """The values and lines of the YAML document in `text`; what cannot be read is a fault, never an exception."""
    try:
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if error.problem == UNENDED else error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = None if isinstance(error, _Refused) else yaml_words(error.problem or "", column)
        return _unread(line, said or error.problem or "")
    except ReaderError as error:
        return _unread(text[: error.position].count("\n") + 1, "holds a character that YAML does not know")
    walk = _Walk()
    values = walk.value(node, ()) if node else None
    return Document(values, walk.lines, tuple(walk.faults))


def _unread(line: int, message: str) -> Document:
    return Document(None, {(): line}, (Fault((), line, message),))


class _Refused(ComposerError):
    """YAML that is not read here, said in words of ours."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe reader without YAML 1.1's surprises, and without what could grow or nest without end."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own way

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """PyYAML calls it for every value."""
        if self.check_event(yaml.AliasEvent):
            self._stop("aliases (*name) are not read here")
        if self._depth > _DEEPEST:
            self._stop("this is nested too deep")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def _stop(self, message: str) -> NoReturn:
        raise _Refused(None, None, message, self.peek_event().start_mark)  # type: ignore[no-untyped-call]


class PlainWriter(yaml.SafeDumper):
    """PyYAML's safe writer with the same idea of what is a number: what is written here reads as what it was."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own way

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        """The same value twice is written twice."""
        return True


for _name, _pattern, _first in _SCALARS:
    for _of in (_Loader, PlainWriter):
        _of.add_implicit_resolver(_STANDARD + _name, re.compile(rf"(?:{_pattern})\Z"), list(_first))


class _Walk:
    """Turns nodes into values, remembering the line of each field."""

    def __init__(self) -> None:
        self.lines: dict[FieldPath, int] = {}
        self.faults: list[Fault] = []

    def value(self, node: yaml.Node, path: FieldPath) -> Any:
        self.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode):
            self._expect(node, path, "map")
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._expect(node, path, "seq")
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault(path, _line(key), "the name of a field must be a plain word"))
                continue
            self._expect(key, path, "str", "bool", "int", "float", "null")
            here = (*path, str(key.value))
            if key.value in values:
                self.faults.append(Fault(here, _line(key), f"stands here twice, first in line {self.lines[here]}"))
                continue
            self.lines[here] = _line(key)
            values[str(key.value)] = self.value(value, here)
        return values

    def _scalar(self, node: yaml.Node, path: FieldPath) -> Any:
        text = str(node.value)
        match node.tag.removeprefix(_STANDARD):
            case "null":
                return None
            case "bool" if text in ("true", "false"):
                return text == "true"
            case "int" if text.lstrip("+-").isdigit():
                return int(text)
            case "float" if text.lstrip("+-").replace(".", "", 1).isdigit():
                return float(text)
        self._expect(node, path, "str")
        return text

    def _expect(self, node: yaml.Node, path: FieldPath, *names: str) -> None:
        if node.tag.removeprefix(_STANDARD) not in names:
            tag = node.tag.replace(_STANDARD, "!!")
            self.faults.append(Fault(path, _line(node), f"the tag {tag} is not read here, write plain values"))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
