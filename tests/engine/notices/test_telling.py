"""A notice is written once, whoever writes it how often."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.notices.telling import News, tell
from engine.storage.models import Notice
from tests.engine.builders import NOW


def test_the_same_is_told_once(session: Session) -> None:
    """The second one learns that it was known."""
    news = News("unreviewed:1", "unreviewed", "A draft waits", "It is due at noon.")
    assert tell(session, news, now=NOW)
    assert not tell(session, news, now=NOW)
    assert session.scalar(select(func.count()).select_from(Notice)) == 1
