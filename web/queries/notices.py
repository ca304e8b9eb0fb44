"""What one person was told lately, for their own page."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.access import LIFETIME
from engine.storage.models import Notice

MOST = 50


def notices_of(session: Session, person_id: UUID) -> Sequence[Notice]:
    """The latest first, without links that set a password: these lead nowhere from here."""
    mine = select(Notice).where(Notice.person_id == person_id, Notice.kind.not_in(tuple(LIFETIME)))
    return session.scalars(mine.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(MOST)).all()
