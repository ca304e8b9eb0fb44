"""What every trigger says, as fields of a form: most of them are called as they are in the definition."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.definitions.schema import WEEKDAYS
from web.names import read_name, show_name
from web.trigger_form import typed
from web.trigger_form.conditions import gather_condition, spread_condition
from web.trigger_form.gathering import Gathering, count
from web.trigger_form.kinds import in_the_order_of

NUMBERS = (
    "send.lead_days",
    "send.delay_days",
    "send.expires_after_days",
    "review.must_read_weight",
    "review.write_ahead_days",
    "caps.messages",
    "caps.days",
    "weight",
    "brake.daily_ceiling",
    "brake.times_forecast",
)
CHOICES = (
    "family",
    "class",
    "send.shift",
    "send.holidays",
    "review.policy",
    "review.if_unreviewed",
    "clash",
)
CLOCKS = ("send.window_start", "send.window_end")
NAMES = ("name", "occasion", "template")
BOXES = ("review.four_eyes", "holds_quiet_relationship", "shipped_on")


def spread_rules(values: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a definition, given as all of its plain values."""
    fields = {name: str(_at(values, name)) for name in CHOICES}
    fields |= {name: typed.show(_at(values, name)) for name in NUMBERS}
    fields |= {name: _at(values, name).removesuffix(":00") for name in CLOCKS}
    fields |= {name: show_name(_at(values, name)) for name in NAMES}
    fields |= {name: "1" if _at(values, name) else "" for name in BOXES}
    fields |= {f"send.weekdays.{day}": "1" if day in _at(values, "send.weekdays") else "" for day in WEEKDAYS}
    fields["send.weekdays.order"] = ",".join(_at(values, "send.weekdays"))
    fields["title"] = typed.show(values["title"], "text")
    fields["review.skill"] = show_name(_at(values, "review.skill") or "")
    fields["control_share"] = _percent(values["control_share"])
    fields |= spread_condition(values["audience"], "audience")
    for number, rule in enumerate(values["exceptions"]):
        fields |= _exception(rule, f"exceptions.{number}")
    return fields


def gather_rules(form: Gathering) -> None:
    """Put what stands in these fields into the definition."""
    for name in CHOICES:
        form.put(_path(name), name, form.get(name))
    for name in NUMBERS:
        form.put(_path(name), name, form.whole(name))
    for name in CLOCKS:
        form.put(_path(name), name, form.get(name))
    for name in NAMES:
        form.put(_path(name), name, read_name(form.get(name)))
    for name in BOXES:
        form.put(_path(name), name, form.ticked(name))
    days = [day for day in WEEKDAYS if form.ticked(f"send.weekdays.{day}")]
    form.put(_path("send.weekdays"), "send.weekdays", in_the_order_of(form.get("send.weekdays.order"), days))
    form.put(("title",), "title", typed.read(form.get("title"), "text"))
    if skill := read_name(form.get("review.skill")):
        form.put(("review", "skill"), "review.skill", skill)
    form.put(("control_share",), "control_share", _share(form.get("control_share")))
    form.put(("audience",), "audience.mode", gather_condition(form, "audience", ("audience",)))
    rules = [_gather_exception(form, number) for number in range(count(form.fields, "exceptions"))]
    form.put(("exceptions",), "exceptions", rules)


def _exception(rule: Mapping[str, Any], at: str) -> dict[str, str]:
    return {
        f"{at}.is": "exception",
        f"{at}.name": show_name(rule["name"]),
        f"{at}.then": rule["then"],
        f"{at}.template": show_name(rule.get("template") or ""),
        f"{at}.must_read": "1" if rule.get("must_read") else "",
        **spread_condition(rule["when"], f"{at}.when"),
    }


def _gather_exception(form: Gathering, number: int) -> dict[str, Any]:
    at, path = f"exceptions.{number}", ("exceptions", number)
    then = form.get(f"{at}.then")
    rule: dict[str, Any] = {"name": read_name(form.get(f"{at}.name")), "then": then}
    if then == "alternative":
        if template := read_name(form.get(f"{at}.template")):
            rule["template"] = template
        else:
            form.faults.append((f"{at}.template", "Choose which template speaks instead."))
    rule["must_read"] = form.ticked(f"{at}.must_read")
    rule["when"] = gather_condition(form, f"{at}.when", (*path, "when"))
    if rule["when"] is None:
        form.faults.append((f"{at}.when.mode", "Add at least one condition that says when this is so."))
    form.places[path] = f"{at}.name"
    form.places |= {(*path, part): f"{at}.{part}" for part in ("name", "then", "template", "must_read")}
    return rule


def _at(values: Mapping[str, Any], name: str) -> Any:
    found: Any = values
    for part in name.split("."):
        found = found[part]
    return found


def _path(name: str) -> tuple[str, ...]:
    return tuple(name.split("."))


def _percent(share: float) -> str:
    """0.1 as 10: people think in hundredths."""
    return format((Decimal(repr(share)) * 100).normalize() + 0, "f")


def _share(text: str) -> Any:
    try:
        return float(Decimal(text.strip().removesuffix("%").strip() or "0") / 100)
    except InvalidOperation:
        return text
