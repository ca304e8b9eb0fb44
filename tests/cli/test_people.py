"""`jubilee people`: in, out, and by link."""

import re

import pytest

from tests.cli.conftest import Terminal

MIA = ("people", "invite", "mia@example.com", "--name", "Mia Keller")


def state_of(terminal: Terminal, email: str) -> str:
    return next(one["state"] for one in terminal.ask("people", "list") if one["email"] == email)


def test_an_invitation_is_printed_where_no_mail_can_go(ready: Terminal) -> None:
    """Once; she is a viewer, and has no password yet."""
    said = ready.run(*MIA, "--skill", "recoveries", "--locale", "de").output
    assert re.search(r"http://127\.0\.0\.1:8000/access/[\w-]{43}\n", said)
    mia = next(one for one in ready.ask("people", "list") if one["email"] == "mia@example.com")
    assert (mia["role"], mia["state"]) == ("viewer", "invited")


def test_with_mail_the_invitation_is_sent_and_not_printed(ready: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless one asks for the link."""
    monkeypatch.setenv("JUBILEE_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("JUBILEE_EMAIL_FROM", "care@example.com")
    assert ready.ask(*MIA) == {"email": "mia@example.com", "link": None}
    assert "/access/" in ready.ask("people", "reset", "mia@example.com", "--link")["link"]


def test_a_reset_prints_another_link(ready: Terminal) -> None:
    """For whoever is known; else it says where to look."""
    assert "/access/" in ready.ask("people", "reset", "admin@example.com")["link"]
    assert "jubilee people list" in ready.run("people", "reset", "who@example.com", code=1).stderr


def test_somebody_is_disabled_and_enabled(ready: Terminal) -> None:
    """And gets no link meanwhile."""
    ready.run(*MIA, "--role", "agent")
    assert "cannot sign in" in ready.run("people", "disable", "MIA@example.com").output
    assert state_of(ready, "mia@example.com") == "disabled"
    assert "Enable it first" in ready.run("people", "reset", "mia@example.com", code=1).stderr
    ready.run("people", "enable", "mia@example.com")
    assert state_of(ready, "mia@example.com") == "invited"


def test_the_last_admin_stays(ready: Terminal) -> None:
    """An admin who was only invited does not count."""
    ready.run(*MIA, "--role", "admin")
    assert "last admin" in ready.run("people", "disable", "admin@example.com", code=1).stderr
    assert state_of(ready, "admin@example.com") == "active"


def test_the_doctor_says_how_notices_go(ready: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a folder where there is nothing else; and a webhook that is configured badly is a fault, by name."""

    def notices(code: int = 0) -> tuple[str, str]:
        found = next(one for one in ready.ask("doctor", code=code) if one["what"] == "notices")
        return found["state"], found["said"]

    state, said = notices()
    assert (state, said.partition(":")[0]) == ("note", "no e-mail and no webhook")
    monkeypatch.setenv("JUBILEE_NOTICE_WEBHOOK_URL", "http://hooks.example.com")
    state, said = notices(code=3)
    assert state == "fault"
    assert "JUBILEE_NOTICE_WEBHOOK_URL" in said
