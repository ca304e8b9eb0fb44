"""`jubilee tone check`: spans, reasons, better directions, and the exit code."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Terminal

Write = Callable[[str, str], Path]


def test_a_finding_has_its_place_reason_and_better_direction(terminal: Terminal, file: Write) -> None:
    """Line and column as editors count them; a warning is no failure."""
    path = file("note.txt", "Hello Ana,\nwe apologize for any inconvenience. Your 10th order came.\n")
    options = ("--family", "celebrate", "--fact", "order_count=10", "--avoid", "synergy")
    output = terminal.run("tone", "check", str(path), *options).output
    assert f"{path}:2:4: warn non apology" in output
    assert "Better:" in output


def test_what_must_not_go_has_exit_code_3(terminal: Terminal, file: Write) -> None:
    """An unfilled placeholder blocks."""
    findings = terminal.ask("tone", "check", str(file("note.txt", "Dear {{ first_name }}, thank you.\n")), code=3)
    assert [one["severity"] for one in findings["findings"] if one["category"] == "unfilled_template"] == ["block"]


def test_the_shipped_missions_words_are_avoided_unless_others_are_named(terminal: Terminal, file: Write) -> None:
    """As the queue does, where the mission in force decides."""
    path = file("note.txt", "Unfortunately your 10th order came late.\n")
    terminal.run("tone", "check", str(path), "--fact", "order_count=10", code=3)
    terminal.run("tone", "check", str(path), "--fact", "order_count=10", "--avoid", "synergy")


def test_a_number_that_is_not_the_customers_is_found(terminal: Terminal, file: Write) -> None:
    """`--fact` says what is known."""
    path = file("note.txt", "Hello Ana, this is your twelfth order. Thank you for each of them.\n")
    found = terminal.ask("tone", "check", str(path), "--fact", "order_count=10", "--name", "Ana")
    assert "wrong_fact" in [one["category"] for one in found["findings"]]


def test_a_text_may_come_from_a_pipe(terminal: Terminal) -> None:
    """`-` reads standard input."""
    output = terminal.run("tone", "check", "-", stdin="Hello Ana, your 10th order came. Thank you.\n").output
    assert "would hurt" in output


def test_a_fact_needs_a_value(terminal: Terminal, file: Write) -> None:
    """`--fact` wants NAME=VALUE."""
    path = str(file("note.txt", "Hello."))
    assert "--fact: 'order_count'" in terminal.run("tone", "check", path, "--fact", "order_count", code=1).stderr


def test_a_file_that_is_not_there_is_named(terminal: Terminal) -> None:
    """One line, no traceback."""
    assert "nowhere.txt: cannot be read" in terminal.run("tone", "check", "nowhere.txt", code=1).stderr
