"""`jubilee queue`, `approve`, `skip`, `why` and the rounds, from a file of customers to a letter in the postbox."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.settings import settings
from tests.cli.conftest import Terminal

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def with_draft(ready: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Ana in UTC has her birthday in three days; her draft waits, at whatever hour this is."""
    monkeypatch.setenv("JUBILEE_TEAM_START", "00:00")  # drafts are written when the team begins
    settings.cache_clear()
    path = ready.home / "c.csv"
    born = (clock.machine_now() + timedelta(days=3)).strftime("1980-%m-%d").replace("02-29", "02-28")
    path.write_text(f"id,first_name,birthday,zone,consent\nC1,Ana,{born},UTC,yes\n", encoding="utf-8")
    ready.run("import", "customers", str(path))
    for command in ("spot", "plan", "write"):
        ready.run(command)
    return ready


def queue(terminal: Terminal) -> list[str]:
    return [item["message_id"] for item in terminal.ask("queue")]


def test_an_empty_queue_says_so(ready: Terminal) -> None:
    """And is an empty list for programs."""
    assert "Nothing waits" in ready.run("queue").output
    assert ready.ask("queue") == []


def test_a_draft_is_approved_and_sent_in_the_customers_morning(with_draft: Terminal) -> None:
    """The demonstrated days pass; then the letter lies in the postbox, and nothing waits any more."""
    (message,) = queue(with_draft)
    assert "Ana" in with_draft.run("queue").output
    with_draft.run("approve", message, "--as", "admin@example.com")
    assert queue(with_draft) == []
    sent = sum(with_draft.ask("demo", "tomorrow", "--really")["messages sent"] for _ in range(4))
    assert sent == 1
    assert len(list(Path(with_draft.home / "home" / "postbox").glob("*.json"))) == 1


def test_an_approval_shows_the_texts_that_it_covers(with_draft: Terminal) -> None:
    """Whoever approves here has had them before their eyes; programs are told their names."""
    (message,) = queue(with_draft)
    said = with_draft.run("approve", message, "--as", "admin@example.com").output
    assert "Ana, by postbox:" in said
    assert said.index("Ana, by postbox:") < said.index("Approved 1.")


def test_a_program_is_told_what_an_approval_covers(with_draft: Terminal) -> None:
    """Channel by channel, in turn."""
    (message,) = queue(with_draft)
    answer = with_draft.ask("approve", message, "--as", "admin@example.com")
    assert answer["covers"] == {message: [{"channel": "postbox", "text": "email"}]}


def test_one_message_that_is_refused_does_not_stop_the_others(with_draft: Terminal) -> None:
    """Exit code 1, and the good one is approved."""
    (message,) = queue(with_draft)
    answer = with_draft.ask("approve", NOBODY, message, "--as", "admin@example.com", code=1)
    assert answer["approved"] == [message]
    assert list(answer["refused"]) == [NOBODY]


def test_only_people_with_an_account_approve(with_draft: Terminal) -> None:
    """An approval stands for somebody who has read it."""
    (message,) = queue(with_draft)
    error = with_draft.run("approve", message, "--as", "nobody@example.com", code=1).stderr
    assert "nobody here has the e-mail nobody@example.com" in error


def test_a_skipped_message_keeps_its_reason(with_draft: Terminal) -> None:
    """It is what `why` answers."""
    (message,) = queue(with_draft)
    with_draft.run("skip", message, "--reason", "she asked us not to", "--as", "admin@example.com")
    assert queue(with_draft) == []
    assert "she asked us not to" in with_draft.run("why", "C1").output


def test_why_of_a_customer_who_is_not_there(ready: Terminal) -> None:
    """Named, and exit code 1."""
    assert "there is no customer C9" in ready.run("why", "C9", code=1).stderr
