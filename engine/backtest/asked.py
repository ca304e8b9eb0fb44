"""One worker's round over the runs that people asked for: frees those whose worker died, claims the next, runs it, and
keeps what it found, or why it found nothing.
"""

from collections.abc import Callable

import structlog
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from engine import clock
from engine.backtest import claims
from engine.backtest.claims import Claim
from engine.backtest.keeper import LONGEST, Keeper
from engine.backtest.kept import OPEN, definitions_of, rehearsal_named
from engine.backtest.rehearsal import House, RunStopped, Watcher
from engine.backtest.results import Result
from engine.backtest.run import Voice, backtest, forecast
from engine.dates.zones import local_date
from engine.errors import JubileeError
from engine.storage.models import Rehearsal, RehearsalSample

TOO_LONG = f"It took longer than {LONGEST.total_seconds() / 60:.0f} minutes and was ended. Ask for fewer days."
BROKEN = (
    "Something of Jubilee's own went wrong while it ran; nothing was changed by it. Ask for it again. Should it fail "
    "again, tell whoever runs Jubilee: run {run}, at {at:%Y-%m-%d %H:%M} UTC. They find in the log what it was."
)
log = structlog.get_logger()
Enough = Callable[[], bool]


def rehearse_asked(house: House, voice: Voice, worker: str, enough: Enough) -> int:
    """Run what waits, one after the other, until `enough`; how many were claimed."""
    claimed = 0
    while not enough() and (mine := _next(house, worker)):
        claimed += 1
        _rehearse(house, voice, mine, enough)
    return claimed


def _next(house: House, worker: str) -> Claim | None:
    with house.db.reading() as session:
        if not _is_anything_due(session):
            return None
    with house.db.writing() as session:
        now, machine = clock.now(session), clock.machine_now()
        claims.free_ended(session, now=now, machine=machine)
        claims.let_go(session, now=now)
        return claims.claim(session, worker, now=now, machine=machine)


def _is_anything_due(session: Session) -> bool:
    """A look that takes no lock: mostly nobody has asked for anything."""
    now = clock.now(session)
    old, older = Rehearsal.ended_at < now - claims.KEEP_SAMPLES, Rehearsal.ended_at < now - claims.KEEP
    shown = select(RehearsalSample.position).where(RehearsalSample.rehearsal_id == Rehearsal.id).exists()
    return bool(session.scalar(select(exists().where(or_(Rehearsal.state.in_(OPEN), old & shown, older)))))


def _rehearse(house: House, voice: Voice, mine: Claim, enough: Enough) -> None:
    with Keeper(house.db, mine, enough) as keeper:
        try:
            result: Result | JubileeError = _run(house, voice, mine, keeper.watcher)
        except JubileeError as error:
            result = error
        except Exception:
            log.exception("rehearsal_failed", rehearsal=str(mine.id))
            result = JubileeError(BROKEN.format(run=mine.id, at=clock.machine_now()))
    with house.db.writing() as session:
        now = clock.now(session)
        if isinstance(result, Result):
            claims.finish(session, mine, result, now=now)
        elif isinstance(result, RunStopped) and keeper.why == "leaving":
            claims.give_back(session, mine)
        elif isinstance(result, RunStopped) and keeper.why == "stopped":
            claims.stopped(session, mine, now=now)
        else:
            claims.failed(session, mine, TOO_LONG if keeper.why == "too_long" else str(result), now=now)


def _run(house: House, voice: Voice, mine: Claim, watcher: Watcher) -> Result:
    with house.db.reading() as session:
        asked, now = rehearsal_named(session, mine.id), clock.now(session)
        subjects, mode, first, last = definitions_of(asked), asked.mode, asked.first_on, asked.last_on
    if mode == "forecast":
        return forecast(house, subjects, (last - first).days + 1, now=now, voice=voice, watcher=watcher)
    today = local_date(now, house.team.zone)
    return backtest(house, subjects, first, last, today=today, voice=voice, watcher=watcher)
