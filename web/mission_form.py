"""The mission as its form carries it: every word as it was typed, and the file that it makes. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import yaml
from fastapi import Depends, Request

from engine.write.faults import Fault
from engine.write.mission import Mission
from web.names import show_name, stored_name

FEWEST, MOST = 3, 7
_VALUE = re.compile(r"value\.([0-9]{1,2})\.(name|looks_like)")
_ITEM = re.compile(r"values\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One value as it was typed."""

    name: str = ""
    looks_like: str = ""


@dataclass(frozen=True, slots=True)
class MissionForm:
    """What stands in the form. Words are one on each line; `version` is the number that its author began from."""

    statement: str = ""
    values: Sequence[ValueLine] = ()
    words_to_use: str = ""
    words_to_avoid: str = ""
    read_by_a_person: str = ""
    read_by_no_one: str = ""
    version: int = 0
    reason: str = ""


def form_of_mission(mission: Mission, version: int) -> MissionForm:
    """The form of a stored mission."""
    return MissionForm(
        statement=mission.statement,
        values=[ValueLine(show_name(value.name), value.looks_like) for value in mission.values],
        words_to_use="\n".join(mission.words_to_use),
        words_to_avoid="\n".join(mission.words_to_avoid),
        read_by_a_person=mission.signature_read_by_a_person,
        read_by_no_one=mission.signature_read_by_no_one,
        version=version,
    )


def source_of_form(form: MissionForm) -> str:
    """The file that the form makes; values without a word in them are left out."""
    fields: Mapping[str, Any] = {
        "statement": form.statement.strip(),
        "values": [
            {"name": stored_name(value.name, "value"), "looks_like": value.looks_like.strip()}
            for value in form.values
            if value.name.strip() or value.looks_like.strip()
        ],
        "words_to_use": _listed(form.words_to_use),
        "words_to_avoid": _listed(form.words_to_avoid),
        "signature": {
            "read_by_a_person": form.read_by_a_person.strip(),
            "read_by_no_one": form.read_by_no_one.strip(),
        },
    }
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)


def reshaped(form: MissionForm, act: str) -> MissionForm:
    """The form with one value more, or one less."""
    do, _, place = act.partition(":")
    if do == "add" and len(form.values) < MOST:
        return replace(form, values=[*form.values, ValueLine()])
    if do == "remove" and place.isdecimal():
        return replace(form, values=[value for number, value in enumerate(form.values) if number != int(place)])
    return form


def faults_by_field(faults: Iterable[Fault]) -> dict[str, list[str]]:
    """Each beside its field: `value.0` for the first value, `whole` for what has none."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        item = _ITEM.match(fault.field)
        field = f"value.{item[1]}" if item and "." in fault.field else fault.field.partition("[")[0]
        message = (
            f"{fault.field.rpartition('.')[2].replace('_', ' ')}: {fault.message}"
            if "." in fault.field and item
            else fault.message
        )
        found.setdefault(field or "whole", []).append(message[:1].upper() + message[1:])
    return found


def _listed(said: str) -> list[str]:
    """One on each line, or between commas; each once."""
    return list(dict.fromkeys(word.strip() for word in re.split(r"[\n,]", said) if word.strip()))


async def _form(request: Request) -> MissionForm:
    sent = await request.form()

    def said(name: str) -> str:
        value = sent.get(name, "")
        return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else ""

    values: dict[int, dict[str, str]] = {}
    for name in sent:
        if found := _VALUE.fullmatch(name):
            values.setdefault(int(found[1]), {})[found[2]] = said(name)
    version = said("version")
    return MissionForm(
        statement=said("statement"),
        values=[ValueLine(**values[number]) for number in sorted(values)],
        words_to_use=said("words_to_use"),
        words_to_avoid=said("words_to_avoid"),
        read_by_a_person=said("read_by_a_person"),
        read_by_no_one=said("read_by_no_one"),
        version=int(version) if version.isdecimal() and len(version) < 9 else 0,
        reason=said("reason"),
    )


GivenMission = Annotated[MissionForm, Depends(_form)]
