"""Commands that start Jubilee: all in one process, the pages alone, or only the schema."""

import signal
import socket
import time
from types import FrameType
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.output import Exit, err, fail, out
from cli.place import first_sign_in, make_ready, open_jubilee
from cli.sample.loading import let_arrive, load_sample, sample_of
from engine import rounds
from engine.rounds import Jubilee
from engine.settings import settings
from engine.storage import migrate as migrations

SAMPLES = ("cdnow", "none")
# Looked for when the process starts, instead of when the schedule comes to it.
AT_ONCE = ("jubilee.spot", "jubilee.settle")


def up(
    sample: Annotated[
        str, typer.Option(help="`cdnow`: load the sample the first time. `none`: start empty.")
    ] = "cdnow",
    real_dates: Annotated[
        bool, typer.Option("--real-dates", help="Keep the sample's real dates of 1997 and 1998.")
    ] = False,
) -> None:
    """Start everything in one process: web pages, worker and schedule. What is missing is made first."""
    if sample not in SAMPLES:
        fail(f"--sample: `{sample}` is neither `cdnow` nor `none`", Exit.USAGE)
    configuration = settings()
    if not configuration.broker_url.startswith("memory:"):
        fail("JUBILEE_BROKER_URL: `jubilee up` uses the in-process broker; for Redis start `serve`, worker and beat")
    _check_port(configuration.host, configuration.port)
    signal.signal(signal.SIGTERM, _stop)
    try:
        with open_jubilee() as jubilee:
            make_ready(jubilee)
            sign_in = first_sign_in(jubilee)
            if sample != "none":
                _load_once(jubilee, real_dates)
            _serve_and_work(sign_in)
    except KeyboardInterrupt:
        pass
    out.print("Stopped. Your data are kept.")


def serve() -> None:
    """Serve the web pages alone; workers and beat run elsewhere."""
    from cli import embedded

    configuration = settings()
    _check_port(configuration.host, configuration.port)
    embedded.serve(configuration)


def migrate() -> None:
    """Bring the schema to the newest revision and add what is shipped and missing: triggers, templates, mission."""
    with open_jubilee() as jubilee:
        make_ready(jubilee)
        first_sign_in(jubilee)
        out.print(f"The schema is at revision {migrations.revision(jubilee.db.url)}.")


def _serve_and_work(sign_in: str) -> None:
    from cli import embedded
    from workers.app import publish

    configuration = settings()
    with embedded.working():
        for task in AT_ONCE:
            publish(task)
        out.print(f"\nJubilee is at [bold]http://{configuration.host}:{configuration.port}[/bold]")
        out.print(f"Sign in: {sign_in}", markup=False, soft_wrap=True)
        out.print("Stop with Ctrl-C.\n")
        embedded.serve(configuration)


def _load_once(jubilee: Jubilee, real_dates: bool) -> None:
    with jubilee.db.reading() as session:
        sample = sample_of(session)
    if sample and sample.complete:
        let_arrive(jubilee)
        return
    if sample:
        out.print("Loading the sample was cut short the last time; going on.")
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out) as bars:
        tasks = {name: bars.add_task(f"Loading the sample: {name}", total=None) for name in ("customers", "events")}
        done = load_sample(
            jubilee,
            real_dates=real_dates,
            progress=lambda name, at, total: bars.update(tasks[name], completed=at, total=total),
        )
    if done.name == "made":
        err.print("The CDNOW data are not installed here; a small made sample was loaded.")
    with out.status("Spotting moments, planning messages, writing drafts ..."):
        for activity in (rounds.spot, rounds.plan, rounds.write):
            activity(jubilee)
    out.print(f"Loaded in {time.monotonic() - started:.0f} s.")


def _check_port(host: str, port: int) -> None:
    """Before anything is loaded: nobody wants to wait for an error."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        fail(f"JUBILEE_HOST, JUBILEE_PORT: cannot listen on {host}:{port}: {error.strerror}")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
