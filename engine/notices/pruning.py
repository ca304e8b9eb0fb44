"""Lets go of what was told long ago: the rows of notices that are over, and the files that lay in the folder."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from engine.storage.models import Notice

# Longer than any alert remembers what it told (engine/review/alerts.py), so that nothing is told again because of this.
KEPT = timedelta(days=90)
BATCH = 1_000


def prune(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Delete up to `limit` notices that went, or were given up, before that; answers how many."""
    over = or_(Notice.sent_at < now - KEPT, Notice.dropped_at < now - KEPT)
    ids = select(Notice.id).where(over).order_by(Notice.id).limit(limit).scalar_subquery()
    return len(session.scalars(delete(Notice).where(Notice.id.in_(ids)).returning(Notice.id)).all())


def prune_folder(folder: Path, *, now: datetime) -> int:
    """Delete the files that lie there for longer; answers how many. Others than notices are left alone."""
    gone = 0
    for file in folder.glob("*.txt"):
        try:
            if datetime.fromtimestamp(file.stat().st_mtime, now.tzinfo) < now - KEPT:
                file.unlink()
                gone += 1
        except FileNotFoundError:  # another worker was here first
            continue
    return gone
