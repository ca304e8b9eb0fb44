"""The command that adds people who work with Jubilee."""

from typing import Annotated

import typer

from cli.output import AsJson, say
from cli.place import opened
from engine import clock
from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer

people = typer.Typer(add_completion=False, no_args_is_help=True, help="Add the people who work with Jubilee.")


@people.callback()
def _people() -> None:
    """Add the people who work with Jubilee."""


@people.command("add")
def add(
    email: Annotated[str, typer.Argument(help="They sign in with it.")],
    name: Annotated[str, typer.Option(help="Stands under the messages that they approve.")],
    role: Annotated[str, typer.Option(help="viewer, agent, marketing or admin; each may also do what the former may.")],
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="JUBILEE_PERSON_PASSWORD"),
    ],
    zone: Annotated[str | None, typer.Option(help="Their time zone; the team's where it is not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a person. The password is asked for, or read from JUBILEE_PERSON_PASSWORD."""
    with opened() as jubilee, jubilee.db.writing() as session:
        new = NewPerson(email, name, role, password, zone or jubilee.settings.team_zone)
        person = create_person(session, new, now=clock.now(session), doer=Doer("command line"))
    say(f"{person.name} may sign in as {person.email} ({role}).", {"email": person.email, "role": role}, as_json)
