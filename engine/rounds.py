"""One round of each activity: works through what is due in batches, each in a transaction of its own.

The command line and the workers both come through here, so that a round is the same whoever starts it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine import clock
from engine.channel_terms import Offered
from engine.dates.team import TeamHours
from engine.definitions.store import ActiveTrigger, active_triggers
from engine.kinds import KindTable
from engine.links import Links
from engine.listen.mailbox import ImapSettings
from engine.listen.mailbox import fetch_mail as fetch_from_mailbox
from engine.listen.receipts import apply_parked
from engine.plan.ending import expire_due
from engine.plan.planning import PlanSettings, plan_due
from engine.plan.times import recompute_send_times
from engine.review.deadlines import apply_deadlines
from engine.secret import open_secret
from engine.send.channels import Channels, offered
from engine.send.duties import open_duties
from engine.send.redirect import redirect
from engine.send.sending import send_due
from engine.send.settling import Settler
from engine.send.settling import settle as settle_deliveries
from engine.send.submitting import Sender
from engine.settings import Settings, read_environment, split
from engine.spot.dates import spot_dates
from engine.spot.problems import spot_problems
from engine.storage.session import Database
from engine.write.changes import bring_back_changed
from engine.write.drafts import write_due

Enough = Callable[[], bool]


def never() -> bool:
    """Go on until nothing is left."""
    return False


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

    @property
    def offered(self) -> Offered:
        """The channels as planning knows them."""
        return offered(self.channels, self.settings)

    @property
    def sender(self) -> Sender:
        """The sending end, with the brakes that the settings put on it."""
        settings = self.settings
        return Sender(
            db=self.db,
            channels=self.channels,
            offered=self.offered,
            company=settings.company_name,
            team=settings.team_name,
            duties=open_duties(settings),
            redirect=redirect(not settings.live, settings.redirects, split(settings.allowed_addresses)),
            caps=settings.caps,
        )

    def triggers(self, session: Session) -> list[ActiveTrigger]:
        """The triggers that spot now."""
        return active_triggers(session, self.kinds)


def spot(jubilee: Jubilee) -> int:
    """Spot what the calendar and the passing of time make."""
    with jubilee.db.writing() as session:
        now = clock.now(session)
        post_days = jubilee.offered.lead_days
        spotted = spot_dates(session, jubilee.triggers(session), now=now, team=jubilee.team, post_days=post_days)
    with jubilee.db.writing() as session:
        return spotted + spot_problems(session, jubilee.triggers(session), now=now)


def plan(jubilee: Jubilee, enough: Enough = never) -> int:
    """Expire what is too late, work out send times again where zones changed, and plan what is due."""
    with jubilee.db.writing() as session:
        recompute_send_times(session, now=clock.now(session), team=jubilee.team, channels=jubilee.offered)
    settings = PlanSettings(channels=jubilee.offered)
    _until_done(jubilee, lambda session, now: expire_due(session, now=now), enough)
    return _until_done(
        jubilee,
        lambda session, now: plan_due(
            session, jubilee.triggers(session), now=now, team=jubilee.team, settings=settings
        ),
        enough,
    )


def write(jubilee: Jubilee, enough: Enough = never) -> int:
    """Write the drafts that are due."""
    settings = jubilee.settings
    return _until_done(
        jubilee,
        lambda session, now: write_due(
            session,
            now=now,
            company=settings.company_name,
            team_name=settings.team_name,
            release_seconds=settings.release_seconds,
            offered=jubilee.offered,
        ),
        enough,
    )


def compare_facts(jubilee: Jubilee) -> int:
    """Bring back the texts whose facts have changed since they were written."""
    with jubilee.db.writing() as session:
        return bring_back_changed(session, now=clock.now(session))


def meet_deadlines(jubilee: Jubilee, enough: Enough = never) -> int:
    """Drop or release what nobody reviewed in time."""
    seconds = jubilee.settings.release_seconds
    return _until_done(jubilee, lambda session, now: apply_deadlines(session, now=now, release_seconds=seconds), enough)


def send(jubilee: Jubilee, worker: str, enough: Enough = never, linger: float = 0.0) -> int:
    """Hand over what is due, and for so many seconds what becomes due; returns how many messages a channel accepted."""
    if not jubilee.settings.sending:
        return 0
    return send_due(jubilee.sender, worker, enough=enough, linger=linger)


def settle(jubilee: Jubilee) -> int:
    """Settle what dead workers left behind."""
    return settle_deliveries(Settler(jubilee.db, jubilee.channels))


def listen(jubilee: Jubilee, enough: Enough = never) -> int:
    """Apply the receipts that wait, and close those that nobody here knows."""
    return _until_done(jubilee, lambda session, now: apply_parked(session, offered=jubilee.offered, now=now), enough)


def fetch_mail(jubilee: Jubilee, enough: Enough = never) -> int:
    """Take answers and bounces from the mailbox, where one is configured."""
    mailbox = read_environment(ImapSettings)
    if not mailbox.host:
        return 0
    links = Links(open_secret(jubilee.settings), jubilee.settings.public_url)
    return fetch_from_mailbox(jubilee.db, links, mailbox, enough=enough)


def _until_done(jubilee: Jubilee, batch: Callable[[Session, datetime], int], enough: Enough) -> int:
    done = 0
    while not enough():
        with jubilee.db.writing() as session:
            handled = batch(session, clock.now(session))
        if not handled:
            break
        done += handled
    return done
