"""A condition as rows of a form: a group of rows, and groups in it. What lies deeper is kept as it is, never lost."""

import json
from collections.abc import Mapping
from typing import Any

from engine.conditions.countries import BY_VALUE, COUNTRY, code_of
from engine.conditions.tree import Type, field_type
from engine.definitions.positions import FieldPath
from web.trigger_form import typed
from web.trigger_form.gathering import Gathering, count

DEEPEST = 2
MODES = ("all", "any", "not_all", "not_any")
EXISTS = {"known": True, "unknown": False}
LISTS = ("in", "not_in")
NAMED = ("trait", "total", "moment")
_SAY_WHICH = "Say which value."


def spread_condition(value: Any, prefix: str) -> dict[str, str]:
    """The fields of a condition, or of none: then everybody is meant."""
    if value is None:
        return {f"{prefix}.mode": "all", f"{prefix}.bare": "1"}
    if _mode(value):
        return _group(value, prefix, depth=1, bare=False)
    return {f"{prefix}.mode": "all", f"{prefix}.bare": "1", **_part(value, f"{prefix}.0", depth=1)}


def gather_condition(form: Gathering, prefix: str, path: FieldPath) -> Any:
    """The condition in these fields, None where there is no row."""
    parts = count(form.fields, prefix)
    form.places[path] = f"{prefix}.mode"
    if not parts:
        return None
    if parts == 1 and form.get(f"{prefix}.bare") and form.get(f"{prefix}.mode") in ("all", ""):
        return _gather_part(form, f"{prefix}.0", path)
    return _gather_group(form, prefix, path)


def new_row(choice: str) -> dict[str, str]:
    """An empty row about this field; a yes-or-no question begins with no."""
    row = {"is": "row", "not": "", "field": choice, "name": "", "op": "eq", "value": ""}
    return row | {"value": "no"} if field_type(choice) == "boolean" else row


def type_of(field: str) -> Type:
    """What a field of a row holds."""
    if field == "total":
        return "number"
    return "any" if field in NAMED else field_type(field) or "any"


def _mode(value: Any) -> str | None:
    """`all`, `any`, `not_all`, `not_any`, or None where it is no group."""
    if not isinstance(value, Mapping):
        return None
    if len(value) == 1 and isinstance(inner := value.get("not"), Mapping):
        mode = _mode(inner)
        return f"not_{mode}" if mode in ("all", "any") else None
    return next((mode for mode in ("all", "any") if mode in value), None)


def _group(value: Any, prefix: str, *, depth: int, bare: bool) -> dict[str, str]:
    mode = _mode(value) or "all"
    inner = value["not"] if mode.startswith("not_") else value
    fields = {f"{prefix}.mode": mode, f"{prefix}.bare": "1" if bare else ""}
    for number, part in enumerate(inner[mode.removeprefix("not_")]):
        fields |= _part(part, f"{prefix}.{number}", depth=depth)
    return fields


def _part(value: Any, prefix: str, *, depth: int) -> dict[str, str]:
    if _is_row(value):
        return _row(value, prefix)
    if _mode(value) and depth < DEEPEST:
        return {f"{prefix}.is": "group", **_group(value, prefix, depth=depth + 1, bare=False)}
    return {f"{prefix}.is": "kept", f"{prefix}.kept": json.dumps(value)}


def _is_row(value: Any) -> bool:
    return "field" in value or (isinstance(value.get("not"), Mapping) and "field" in value["not"])


def _row(value: Any, prefix: str) -> dict[str, str]:
    leaf = value.get("not", value)
    first, _, rest = leaf["field"].partition(".")
    field, name = (first, typed.show(rest, "text")) if first in NAMED else (leaf["field"], "")
    op, shown = leaf["op"], ""
    if op == "exists":
        op = "known" if leaf["value"] else "unknown"
    elif op in LISTS:
        shown = typed.show_list(leaf["value"], type_of(field))
    else:
        shown = typed.show(leaf["value"], type_of(field))
    row = {"is": "row", "not": "1" if "not" in value else "", "field": field, "name": name, "op": op, "value": shown}
    return {f"{prefix}.{key}": text for key, text in row.items()}


def _gather_group(form: Gathering, prefix: str, path: FieldPath) -> Any:
    mode = form.get(f"{prefix}.mode") or "all"
    plain = mode.removeprefix("not_")
    path = (*path, "not") if mode != plain else path
    form.places[path] = f"{prefix}.mode"
    parts = [
        _gather_part(form, f"{prefix}.{number}", (*path, plain, number)) for number in range(count(form.fields, prefix))
    ]
    if not parts:
        form.faults.append((f"{prefix}.mode", "Nothing stands in this group yet: add a condition, or remove it."))
    return {"not": {plain: parts}} if mode != plain else {plain: parts}


def _gather_part(form: Gathering, prefix: str, path: FieldPath) -> Any:
    what = form.get(f"{prefix}.is")
    if what == "group":
        return _gather_group(form, prefix, path)
    if what == "kept":
        form.places[path] = f"{prefix}.kept"
        return _kept(form.get(f"{prefix}.kept"))
    negated = form.ticked(f"{prefix}.not")
    path = (*path, "not") if negated else path
    leaf = _gather_leaf(form, prefix, path)
    return {"not": leaf} if negated else leaf


def _gather_leaf(form: Gathering, prefix: str, path: FieldPath) -> Any:
    field, op, text = (form.get(f"{prefix}.{name}") for name in ("field", "op", "value"))
    kind = type_of(field)
    form.places |= {
        path: f"{prefix}.value",
        (*path, "field"): f"{prefix}.name" if field in NAMED else f"{prefix}.value",
        (*path, "op"): f"{prefix}.op",
        (*path, "value"): f"{prefix}.value",
    }
    whole = f"{field}.{typed.read(form.get(f'{prefix}.name'), 'text')}" if field in NAMED else field
    if op in EXISTS:
        return {"field": whole, "op": "exists", "value": EXISTS[op]}
    if not text.strip():
        form.faults.append((f"{prefix}.value", _SAY_WHICH))
    value: Any = typed.read_list(text, kind) if op in LISTS else typed.read(text, kind)
    if field == COUNTRY and op in BY_VALUE:
        value = [code_of(str(one)) or one for one in value] if op in LISTS else code_of(str(value)) or value
    return {"field": whole, "op": op, "value": value}


def _kept(text: str) -> Any:
    """What cannot be shown as rows comes back as it was given; what was tampered with is a fault like any other."""
    try:
        return json.loads(text)
    except ValueError:
        return text
