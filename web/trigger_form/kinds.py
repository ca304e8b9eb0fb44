"""The parameters of the four kinds as fields of a form, and back."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from web.names import read_name, show_name
from web.trigger_form import typed
from web.trigger_form.gathering import Gathering, count

Params = Mapping[str, Any]
Spread = Callable[[Params], dict[str, str]]
PROBLEMS = ("ticket", "refund", "outage")
COUNTED_IN = ("years", "months", "days")
_BETWEEN = re.compile(r"\s*(?:\bto\b|\.\.|–|,|\s)\s*")
_BY_PROPERTY = ("sum", "max", "distinct")
_CORRECTABLE = ("count", "sum", "distinct", "first")
_YES_NO = {True: "yes", False: "no", None: ""}


def spread_params(kind: str, params: Params) -> dict[str, str]:
    """The fields of these parameters, which name every value of their kind; an empty one is spread as its beginning."""
    return {f"params.{name}": value for name, value in _SPREAD[kind](params).items()}


def gather_params(form: Gathering, kind: str) -> None:
    """Put what stands in the fields of this kind into the definition."""
    form.values["params"] = {}
    form.places["params",] = "params"
    _GATHER[kind](form)


def _anniversary(params: Params) -> dict[str, str]:
    of = params.get("of") or {}
    by = "first_event" if of.get("first_event") else "date"
    when = next((unit for unit in COUNTED_IN if params.get(unit)), "every")
    return {
        "of.is": by,
        "of.name": show_name(of.get(by) or ""),
        "when": when,
        "counts": typed.show_list(params.get(when) or (), "number") if when != "every" else "",
        "leap_day": params.get("leap_day") or "feb28",
    }


def _gather_anniversary(form: Gathering) -> None:
    by, when = form.get("params.of.is") or "date", form.get("params.when") or "every"
    form.put(("params", "of"), "params.of.name", {by: read_name(form.get("params.of.name"))})
    if when in COUNTED_IN:
        form.put(("params", when), "params.counts", _numbers(form, "params.counts"))
    else:
        form.put(("params", "every"), "params.when", "year")
    form.put(("params", "leap_day"), "params.leap_day", form.get("params.leap_day"))


def _milestone(params: Params) -> dict[str, str]:
    fields = {
        "aggregate": params.get("aggregate") or "count",
        "event": show_name(params.get("event") or ""),
        "trait": show_name(params.get("trait") or ""),
        "property": _text(params.get("property")),
        "currency": params.get("currency") or "",
        "marks": "every" if params.get("every") else "thresholds",
        "thresholds": typed.show_list(params.get("thresholds") or (), "number"),
        "every": str(params.get("every") or ""),
        "sayable": _YES_NO[params.get("sayable")],
        **_where(params.get("where"), "where"),
    }
    for number, one in enumerate(params.get("corrections") or ()):
        at, takes = f"corrections.{number}", one.get("subtracts", 1)
        fields |= {
            f"{at}.is": "correction",
            f"{at}.event": show_name(one["event"]),
            f"{at}.subtracts": "" if takes == 1 else _text(takes),
            **_where(one.get("where"), f"{at}.where"),
        }
    return fields


def _gather_milestone(form: Gathering) -> None:
    kind = form.get("params.aggregate")
    form.put(("params", "aggregate"), "params.aggregate", kind)
    if kind == "trait":
        _put_name(form, "trait")
    else:
        _put_name(form, "event")
        _gather_where(form, "params.where", ("params", "where"))
    if kind in _BY_PROPERTY:
        form.put(("params", "property"), "params.property", typed.read(form.get("params.property"), "text"))
    if kind in ("sum", "max") and form.get("params.currency").strip():
        form.put(("params", "currency"), "params.currency", form.get("params.currency").strip().upper())
    if kind != "first":
        _gather_marks(form)
    if kind in _CORRECTABLE:
        _gather_corrections(form)
    if form.get("params.sayable"):
        form.put(("params", "sayable"), "params.sayable", form.get("params.sayable") == "yes")


def _gather_marks(form: Gathering) -> None:
    if form.get("params.marks") == "every":
        form.put(("params", "every"), "params.every", form.whole("params.every"))
    else:
        form.put(("params", "thresholds"), "params.thresholds", _numbers(form, "params.thresholds"))


def _gather_corrections(form: Gathering) -> None:
    found = []
    for number in range(count(form.fields, "params.corrections")):
        at, path = f"params.corrections.{number}", ("params", "corrections", number)
        one: dict[str, Any] = {"event": read_name(form.get(f"{at}.event"))}
        if form.get(f"{at}.subtracts").strip():
            one["subtracts"] = typed.read(form.get(f"{at}.subtracts"), "text")
        if where := _read_where(form, f"{at}.where"):
            one["where"] = where
        form.places |= {path: f"{at}.event", (*path, "subtracts"): f"{at}.subtracts"}
        form.places[*path, "where"] = f"{at}.where.value"
        found.append(one)
    form.put(("params", "corrections"), "params.corrections", found)


def _streak(params: Params) -> dict[str, str]:
    return {
        "event": show_name(params.get("event") or ""),
        "unit": params.get("unit") or "month",
        "lengths": typed.show_list(params.get("lengths") or (), "number"),
        "outages": "\n".join(f"{first} to {last}" for first, last in params.get("outages") or ()),
        "sayable": "1" if params.get("sayable") else "",
    }


def _gather_streak(form: Gathering) -> None:
    _put_name(form, "event")
    form.put(("params", "unit"), "params.unit", form.get("params.unit"))
    form.put(("params", "lengths"), "params.lengths", _numbers(form, "params.lengths"))
    lines = [line.strip() for line in form.get("params.outages").splitlines() if line.strip()]
    form.put(("params", "outages"), "params.outages", [_days(line) for line in lines])
    form.put(("params", "sayable"), "params.sayable", form.ticked("params.sayable"))


def _recovery(params: Params) -> dict[str, str]:
    kinds = list(params.get("kinds") or ())
    numbers = ("settling_days", "after_days", "every_days", "at_most")
    return {
        **{f"kinds.{one}": "1" if one in kinds else "" for one in PROBLEMS},
        "kinds.order": ",".join(kinds),
        "when": params.get("when") or "settled",
        **{name: str(params.get(name) or "") for name in numbers},
        "categories": typed.show_list(params.get("categories") or (), "text"),
    }


def _gather_recovery(form: Gathering) -> None:
    chosen = [one for one in PROBLEMS if form.ticked(f"params.kinds.{one}")]
    form.put(("params", "kinds"), "params.kinds", in_the_order_of(form.get("params.kinds.order"), chosen))
    when = form.get("params.when")
    form.put(("params", "when"), "params.when", when)
    for name in ("settling_days",) if when == "settled" else ("after_days", "every_days", "at_most"):
        form.put(("params", name), f"params.{name}", form.whole(f"params.{name}"))
    if categories := typed.read_list(form.get("params.categories"), "text"):
        form.put(("params", "categories"), "params.categories", categories)


def in_the_order_of(before: str, chosen: Sequence[str]) -> list[str]:
    """What is ticked, in the order in which it stood where it is the same: nothing is told as changed that was not."""
    known = before.split(",") if before else []
    return known if set(known) == set(chosen) else list(chosen)


def _put_name(form: Gathering, name: str) -> None:
    form.put(("params", name), f"params.{name}", read_name(form.get(f"params.{name}")))


def _numbers(form: Gathering, name: str) -> list[Any]:
    return list(typed.read_list(form.get(name), "number"))


def _text(value: Any) -> str:
    return "" if value is None else typed.show(str(value), "text")


def _days(line: str) -> list[str]:
    days = [part for part in _BETWEEN.split(line) if part]
    return days * 2 if len(days) == 1 else days


def _where(where: Any, at: str) -> dict[str, str]:
    given = where or {}
    several = given.get("in")
    value = "" if not given else typed.show_list(several) if several else typed.show(given["equals"])
    return {
        f"{at}.property": _text(given.get("property")),
        f"{at}.op": "in" if several else "equals",
        f"{at}.value": value,
    }


def _gather_where(form: Gathering, name: str, path: tuple[str | int, ...]) -> None:
    if where := _read_where(form, name):
        form.put(path, f"{name}.value", where)
        form.places[*path, "property"] = f"{name}.property"


def _read_where(form: Gathering, name: str) -> dict[str, Any] | None:
    about, value = form.get(f"{name}.property"), form.get(f"{name}.value")
    if not about.strip() and not value.strip():
        return None
    if not value.strip():
        form.faults.append((f"{name}.value", "Say which value."))
    by = form.get(f"{name}.op") or "equals"
    return {"property": typed.read(about, "text"), by: typed.read_list(value) if by == "in" else typed.read(value)}


_SPREAD: Mapping[str, Spread] = {
    "anniversary": _anniversary,
    "milestone": _milestone,
    "streak": _streak,
    "recovery": _recovery,
}
_GATHER: Mapping[str, Callable[[Gathering], None]] = {
    "anniversary": _gather_anniversary,
    "milestone": _gather_milestone,
    "streak": _gather_streak,
    "recovery": _gather_recovery,
}
