"""Reads trigger definitions from YAML. Every fault names the file, the line and the field, and all are told at once."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from engine.conditions.countries import wrong_countries
from engine.definitions.fault_words import fault_words, field_of_rule
from engine.definitions.positions import Document, Fault, FieldPath, read_document
from engine.definitions.schema import TriggerDefinition
from engine.errors import InvalidDefinition
from engine.kinds import KindTable
from engine.unseen import unseen_in

_LARGEST = 64_000
_SUFFIXES = (".yaml", ".yml")
_UNKNOWN_FIELD = "there is no such field; fields here are {}"


def read_definition(path: Path, kinds: KindTable) -> TriggerDefinition:
    """The trigger that this file defines. Raises InvalidDefinition, one line for each fault."""
    definition, faults = _read(path, kinds)
    if faults or definition is None:
        raise InvalidDefinition("\n".join(faults))
    return definition


def read_definitions(folder: Path, kinds: KindTable) -> list[TriggerDefinition]:
    """All triggers of a folder, by name. Raises InvalidDefinition with the faults of every file in it, and where there
    is nothing to read: whoever wrote the wrong path would be told that all is well."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    if not paths:
        raise InvalidDefinition(f"{folder}: holds no triggers: no file in it ends in {' or '.join(_SUFFIXES)}")
    read = [_read(path, kinds) for path in paths]
    faults = [fault for _, faults_of_file in read for fault in faults_of_file]
    twice = [path for path in paths if path.suffix != _SUFFIXES[0] and path.with_suffix(_SUFFIXES[0]) in paths]
    faults += [f"{path}: there is {path.stem}{_SUFFIXES[0]} as well" for path in twice]
    if faults:
        raise InvalidDefinition("\n".join(faults))
    return [definition for definition, _ in read if definition is not None]


def read_text(text: str, kinds: KindTable) -> tuple[TriggerDefinition | None, Sequence[Fault]]:
    """The trigger that this YAML defines, or every fault of it with its line."""
    if len(text) > _LARGEST:
        return None, [Fault((), 1, f"is longer than {_LARGEST} characters")]
    document = read_document(text)
    definition, faults = (None, list(document.faults)) if document.faults else _checked(document, kinds)
    ordered = sorted(faults, key=lambda fault: fault.line)
    return (None, ordered) if ordered else (definition, [])


def read_values(values: Mapping[str, Any], kinds: KindTable) -> tuple[TriggerDefinition | None, Sequence[Fault]]:
    """The trigger that these plain values define, or every fault of them with its place."""
    definition, faults = _checked(Document(values, {}, ()), kinds)
    return (None, faults) if faults else (definition, [])


def _read(path: Path, kinds: KindTable) -> tuple[TriggerDefinition | None, list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [f"{path}: is not UTF-8 (byte {error.start})"]
    except OSError as error:
        return None, [f"{path}: cannot be read: {error.strerror}"]
    definition, faults = read_text(text, kinds)
    if definition and definition.name != path.stem:
        line = read_document(text).lines[("name",)]
        faults = [Fault(("name",), line, f"must be {path.stem}, as the file is called")]
    return definition, [f"{path}:{fault.line}: {said(fault)}" for fault in faults]


def said(fault: Fault) -> str:
    """The field and what is wrong with it, `exceptions[0].when: Field required`"""
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault.field).lstrip(".")
    return f"{field}: {fault.message}" if field else fault.message


def _checked(document: Document, kinds: KindTable) -> tuple[TriggerDefinition | None, list[Fault]]:
    """The definition and the parameters of its kind are checked apart, so that faults in both are told together."""
    values = document.values
    if not isinstance(values, Mapping):
        return None, [Fault((), document.lines.get((), 0), "a trigger is a list of fields, such as `name: birthday`")]
    faults = [*_faults_of_title(document), *_faults_of_params(document, kinds), *_faults_of_countries(document)]
    try:
        return TriggerDefinition.model_validate(values), faults
    except ValidationError as error:
        return None, [*_faults(error, (), document, TriggerDefinition), *faults]


def _faults_of_title(document: Document) -> list[Fault]:
    """Asked of what is written and not of what is stored: a trigger that is at work does not end by a rule that came
    later."""
    title = document.values.get("title")
    said = unseen_in(title) if isinstance(title, str) else None
    return [Fault(("title",), _line(document, ("title",)), said)] if said else []


def _faults_of_countries(document: Document) -> Iterator[Fault]:
    for name in ("audience", "exceptions"):
        for field, message in wrong_countries(document.values.get(name), (name,)):
            yield Fault(field, _line(document, field), message)


def _faults_of_params(document: Document, kinds: KindTable) -> list[Fault]:
    params, name = document.values.get("params"), document.values.get("kind")
    if not isinstance(params, Mapping) or not isinstance(name, str):
        return []  # said already: the definition wants both
    if name not in kinds:
        return [Fault(("kind",), _line(document, ("kind",)), f"there is no kind {name!r}, only {', '.join(kinds)}")]
    shape = kinds[name].params
    try:
        shape.model_validate(params)
    except ValidationError as error:
        return list(_faults(error, ("params",), document, shape))
    return []


def _faults(
    error: ValidationError, prefix: FieldPath, document: Document, shape: type[BaseModel] | None
) -> Iterator[Fault]:
    for one in error.errors(include_url=False):
        place = (*prefix, *one["loc"])
        inner = one.get("ctx", {}).get("error")
        if isinstance(inner, ValidationError):  # a condition was read by a validator of its own
            yield from _faults(inner, place, document, None)
            continue
        message = fault_words(one)
        field = _field(place, document, missing=one["type"] == "missing") or field_of_rule(message)
        if one["type"] == "extra_forbidden" and shape and len(one["loc"]) == 1:
            message = _UNKNOWN_FIELD.format(", ".join(_names(shape)))
        yield Fault(field, _line(document, field), message)


def _names(shape: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in shape.model_fields.items()]


def _field(place: FieldPath, document: Document, *, missing: bool) -> FieldPath:
    """The parts of pydantic's place that stand in the file: it also names the branches it tried."""
    if not document.lines:
        return place
    field: FieldPath = ()
    for part in place:
        if (*field, part) in document.lines:
            field = (*field, part)
    return (*field, place[-1]) if missing else field


def _line(document: Document, field: FieldPath) -> int:
    """The line of the field, or of the nearest one around it that stands in the file."""
    while field and field not in document.lines:
        field = field[:-1]
    return document.lines.get(field, 0)
