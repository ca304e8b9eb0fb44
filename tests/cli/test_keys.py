"""`jubilee keys`."""

from tests.cli.conftest import Terminal


def test_a_key_is_shown_once_and_listed_by_its_prefix(ready: Terminal) -> None:
    """Adding answers with the key; the list never does."""
    made = ready.ask("keys", "add", "the app", "--scope", "inapp")
    assert made["key"].startswith(f"jub_{made['prefix']}_")
    listed = ready.run("keys", "list").stdout
    assert made["prefix"] in listed
    assert made["key"] not in listed + ready.run("keys", "list", "--json").stdout


def test_a_key_is_taken_back(ready: Terminal) -> None:
    """The list says since when."""
    prefix = ready.ask("keys", "add", "the app", "--scope", "inapp")["prefix"]
    assert "opens nothing any more" in ready.run("keys", "revoke", prefix).stdout
    assert ready.ask("keys", "list")[0]["revoked_at"]


def test_a_misspelt_scope_is_said(ready: Terminal) -> None:
    """With those there are."""
    assert "is not one of inapp, events" in ready.run("keys", "add", "the app", "--scope", "inap", code=1).stderr
