"""`jubilee erase`."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from cli.output import Exit
from engine.storage.models import Customer
from engine.storage.session import Database
from tests.cli.conftest import Terminal
from tests.engine.answer.answers import answer, replied


def one_customer(terminal: Terminal) -> None:
    file = terminal.home / "customers.csv"
    file.write_text("external_id,first_name,email,consent\nc1,Zenobia,z@example.com,yes\n", encoding="utf-8")
    terminal.run("import", "customers", str(file))


def names(terminal: Terminal) -> list[tuple[str, str | None]]:
    with sqlite3.connect(terminal.home / "home" / "jubilee.db") as database:
        return list(database.execute("SELECT external_id, first_name FROM customers"))


def test_it_asks_first(ready: Terminal) -> None:
    """A no changes nothing."""
    one_customer(ready)
    ready.run("erase", "c1", stdin="n\n", code=Exit.FAILED)
    assert names(ready) == [("c1", "Zenobia")]


def test_it_erases(ready: Terminal) -> None:
    """With a yes, or `--yes`; the audit trail says that it was done, and not to whom."""
    one_customer(ready)
    assert ready.ask("erase", "c1", "--yes") == {"messages": 0, "stopped": 0}
    ((external_id, name),) = names(ready)
    assert (external_id[:7], name) == ("erased:", None)
    with sqlite3.connect(ready.home / "home" / "jubilee.db") as database:
        assert database.execute("SELECT count(*) FROM audit WHERE action = 'erased'").fetchone() == (1,)


@pytest.fixture
def beside(ready: Terminal) -> Iterator[sqlite3.Connection]:
    """The database as another process has it open: SQLite's log then stays where it is."""
    with closing(sqlite3.connect(ready.home / "home" / "jubilee.db", isolation_level=None)) as connection:
        connection.execute("SELECT count(*) FROM customers").fetchone()
        yield connection


def left(terminal: Terminal) -> list[str]:
    """The database's files in which the customer can still be read."""
    files = sorted((terminal.home / "home").glob("jubilee.db*"))
    return [one.name for one in files if any(word in one.read_bytes() for word in (b"Zenobia", b"z@example.com"))]


def test_nothing_is_left_in_the_files(ready: Terminal, beside: sqlite3.Connection) -> None:
    """Neither in pages that are free now nor in the log."""
    one_customer(ready)
    assert left(ready)
    ready.run("erase", "c1", "--yes")
    assert left(ready) == []


def test_what_is_left_while_somebody_reads_is_said(
    ready: Terminal, beside: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer is erased nevertheless."""
    monkeypatch.setattr("engine.storage.session.EMPTYING_TIMEOUT_MS", 0)
    one_customer(ready)
    beside.execute("BEGIN")
    beside.execute("SELECT count(*) FROM customers").fetchone()
    assert "until Jubilee stops" in ready.run("erase", "c1", "--yes").stderr
    beside.execute("ROLLBACK")
    assert names(ready)[0][1] is None


def test_letters_in_the_postbox_go_too(ready: Terminal) -> None:
    """They hold names and texts."""
    from engine.send.channels.postbox import Postbox

    message_id = uuid4()
    folder = ready.home / "postbox"
    folder.mkdir()
    (folder / f"{message_id}.json").write_text("{}")
    Postbox(folder).forget(message_id)
    Postbox(folder).forget(message_id)
    assert list(folder.iterdir()) == []


def test_letters_that_are_answers_go_too(ready: Terminal) -> None:
    """The postbox keeps them under the answer's id; erasing again removes what a crash left."""
    database = Database(f"sqlite:///{ready.home / 'home' / 'jubilee.db'}")
    with database.writing() as session:
        written = answer(session, replied(session))
        customer_id = session.get_one(Customer, written.customer_id).external_id
    database.dispose()
    (ready.home / "home" / "postbox").mkdir(exist_ok=True)
    letters = [ready.home / "home" / "postbox" / f"{name}.json" for name in (written.id, uuid4())]
    for kept in letters:
        kept.write_text("{}")
    ready.run("erase", customer_id, "--yes")
    assert [kept.exists() for kept in letters] == [False, True]


def test_somebody_unknown(ready: Terminal) -> None:
    """One line that names the id."""
    assert "nobody" in ready.run("erase", "nobody", "--yes", code=Exit.FAILED).stderr
