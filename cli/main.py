"""The `jubilee` command, at a glance: what it can do, one line each. The work stands in cli/commands."""

from typing import Annotated

import typer

from cli.doorways import Doorway, lazily

DOORWAYS = (
    Doorway("up", "running:up", "Start everything in one process: web pages, worker and schedule.", "Start"),
    Doorway("serve", "running:serve", "Serve the web pages alone; workers and beat run elsewhere.", "Start"),
    Doorway("migrate", "running:migrate", "Bring the schema to the newest revision and add what is shipped.", "Start"),
    Doorway("demo", "rounds:demo", "Move the demonstration on.", "Start"),
    Doorway("import", "importing:files", "Record customers or events from a CSV file.", "Record"),
    Doorway("spot", "rounds:spot", "Spot the moments that the calendar and the passing of time make.", "Rounds"),
    Doorway("plan", "rounds:plan", "Plan spotted moments: holds, clashes, caps, control group, send time.", "Rounds"),
    Doorway("write", "rounds:write", "Write the drafts that are due.", "Rounds"),
    Doorway("send", "rounds:send", "Hand over the approved messages whose time has come.", "Rounds"),
    Doorway("queue", "reviewing:queue", "Show what waits for a person, by deadline and weight.", "Review"),
    Doorway("approve", "reviewing:approve", "Approve messages as a person who has read them.", "Review"),
    Doorway("skip", "reviewing:skip", "Decide that a message shall not go, and say why.", "Review"),
    Doorway("why", "reviewing:why", "Say why a customer did, or did not, get what they got.", "Review"),
    Doorway(
        "triggers",
        "defining:triggers",
        "Check, try out, apply, pause, resume and retire triggers.",
        "Triggers and texts",
    ),
    Doorway(
        "templates",
        "templating:templates",
        "List, check, export and import templates and the mission.",
        "Triggers and texts",
    ),
    Doorway(
        "insight", "looking_back:insight", "Count what became of the moments of the last days.", "Triggers and texts"
    ),
    Doorway("tone", "toning:tone", "Read a text for what would hurt.", "Triggers and texts"),
    Doorway("sending", "sending:sending", "Stop and start all sending; say that a backup was restored.", "Look after"),
    Doorway("not-now", "not_now:not_now", "Let messages wait for everybody or for some, and end that.", "Look after"),
    Doorway("listen", "listening:listen", "Take in answers and bounces.", "Look after"),
    Doorway("people", "people:people", "Let people in who work with Jubilee, and out.", "Look after"),
    Doorway("erase", "erasing:erase", "Remove what identifies a customer, for good.", "Look after"),
    Doorway("keys", "keys:keys", "Give machines keys, and take them back.", "Look after"),
    Doorway("probe", "probing:probe", "Say whether due work moves, for container health checks.", "Look after"),
    Doorway("doctor", "doctoring:doctor", "Look whether everything is well, and say what is not.", "Look after"),
)

app = typer.Typer(
    cls=lazily(DOORWAYS),
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings come from the environment (JUBILEE_*). "
    "Exit codes: 0 well, 1 failed, 2 not understood, 3 faults found.",
)
for _doorway in DOORWAYS:
    app.command(_doorway.name, help=_doorway.help, rich_help_panel=_doorway.panel)(_doorway.listed)


@app.callback(invoke_without_command=True)
def jubilee(
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.", is_eager=True)] = False,
) -> None:
    """Jubilee spots the moments a good friend would notice, and helps a company say so in its own words."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"jubilee {version_of('jubilee')}")
        raise typer.Exit
    from engine.logs import keep_values_out

    keep_values_out()
