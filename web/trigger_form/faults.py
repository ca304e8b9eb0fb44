"""What is wrong with a form, in words that stand beside its fields. All at once, and every fault has a field."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.definitions.fault_words import field_of_rule
from engine.definitions.positions import Fault
from web.trigger_form.gathering import Gathering

# What the definition says, to somebody who writes a file; and how a form says it. `{0}` is what the pattern found.
_WORDS: Sequence[tuple[str, str]] = (
    (r"is missing|Field required", "This is needed."),
    (r"must be a whole number", "A whole number is needed."),
    (r"must be a number", "A number is needed."),
    (r"must be at least (.+)", "At least {0}."),
    (r"must be at most (.+)", "At most {0}."),
    (r"must be more than (.+)", "More than {0}."),
    (r"must be three capital letters.*", "Three letters, such as EUR."),
    (
        r"must be small letters.*",
        "Letters from a to z without accents, digits and spaces, beginning with a letter; 2 to 60 of them.",
    ),
    (r"must have at least (\d+) characters", "At least {0} characters."),
    (r"must have at most (\d+) characters", "At most {0} characters."),
    (r"must be a time.*", "A time such as 09:00."),
    (
        r"must be a date.*|must have at (?:least|most) 2 of them.*",
        "A first and a last day, such as 2026-01-31.",
    ),
    (r"must have at least \d+ of them.*", "Choose or name at least one."),
    (r"must have at most (\d+) of them.*", "At most {0} of them."),
    (r"must be '.*", "Choose one of these."),
    (r"there is no field '(trait|total|moment)\.'.*", "Say which one."),
    (r"there is no field '.*", "Nothing can be called like this: letters, digits, spaces and hyphens."),
    (r"“(.*)” is no code of a country.*", "“{0}” is no country: write its name or code, such as Germany or DE."),
    (r".* is a number, and .*", "A number is needed here."),
    (r".* is a boolean, and .*", "Say yes or no."),
    (r".* is a text, and .*", "A text is needed here."),
    (r"a list holds 1 to (\d+) values.*", "Between 1 and {0} values, with commas."),
    (r"the values of a list are of one type.*", "All texts, or all numbers: not both."),
    (r"`contains` looks for a text.*", "“Contains” looks for a text; put a number in quotes."),
    (r"`(lt|lte|gt|gte)` compares.*", "Yes and no are neither more nor less."),
    (r"`thresholds` must rise.*|`lengths` must rise.*", "From small to large, each of them once."),
    (r"a birthday comes `every: year`.*", "A birthday comes every year; anything else would tell somebody's age."),
    (r"a recovery has no control group.*", "A recovery has no control group: nobody is left alone with a problem."),
    (r"a celebration is marketing.*", "A celebration is marketing. Service is for the customer's own problem."),
    (r"only light celebrations may go unreviewed.*", "Only a celebration may go unread."),
)
NEEDED = "This is needed."
_WANTED = ("name", "occasion", "template", "title", "event", "trait", "property")
_EMPTY = {"template": "Choose which template speaks."}
_BIRTHDAY = "a birthday comes"
_NAMED = re.compile(r"`(\w+)")
# Hundredths of a field that the definition counts in wholes.
_SHARE = {"At most 0.5.": "At most 50 %.", "A number is needed.": "A number of per cent is needed, such as 10."}


def placed(form: Gathering, faults: Sequence[Fault]) -> dict[str, str]:
    """The sentence for each field that something is wrong with."""
    found: dict[str, str] = dict(reversed(form.faults))
    for fault in faults:
        field = _field(form, fault)
        sentence = _EMPTY.get(field, NEEDED) if _is_empty(form, field) else plain(fault.message)
        found.setdefault(field, _SHARE.get(sentence, sentence) if field == "control_share" else sentence)
    for message in _broken_rules(form.values):
        found.setdefault(".".join(field_of_rule(message)), plain(message))
    return found


def _is_empty(form: Gathering, field: str) -> bool:
    """Whether nothing stands there, where something has to."""
    return field in form.fields and not form.get(field).strip() and field.rpartition(".")[2] in _WANTED


def plain(message: str) -> str:
    """The message of a definition as a form says it."""
    for pattern, sentence in _WORDS:
        if said := re.fullmatch(pattern, message, re.DOTALL):
            return sentence.format(*said.groups())
    said_plainly = message.replace("`", "").replace("_", " ")
    return said_plainly[:1].upper() + said_plainly[1:]


def _field(form: Gathering, fault: Fault) -> str:
    if not fault.field:
        return "title"
    if fault.message.startswith(_BIRTHDAY):
        return "params.when"
    if fault.field == ("params",):
        named = (("params", name) for name in _NAMED.findall(fault.message))
        return next((form.places[path] for path in named if path in form.places), "params")
    return form.field_of(fault.field) or ".".join(str(part) for part in fault.field)


def _broken_rules(values: Mapping[str, Any]) -> Iterator[str]:
    """The rules of the whole definition are only asked by it once every field is well; a form tells them at once."""
    family = values.get("family")
    if family == "recover" and values.get("control_share"):
        yield "a recovery has no control group"
    if family == "celebrate" and values.get("class") == "service":
        yield "a celebration is marketing"
    if family != "celebrate" and values.get("review", {}).get("if_unreviewed") == "send":
        yield "only light celebrations may go unreviewed"
