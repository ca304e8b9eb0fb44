"""The commands for the switch that stops all sending, and for the day a backup had to be restored."""

from typing import Annotated

import typer

from cli.given import instant
from cli.output import AsJson, fail, say
from cli.place import opened
from engine import clock, rounds
from engine.send.restoring import mark_restored
from engine.send.switch import sending_stopped, stop_sending

sending = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Stop and start all sending; say that a backup was restored."
)


@sending.command("stop")
def stop(as_json: AsJson = False) -> None:
    """Stop all sending, now, on every channel. What has been handed over is gone; nothing else goes."""
    _switch(True, "All sending is stopped. Approved messages wait.", as_json)


@sending.command("start")
def start(as_json: AsJson = False) -> None:
    """Let messages go again. What came too late meanwhile has expired; the rest goes in its hours."""
    _switch(False, "Sending is on again.", as_json)


@sending.command("status")
def status(as_json: AsJson = False) -> None:
    """Say whether messages go, and whether they go to customers."""
    with opened() as jubilee:
        with jubilee.db.reading() as session:
            stopped = sending_stopped(session)
        live, allowed = jubilee.settings.live, jubilee.settings.sending
    parts = [
        "stopped by the switch" if stopped else "on",
        *([] if allowed else ["off by JUBILEE_SENDING"]),
        "live: real channels reach customers" if live else "redirect mode: real channels reach nobody unlisted",
    ]
    say(f"Sending is {'; '.join(parts)}.", {"stopped": stopped, "sending": allowed, "live": live}, as_json)


@sending.command("restored")
def restored(
    taken_at: Annotated[str, typer.Option(help="When the backup was taken, such as 2026-02-14T03:00:00Z.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """After restoring a backup: stop sending, and mark what may have gone out since as not known.

    Run it while workers and pages are stopped, after importing the events of the lost time once more.
    """
    at = instant(taken_at, "--taken-at")
    if not yes:
        typer.confirm("What may have gone out since will not be sent by itself any more. Go on?", abort=True)
    with opened() as jubilee:
        with jubilee.db.reading() as session:
            if at > clock.now(session):
                fail(f"--taken-at: {taken_at} lies in the future")
        rounds.spot(jubilee)
        with jubilee.db.writing() as session:
            marked = mark_restored(session, taken_at=at, now=clock.now(session), machine=clock.machine_now())
    said = (
        f"Sending is stopped. {marked.unconfirmed:,} messages may have gone out and are marked so; {marked.messages:,} "
        f"drafts and {marked.moments:,} moments of the lost time were given up. Look at the page Sending, then run "
        "`jubilee sending start`."
    )
    data = {"unconfirmed": marked.unconfirmed, "messages": marked.messages, "moments": marked.moments}
    say(said, data, as_json)


def _switch(stopped: bool, said: str, as_json: bool) -> None:
    with opened() as jubilee, jubilee.db.writing() as session:
        stop_sending(session, stopped)
    say(said, {"stopped": stopped}, as_json)
