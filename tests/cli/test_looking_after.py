"""`jubilee doctor` and `jubilee people`."""

import sqlite3
from datetime import timedelta

import pytest

from engine import clock
from engine.storage.migrate import newest_revision
from tests.cli.conftest import Terminal


def said(terminal: Terminal, what: str, *, code: int = 0) -> tuple[str, str]:
    """(state, sentence) of one thing the doctor looked at."""
    return next((one["state"], one["said"]) for one in terminal.ask("doctor", code=code) if one["what"] == what)


def test_a_new_installation_is_well(ready: Terminal) -> None:
    """Nothing is due, somebody can sign in, the schema is the newest."""
    assert {one["state"] for one in ready.ask("doctor")} <= {"well", "note"}
    assert said(ready, "database")[1].startswith("SQLite at revision")


def test_an_empty_database_is_a_fault(terminal: Terminal) -> None:
    """Exit code 3, and what to do about it."""
    assert said(terminal, "database", code=3) == (
        "fault",
        f"SQLite is empty, wanted is {newest_revision()}: run `jubilee migrate`",
    )


def test_a_broker_that_does_not_answer_is_a_fault(ready: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named."""
    monkeypatch.setenv("JUBILEE_BROKER_URL", "redis://127.0.0.1:1/0")
    from engine.settings import settings

    settings.cache_clear()
    state, sentence = said(ready, "broker", code=3)
    assert (state, sentence[:18]) == ("fault", "JUBILEE_BROKER_URL")


def test_work_that_nobody_does_is_a_fault(ready: Terminal) -> None:
    """A moment that has waited for hours to be planned: no worker runs."""
    _add_a_customer_born_today(ready)
    ready.run("spot")
    with sqlite3.connect(ready.home / "home" / "jubilee.db") as database:
        database.execute("UPDATE moments SET check_at = datetime('now', '-3 hours')")
    state, sentence = said(ready, "plan", code=3)
    assert state == "fault"
    assert "does a worker run?" in sentence


def test_a_clock_that_runs_ahead_is_told(ready: Terminal) -> None:
    """So that nobody takes the demonstration's day for today."""
    ready.run("demo", "tomorrow")
    assert "ahead of the machine's" in said(ready, "clock")[1]


def test_people_are_added_with_a_role(ready: Terminal) -> None:
    """The password is asked for twice and stands in no command line."""
    arguments = ("people", "add", "mia@example.com", "--name", "Mia Keller", "--role", "agent")
    assert (
        "Mia Keller may sign in as mia@example.com (agent)."
        in ready.run(*arguments, stdin="a long password\na long password\n").output
    )
    assert "has an account already" in ready.run(*arguments, stdin="a long password\na long password\n", code=1).stderr


def test_a_role_that_does_not_exist_is_refused(ready: Terminal) -> None:
    """With those that do."""
    result = ready.run(
        "people",
        "add",
        "mia@example.com",
        "--name",
        "Mia",
        "--role",
        "boss",
        stdin="a long password\na long password\n",
        code=1,
    )
    assert "viewer, agent, marketing, admin" in result.stderr


def _add_a_customer_born_today(terminal: Terminal) -> None:
    path = terminal.home / "c.csv"
    born = (clock.machine_now() + timedelta(days=1)).strftime("1980-%m-%d")
    path.write_text(f"id,first_name,birthday,consent\nC1,Ana,{born},yes\n", encoding="utf-8")
    terminal.run("import", "customers", str(path))


def test_a_channel_that_is_half_configured_is_a_fault(ready: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, and everything else is looked at all the same."""
    monkeypatch.setenv("JUBILEE_SMTP_HOST", "127.0.0.1")
    monkeypatch.delenv("JUBILEE_EMAIL_FROM", raising=False)
    state, sentence = said(ready, "channels", code=3)
    assert state == "fault"
    assert "JUBILEE_EMAIL_FROM" in sentence
    assert said(ready, "database", code=3)[0] == "well"


def test_a_provider_that_cannot_be_reached_is_a_fault(ready: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked without sending anything; and until it is live, the redirect mode is told."""
    monkeypatch.setenv("JUBILEE_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("JUBILEE_SMTP_PORT", "1")
    monkeypatch.setenv("JUBILEE_EMAIL_FROM", "care@example.com")
    state, sentence = said(ready, "email", code=3)
    assert state == "fault"
    assert "JUBILEE_SMTP_" in sentence
    assert said(ready, "sending", code=3)[0] == "note"


def test_the_switch_is_told(ready: Terminal) -> None:
    """Nobody should wonder why nothing goes."""
    ready.run("sending", "stop")
    assert said(ready, "sending")[0] == "note"
