"""Opens what a command works on, and makes a new installation ready: schema, triggers, templates, mission, account."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from sqlalchemy import inspect, make_url

import engine
import triggers
from cli.output import err
from engine import clock
from engine.definitions.reading import read_definitions
from engine.definitions.store import seed_shipped
from engine.errors import InvalidDefinition, NotFound
from engine.people.accounts import NewPerson, anyone, create_person
from engine.people.audit import Doer
from engine.private import own_file, own_folder
from engine.rounds import Jubilee, fold
from engine.send.channels import Channels, close, open_channels
from engine.settings import settings
from engine.storage import migrate
from engine.storage.models import Installation
from engine.storage.session import Database
from engine.write.folders import TemplateFolder, read_template_folder, template_folders
from engine.write.mission import read_mission
from engine.write.store import seed_mission, seed_templates
from triggers.table import KINDS

SHIPPED_TRIGGERS = Path(str(files(triggers))) / "definitions"
SHIPPED_TEMPLATES = Path(str(files(engine))).parent / "templates"
FIRST_ACCOUNT = "admin@example.com"
NONE_YET = "There is no Jubilee here yet: run `jubilee up`, or `jubilee migrate`."


@contextmanager
def open_jubilee(channels: Channels | None = None) -> Iterator[Jubilee]:
    """The installation that the settings name, whatever state it is in; with these channels, where some are given."""
    configuration = settings()
    opened = open_channels(configuration) if channels is None else channels
    database = Database(configuration.database)
    try:
        yield Jubilee(database, KINDS, opened, configuration)
    finally:
        close(opened)
        database.dispose()


@contextmanager
def opened() -> Iterator[Jubilee]:
    """The installation that the settings name, for one command. Raises NotFound where none has been made yet."""
    _refuse_to_make(settings().database)
    with open_jubilee() as jubilee:
        with jubilee.db.reading() as session:
            if not inspect(session.connection()).has_table(Installation.__tablename__):
                raise NotFound(NONE_YET)
        yield jubilee


def _refuse_to_make(url: str) -> None:
    """SQLite makes a file of every address it is asked to open."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
        raise NotFound(NONE_YET)


def make_ready(jubilee: Jubilee) -> None:
    """Bring the schema to the newest revision and add what is shipped and missing. What people edited stays."""
    migrate.upgrade(jubilee.db.url)
    with jubilee.db.writing() as session:
        now = clock.now(session)
        seeded = seed_shipped(session, read_definitions(SHIPPED_TRIGGERS, KINDS), now=now)
        seed_templates(session, _usable_templates(), now=now)
        seed_mission(session, read_mission(SHIPPED_TEMPLATES / "mission.yaml"), now=now)
    if seeded:
        fold(jubilee)


def _usable_templates() -> list[TemplateFolder]:
    """One folder that cannot be used must not keep everything from starting: it is left out, and said so."""
    usable = []
    for folder in template_folders(SHIPPED_TEMPLATES):
        try:
            usable.append(read_template_folder(folder))
        except InvalidDefinition as error:
            err.print(f"left out: {error}", style="yellow", markup=False)
    return usable


def first_sign_in(jubilee: Jubilee) -> str:
    """Make the first account where there is none, and say how to sign in. The password lies in the home folder."""
    kept = jubilee.settings.home / "first-sign-in.txt"
    with jubilee.db.writing() as session:
        if not anyone(session):
            password = secrets.token_urlsafe(12)
            new = NewPerson(FIRST_ACCOUNT, "Alex Admin", "admin", password, jubilee.settings.team_zone)
            create_person(session, new, now=clock.now(session), doer=Doer("first start"))
            own_folder(kept.parent)
            own_file(kept)
            kept.write_text(f"{FIRST_ACCOUNT}  {password}\n", encoding="utf-8")
    return kept.read_text(encoding="utf-8").strip() if kept.exists() else "with your account"
