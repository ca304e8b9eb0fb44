"""Commands that run one round of an activity by hand; the workers run the same ones by themselves."""

import os
from collections.abc import Callable

import typer

from cli.output import AsJson, say
from cli.place import opened
from cli.sample.loading import let_arrive
from engine import clock, rounds
from engine.rounds import Jubilee

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
def tomorrow(as_json: AsJson = False) -> None:
    """Move the clock on a day: the sample's next orders arrive, moments are spotted, drafts written, messages sent.

    Works while `jubilee up` runs.
    """
    with opened() as jubilee:
        with jubilee.db.writing() as session:
            clock.move_on(session, 1)
        done = day(jubilee)
        with jubilee.db.reading() as session:
            today = clock.now(session).date()
    sentence = ", ".join(f"{count:,} {what}" for what, count in done.items())
    say(f"It is now {today:%A}, {today.day} {today:%B %Y}: {sentence}.", {"today": today, **done}, as_json)


def day(jubilee: Jubilee) -> dict[str, int]:
    """One round of everything, in the order of the flow."""
    return {
        "events arrived": let_arrive(jubilee),
        "moments spotted": rounds.spot(jubilee),
        "moments looked at": rounds.plan(jubilee),
        "drafts written": rounds.write(jubilee),
        "deadlines met": rounds.meet_deadlines(jubilee),
        "messages sent": rounds.send(jubilee, worker=f"cli:{os.getpid()}"),
        "deliveries settled": rounds.settle(jubilee),
    }


def _run(verb: str, what: str, activity: Callable[[Jubilee], int], as_json: bool) -> None:
    with opened() as jubilee:
        count = activity(jubilee)
    say(f"{count:,} {what} {verb}.", {verb: count}, as_json)
