"""The commands that give machines keys, list these, and take them back."""

from typing import Annotated

import typer

from cli.output import AsJson, say, show
from cli.place import opened
from engine import clock
from engine.people.audit import Doer
from engine.people.keys import SCOPES, add_key, revoke_key
from engine.people.keys import keys as all_keys

keys = typer.Typer(add_completion=False, no_args_is_help=True, help="Give machines keys, and take them back.")
DOER = Doer("command line")


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the key is for: people recognise it by this.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do: {', '.join(SCOPES)}. May be given again.")],
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once and kept as a hash only."""
    with opened() as jubilee, jubilee.db.writing() as session:
        row, key = add_key(session, name, scope, now=clock.now(session), doer=DOER)
        data = {"name": row.name, "prefix": row.prefix, "scopes": row.scopes, "key": key}
    say(f"The key of {data['name']} ({', '.join(scope)}), shown this once:\n{key}", data, as_json)


@keys.command("list")
def listed(as_json: AsJson = False) -> None:
    """Every key by its prefix, what it may do, and when it was last used."""
    with opened() as jubilee, jubilee.db.reading() as session:
        rows = all_keys(session)
        names = ("prefix", "name", "scopes", "created_at", "last_used_at", "revoked_at")
        data = [{name: getattr(row, name) for name in names} for row in rows]
    lines = [(one["prefix"], one["name"], ", ".join(one["scopes"]), *(one[at] for at in names[3:])) for one in data]
    show(("Prefix", "Name", "Scopes", "Made", "Last used", "Taken back"), lines, data, as_json)


@keys.command("revoke")
def revoke(
    prefix: Annotated[str, typer.Argument(help="The key's prefix, the part between the underlines.")],
    as_json: AsJson = False,
) -> None:
    """Take a key back: from now on it opens nothing."""
    with opened() as jubilee, jubilee.db.writing() as session:
        row = revoke_key(session, prefix, now=clock.now(session), doer=DOER)
        data = {"name": row.name, "prefix": row.prefix, "revoked_at": row.revoked_at}
    say(f"The key {data['prefix']} of {data['name']} opens nothing any more.", data, as_json)
