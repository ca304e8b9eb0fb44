"""What a draft that stopped asks for, where a person can answer it: the words that its problem lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.record.problem_words import FIELDS, may_be_added_to
from engine.storage.models import Message, MessageMoment, Moment, Problem
from engine.write.store import template_in_force

LABELS = {"what_happened": "What happened?", "what_we_did": "What did we do about it?", "next_step": "What comes next?"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The problem that lacks words, and which. `key` and `known_at` go with the form, as on the customer's page."""

    problem_id: UUID
    what: str
    owner: str | None
    key: UUID
    known_at: datetime
    fields: Sequence[tuple[str, str]]


def asked_of(session: Session, message_id: UUID) -> Asked | None:
    """None where it speaks of no problem, or of one that is told elsewhere."""
    row = session.execute(
        select(Message.template, Problem)
        .join(MessageMoment, MessageMoment.message_id == Message.id)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .join(Problem, Problem.id == Moment.problem_id)
        .where(Message.id == message_id, MessageMoment.live)
        .order_by(MessageMoment.position)
        .limit(1)
    ).first()
    if row is None or not may_be_added_to(row.Problem):
        return None
    problem, needs = row.Problem, template_in_force(session, row.template)[0].needs
    missing = [(name, LABELS[name]) for name in FIELDS if name in needs and not getattr(problem, name)]
    return Asked(problem.id, problem.what_happened or "", problem.owner, new_id(), problem.last_event_at, missing)
