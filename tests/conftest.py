"""What every test may ask for: a database of its own on SQLite and on PostgreSQL, a Redis server, a browser."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings
from sqlalchemy.orm import Session

from engine.storage.session import Database
from tests.compiled import keep_compiled
from tests.servers.chromium import find_chromium
from tests.servers.databases import KINDS
from tests.servers.run import Run

RUN = pytest.StashKey[Run]()
MARKERS = (
    "browser: drives a real chromium; left out, and said so, where the machine has none",
    "databases(*kinds): the only kinds of database this test is meant for, instead of both",
)

# Copying a database for each example is slow by its nature, not by mistake.
settings.register_profile("dev", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
settings.load_profile("dev")

NewDatabase = Callable[[], AbstractContextManager[Database]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--db sqlite` or `--db postgres` runs the database tests on that one alone; all others run as ever."""
    parser.addoption("--db", choices=sorted(KINDS), help="run the tests that need a database on this kind alone")


def pytest_configure(config: pytest.Config) -> None:
    """The first process begins the run; those of pytest-xdist join it."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    keep_compiled()
    joined = getattr(config, "workerinput", None)
    config.stash[RUN] = Run(Path(joined["run_folder"])) if joined else Run.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:  # type: ignore[no-untyped-def]
    """Tell a process of pytest-xdist which run it belongs to."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of the run, in the process that began it."""
    if RUN in config.stash and not hasattr(config, "workerinput"):
        config.stash[RUN].end()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that works on a database runs once on each kind, unless it is meant for one."""
    if "database_kind" in metafunc.fixturenames:
        meant_for = metafunc.definition.get_closest_marker("databases")
        metafunc.parametrize("database_kind", meant_for.args if meant_for else KINDS, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the other kind of database where `--db` names one; pytest's closing line counts them as deselected."""
    if wanted := config.getoption("--db"):
        others = [item for item in items if _database_kind(item) not in (None, wanted)]
        items[:] = [item for item in items if _database_kind(item) in (None, wanted)]
        config.hook.pytest_deselected(items=others)


def _database_kind(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("database_kind") if callspec else None


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """The servers of this run, for tests that start what no fixture gives."""
    return pytestconfig.stash[RUN]


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgres`."""
    return str(request.param)


@pytest.fixture(scope="session")
def new_database(database_kind: str, run: Run) -> NewDatabase:
    """Makes as many databases as a test wants: `with new_database() as db:`. For properties, one for each example."""

    @contextlib.contextmanager
    def opened() -> Iterator[Database]:
        with KINDS[database_kind](run) as url:
            database = Database(url)
            try:
                yield database
            finally:
                database.dispose()

    return opened


@pytest.fixture
def db(new_database: NewDatabase) -> Iterator[Database]:
    """A migrated, empty database of this test alone. `db.url` opens it from another process."""
    with new_database() as database:
        yield database


@pytest.fixture
def empty_database_url(database_kind: str, run: Run) -> Iterator[str]:
    """The URL of a database without any table, for tests of the migrations."""
    with KINDS[database_kind](run, migrated=False) as url:
        yield url


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """A writing session of `db`. What the test did not commit is rolled back at its end."""
    with contextlib.suppress(_TestIsOver), db.writing() as writing:
        yield writing
        raise _TestIsOver


class _TestIsOver(Exception):
    """Ends the writing session of a test without a commit."""


@pytest.fixture
def redis_url(run: Run, worker_id: str) -> str:
    """A Redis server without any key, which no other test uses meanwhile."""
    address = run.server("redis", worker_id)
    with redis.Redis.from_url(address) as client:
        client.flushall()
    return address


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser to drive, for tests marked `browser`."""
    path = find_chromium()
    if path is None:
        pytest.fail("browser tests need chromium (apt-get install chromium), or leave them out: -m 'not browser'")
    return path
