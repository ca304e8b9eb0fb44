"""The tone check's findings as an agent reads them: the words in question with their surroundings. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

AROUND = 36
WHOLE = 0.8


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding. `before`, `words` and `after` quote the text; no words where it is about the text as a whole."""

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
    )


def _tail(text: str) -> str:
    line = text.rpartition("\n")[2]
    return line if len(line) <= AROUND else "…" + line[-AROUND:]


def _head(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= AROUND else line[:AROUND] + "…"
