"""`jubilee erase`."""

import sqlite3
from uuid import uuid4

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
