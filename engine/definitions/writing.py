"""Writes a definition as people keep it: the values that say something, in the order of the reference, as YAML.

What is written reads as exactly the same definition; what is left out is what it would be anyway.
"""

from decimal import Decimal
from typing import Any

import yaml

from engine.definitions.positions import PlainWriter
from engine.definitions.schema import TriggerDefinition
from engine.kinds import KindTable
from engine.storage.base import Json

_LONGEST_LINE = 110
_CLOCK = ("window_start", "window_end")


def plain(definition: TriggerDefinition, kinds: KindTable) -> Json:
    """The values of a definition without those that are as they would be anyway. Equal ones mean the same."""
    values = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    params = kinds[definition.kind].params.model_validate(definition.params)
    values["params"] = params.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for name in _CLOCK:
        if name in values.get("send", {}):
            values["send"][name] = values["send"][name].removesuffix(":00")
    return values


def tidy(definition: TriggerDefinition, kinds: KindTable) -> TriggerDefinition:
    """The same definition with its parameters in their shortest form, so that equal ones are told as equal."""
    return definition.model_copy(update={"params": plain(definition, kinds)["params"]})


def write_yaml(definition: TriggerDefinition, kinds: KindTable) -> str:
    """The definition as the text of a file."""
    return write_plain(plain(definition, kinds))


def write_plain(values: Any) -> str:
    """Plain values as YAML: the innermost lists and fields on one line, as people write them."""
    return yaml.dump(
        values, Dumper=_Writer, default_flow_style=None, sort_keys=False, allow_unicode=True, width=_LONGEST_LINE
    )


class _Writer(PlainWriter):
    """With every number in digits alone, and a text of lines as it was: YAML reads U+0085 as any end of a line."""


def _number(writer: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    digits = format(Decimal(repr(value)), "f")
    return writer.represent_scalar("tag:yaml.org,2002:float", digits if "." in digits else f"{digits}.0")


def _text(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style='"' if "\x85" in value else None)


_Writer.add_representer(float, _number)
_Writer.add_representer(str, _text)
