"""Carries notices out: takes those that are due under a lease, hands each over without a connection held, and writes
down what became of it. A notice may come twice where the answer was lost; that harms nobody, so it is tried again.

By mail a notice goes until its text is empty: that it is emptied is how we know that the mail went. The webhook may
hear of a notice again, under the same id, while its mail is being tried.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.notices.ways import Letter, Way, Ways
from engine.people.access import LIFETIME, PATH, Purpose, make_link
from engine.send.outgoing import Refused
from engine.storage.models import Notice, Person
from engine.storage.session import Database

BATCH = 5
LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 8
# After the first attempt, the second and so on; from the first to the last about a day.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
WAITING = and_(Notice.sent_at.is_(None), Notice.dropped_at.is_(None))
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this worker may carry until the lease ends. `attempt` is its fence: a later claim has a higher one.
    `person` is whom it is for."""

    id: UUID
    attempt: int
    kind: str
    subject: str
    body: str
    path: str
    person: Person | None

    @property
    def opens_an_account(self) -> bool:
        """Whether its link is made for it, and is nobody's business but its person's."""
        return self.kind in LIFETIME

    @property
    def mail_is_due(self) -> bool:
        """Whether the colleague has not had it yet."""
        return self.person is not None and bool(self.body)


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a notice: it was `sent`, is `dropped`, or is tried again after a pause; `reason` is what went
    wrong. `mailed`: its text has done its work."""

    sent: bool = False
    dropped: bool = False
    pause: timedelta | None = None
    reason: str | None = None
    mailed: bool = False


def carry_due(db: Database, ways: Ways, enough: Callable[[], bool]) -> int:
    """Carry whatever is due; returns how many were taken up."""
    carried = 0
    while not enough():
        with db.writing() as session:
            claimed = claim_due(session, now=clock.now(session))
        for notice in claimed:
            _carry(db, ways, notice)
        carried += len(claimed)
        if not claimed:
            break
    return carried


def claim_due(session: Session, *, now: datetime, limit: int = BATCH) -> list[Claimed]:
    """Take up to so many for a lease. What another worker is just taking is left to it."""
    due = select(Notice.id).where(WAITING, Notice.next_at <= now).order_by(Notice.next_at).limit(limit)
    ids = session.scalars(due.with_for_update(skip_locked=True)).all()
    session.execute(
        update(Notice)
        .where(Notice.id.in_(ids), WAITING, Notice.next_at <= now)
        .values(next_at=now + LEASE, attempts=Notice.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(
        select(Notice, Person)
        .outerjoin(Person, Person.id == Notice.person_id)
        .where(Notice.id.in_(ids))
        .order_by(Notice.id)
        .execution_options(populate_existing=True)
    )
    return [Claimed(n.id, n.attempts, n.kind, n.subject, n.body, n.path, person) for n, person in rows]


def fate_of(failures: Mapping[str, Exception], *, ways: Sequence[str], mailed: bool, attempt: int) -> Fate:
    """What becomes of a notice after these ways were tried and these failed; `mailed`: the colleague has it, now or
    from an attempt before. What failed for good is not tried again, and one way that worked is enough."""
    if not failures:
        return Fate(sent=True, mailed=mailed)
    reason = "; ".join(f"{way}: {_said(error)}" for way, error in failures.items())
    passing = [error for error in failures.values() if not (isinstance(error, Refused) and error.permanent)]
    if passing and attempt < MOST_ATTEMPTS:
        wanted = [timedelta(seconds=error.retry_after or 0) for error in passing if isinstance(error, Refused)]
        return Fate(pause=max([PAUSES[attempt - 1], *wanted]), reason=reason, mailed=mailed)
    arrived = mailed or len(failures) < len(ways)
    return Fate(sent=arrived, dropped=not arrived, reason=reason, mailed=mailed)


def _carry(db: Database, ways: Ways, notice: Claimed) -> None:
    if notice.person is not None and not notice.person.active:
        return _settle(db, notice, Fate(dropped=True, reason="the account is disabled"))
    if notice.attempt > MOST_ATTEMPTS:  # whoever tried it the last time never came back
        return _settle(db, notice, Fate(dropped=True, reason=f"gave up after {MOST_ATTEMPTS} attempts"))
    chosen = _chosen(ways, notice)
    letter = _letter(db, ways, notice) if chosen else None
    failures: dict[str, Exception] = {}
    for name, way in chosen.items():
        try:
            assert letter is not None
            way(letter)
        except Exception as error:
            log.warning("notice_not_carried", kind=notice.kind, way=name, error=type(error).__name__)
            failures[name] = error
    had_it = notice.person is not None and not notice.body
    mailed = had_it or ("email" in chosen and "email" not in failures)
    _settle(db, notice, fate_of(failures, ways=list(chosen), mailed=mailed, attempt=notice.attempt))


def _chosen(ways: Ways, notice: Claimed) -> dict[str, Way]:
    """By mail to its person and to the webhook, as far as they are there; into the folder where nothing else is. A
    link that opens an account goes to its person alone."""
    chosen: dict[str, Way] = {}
    if ways.hook is not None and not notice.opens_an_account:
        chosen["webhook"] = ways.by_hook
    if ways.mail is not None and notice.mail_is_due:
        chosen["email"] = ways.by_mail
    return chosen or ({"folder": ways.into_folder} if notice.body else {})


def _letter(db: Database, ways: Ways, notice: Claimed) -> Letter:
    path = notice.path
    if notice.opens_an_account and notice.person is not None:
        with db.writing() as session:
            purpose: Purpose = "invite" if notice.kind == "invite" else "reset"
            path = f"{PATH}/{make_link(session, notice.person.id, purpose, machine=clock.machine_now())}"
    to, name = (notice.person.email, notice.person.name) if notice.person is not None else ("", "")
    return Letter(notice.id, notice.kind, notice.subject, notice.body, notice.path, ways.link(path), to, name)


def _settle(db: Database, notice: Claimed, fate: Fate) -> None:
    """Write it down, unless another worker has taken it up since."""
    with db.writing() as session:
        now = clock.now(session)
        values: dict[str, object] = {"reason": fate.reason[:300] if fate.reason else None}
        if fate.sent or fate.dropped:
            values |= {"sent_at" if fate.sent else "dropped_at": now, "body": ""}
        else:
            values |= {"next_at": now + (fate.pause or LEASE)} | ({"body": ""} if fate.mailed else {})
        mine = and_(Notice.id == notice.id, Notice.attempts == notice.attempt, WAITING)
        session.execute(update(Notice).where(mine).values(**values))


def _said(error: Exception) -> str:
    return error.reason if isinstance(error, Refused) else type(error).__name__
