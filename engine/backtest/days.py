"""One day of a run: what happened is folded, then the rounds that the workers make, then the scripted decisions.

A run looks once a day, at the hour at which the team begins. All that is decided is decided by the functions that live
rounds call; this module only says in which order, and what time it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.backtest.cast import Cast
from engine.backtest.foreseen import spot_foreseen
from engine.backtest.handing import approve_all, hand_over
from engine.backtest.scratch import Scratch
from engine.backtest.stirrings import look_again, stirred_by
from engine.calendar.keeping import settle_holds
from engine.calendar.pauses import turned
from engine.channel_terms import Offered
from engine.dates.team import TeamHours
from engine.dates.zones import first_instant, local_date
from engine.plan.candidates import FEW
from engine.plan.ending import BATCH, expire_due
from engine.plan.planning import PlanSettings, plan_due
from engine.plan.sql import NOW
from engine.plan.times import recompute_send_times
from engine.record.locking import lock_by_id
from engine.record.running import Watch, watches
from engine.record.total_rows import refold
from engine.spot.candidates import LOOK_BACK
from engine.spot.dates import spot_dates
from engine.spot.problems import spot_problems
from engine.spot.standing import settle
from engine.storage.models import Moment
from engine.storage.session import past_the_orm
from engine.storage.words import in_words

_PIECE = 1_000
_ONE_DAY = timedelta(days=1)
# A moment may be spotted when it is over, a recovery up to two months later: so far back it is searched for then. What
# is over for longer is ended by planning as well, which says of a letter that the post is slow, not that it is late.
_LONG_OVER = LOOK_BACK + timedelta(days=40)
# Who moves to where days end earlier brings the end of what is planned forward, by a day and two hours at most.
_LATELY = timedelta(days=2)
_NEW = (Moment.state == "spotted", Moment.check_at == NOW, Moment.expires_at <= NOW)
_SPOTTED_LATE = in_words(select(exists().where(*_NEW)))


@dataclass(frozen=True, slots=True)
class Stage:
    """What every day of a run is played with. `searched`: each look searches dates and events for new moments; else all
    that there are to be found were foreseen. `openings`: what was worked out of them, the same for all parts."""

    run: Scratch
    cast: Cast
    team: TeamHours
    offered: Offered
    searched: bool = True
    openings: dict[Any, Any] = field(default_factory=dict)

    @property
    def watched(self) -> list[Watch]:
        """The totals that the triggers watch."""
        return watches(self.cast.triggers)


def instant_of(on: date, team: TeamHours) -> datetime:
    """When the team begins on this day."""
    return first_instant(on, team.start, team.zone)


def next_instant(at: datetime, team: TeamHours) -> datetime:
    """The first such instant after this one."""
    today = instant_of(local_date(at, team.zone), team)
    return today if today > at else instant_of(local_date(at, team.zone) + _ONE_DAY, team)


def live_through(stage: Stage, *, before: datetime, now: datetime, until: datetime, is_first: bool = False) -> None:
    """One day, from `now` until the next look; `before` is the last one, unless this `is_first`."""
    session = stage.run.session
    stage.run.set_clock(now)
    if stage.searched:
        _fold(stage, before=before, now=now)
    look_again(stage.run, after=before, until=now)
    begun, some_are_over = (set[UUID](), False) if stage.offered.unpaused else turned(session, before, now)
    if begun or some_are_over:
        settle_holds(session, begun, now=now, some_are_over=some_are_over)
    if stage.searched:
        spot_dates(session, stage.cast.triggers, now=now, team=stage.team, post_days=stage.offered.lead_days)
    else:
        spot_foreseen(stage.run, now=now)
    spot_problems(session, stage.cast.triggers, now=now)
    recompute_send_times(session, now=now, team=stage.team, channels=stage.offered)
    _plan(stage, session, now=now, seen=None if is_first else before)
    session.flush()
    approve_all(session, now=now)
    hand_over(stage.run, stage.offered, now=now, until=until)
    session.expunge_all()  # what one day read is of no use to the next


def _fold(stage: Stage, *, before: datetime, now: datetime) -> None:
    """What stands by the events so far is what recording them one after the other would have left."""
    watched = stage.watched
    names = {name for watch in watched for name in watch.metric.events}
    stirred = stirred_by(stage.run, names, after=before, until=now) if names else []
    for at in range(0, len(stirred), _PIECE):
        _refold(stage.run.session, watched, stirred[at : at + _PIECE], now=now)


def _refold(session: Session, watched: Sequence[Watch], ids: Sequence[UUID], *, now: datetime) -> None:
    settle(session, refold(session, watched, ids), lock_by_id(session, ids), now=now)


def _some_are_late(session: Session, now: datetime) -> bool:
    """Whether any was over when this look spotted it."""
    return bool(past_the_orm(session).scalar(_SPOTTED_LATE, {NOW.key: now}))


def _plan(stage: Stage, session: Session, *, now: datetime, seen: datetime | None) -> None:
    """Expire and plan what is due. `seen`: the last look, which left nothing behind that was due by then. Of every
    moment all versions stay in the indexes until the run is over; without a bound each look would read them all."""
    # Few at a time: the statements of many are made, written and planned anew for each pass.
    settings = PlanSettings(channels=stage.offered, batch=FEW, brakes=False, since=seen)
    ended = seen and seen - (_LONG_OVER if _some_are_late(session, now) else _LATELY)
    while expire_due(session, now=now, since=ended) == BATCH:
        pass
    while plan_due(session, stage.cast.triggers, now=now, team=stage.team, settings=settings):
        pass
