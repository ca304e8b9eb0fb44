"""The tone check's findings as an agent reads them: the words in question with their surroundings. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

AROUND = 36
WHOLE = 0.8
# What some rules want can be done by itself: the words are left out, or said more quietly.
_MENDED: Mapping[str, Callable[[str], str]] = {
    "exclamations": lambda words: "?" if "?" in words else ".",
    "capitals": str.capitalize,
    "just": lambda _: "",
    "to-be-honest": lambda _: "",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding. `before`, `words` and `after` quote the text; no words where it is about the text as a whole.
    `instead` is what could stand in their place (nothing: they are left out), where that can be said without a person.
    """

    part: str
    start: int
    end: int
    before: str
    words: str
    after: str
    category: str
    severity: str
    reason: str
    better: str
    instead: str | None = None


def remarks_on(findings: Sequence[Mapping[str, Any]], text: Mapping[str, str | None]) -> list[Remark]:
    """Findings about a text, the gravest first."""
    grave = {"block": 0, "warn": 1, "note": 2}
    made = [_remark(finding, text.get(finding["part"]) or "") for finding in findings]
    return sorted(made, key=lambda remark: (grave.get(remark.severity, 3), remark.part != "subject", remark.start))


def _remark(finding: Mapping[str, Any], text: str) -> Remark:
    start, end = int(finding["start"]), int(finding["end"])
    whole = end - start >= WHOLE * len(text)
    return Remark(
        part=finding["part"],
        start=start,
        end=end,
        before="" if whole else _tail(text[:start]),
        words="" if whole else text[start:end],
        after="" if whole else _head(text[end:]),
        category=finding["category"],
        severity=finding["severity"],
        reason=finding["reason"],
        better=finding["better"],
        instead=None if whole else _instead(finding.get("rule"), text[start:end]),
    )


def _instead(rule: str | None, words: str) -> str | None:
    mend = _MENDED.get(rule or "")
    return mend(words) if mend else None


def _tail(text: str) -> str:
    line = text.rpartition("\n")[2]
    return line if len(line) <= AROUND else "…" + line[-AROUND:]


def _head(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= AROUND else line[:AROUND] + "…"
