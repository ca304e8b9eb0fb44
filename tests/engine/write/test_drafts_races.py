"""Two workers that write at the same time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import select

from engine.storage.models import Message, Revision
from engine.storage.session import Database
from tests.engine.write.desk import birthday, seed, write

DRAFTS = 12


def test_two_workers_at_once_write_every_draft_exactly_once(db: Database) -> None:
    """Each takes what the other does not hold: one revision for each message, and none is left."""
    with db.writing() as session:
        seed(session)
        for _ in range(DRAFTS):
            birthday(session)
    together = Barrier(2)

    def work(_: int) -> int:
        together.wait()
        handled = 0
        while True:
            with db.writing() as session:
                done = write(session, limit=2)
            if not done:
                return handled
            handled += done

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == DRAFTS
    with db.reading() as session:
        assert session.scalars(select(Revision.number)).all() == [1] * DRAFTS
        assert set(session.scalars(select(Message.state))) == {"in_review"}
