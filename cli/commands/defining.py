"""Commands for triggers: check their files, list them, apply a file, pause, resume and retire."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.commands.foreseeing import run_backtest, run_forecast
from cli.output import AsJson, Exit, err, out, say, say_json, show
from cli.place import SHIPPED_TRIGGERS, opened
from engine import clock
from engine.definitions.reading import read_definition, read_definitions
from engine.definitions.schema import TriggerDefinition
from engine.definitions.states import retire_for_good, waiting
from engine.definitions.store import definition_of, save_definition, set_state
from engine.definitions.unspoken import unspoken
from engine.errors import Conflict, InvalidDefinition, NotFound
from engine.people.audit import Doer, record
from engine.rounds import fold
from engine.storage.models import Trigger
from triggers.table import KINDS

triggers = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Check, try out, apply, pause, resume and retire triggers."
)

# What is spotted or written by a trigger in these states needs its templates.
_AT_WORK = ("shadow", "active")

Name = Annotated[str, typer.Argument(help="The name of the trigger, as `jubilee triggers list` shows it.")]


@triggers.command("check")
def check(
    path: Annotated[Path, typer.Argument(help="A YAML file or a folder of them.", exists=True)] = SHIPPED_TRIGGERS,
    as_json: AsJson = False,
) -> None:
    """Check trigger files; every fault is told with its file, line and field. Exit code 3 where there are any."""
    names = [definition.name for definition in _read(path, as_json)]
    say(f"{len(names)} triggers, all well: {', '.join(names)}.", {"triggers": names, "faults": []}, as_json)


@triggers.command("list")
def list_triggers(as_json: AsJson = False) -> None:
    """List the triggers that are kept here, and whether they are on."""
    with opened() as jubilee, jubilee.db.reading() as session:
        rows = [
            {
                "name": trigger.name,
                "title": definition_of(session, trigger.version_id).title if trigger.version_id else "",
                "kind": trigger.kind,
                "family": trigger.family,
                "state": trigger.state,
                "reason": trigger.paused_reason,
                "active_from": trigger.active_from,
            }
            for trigger in session.scalars(select(Trigger).order_by(Trigger.name))
        ]
    shown = ("name", "title", "kind", "family", "state", "reason")
    show(shown, [[row[column] for column in shown] for row in rows], rows, as_json)


@triggers.command("apply")
def apply(
    path: Annotated[Path, typer.Argument(help="A YAML file or a folder of them.", exists=True)],
    reason: Annotated[str, typer.Option(help="Why it changes; kept with the version.")] = "from a file",
    activate: Annotated[bool, typer.Option("--activate", help="Switch on those that are drafts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep the triggers of a file as their newest versions. What has been planned keeps the version that made it.

    Where a file has a fault, which is told as `check` does, none is kept; exit code 3. Nor is any where one would be at
    work without its templates.
    """
    found = _read(path, as_json)
    applied = []
    with opened() as jubilee:
        with jubilee.db.writing() as session:
            now = clock.now(session)
            for definition in found:
                trigger = save_definition(session, definition, author=_who(), reason=reason, now=now)
                record(session, Doer(_who()), "apply_trigger", trigger, now=now, reason=reason)
                if activate and trigger.state == "draft":
                    set_state(session, trigger, "active", now=now)
                applied.append({"name": trigger.name, "state": trigger.state})
                _check_templates(session, trigger, definition)
        fold(jubilee)
    if as_json:
        say_json(applied)
    for one in [] if as_json else applied:
        out.print(f"{one['name']} is kept, and {one['state']}.", markup=False)


@triggers.command("pause")
def pause(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; shown wherever the trigger is.")],
    as_json: AsJson = False,
) -> None:
    """Stop a trigger. It spots nothing more, and what it has planned or approved is not sent."""
    _set_state(name, "paused", reason)
    say(f"{name} is paused: {reason}", {"name": name, "state": "paused", "reason": reason}, as_json)


@triggers.command("resume")
def resume(name: Name, as_json: AsJson = False) -> None:
    """Switch a trigger on, or on again. A milestone adds up what happened before."""
    _set_state(name, "active", None)
    say(f"{name} is active.", {"name": name, "state": "active"}, as_json)


@triggers.command("retire")
def retire(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a trigger for good. What waits for it ends unsent; its name stays its own."""
    with opened() as jubilee:
        with jubilee.db.reading() as session:
            left = waiting(session, _trigger(session, name))
        if not yes:
            lost = f"{left.approved:,} approved, {left.drafts:,} drafts and {left.spotted:,} spotted end unsent"
            typer.confirm(f"Retire {name} for good? {lost}", abort=True, err=True)
        with jubilee.db.writing() as session:
            ended = retire_for_good(session, name, reason, doer=Doer(_who()), now=clock.now(session))
    done = {"name": name, "state": "retired", "reason": reason, "ended": ended}
    say(f"{name} is retired: {reason}. What waited for it ends unsent.", done, as_json)


triggers.command("backtest")(run_backtest)
triggers.command("forecast")(run_forecast)


def _set_state(name: str, state: str, reason: str | None) -> None:
    with opened() as jubilee:
        with jubilee.db.writing() as session:
            now = clock.now(session)
            trigger = _trigger(session, name)
            set_state(session, trigger, state, reason=reason, now=now)
            record(session, Doer(_who()), f"trigger_{state}", trigger, now=now, reason=reason)
            if state == "active" and trigger.version_id:
                _check_templates(session, trigger, definition_of(session, trigger.version_id))
        fold(jubilee)


def _check_templates(session: Session, trigger: Trigger, definition: TriggerDefinition) -> None:
    """Files may be brought in in any order, so that a draft whose templates are not here is only warned of. At work it
    would write nothing, and what is merged into others' messages would stop those, too."""
    said = " ".join(unspoken(session, definition))
    if said and trigger.state in _AT_WORK:
        bring = "Bring them in first, by `jubilee templates import` or in the console; nothing was changed."
        raise Conflict(f"{definition.name}: {said} {bring}")
    if said:
        err.print(f"{definition.name}: {said}", markup=False, soft_wrap=True)


def _trigger(session: Session, name: str) -> Trigger:
    trigger = session.scalar(select(Trigger).where(Trigger.name == name).with_for_update())
    if trigger is None:
        known = ", ".join(session.scalars(select(Trigger.name).order_by(Trigger.name)))
        raise NotFound(f"there is no trigger {name}; there are {known or 'none'}")
    return trigger


def _read(path: Path, as_json: bool) -> list[TriggerDefinition]:
    """What the file or folder defines; where it has faults they are told, and the command ends."""
    try:
        return read_definitions(path, KINDS) if path.is_dir() else [read_definition(path, KINDS)]
    except InvalidDefinition as error:
        faults = str(error).splitlines()
        if as_json:
            say_json({"triggers": [], "faults": faults})
        for fault in [] if as_json else faults:
            err.print(fault, markup=False, soft_wrap=True)
        raise typer.Exit(Exit.FOUND_FAULTS) from None


def _who() -> str:
    return f"command line ({getpass.getuser()})"
