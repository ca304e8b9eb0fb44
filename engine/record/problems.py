"""Stores problems: the fold of their events, written over the row of each subject that an event just touched."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session


def fold_problems(session: Session, subjects: Collection[tuple[UUID, str]], *, now: datetime) -> None:
    """Bring the problems of these (customer id, subject) up to date with all their events, in any order they came.

    Where an amendment moved an event to another subject, name both subjects.
    """
