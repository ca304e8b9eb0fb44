"""What the tone check says of one text of a message, in the setting of its customer: as plain rows to store and show.

Sameness is looked for only among what this customer got. Texts of one template are alike for all customers by nature,
and a warning on each of them would teach people to ignore warnings.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from engine.channel_terms import EMAIL_TEXT, TERMS, text_kind
from engine.kinds import Fact
from engine.tone import Family, Finding, ToneContext, check_tone
from engine.write.facts import sayable_values
from engine.write.material import Material
from engine.write.mission import Mission
from engine.write.shape import shape_of
from engine.write.signing import Text, masked

_GRAVITY = ("note", "warn", "block")
_BETWEEN = "\n\n"
Row = dict[str, Any]


def text_of_channel(channel: str, texts: Mapping[str, Text]) -> str:
    """Which of a message's texts this channel carries."""
    return text_kind(channel, texts or TERMS[channel].texts) or EMAIL_TEXT


def check_text(
    text: Text, material: Material, facts: Mapping[str, Fact], mission: Mission, *, locale: str, sender: str | None
) -> list[Row]:
    """The findings in the subject and the body, of their shape and their tone. Marks and hints count as blanks; spans
    are within their `part`. Of the mission, the one in force, it takes the words to avoid."""
    subject, body = masked(text.get("subject") or ""), masked(text.get("body") or "")
    whole = f"{subject}{_BETWEEN}{body}" if subject else body
    context = _context(material, facts, mission, locale=locale, sender=sender)
    shape = shape_of(text, text_of_channel(material.message.channel, {}))
    return [*shape, *rows_of(check_tone(whole, context), subject)]


def rows_of(findings: Sequence[Finding], subject: str) -> list[Row]:
    """Findings in a subject and the body two lines below it, as rows; spans are within their `part`."""
    offset = len(subject) + len(_BETWEEN) if subject else 0
    return [_row(finding, len(subject), offset) for finding in findings]


def blocks(findings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether something forbids the text to go."""
    return any(finding["severity"] == "block" for finding in findings)


def may_go_unread(findings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a policy may release it: nothing forbids it, and the customer does not get the same text twice."""
    return not blocks(findings) and all(finding["category"] != "sameness" for finding in findings)


def worst_of(findings: Sequence[Mapping[str, Any]]) -> str | None:
    """The gravest severity among the findings."""
    return max((str(finding["severity"]) for finding in findings), key=_GRAVITY.index, default=None)


def _context(
    material: Material, facts: Mapping[str, Fact], mission: Mission, *, locale: str, sender: str | None
) -> ToneContext:
    customer, lead = material.customer, material.lead.moment
    kind = text_of_channel(material.message.channel, {})
    given = (customer.first_name, customer.last_name, sender)
    return ToneContext(
        family=cast(Family, material.message.family),
        locale=locale,
        facts={name: value for name, value in sayable_values(facts).items() if name != "also"}
        | {f"also_{name}": value for name, value in _merged(facts).items()},
        names=tuple(name for name in given if name),
        serious=any(lead.facts.get(name, {}).get("value") is True for name in ("serious", "repeated")),
        words_to_avoid=mission.words_to_avoid,
        earlier_texts=tuple(_said(earlier.texts, kind) for earlier in material.earlier if kind in earlier.texts),
        unsayable=_secrets(facts),
    )


def _secrets(facts: Mapping[str, Fact]) -> dict[str, object]:
    """What must not be said. The month and the day of a date that may be said, as in a birthday, are none."""
    said = {fact.source for name, fact in facts.items() if fact.sayable and name.rpartition(".")[2] == fact.source}
    return {
        name: fact.value
        for name, fact in facts.items()
        if _is_secret(fact) and not (name.rpartition(".")[2] in ("month", "day") and fact.source in said)
    }


def _merged(facts: Mapping[str, Fact]) -> dict[str, object]:
    return {
        name.split(".", 2)[2]: fact.value
        for name, fact in facts.items()
        if name.startswith("also.") and fact.sayable and fact.value is not None
    }


def _is_secret(fact: Fact) -> bool:
    """Numbers and dates. Single words such as a category turn up in any text without telling anything."""
    return not fact.sayable and isinstance(fact.value, int | date) and not isinstance(fact.value, bool)


def _said(texts: Mapping[str, Text], kind: str) -> str:
    text = texts[kind]
    return _BETWEEN.join(part for part in (text.get("subject"), text.get("body")) if part)


def _row(finding: Finding, subject: int, offset: int) -> Row:
    in_subject = finding.end <= subject
    start, end = (finding.start, finding.end) if in_subject else (max(0, finding.start - offset), finding.end - offset)
    return {
        "part": "subject" if in_subject else "body",
        "start": start,
        "end": end,
        "text": finding.text,
        "category": finding.category,
        "severity": finding.severity,
        "reason": finding.reason,
        "better": finding.better,
        "rule": finding.rule,
    }
