"""Commands that run one round of an activity by hand; the workers run the same ones by themselves."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.output import AsJson, err, say
from cli.place import opened
from cli.sample.loading import let_arrive, others_than_the_sample
from engine import clock, rounds
from engine.dates.team import TeamHours
from engine.dates.zones import zone
from engine.errors import InvalidInput
from engine.review.queue import counts
from engine.rounds import Jubilee

REALLY = "If that is what you want: jubilee demo tomorrow --really"

demo = typer.Typer(add_completion=False, no_args_is_help=True, help="Move the demonstration on.")


@demo.callback()
def _demo() -> None:
    """Move the demonstration on."""


def spot(as_json: AsJson = False) -> None:
    """Spot the moments that the calendar and the passing of time make."""
    _run("spotted", "moments", rounds.spot, as_json)


def plan(as_json: AsJson = False) -> None:
    """Plan spotted moments: holds, clashes, caps, control group, send time."""
    _run("planned", "moments", rounds.plan, as_json)


def write(as_json: AsJson = False) -> None:
    """Write the drafts that are due."""
    _run("written", "drafts", rounds.write, as_json)


def send(as_json: AsJson = False) -> None:
    """Hand over the approved messages whose time has come."""
    _run("sent", "messages", lambda jubilee: rounds.send(jubilee, worker=f"cli:{os.getpid()}"), as_json)


@demo.command("tomorrow")
def tomorrow(
    really: Annotated[bool, typer.Option("--really", help="Also where there are real customers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move the clock on to the team's next morning, hour by hour: orders arrive, drafts are written, messages go.

    Works while `jubilee up` runs. Approve something first: a message goes in its customer's own morning.
    """
    with opened() as jubilee, err.status("A day goes by ..."):
        if not really:
            _refuse_real_customers(jubilee)
        done = live_until_morning(jubilee)
        with jubilee.db.reading() as session:
            now = clock.now(session)
            today, done["messages wait for a person"] = now.date(), counts(session, now=now, up_to=None).in_review
    sentence = ", ".join(f"{count:,} {what}" for what, count in done.items())
    say(f"It is now {today:%A}, {today.day} {today:%B %Y}: {sentence}.", {"today": today, **done}, as_json)


def _refuse_real_customers(jubilee: Jubilee) -> None:
    """Their drafts would pass their deadlines unread, and the clock does not go back."""
    with jubilee.db.reading() as session:
        others = others_than_the_sample(session)
    if jubilee.settings.live or others:
        why = "JUBILEE_LIVE is true" if jubilee.settings.live else "There are customers who are not of the sample"
        raise InvalidInput(f"{why}: the clock of this installation would run ahead for good. {REALLY}")


def live_until_morning(jubilee: Jubilee) -> Counter[str]:
    """Every hour until the team has begun its next day.

    The windows to send in are short and lie in the customers' zones, so no hour may be left out. It ends when drafts
    that are written and go on the same day have just come in: later nobody could read them.
    """
    worker, done = f"cli:{os.getpid()}", Counter[str]()
    with jubilee.db.reading() as session:
        hours = hours_until_morning(clock.now(session), jubilee.team)
    for hour in range(1, hours + 1):
        with jubilee.db.writing() as session:
            clock.move_on(session, hours=1)
        if hour in (hours // 2, hours):  # twice is enough for what has days of time
            done["events arrived"] += let_arrive(jubilee)
            done["moments spotted"] += rounds.spot(jubilee)
            rounds.plan(jubilee)
            done["drafts written"] += rounds.write(jubilee)
        done["deadlines passed"] += rounds.meet_deadlines(jubilee)
        done["messages sent"] += rounds.send(jubilee, worker=worker)
    rounds.answer(jubilee, worker=worker)
    rounds.settle(jubilee)
    return done


def hours_until_morning(now: datetime, team: TeamHours) -> int:
    """How many whole hours until it is the next day and the team has begun."""
    local = now.astimezone(zone(team.zone))
    begins = datetime.combine(local.date() + timedelta(days=1), team.start, local.tzinfo)
    return -((now - begins) // timedelta(hours=1))


def _run(verb: str, what: str, activity: Callable[[Jubilee], int], as_json: bool) -> None:
    with opened() as jubilee:
        count = activity(jubilee)
    say(f"{count:,} {what} {verb}.", {verb: count}, as_json)
