"""The command that looks whether everything is well: the machine, the database, the broker, the sample, the sweeps."""

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import typer
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cli.output import AsJson, Exit, out, say_json
from cli.place import open_jubilee
from cli.sample.loading import sample_of
from cli.sample.purchases import cdnow_file
from engine import clock
from engine.channel_terms import TERMS
from engine.dates.zones import zone_data_version
from engine.errors import InvalidInput, JubileeError
from engine.notices.standing import undelivered
from engine.notices.ways import Ways, open_ways
from engine.people.accounts import anyone
from engine.rounds import Jubilee
from engine.send.channels import Channels, ask, open_channels
from engine.send.switch import sending_stopped
from engine.settings import Settings, settings
from engine.storage import migrate
from engine.storage.models import Delivery, Gate, Installation, Trigger
from engine.waiting import LATE, waiting

LEAST_FREE = 200_000_000
MARKS = {"well": "[green]well [/green]", "note": "[yellow]note [/yellow]", "fault": "[red]fault[/red]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A `note` is worth knowing; a `fault` needs somebody."""

    what: str
    state: Literal["well", "note", "fault"]
    said: str


def doctor(as_json: AsJson = False) -> None:
    """Look whether everything is well, and say what is not. Exit code 3 where there is a fault."""
    channels: Channels = {}
    fault = None
    try:
        channels = open_channels(settings())
    except InvalidInput as error:
        fault = str(error)
    with open_jubilee(channels) as jubilee:
        findings = list(look(jubilee, fault=fault))
    if as_json:
        say_json(findings)
    for finding in [] if as_json else findings:
        out.print(f"{MARKS[finding.state]} {finding.what:<12} ", end="")
        out.print(finding.said, markup=False, soft_wrap=True)
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(Exit.FOUND_FAULTS)


def look(jubilee: Jubilee, *, fault: str | None = None) -> Iterator[Finding]:
    """Everything worth knowing, most basic first. Where the database fails, what needs it is left out. `fault` is why
    the channels could not be opened."""
    yield Finding("python", "well", f"{platform.python_version()} on {platform.system()}")
    yield Finding("zone data", "well", f"tzdata {zone_data_version()}")
    yield _disk(jubilee.settings)
    yield Finding("channels", "fault", fault) if fault else _channels(jubilee)
    yield from (Finding(one.channel, "fault" if one.fault else "well", one.said) for one in ask(jubilee.channels))
    yield _broker(jubilee.settings)
    yield _cdnow()
    database = _database(jubilee)
    yield database
    if database.state == "fault":
        return
    with jubilee.db.reading() as session:
        now = clock.now(session)
        yield _people(session)
        yield _sample(session)
        yield _clock(session)
        yield _triggers(session)
        yield from _sending(session, jubilee)
        yield from _sweeps(session, now)
        yield _notices(session, jubilee, now)


def _disk(settings: Settings) -> Finding:
    folder = settings.home.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding("disk", "fault" if free < LEAST_FREE else "well", f"{free / 1e9:.1f} GB free for {settings.home}")


def _channels(jubilee: Jubilee) -> Finding:
    names, default = ", ".join(jubilee.channels), jubilee.offered.default
    if not jubilee.settings.sending:
        return Finding("channels", "note", f"{names}; JUBILEE_SENDING is off, so nothing is sent")
    return Finding("channels", "well", f"{names}; customers who prefer none are reached by {default}")


def _sending(session: Session, jubilee: Jubilee) -> Iterator[Finding]:
    """Whether messages go, and to whom; what nobody knows the fate of."""
    real = [name for name in jubilee.channels if TERMS[name].real]
    if sending_stopped(session):
        yield Finding("sending", "note", "stopped by the switch; `jubilee sending start` puts it back")
    elif real and not jubilee.settings.live:
        said = f"redirect mode: {', '.join(real)} reach only allowed or test addresses until JUBILEE_LIVE is true"
        yield Finding("sending", "note", said)
    else:
        yield Finding("sending", "well", "on")
    unknown = session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state == "unconfirmed")) or 0
    if unknown:
        yield Finding("unconfirmed", "note", f"{unknown:,} messages may have arrived or not: see the page Sending")
    machine = clock.machine_now()
    for gate in session.scalars(select(Gate).where(Gate.closed_until > machine).order_by(Gate.channel)):
        yield Finding(f"gate {gate.channel}", "note", f"closed until {gate.closed_until:%H:%M:%S} UTC: {gate.reason}")


def _broker(settings: Settings) -> Finding:
    if settings.broker_url.startswith("memory:"):
        return Finding("broker", "well", "in the process of `jubilee up`")
    from kombu import Connection  # type: ignore[attr-defined] # kombu ships no types

    try:
        with Connection(settings.broker_url, connect_timeout=3) as connection:  # type: ignore[no-untyped-call]
            connection.ensure_connection(max_retries=1, timeout=3)
            address = connection.as_uri()
    except Exception as error:  # each transport raises errors of its own
        return Finding("broker", "fault", f"JUBILEE_BROKER_URL cannot be reached: {error}")
    return Finding("broker", "well", f"{address} answers")


def _cdnow() -> Finding:
    if cdnow_file() is None:
        return Finding("CDNOW data", "note", "not installed; the sample would be a small made one")
    return Finding("CDNOW data", "well", "installed")


def _database(jubilee: Jubilee) -> Finding:
    newest = migrate.newest_revision()
    kind = "SQLite" if jubilee.db.is_sqlite else "PostgreSQL"
    try:
        revision = migrate.revision(jubilee.db.url)
    except SQLAlchemyError as error:
        return Finding("database", "fault", f"{kind} cannot be reached: {str(error).splitlines()[0]}")
    if revision != newest:
        has = f"is at revision {revision}" if revision else "is empty"
        return Finding("database", "fault", f"{kind} {has}, wanted is {newest}: run `jubilee migrate`")
    return Finding("database", "well", f"{kind} at revision {revision}")


def _people(session: Session) -> Finding:
    if anyone(session):
        return Finding("people", "well", "somebody can sign in")
    return Finding("people", "fault", "nobody can sign in: run `jubilee people add`")


def _sample(session: Session) -> Finding:
    sample = sample_of(session)
    if sample is None:
        return Finding("sample", "well", "none is loaded")
    if not sample.complete:
        return Finding("sample", "note", f"{sample.name} is loaded in part; the next `jubilee up` finishes it")
    return Finding("sample", "well", f"{sample.name}, arrived through {sample.through}")


def _clock(session: Session) -> Finding:
    ahead = session.get(Installation, clock.HOURS_AHEAD)
    hours = ahead.value if ahead else 0
    if hours:
        return Finding("clock", "note", f"{hours // 24} days and {hours % 24} hours ahead of the machine's")
    return Finding("clock", "well", "as the machine's")


def _triggers(session: Session) -> Finding:
    counts = dict(row for row in session.execute(select(Trigger.state, func.count()).group_by(Trigger.state)))
    paused = session.scalars(select(Trigger.name).where(Trigger.state == "paused").order_by(Trigger.name)).all()
    said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none"
    if paused:
        return Finding("triggers", "note", f"{said} (paused: {', '.join(paused)})")
    return Finding("triggers", "well", said)


def _notices(session: Session, jubilee: Jubilee, now: datetime) -> Finding:
    """How colleagues are told, and whether anything for them has been waiting too long."""
    try:
        ways = open_ways(jubilee.settings, jubilee.channels)
    except InvalidInput as error:
        return Finding("notices", "fault", str(error))
    try:
        by = " and ".join(name for name, way in (("e-mail", ways.mail), ("webhook", ways.hook)) if way is not None)
        fault = _cannot_post(ways)
    finally:
        ways.close()
    waiting = undelivered(session, now=now)
    said = f"go by {by}" if by else f"no e-mail and no webhook: kept in {ways.folder}"
    if waiting.count:
        said += f"; {waiting.count:,} not delivered yet, the oldest for {str(waiting.oldest).split('.')[0]}"
    if fault or waiting.late > LATE:
        return Finding("notices", "fault", f"{said}; {fault or 'does a worker run?'}")
    return Finding("notices", "well" if by else "note", said)


def _cannot_post(ways: Ways) -> str:
    try:
        if ways.hook is not None:
            ways.hook.check()
    except JubileeError as error:
        return str(error)
    return ""


def _sweeps(session: Session, now: datetime) -> Iterator[Finding]:
    """Each activity's oldest piece of work that is due. What is much too old, while nothing moves, has no worker."""
    for one in waiting(session, now=now, machine=clock.machine_now()):
        if one.activity == "notices":  # spoken of with the ways they go
            continue
        if not one.count:
            yield Finding(one.activity, "well", "nothing is due")
        else:
            said = f"{one.count:,} due, the oldest for {str(one.late).split('.')[0]}"
            stuck = one.is_stuck(now=now)
            yield Finding(one.activity, "fault" if stuck else "well", said + (": does a worker run?" if stuck else ""))
