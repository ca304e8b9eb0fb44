"""The audit trail: everything people do, and what Jubilee decides by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.storage.models import AuditEntry


@dataclass(frozen=True)
class Doer:
    """Who did it: a person, or the part of Jubilee that acted by itself."""

    actor: str
    person_id: UUID | None = None


def record(session: Session, doer: Doer, action: str, subject: object, *, now: datetime, **detail: Any) -> None:
    """Add one line. `subject` is a stored row with an id; `detail` is plain data without secrets."""
    session.add(
        AuditEntry(
            at=now,
            person_id=doer.person_id,
            actor=doer.actor,
            action=action,
            subject=type(subject).__name__.lower(),
            subject_id=subject.id,  # type: ignore[attr-defined]
            detail=detail,
        )
    )
