"""One round of each activity: works through what is due in batches, each in a transaction of its own.

The command line and the workers both come through here, so that a round is the same whoever starts it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine import clock
from engine.answer.sending import send_answers
from engine.answer.settling import settle_answers
from engine.backtest.asked import rehearse_asked
from engine.backtest.rehearsal import House
from engine.backtest.run import Voice
from engine.calendar.keeping import keep_holds
from engine.channel_terms import Offered
from engine.dates.team import TeamHours
from engine.dates.zones import local_date
from engine.definitions.store import ActiveTrigger, active_triggers
from engine.insight.effect_counts import keep_counts
from engine.kinds import KindTable
from engine.links import Links
from engine.listen.complaining import open_problems
from engine.listen.mailbox import ImapSettings
from engine.listen.mailbox import fetch_mail as fetch_from_mailbox
from engine.listen.receipts import apply_parked
from engine.notices.carrying import carry_due
from engine.notices.digest import tell_digest
from engine.notices.pruning import prune, prune_folder
from engine.notices.ways import FOLDER, open_ways
from engine.plan.ending import end_retired, expire_due
from engine.plan.planning import PlanSettings, plan_due
from engine.plan.times import recompute_send_times
from engine.review.alerts import alert as alert_unread
from engine.review.assigning import move_from_absent
from engine.review.deadlines import apply_deadlines
from engine.review.flag_alerts import alert_unanswered
from engine.review.follow_up import keep_follow_ups
from engine.secret import open_secret
from engine.send.channels import Channels, offered
from engine.send.duties import open_duties
from engine.send.redirect import redirect
from engine.send.sending import send_due
from engine.send.settling import Settler
from engine.send.settling import settle as settle_deliveries
from engine.send.submitting import Sender
from engine.settings import Settings, read_environment, split
from engine.spot.crossings import backfill_due
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

    @property
    def house(self) -> House:
        """What a backtest or forecast takes from this installation."""
        return House(self.db, self.kinds, self.team, self.offered)

    @property
    def voice(self) -> Voice:
        """Who speaks in the messages that a run shows."""
        return Voice(self.settings.company_name, self.settings.team_name)

    def triggers(self, session: Session) -> list[ActiveTrigger]:
        """The triggers that spot now."""
        return active_triggers(session, self.kinds)

    def known_triggers(self, session: Session) -> list[ActiveTrigger]:
        """Those, and the paused ones, whose totals go on."""
        return active_triggers(session, self.kinds, include_paused=True)


def spot(jubilee: Jubilee) -> int:
    """Spot what the calendar and the passing of time make, and keep the calls that solved problems ask for."""
    with jubilee.db.writing() as session:
        now = clock.now(session)
        post_days = jubilee.offered.lead_days
        spotted = spot_dates(session, jubilee.triggers(session), now=now, team=jubilee.team, post_days=post_days)
    with jubilee.db.writing() as session:
        keep_follow_ups(session, jubilee.triggers(session), now=clock.now(session))
    with jubilee.db.writing() as session:
        return spotted + spot_problems(session, jubilee.triggers(session), now=now)


def fold(jubilee: Jubilee, enough: Enough = never) -> int:
    """Add up what happened before for triggers that were switched on or changed; how many customers."""
    return backfill_due(jubilee.db, jubilee.kinds, enough=enough)


def plan(jubilee: Jubilee, enough: Enough = never) -> int:
    """Keep the holds of "not now", end what is too late or of a retired trigger, work out moved times again, plan."""
    with jubilee.db.writing() as session:
        keep_holds(session, now=clock.now(session))
    with jubilee.db.writing() as session:
        recompute_send_times(session, now=clock.now(session), team=jubilee.team, channels=jubilee.offered)
    settings = PlanSettings(channels=jubilee.offered)
    _until_done(jubilee, lambda session, now: expire_due(session, now=now), enough)
    _until_done(jubilee, lambda session, now: end_retired(session, now=now), enough)
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
    settings = jubilee.settings
    return _until_done(
        jubilee,
        lambda session, now: apply_deadlines(
            session, now=now, release_seconds=settings.release_seconds, from_weight=settings.queue_from_weight
        ),
        enough,
    )


def alert(jubilee: Jubilee) -> int:
    """Hand on the drafts of who is away, and have people told of what nobody has read or answered."""
    with jubilee.db.writing() as session:
        now = clock.now(session)
        move_from_absent(session, now=now)
        levels = jubilee.settings.alert_levels
        told = alert_unanswered(session, now=now, team=jubilee.team, hours=max(levels.values()))
        return told + alert_unread(session, now=now, team=jubilee.team, levels=levels)


def send(jubilee: Jubilee, worker: str, enough: Enough = never, linger: float = 0.0) -> int:
    """Hand over what is due, and for so many seconds what becomes due; returns how many messages a channel accepted."""
    if not jubilee.settings.sending:
        return 0
    return send_due(jubilee.sender, worker, enough=enough, linger=linger)


def answer(jubilee: Jubilee, worker: str, enough: Enough = never) -> int:
    """Settle what is known of answers to replies, and hand over those that are due; how many a channel accepted."""
    sender = jubilee.sender
    settle_answers(sender)
    return send_answers(sender, worker, enough=enough) if jubilee.settings.sending else 0


def settle(jubilee: Jubilee) -> int:
    """Settle what dead workers left behind."""
    return settle_deliveries(Settler(jubilee.db, jubilee.channels))


def listen(jubilee: Jubilee, enough: Enough = never) -> int:
    """Apply the receipts that wait, close those that nobody knows, and open problems for replies that sound unhappy."""
    applied = _until_done(jubilee, lambda session, now: apply_parked(session, offered=jubilee.offered, now=now), enough)
    _until_done(jubilee, lambda session, now: open_problems(session, jubilee.known_triggers, now=now), enough)
    return applied


def rehearse(jubilee: Jubilee, worker: str, enough: Enough = never) -> int:
    """Run the backtests and forecasts that people asked for; how many."""
    return rehearse_asked(jubilee.house, jubilee.voice, worker, enough)


def fetch_mail(jubilee: Jubilee, enough: Enough = never) -> int:
    """Take answers and bounces from the mailbox, where one is configured."""
    mailbox = read_environment(ImapSettings)
    if not mailbox.host:
        return 0
    links = Links(open_secret(jubilee.settings), jubilee.settings.public_url)
    return fetch_from_mailbox(jubilee.db, links, mailbox, enough=enough)


def carry_notices(jubilee: Jubilee, enough: Enough = never) -> int:
    """Tell colleagues what they must hear of. No switch and no mode that holds customers' messages holds these."""
    ways = open_ways(jubilee.settings, jubilee.channels)
    try:
        return carry_due(jubilee.db, ways, enough)
    finally:
        ways.close()


def digest(jubilee: Jubilee) -> int:
    """Tell marketing what the front line noted in the last week, and let go of notices that are long over."""
    prune_folder(jubilee.settings.home / FOLDER, now=clock.machine_now())
    _until_done(jubilee, lambda session, now: prune(session, now=now), never)
    with jubilee.db.writing() as session:
        return tell_digest(session, now=clock.now(session), team=jubilee.team)


def count_effects(jubilee: Jubilee, enough: Enough = never) -> int:
    """Count once a day what the page Effect reads from."""
    with jubilee.db.reading() as session:
        today = local_date(clock.now(session), jubilee.team.zone)
    return keep_counts(jubilee.db, today=today, enough=enough)


def _until_done(jubilee: Jubilee, batch: Callable[[Session, datetime], int], enough: Enough) -> int:
    done = 0
    while not enough():
        with jubilee.db.writing() as session:
            handled = batch(session, clock.now(session))
        if not handled:
            break
        done += handled
    return done
