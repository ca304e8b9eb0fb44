"""The events that Jubilee knows by name, one line each. Other names are welcome: they only count and add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

RETRACTED = "event_retracted"
AMENDED = "event_amended"
CORRECTIONS = frozenset({RETRACTED, AMENDED})
TRAIT_CHANGED = "trait_changed"


@dataclass(frozen=True, slots=True)
class EventKind:
    """What an event means before anything is read in it.

    `feeling` is its emotional value, -5 to +5. `by_customer`: the customer did it, so the relationship is not quiet.
    `subject_property` names the ticket, refund or incident that it speaks of.
    """

    feeling: int = 0
    by_customer: bool = True
    subject_property: str | None = None


OTHER = EventKind()

EVENT_KINDS: Mapping[str, EventKind] = MappingProxyType(
    {
        "order_completed": EventKind(feeling=2),
        "order_refunded": EventKind(feeling=-1, by_customer=False),
        "ticket_opened": EventKind(feeling=-2, subject_property="ticket_id"),
        "ticket_became_problem": EventKind(feeling=-3, by_customer=False, subject_property="ticket_id"),
        "ticket_updated": EventKind(by_customer=False, subject_property="ticket_id"),
        "ticket_resolved": EventKind(feeling=2, by_customer=False, subject_property="ticket_id"),
        "ticket_reopened": EventKind(feeling=-4, subject_property="ticket_id"),
        "ticket_answered": EventKind(subject_property="ticket_id"),
        "csat_answered": EventKind(subject_property="ticket_id"),
        "nps_answered": EventKind(),
        "refund_requested": EventKind(feeling=-2, subject_property="refund_id"),
        "refund_updated": EventKind(by_customer=False, subject_property="refund_id"),
        "refund_completed": EventKind(feeling=1, by_customer=False, subject_property="refund_id"),
        "outage_felt": EventKind(feeling=-3, by_customer=False, subject_property="incident_id"),
        TRAIT_CHANGED: EventKind(by_customer=False),
        RETRACTED: EventKind(by_customer=False),
        AMENDED: EventKind(by_customer=False),
    }
)

# What happens to customers, and is no sign that they are still with us.
NOT_THEIR_DOING = tuple(name for name, kind in EVENT_KINDS.items() if not kind.by_customer)
# The kind of problem that a subject is, by the property that names it.
PROBLEM_KINDS = MappingProxyType({"ticket_id": "ticket", "refund_id": "refund", "incident_id": "outage"})
# Event name -> the highest score that is a bad answer: CSAT of 5, NPS of 10 (design section 4, recovery).
LOW_SCORES: Mapping[str, int] = MappingProxyType({"csat_answered": 2, "ticket_answered": 2, "nps_answered": 6})
PROBLEM_EVENTS = frozenset(name for name, kind in EVENT_KINDS.items() if kind.subject_property)


def event_kind(name: str) -> EventKind:
    """The kind of this name; a name nobody announced has no feeling and counts as the customer's own doing."""
    return EVENT_KINDS.get(name, OTHER)


def subject_of(name: str, properties: Mapping[str, Any]) -> str | None:
    """The problem this event speaks of, such as "ticket:4711"; None where it speaks of none or does not say which."""
    subject_property = event_kind(name).subject_property
    if subject_property is None:
        return None
    value = properties.get(subject_property)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    identity = str(value).strip()
    return f"{PROBLEM_KINDS[subject_property]}:{identity}" if identity else None
