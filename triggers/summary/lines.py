"""The whole summary: a sentence to begin with, and a line for each thing that a trigger says. Pure."""

from dataclasses import dataclass

from engine.definitions.schema import TriggerDefinition
from triggers.summary import rules
from triggers.summary.conditions import condition_words
from triggers.summary.kinds import leap_day, looks_for
from triggers.summary.wording import capital


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a trigger says. `part` names it and never changes, so that two versions lie side by side."""

    part: str
    text: str


def in_a_sentence(definition: TriggerDefinition) -> str:
    """`On the yearly anniversary of their first order, in years 1 and 5, at 9 to 11 in the customer's morning; ...`"""
    parts = [f"{looks_for(definition)}, {rules.hours(definition)}"]
    if definition.audience is not None:
        parts.append(f"only where {condition_words(definition.audience)}")
    if out := rules.kept_out(definition):
        parts.append(f"kept out: {', '.join(out)}")
    parts += [rules.written(definition), rules.unread(definition)]
    return f"{'; '.join(parts)}."


def summary(definition: TriggerDefinition) -> tuple[Line, ...]:
    """Every setting in words, in the order in which a marketer thinks of them."""
    audience = definition.audience
    lines = [
        Line("Called", f"{rules.title(definition)}; it {rules.family(definition)}."),
        Line("When", f"{looks_for(definition)}."),
        Line("Leap day", leap_day(definition) or ""),
        Line("For", f"Those where {condition_words(audience)}." if audience else "Everybody whose moment it is."),
        Line("Kept out", capital("; ".join(rules.kept_out(definition))) or "Nobody in particular."),
        Line("Says", rules.says(definition)),
        Line("Other words", "; ".join(capital(one) for one in rules.alternatives(definition))),
        Line("Goes", f"{capital(rules.goes(definition))}, {rules.hours(definition)}; {rules.expiry(definition)}."),
        Line("Drafts", f"{capital(rules.written(definition))}; {rules.unread(definition)}."),
        Line("Read by", rules.readers(definition)),
        Line("Class", rules.legal(definition)),
        Line("Limits", rules.caps(definition)),
        Line("Same day", rules.clash(definition)),
        Line("Brake", rules.brake(definition)),
    ]
    return tuple(line for line in lines if line.text)
