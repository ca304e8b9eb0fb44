"""One round of each activity: works through what is due in batches, each in a transaction of its own.

The command line and the workers both come through here, so that a round is the same whoever starts it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine import clock
from engine.dates.team import TeamHours
from engine.definitions.store import ActiveTrigger, active_triggers
from engine.kinds import KindTable
from engine.plan.ending import expire_due
from engine.plan.planning import plan_due
from engine.plan.times import recompute_send_times, zone_data_changed
from engine.review.deadlines import apply_deadlines
from engine.send import claiming, settling, submitting
from engine.send.channels import Channels
from engine.settings import Settings
from engine.spot.dates import spot_dates
from engine.spot.problems import spot_problems
from engine.storage.session import Database
from engine.write.changes import bring_back_changed
from engine.write.drafts import write_due

# Handed over together: one commit of `submitting` for so many, and at most so many unconfirmed after a crash.
SEND_BATCH = 10


@dataclass(frozen=True)
class Jubilee:
    """Everything an activity needs that is not in the database."""

    db: Database
    kinds: KindTable
    channels: Channels
    settings: Settings

    @property
    def team(self) -> TeamHours:
        """The working hours of the team that reviews."""
        return TeamHours(
            zone=self.settings.team_zone,
            start=self.settings.team_start,
            end=self.settings.team_end,
            country=self.settings.team_country or None,
        )

    def triggers(self, session: Session) -> list[ActiveTrigger]:
        """The triggers that spot now."""
        return active_triggers(session, self.kinds)


def spot(jubilee: Jubilee) -> int:
    """Spot what the calendar and the passing of time make."""
    with jubilee.db.writing() as session:
        now = clock.now(session)
        spotted = spot_dates(session, jubilee.triggers(session), now=now, team=jubilee.team)
    with jubilee.db.writing() as session:
        return spotted + spot_problems(session, jubilee.triggers(session), now=now)


def plan(jubilee: Jubilee) -> int:
    """Expire what is too late, work out send times again where the zone data changed, and plan what is due."""
    with jubilee.db.writing() as session:
        if zone_data_changed(session):
            recompute_send_times(session, now=clock.now(session))
    _until_done(jubilee, lambda session, now: expire_due(session, now=now))
    return _until_done(
        jubilee,
        lambda session, now: plan_due(
            session,
            jubilee.triggers(session),
            now=now,
            team=jubilee.team,
            offered=tuple(jubilee.channels),
            default_channel=jubilee.settings.default_channel,
        ),
    )


def write(jubilee: Jubilee) -> int:
    """Bring back the texts whose facts changed, and write the drafts that are due."""
    settings = jubilee.settings
    with jubilee.db.writing() as session:
        bring_back_changed(session, now=clock.now(session))
    return _until_done(
        jubilee,
        lambda session, now: write_due(
            session,
            now=now,
            company=settings.company_name,
            team_name=settings.team_name,
            release_seconds=settings.release_seconds,
        ),
    )


def meet_deadlines(jubilee: Jubilee) -> int:
    """Drop or release what nobody reviewed in time."""
    return _until_done(
        jubilee,
        lambda session, now: apply_deadlines(session, now=now, release_seconds=jubilee.settings.release_seconds),
    )


def send(jubilee: Jubilee, worker: str) -> int:
    """Hand over what is due; returns how many messages a channel accepted."""
    if not jubilee.settings.sending:
        return 0
    settings = jubilee.settings
    sender = submitting.Sender(
        db=jubilee.db,
        channels=jubilee.channels,
        default_channel=settings.default_channel,
        company=settings.company_name,
        team=settings.team_name,
        now=clock.now,
    )
    accepted = 0
    while True:
        with jubilee.db.writing() as session:
            claims = claiming.claim_due(session, now=clock.now(session), worker=worker, limit=SEND_BATCH)
        if not claims:
            return accepted
        accepted += submitting.submit(sender, claims)


def settle(jubilee: Jubilee) -> int:
    """Settle what dead workers left behind."""
    return settling.settle(jubilee.db, jubilee.channels, now=clock.now)


def _until_done(jubilee: Jubilee, batch: Callable[[Session, datetime], int]) -> int:
    done = 0
    while True:
        with jubilee.db.writing() as session:
            handled = batch(session, clock.now(session))
        if not handled:
            return done
        done += handled
