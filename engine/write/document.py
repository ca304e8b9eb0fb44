"""Reads a small YAML file field by field, so that every complaint about it names the file, the field and the line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from engine.write.faults import EMPTY, Fault, Faulty

MAX_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Document:
    """A mapping of a YAML file with the line of each of its fields. Ask for a field by the kind it should have."""

    path: Path
    fields: Mapping[str, yaml.Node]
    lines: Mapping[str, int]
    line: int = 1
    within: str = ""
    asked: set[str] = field(default_factory=set)

    def text(self, name: str, *, longest: int = 200) -> str:
        """A text that is there and not empty."""
        return self._text(self._field(name), name, longest)

    def choice(self, name: str, options: Iterable[str]) -> str:
        value, options = self.text(name), tuple(options)
        if value not in options:
            raise self.complaint(name, f"is {value!r}; it may be {', '.join(options)}")
        return value

    def number(self, name: str, lowest: int, highest: int) -> int:
        node = self._field(name)
        value = node.value if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:int" else ""
        if not value.lstrip("+-").isdecimal() or not lowest <= int(value[:9]) <= highest:
            raise self.complaint(name, f"must be a whole number from {lowest} to {highest}")
        return int(value)

    def texts(self, name: str, *, fewest: int = 0, most: int = 100, longest: int = 200) -> tuple[str, ...]:
        """A list of different texts."""
        items = self._items(name, fewest, most)
        found = [self._text(item, f"{name}[{number}]", longest) for number, item in enumerate(items)]
        if len(set(found)) < len(found):
            raise self.complaint(name, "names something twice")
        return tuple(found)

    def parts(self, name: str, *, fewest: int, most: int) -> tuple["Document", ...]:
        """A list of mappings."""
        items = enumerate(self._items(name, fewest, most))
        return tuple(_document(item, self.path, f"{self.within}{name}[{number}]") for number, item in items)

    def part(self, name: str) -> "Document":
        """A mapping within the mapping."""
        return _document(self._field(name), self.path, f"{self.within}{name}")

    def refuse_others(self) -> None:
        """Complain about the first field nobody asked for: a misspelt one must not pass for a missing one."""
        for name in self.fields:
            if name not in self.asked:
                raise self.complaint(name, "is not a field we know")

    def complaint(self, name: str, message: str) -> Faulty:
        """What is wrong with this field, to be raised."""
        line = self.lines.get(name.partition("[")[0], self.line)
        return Faulty([Fault(self.path, message, line, f"{self.within}{name}")])

    def has(self, name: str) -> bool:
        return name in self.fields

    def _field(self, name: str) -> yaml.Node:
        self.asked.add(name)
        if name not in self.fields:
            raise self.complaint(name, "is missing")
        return self.fields[name]

    def _text(self, node: yaml.Node, name: str, longest: int) -> str:
        if isinstance(node, yaml.ScalarNode) and not node.value.strip():
            raise self.complaint(name, EMPTY)
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            raise self.complaint(name, "must be a text (put it in quotes if it looks like a number, a date or yes)")
        value = str(node.value).strip()
        if len(value) > longest:
            raise self.complaint(name, f"is longer than {longest} characters")
        return value

    def _items(self, name: str, fewest: int, most: int) -> list[yaml.Node]:
        node = self._field(name)
        if not isinstance(node, yaml.SequenceNode):
            raise self.complaint(name, "must be a list")
        if not fewest <= len(node.value) <= most:
            raise self.complaint(name, f"there must be {fewest} to {most} of them, and there are {len(node.value)}")
        return list(node.value)


def read_document(path: Path) -> Document:
    """The mapping in a YAML file. Nothing in it is ever made into an object; raises `InvalidDefinition`."""
    return document_in(read_text(path), path)


def document_in(source: str, path: Path) -> Document:
    """The same of a text that was read already, or that was never a file: `path` is what it is called."""
    try:
        node = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise Faulty([Fault(path, str(getattr(error, "problem", error)), line)]) from None
    except RecursionError:
        raise Faulty([Fault(path, "this is nested too deeply", 1)]) from None
    return _document(node, path, "")


def read_text(path: Path) -> str:
    """A UTF-8 file of reasonable size, with line ends made one kind."""
    return text_in(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """What a file holds, and a letter more than may be in it where it is too large: `text_in` refuses that."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Faulty([Fault(path, f"cannot be read ({error.strerror})")]) from None


def text_in(data: bytes, path: Path) -> str:
    """The text that these bytes hold. Raises `InvalidDefinition`."""
    if len(data) > MAX_BYTES:
        raise Faulty([Fault(path, f"is larger than {MAX_BYTES:,} bytes")])
    try:
        source = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Faulty([Fault(path, "is not written in UTF-8", line)]) from None
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _document(node: yaml.Node | None, path: Path, within: str) -> Document:
    line = node.start_mark.line + 1 if node is not None else 1
    if not isinstance(node, yaml.MappingNode):
        raise Faulty([Fault(path, "must hold fields, as in name: value", line, within or "the file")])
    fields: dict[str, yaml.Node] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if name in fields:
            raise Faulty([Fault(path, "is there twice", key.start_mark.line + 1, name)])
        fields[name], lines[name] = value, key.start_mark.line + 1
    return Document(path, fields, lines, line, f"{within}." if within else "")
