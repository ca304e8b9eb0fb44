"""A problem as the fold of its events by time: what is known of it after each one. Pure; `problems.py` stores it.

A ticket is a contact until its type, a tag, its priority or a bad answer makes it a problem; a refund is a problem only
where the company is at fault; an outage that was felt is one at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from engine.kinds import FoldEvent
from engine.record.event_kinds import LOW_SCORES, subject_of

PROBLEM_TYPES = frozenset({"problem", "incident", "complaint"})
PROBLEM_TAGS = PROBLEM_TYPES | {"bug", "outage", "escalation", "escalated"}
PROBLEM_PRIORITIES = frozenset({"high", "urgent"})

_SEVERITIES = ("minor", "major", "serious")
_PRIORITY_SEVERITY = {"high": "major", "urgent": "serious"}
_ANSWERS = frozenset({"ticket_answered", "csat_answered"})
RESOLUTIONS = frozenset({"ticket_resolved", "refund_completed"})


@dataclass(frozen=True, slots=True)
class ProblemState:
    """What the events so far say about one ticket, refund or outage. `key` is its subject, such as "ticket:4711"."""

    key: str
    kind: str
    category: str
    incident_key: str
    opened_at: datetime
    last_event_at: datetime
    is_problem: bool = False
    resolved_at: datetime | None = None
    reopened: int = 0
    priority_severity: str = "minor"
    said_severity: str | None = None
    what_happened: str | None = None
    what_we_did: str | None = None
    next_step: str | None = None
    next_news_on: date | None = None
    remedy: str | None = None
    owner: str | None = None
    about: str | None = None

    @property
    def state(self) -> str:
        """contact, open or resolved."""
        if not self.is_problem:
            return "contact"
        return "open" if self.resolved_at is None else "resolved"

    @property
    def severity(self) -> str:
        """What was said outright, else the worst priority it ever had: priorities fall while people work on it."""
        return self.said_severity or self.priority_severity


def fold_problem(events: Sequence[FoldEvent]) -> ProblemState | None:
    """The problem after these events of one subject, corrections applied; None where there are none."""
    state: ProblemState | None = None
    for event in sorted(events, key=lambda event: (event.occurred_at, event.message_id)):
        state = _step(state or _begun(event), event)
    return state


def _begun(event: FoldEvent) -> ProblemState:
    key = subject_of(event.name, event.properties)
    if key is None:
        raise ValueError(f"{event.name} {event.message_id} speaks of no problem")
    kind = key.partition(":")[0]
    return ProblemState(key, kind, kind, key, opened_at=event.occurred_at, last_event_at=event.occurred_at)


def _step(state: ProblemState, event: FoldEvent) -> ProblemState:
    state = _told(replace(state, last_event_at=event.occurred_at), event.properties)
    if event.name in RESOLUTIONS:
        # The next step of the way there is behind us; only what the resolution itself names still lies ahead.
        next_step = _text(event.properties.get("next_step"))
        state = replace(state, resolved_at=event.occurred_at, next_step=next_step, next_news_on=None)
    if event.name == "ticket_reopened":
        # What we did did not hold, so it may not be told as what solved it.
        state = replace(state, resolved_at=None, reopened=state.reopened + 1, what_we_did=None, remedy=None)
    return replace(state, is_problem=state.is_problem or _makes_a_problem(event))


def _told(state: ProblemState, said: Mapping[str, Any]) -> ProblemState:
    """What the event says outright replaces what was known; silence changes nothing."""
    return replace(
        state,
        category=_word(said.get("category")) or state.category,
        incident_key=_text(said.get("incident_id")) or state.incident_key,
        priority_severity=max(state.priority_severity, _priority_severity(said), key=_SEVERITIES.index),
        said_severity=_severity(said.get("severity")) or state.said_severity,
        what_happened=_text(said.get("what_happened")) or state.what_happened or _reason(state, said),
        what_we_did=_text(said.get("what_we_did")) or state.what_we_did,
        next_step=_text(said.get("next_step")) or state.next_step,
        next_news_on=_date(said.get("next_news_on")) or state.next_news_on,
        remedy=_text(said.get("remedy")) or state.remedy or _refunded(state, said),
        owner=_text(said.get("owner")) or state.owner,
        about=_text(said.get("about")) or state.about,
    )


def _makes_a_problem(event: FoldEvent) -> bool:
    said = event.properties
    if event.name in ("ticket_became_problem", "outage_felt"):
        return True
    if event.name in _ANSWERS:
        score = _number(said.get("score"))
        return score is not None and score <= LOW_SCORES[event.name]
    if event.name.startswith("refund_"):
        return _true(said.get("fault"))
    return (
        _word(said.get("type")) in PROBLEM_TYPES
        or _word(said.get("priority")) in PROBLEM_PRIORITIES
        or not PROBLEM_TAGS.isdisjoint(_tags(said.get("tags")))
    )


def _reason(state: ProblemState, said: Mapping[str, Any]) -> str | None:
    """A refund says what happened as its reason."""
    return _text(said.get("reason")) if state.kind == "refund" else None


def _refunded(state: ProblemState, said: Mapping[str, Any]) -> str | None:
    return _text(said.get("what_was_refunded")) if state.kind == "refund" else None


def _priority_severity(said: Mapping[str, Any]) -> str:
    return _PRIORITY_SEVERITY.get(_word(said.get("priority")) or "", "minor")


def _severity(value: Any) -> str | None:
    word = _word(value)
    return word if word in _SEVERITIES else None


def _text(value: Any) -> str | None:
    """Texts, and numbers that serve as names; files give everything as text, programs not always."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def _word(value: Any) -> str | None:
    text = _text(value)
    return text.casefold() if text else None


def _tags(value: Any) -> set[str]:
    """A list of tags, or one text with commas as a file gives it."""
    tags = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    return {word for tag in tags if (word := _word(tag))}


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _true(value: Any) -> bool:
    return value is True or _word(value) in ("true", "yes", "1")


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
