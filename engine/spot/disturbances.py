"""What breaks a customer's peace: a problem opened or opened again, a bad answer. Each starts the settling anew."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.kinds import FoldEvent
from engine.record.event_kinds import LOW_SCORES, subject_of
from engine.record.folding import effective_events
from engine.storage.models import Problem
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given
from engine.storage.words import in_words

_TROUBLES = in_words(
    select(
        Problem.customer_id,
        Problem.id,
        Problem.key,
        Problem.category,
        Problem.state,
        Problem.incident_key,
        Problem.opened_at,
        Problem.resolved_at,
    ).where(is_given(Problem.customer_id), Problem.state != "contact")
)
_AGAIN = frozenset({"ticket_reopened", "ticket_became_problem"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem, as far as it matters to another."""

    id: UUID
    key: str
    category: str
    state: str
    incident_key: str
    opened_at: datetime
    resolved_at: datetime | None


def troubles_of(session: Session, customer_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Trouble]]:
    """All problems of these customers. A mere contact is none."""
    rows = past_the_orm(session).execute(_TROUBLES, given(customer_ids))
    found: dict[UUID, list[Trouble]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(Trouble(*row[1:]))
    return found


def disturbances_of(session: Session, troubles: Mapping[UUID, Sequence[Trouble]]) -> Mapping[UUID, Sequence[datetime]]:
    """The instants, in order, of every customer named in `troubles`; corrections of events applied."""
    found = {customer_id: {one.opened_at for one in those} for customer_id, those in troubles.items()}
    keys = {customer_id: {one.key for one in those} for customer_id, those in troubles.items()}
    for customer_id, event in effective_events(session, list(troubles), _AGAIN | LOW_SCORES.keys()):
        if is_bad_answer(event) or (event.name in _AGAIN and _subject(event) in keys[customer_id]):
            found[customer_id].add(event.occurred_at)
    return {customer_id: sorted(instants) for customer_id, instants in found.items()}


def is_bad_answer(event: FoldEvent) -> bool:
    """CSAT of at most 2 in 5, NPS of at most 6 in 10. A score that is no number says nothing."""
    highest, score = LOW_SCORES.get(event.name), event.properties.get("score")
    if highest is None or score is None or isinstance(score, bool):
        return False
    try:
        return float(score) <= highest
    except (TypeError, ValueError):
        return False


def _subject(event: FoldEvent) -> str | None:
    return subject_of(event.name, event.properties)
