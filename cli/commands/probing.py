"""The command that container health checks ask: whether due work moves. It answers within seconds, whatever hangs."""

import os
import threading
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from cli.output import AsJson, Exit, err, fail, out, say_json
from cli.place import opened
from engine import clock
from engine.waiting import LATE, Waiting, waiting

ACTIVITIES = ("plan", "write", "deadlines", "send", "answer", "settle", "notices", "rehearse")
_SENDING = ("send", "answer")


def probe(
    activities: Annotated[
        list[str] | None, typer.Argument(help=f"Which to look at, of {', '.join(ACTIVITIES)}; all where none is named.")
    ] = None,
    minutes: Annotated[
        int, typer.Option(min=1, help="How long the oldest due row may wait while nothing moves.")
    ] = round(LATE.total_seconds() / 60),
    seconds: Annotated[int, typer.Option(min=1, help="Give up after so many seconds: exit code 1.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Say whether due work moves, for container health checks. Exit code 3 where nobody works on it, 1 where nobody
    can tell."""
    wanted = activities or list(ACTIVITIES)
    if unknown := [name for name in wanted if name not in ACTIVITIES]:
        fail(f"`{unknown[0]}` is none of {', '.join(ACTIVITIES)}", Exit.USAGE)
    with _at_most(seconds):
        try:
            stuck = _look(wanted, timedelta(minutes=minutes), as_json)
        except SQLAlchemyError as error:
            fail(f"the database does not answer: {str(error).splitlines()[0]}")
    if stuck:
        raise typer.Exit(Exit.FOUND_FAULTS)


def _look(wanted: list[str], longer_than: timedelta, as_json: bool) -> bool:
    with opened() as jubilee, jubilee.db.reading() as session:
        now = clock.now(session)
        found = [one for one in waiting(session, now=now, machine=clock.machine_now()) if one.activity in wanted]
    if not jubilee.settings.sending:
        found = [one for one in found if one.activity not in _SENDING]
    stuck = [one.activity for one in found if one.is_stuck(now=now, longer_than=longer_than)]
    if as_json:
        say_json([_plain(one, one.activity in stuck) for one in found])
    for one in [] if as_json else found:
        said = f"{one.count:,} due, the oldest for {str(one.late).split('.')[0]}" if one.count else "nothing is due"
        out.print(f"{one.activity:<10} {said}{': nobody works on it' if one.activity in stuck else ''}", markup=False)
    return bool(stuck)


def _plain(one: Waiting, stuck: bool) -> dict[str, object]:
    return {
        "activity": one.activity,
        "due": one.count,
        "oldest_seconds": int(one.late.total_seconds()),
        "stuck": stuck,
    }


class _at_most:  # noqa: N801 - reads as `with _at_most(8):`
    """Ends the process where the block takes longer: a database that says nothing must not make the probe wait, and
    the main thread may be inside a library that no exception reaches."""

    def __init__(self, seconds: int) -> None:
        self._timer = threading.Timer(seconds, self._give_up, [seconds])
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @staticmethod
    def _give_up(seconds: int) -> None:
        err.print(f"error: no answer within {seconds} seconds", style="red")
        os._exit(Exit.FAILED)
