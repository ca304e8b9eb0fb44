"""The switch for all sending, the list of the system before, and the day after a restored backup."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal

Written = Callable[[str, str], Path]


def test_the_switch_stops_and_starts(ready: Terminal) -> None:
    """And says how it stands."""
    assert ready.ask("sending", "status") == {"stopped": False, "sending": True, "live": False}
    ready.run("sending", "stop")
    assert ready.ask("sending", "status")["stopped"] is True
    assert "Sending is on again" in ready.run("sending", "start").stdout
    assert ready.ask("sending", "status")["stopped"] is False


def test_a_restored_backup_leaves_sending_stopped(ready: Terminal) -> None:
    """A person starts it, after looking."""
    assert ready.ask("sending", "restored", "--taken-at", "2020-01-01T00:00:00Z", "--yes")["unconfirmed"] == 0
    assert ready.ask("sending", "status")["stopped"] is True


@pytest.mark.parametrize(
    ("wrong", "why"),
    [("yesterday", "is no time"), ("2020-01-01T00:00:00", "no time zone"), ("2999-01-01T00:00Z", "future")],
)
def test_a_time_that_cannot_be_meant_is_refused(ready: Terminal, wrong: str, why: str) -> None:
    """By the name of the option, before anything is stopped."""
    result = ready.run("sending", "restored", "--taken-at", wrong, "--yes", code=1)
    assert "--taken-at" in result.stderr
    assert why in result.stderr
    assert ready.ask("sending", "status")["stopped"] is False


def test_the_list_of_the_system_before_is_imported_once(ready: Terminal, file: Written) -> None:
    """As mail systems export it; a second import adds nothing."""
    path = file("unsubscribed.csv", "Email,Status,Created\nada@example.com,unsubscribed,1\nbo@example.com,,2\n")
    first = ready.ask("import", "suppressions", str(path), "--reason", "left before")
    assert (first["created"], first["rejected"], first["columns_not_read"]) == (2, 0, ["Created"])
    assert ready.ask("import", "suppressions", str(path), "--reason", "left before")["unchanged"] == 2


def test_a_dry_run_of_the_list_keeps_nothing(ready: Terminal, file: Written) -> None:
    """It counts, and leaves no file of refused rows."""
    path = file("list.csv", "address,channel\nada@example.com,email\nx,pigeon\n")
    dry = ready.ask("import", "suppressions", str(path), "--dry-run", code=3)
    assert (dry["created"], dry["rejected"]) == (1, 1)
    assert not (path.parent / "list.rejected.csv").exists()
    assert ready.ask("import", "suppressions", str(path), code=3)["created"] == 1


def test_rows_that_name_nobody_known_are_refused_by_line(ready: Terminal, file: Written) -> None:
    """The good ones are kept."""
    path = file("list.csv", "address,customer,channel\n,,sms\n,nobody,\na@example.com,,pigeon\n+4930123456,,sms\n")
    report = ready.ask("import", "suppressions", str(path), code=3)
    assert report["created"] == 1
    assert [(one["line"], one["column"]) for one in report["rejections"]] == [
        (2, "address"),
        (3, "customer"),
        (4, "channel"),
    ]
    assert (path.parent / "list.rejected.csv").exists()


def test_a_file_that_names_nobody_is_refused_whole(ready: Terminal, file: Written) -> None:
    """With the columns it should have."""
    path = file("list.csv", "colour\nred\n")
    assert "names nobody" in ready.run("import", "suppressions", str(path), code=1).stderr
