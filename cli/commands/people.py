"""The commands for the people who work with Jubilee: add, invite, disable, enable, reset, list."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from cli.output import AsJson, say, show
from cli.place import opened
from engine import clock
from engine.notices.ways import MAIL
from engine.people import access, roster
from engine.people.accounts import NewPerson, create_person
from engine.people.audit import Doer, record
from engine.people.details import Duties
from engine.people.everybody import everybody
from engine.rounds import Jubilee
from engine.storage.models import Person

HELP = "Let people in who work with Jubilee, and out."
DOER = Doer("command line")
ROLES = "viewer, agent, marketing or admin; each may also do what the former may."

people = typer.Typer(add_completion=False, no_args_is_help=True, help=HELP)
Email = Annotated[str, typer.Argument(help="They sign in with it.")]
Name = Annotated[str, typer.Option(help="Stands under the messages that they approve.")]
Zone = Annotated[str | None, typer.Option(help="Their time zone; the team's where it is not given.")]
ShowLink = Annotated[bool, typer.Option("--link", help="Print the link instead of sending it.")]


@people.callback()
def _people() -> None:
    """Let people in who work with Jubilee, and out."""


@people.command("add")
def add(
    email: Email,
    name: Name,
    role: Annotated[str, typer.Option(help=ROLES)],
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="JUBILEE_PERSON_PASSWORD"),
    ],
    zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Add a person. The password is asked for, or read from JUBILEE_PERSON_PASSWORD."""
    with opened() as jubilee, jubilee.db.writing() as session:
        new = NewPerson(email, name, role, password, zone or jubilee.settings.team_zone)
        person = create_person(session, new, now=clock.now(session), doer=DOER)
    say(f"{person.name} may sign in as {person.email} ({role}).", {"email": person.email, "role": role}, as_json)


@people.command("invite")
def invite(
    email: Email,
    name: Name,
    role: Annotated[str, typer.Option(help=ROLES)] = "viewer",
    zone: Zone = None,
    skill: Annotated[list[str] | None, typer.Option(help="What they are good at. May be given again.")] = None,
    locale: Annotated[list[str] | None, typer.Option(help="A language they write in. May be given again.")] = None,
    ticket_name: Annotated[list[str] | None, typer.Option(help="Their name in another system.")] = None,
    link: ShowLink = False,
    as_json: AsJson = False,
) -> None:
    """Add a person who sets their own password: a link is sent, or printed where no e-mail is configured."""
    duties = Duties(tuple(skill or ()), tuple(locale or ()), tuple(ticket_name or ()))
    with opened() as jubilee, jubilee.db.writing() as session:
        new = NewPerson(email, name, role, None, zone or jubilee.settings.team_zone, duties)
        person = create_person(session, new, now=clock.now(session), doer=DOER)
        made = _link(session, jubilee, person, link)
    _say_link(person, made, as_json)


@people.command("reset")
def reset(email: Email, link: ShowLink = False, as_json: AsJson = False) -> None:
    """Send a link by which they set a new password; printed where no e-mail is configured. Links before it end."""
    with opened() as jubilee, jubilee.db.writing() as session:
        person = roster.person_by_email(session, email)
        made = _link(session, jubilee, person, link)
    _say_link(person, made, as_json)


@people.command("disable")
def disable(email: Email, as_json: AsJson = False) -> None:
    """Shut a person out, at once and in every browser. The last admin cannot be."""
    with opened() as jubilee, jubilee.db.writing() as session:
        person = roster.person_by_email(session, email)
        now, machine = clock.now(session), clock.machine_now()
        roster.disable(session, person.id, doer=DOER, now=now, machine=machine)
    say(f"{person.name} is signed out everywhere and cannot sign in.", {"email": person.email}, as_json)


@people.command("enable")
def enable(email: Email, as_json: AsJson = False) -> None:
    """Let a person in again who was disabled."""
    with opened() as jubilee, jubilee.db.writing() as session:
        person = roster.person_by_email(session, email)
        roster.enable(session, person.id, doer=DOER, now=clock.now(session))
    say(f"{person.name} may sign in again.", {"email": person.email}, as_json)


@people.command("list")
def listed(as_json: AsJson = False) -> None:
    """Everybody, with role and state, and when they were last seen."""
    with opened() as jubilee, jubilee.db.reading() as session:
        data = [
            {
                "email": one.person.email,
                "name": one.person.name,
                "role": one.person.role,
                "state": one.state,
                "last_seen_at": one.last_seen_at,
            }
            for one in everybody(session, machine=clock.machine_now())
        ]
    show(("E-mail", "Name", "Role", "State", "Last seen"), [tuple(one.values()) for one in data], data, as_json)


def _link(session: Session, jubilee: Jubilee, person: Person, shown: bool) -> str | None:
    """The whole link where it is to be printed; None where it is sent."""
    if not person.active:
        roster.refuse_disabled()
    if MAIL in jubilee.channels and not shown:
        access.ask_for_link(session, person, doer=DOER, now=clock.now(session))
        return None
    purpose = access.purpose_for(person)
    record(session, DOER, "show_link", person, now=clock.now(session), purpose=purpose)
    secret = access.make_link(session, person.id, purpose, machine=clock.machine_now())
    return access.address_of(jubilee.settings.public_url, secret)


def _say_link(person: Person, link: str | None, as_json: bool) -> None:
    said = f"{person.name} sets their password by this link, once; it is shown this once:\n{link}"
    if link is None:
        said = f"A link is on its way to {person.email}."
    say(said, {"email": person.email, "link": link}, as_json)
