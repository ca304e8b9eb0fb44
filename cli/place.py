"""Opens what a command works on, and makes a new installation ready: schema, triggers, templates, mission, account."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from engine.write.store import seed_mission, seed_templates

import engine
import triggers
from engine import clock
from engine.definitions.reading import read_definitions
from engine.definitions.store import seed_shipped
from engine.people.accounts import NewPerson, anyone, create_person
from engine.people.audit import Doer
from engine.rounds import Jubilee
from engine.send.channels import open_channels
from engine.settings import settings
from engine.storage import migrate
from engine.storage.session import Database
from engine.write.folders import read_all
from engine.write.mission import read_mission
from triggers.table import KINDS

SHIPPED_TRIGGERS = Path(str(files(triggers))) / "definitions"
SHIPPED_TEMPLATES = Path(str(files(engine))).parent / "templates"
FIRST_ACCOUNT = "admin@example.com"


@contextmanager
def opened() -> Iterator[Jubilee]:
    """The installation that the settings name, for one command."""
    configuration = settings()
    database = Database(configuration.database)
    try:
        yield Jubilee(database, KINDS, open_channels(configuration), configuration)
    finally:
        database.dispose()


def make_ready(jubilee: Jubilee) -> None:
    """Bring the schema to the newest revision and add what is shipped and missing. What people edited stays."""
    migrate.upgrade(jubilee.db.url)
    with jubilee.db.writing() as session:
        now = clock.now(session)
        seed_shipped(session, read_definitions(SHIPPED_TRIGGERS, KINDS), now=now)
        seed_templates(session, read_all(SHIPPED_TEMPLATES), now=now)
        seed_mission(session, read_mission(SHIPPED_TEMPLATES / "mission.yaml"), now=now)


def first_sign_in(jubilee: Jubilee) -> str:
    """Make the first account where there is none, and say how to sign in. The password lies in the home folder."""
    kept = jubilee.settings.home / "first-sign-in.txt"
    with jubilee.db.writing() as session:
        if not anyone(session):
            password = secrets.token_urlsafe(12)
            new = NewPerson(FIRST_ACCOUNT, "Alex Admin", "admin", password, jubilee.settings.team_zone)
            create_person(session, new, now=clock.now(session), doer=Doer("first start"))
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.touch(mode=0o600)
            kept.write_text(f"{FIRST_ACCOUNT}  {password}\n", encoding="utf-8")
    return kept.read_text(encoding="utf-8").strip() if kept.exists() else "with your account"
