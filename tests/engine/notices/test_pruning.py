"""What was told is let go of after a stated time, rows and files; what still waits never is."""

import os
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.notices.pruning import KEPT, prune, prune_folder
from engine.notices.telling import News, tell
from engine.review.alerts import _REMEMBERED
from engine.storage.models import Notice
from tests.engine.builders import NOW


def notice(session: Session, key: str, **ended: object) -> None:
    tell(session, News(key, "unread", "Drafts wait", "Two drafts wait."), now=NOW - 2 * KEPT)
    row = session.scalars(select(Notice).where(Notice.key == key)).one()
    for name, value in ended.items():
        setattr(row, name, value)
    session.flush()


def test_only_what_is_long_over_is_deleted(session: Session) -> None:
    """What went or was given up ninety days ago; never what waits, however old, nor what an alert may look for."""
    notice(session, "waits")
    notice(session, "went", sent_at=NOW - KEPT - timedelta(seconds=1))
    notice(session, "given up", dropped_at=NOW - KEPT - timedelta(seconds=1))
    notice(session, "lately", sent_at=NOW - KEPT + timedelta(seconds=1))
    assert prune(session, now=NOW, limit=1) == 1
    assert prune(session, now=NOW) == 1
    assert prune(session, now=NOW) == 0
    assert set(session.scalars(select(Notice.key))) == {"waits", "lately"}
    assert KEPT > _REMEMBERED


def test_files_go_with_them(tmp_path: Path) -> None:
    """By their age; a folder that is not there, and what is no notice, does no harm."""
    for name, days in (("old.txt", 91), ("young.txt", 89), ("old.pem", 91)):
        file = tmp_path / name
        file.write_text("Hello")
        at = (NOW - timedelta(days=days)).timestamp()
        os.utime(file, (at, at))
    assert prune_folder(tmp_path / "nowhere", now=NOW) == 0
    assert prune_folder(tmp_path, now=NOW) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["old.pem", "young.txt"]
