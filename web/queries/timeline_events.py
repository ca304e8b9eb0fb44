"""What they did, and what went wrong, as lines of the timeline."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from engine.storage.models import Event, Problem
from web.phrases import sentence_case
from web.queries.timeline_lines import MINE, Said, Source, chosen
from web.queries.timeline_words import event_detail


def _events(*, of_problems: bool) -> Callable[[str], Select[Any]]:
    subject = Event.subject.is_not(None) if of_problems else Event.subject.is_(None)

    def rows(_viewer: str) -> Select[Any]:
        return chosen(Event.name, Event.properties, Event.source, Event.subject).where(
            Event.customer_id == MINE, subject
        )

    return rows


def _say_event(_session: Session, row: Any) -> Said:
    about = f" ({row.subject.replace(':', ' ')})" if row.subject else ""
    return Said(sentence_case(row.name) + about, event_detail(row.properties), row.source)


def _outages(_viewer: str) -> Select[Any]:
    """Their end is told by the incident, and no event of theirs says so."""
    return chosen(Problem.incident_key).where(Problem.customer_id == MINE, Problem.kind == "outage")


def _say_outage(_session: Session, row: Any) -> Said:
    return Said(f"Outage over ({row.incident_key})", None, "the incident")


EVENTS: tuple[Source, ...] = (
    Source("problems", Problem.resolved_at, Problem.id, _outages, _say_outage, True),
    Source("problems", Event.occurred_at, Event.id, _events(of_problems=True), _say_event),
    Source("events", Event.occurred_at, Event.id, _events(of_problems=False), _say_event),
)
