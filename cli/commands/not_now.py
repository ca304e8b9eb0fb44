"""The commands of "not now", for the hour when nobody has a browser."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
import yaml
from pydantic import ValidationError

from cli.given import instant, person_of
from cli.output import AsJson, err, fail, out, say, show
from cli.place import opened
from engine import clock
from engine.calendar.keeping import keep_holds
from engine.calendar.pauses import Wanted, begin_pause, end_pause, in_force, take_turns
from engine.calendar.reach import concerns_nobody, reach_of
from engine.calendar.scope import BY_DEFAULT, NotNow
from engine.conditions import Condition
from engine.conditions.tree import read_condition, write_condition

not_now = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Let messages wait for everybody or for some, and end that."
)
As = Annotated[str, typer.Option("--as", metavar="EMAIL", help="The e-mail of the person who decides: marketing.")]


@not_now.command("begin")
def begin(
    reason: Annotated[str, typer.Argument(help="What happened, in a few words.")],
    person: As,
    place: Annotated[
        list[str] | None,
        typer.Option(help="A country (DE or Germany), a part of one (US-TX) or a zone; may be repeated."),
    ] = None,
    touches: Annotated[
        list[str] | None,
        typer.Option(help="celebrate, marketing, reassure, recover; the first two unless it is said otherwise."),
    ] = None,
    segment: Annotated[
        Path | None, typer.Option(help="A YAML file with an audience condition.", exists=True, dir_okay=False)
    ] = None,
    until: Annotated[str | None, typer.Option(help="When it ends by itself, such as 2026-02-14T18:00:00Z.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let messages wait from now on. What has been handed over is gone."""
    condition = _condition(segment) if segment else None
    wanted = Wanted(reason, touches or BY_DEFAULT, place or (), condition, instant(until, "--until") if until else None)
    with opened() as jubilee:
        if not yes:
            with jubilee.db.reading() as session:
                now = clock.now(session)
                reach = reach_of(session, wanted.checked(now=now), now=now)
            out.print(f"{reach.messages:,} messages wait already, {reach.soon:,} of them would go within a day.")
            typer.confirm("Not now?", abort=True)
        with jubilee.db.reading() as session:
            if concerns_nobody(session, wanted.checked(now=clock.now(session))):
                err.print("No customer is what you chose: it concerns nobody at present.", markup=False)
        with jubilee.db.writing() as session:
            take_turns(session)
            begun = begin_pause(session, wanted, person=person_of(session, person), now=clock.now(session)).id
        with jubilee.db.writing() as session:
            keep_holds(session, now=clock.now(session))
    say(f"It holds from now on. To end it: jubilee not-now end {begun} --as {person}", {"id": begun}, as_json)


@not_now.command("end")
def end(
    pause: Annotated[UUID, typer.Argument(help="Its id, as `jubilee not-now list` shows it.")],
    person: As,
    as_json: AsJson = False,
) -> None:
    """End it: what waited goes in its own hours, if its time has not passed."""
    with opened() as jubilee:
        with jubilee.db.writing() as session:
            ended = end_pause(session, pause, person=person_of(session, person), now=clock.now(session))
        with jubilee.db.writing() as session:
            keep_holds(session, now=clock.now(session))
    say("It is over." if ended else "It was over already.", {"ended": ended}, as_json)


@not_now.command("list")
def listed(as_json: AsJson = False) -> None:
    """Show what holds now."""
    with opened() as jubilee, jubilee.db.reading() as session:
        standing = in_force(session, now=clock.now(session))
    if not standing and not as_json:
        out.print("Nothing is held: messages go as they are planned.")
        return
    columns = ("reason", "what waits", "places", "segment", "until (UTC)", "id")
    show(columns, [_row(one) for one in standing], [_data(one) for one in standing], as_json)


def _row(one: NotNow) -> tuple[object, ...]:
    segment = "yes" if one.segment is not None else None
    until = f"{one.until:%Y-%m-%d %H:%M}" if one.until else "it is ended"
    return (one.reason, ", ".join(one.touches), ", ".join(one.places) or "everywhere", segment, until, one.id)


def _data(one: NotNow) -> dict[str, Any]:
    segment = write_condition(one.segment) if one.segment is not None else None
    return {
        **{"id": one.id, "reason": one.reason, "touches": one.touches, "places": one.places, "segment": segment},
        "until": one.until,
    }


def _condition(path: Path) -> Condition:
    try:
        return read_condition(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError, ValueError) as error:
        fail(f"--segment: {path.name} holds no condition: {error}")
