"""Links and reply addresses: the true one works for its one purpose, and nothing else does."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.links import Link, Links, Purpose

SECRET = "a secret of at least thirty-two letters"
LINKS = Links(SECRET, "https://jubilee.example.com/")
CUSTOMER, MESSAGE = uuid4(), uuid4()
PURPOSES: tuple[Purpose, ...] = ("unsubscribe", "preferences")


def token_for(purpose: Purpose, links: Links = LINKS) -> str:
    """The token of a link made for this purpose."""
    made = {
        "unsubscribe": links.unsubscribe(CUSTOMER, MESSAGE, "birthday"),
        "preferences": links.preferences(CUSTOMER, MESSAGE),
    }
    return made[purpose].rpartition("/")[2]


def test_a_link_leads_to_its_page_under_the_public_address() -> None:
    """One slash between them, however the address was written."""
    assert LINKS.unsubscribe(CUSTOMER, MESSAGE, "birthday").startswith("https://jubilee.example.com/unsubscribe/")
    assert LINKS.preferences(CUSTOMER, MESSAGE).startswith("https://jubilee.example.com/preferences/")


@pytest.mark.parametrize("occasion", ["birthday", "order milestone", "ñandú: ürün 🎂", ""])
def test_a_link_says_who_which_message_and_about_what(occasion: str) -> None:
    """Whatever marketing calls the occasion."""
    token = LINKS.unsubscribe(CUSTOMER, MESSAGE, occasion).rpartition("/")[2]
    assert LINKS.read(token, "unsubscribe") == Link(CUSTOMER, MESSAGE, occasion)


def test_a_link_needs_no_quoting() -> None:
    """A mail client that cuts links at odd letters finds none in it."""
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token_for("unsubscribe"))


@pytest.mark.parametrize(("made", "read"), [PURPOSES, PURPOSES[::-1]])
def test_a_token_is_worth_nothing_for_another_purpose(made: Purpose, read: Purpose) -> None:
    """Who may leave with one click may not read preferences with the same link, nor the other way round."""
    assert LINKS.read(token_for(made), made) is not None
    assert LINKS.read(token_for(made), read) is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_another_secret_makes_other_tokens(purpose: Purpose) -> None:
    """Another installation's links, or those from before the secret was changed, are worth nothing."""
    assert LINKS.read(token_for(purpose, Links(SECRET + "!", "https://jubilee.example.com")), purpose) is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_token_survives_a_flipped_bit(purpose: Purpose) -> None:
    """In the ids, the occasion or the signature. The last letter is left out: some of its bits say nothing."""
    token = token_for(purpose)
    for place in range(len(token) - 1):
        flipped = chr(ord(token[place]) ^ 1)
        assert LINKS.read(token[:place] + flipped + token[place + 1 :], purpose) is None, place


def test_ids_cannot_be_swapped_between_two_links() -> None:
    """The content of one with the signature of another is nobody's."""
    mine, signature = token_for("unsubscribe").rsplit(".", 1)
    theirs, _ = LINKS.unsubscribe(uuid4(), MESSAGE, "birthday").rpartition("/")[2].rsplit(".", 1)
    assert LINKS.read(f"{mine}.{signature}", "unsubscribe") is not None
    assert LINKS.read(f"{theirs}.{signature}", "unsubscribe") is None


@given(st.text() | st.text("abcXYZ019_-.=%/", max_size=200))
def test_a_guess_is_nothing_and_no_error(guess: str) -> None:
    """Whatever a visitor types."""
    assert all(LINKS.read(guess, purpose) is None for purpose in PURPOSES)


def test_an_endless_token_is_not_even_read() -> None:
    """It is refused before its signature is worked out."""
    assert LINKS.read(token_for("preferences") + "A" * 1_000_000, "preferences") is None


@pytest.mark.parametrize("change", [str, str.lower, str.upper, str.swapcase, lambda text: f" {text}\n"])
def test_a_reply_address_survives_mail_systems(change: type[str]) -> None:
    """Which may write it in small letters, or in capitals."""
    assert LINKS.read_reply_address(change(LINKS.reply_address(MESSAGE, "answers.example.com"))) == MESSAGE
    assert LINKS.read_reply_address(change(LINKS.bounce_address(MESSAGE, "answers.example.com"))) == MESSAGE


def test_a_reply_address_is_short_enough_for_mail() -> None:
    """RFC 5321 allows 64 letters before the @."""
    local = LINKS.bounce_address(MESSAGE, "answers.example.com").partition("@")[0]
    assert len(local) <= 64
    assert local == local.lower()


def test_no_reply_address_can_be_made_up() -> None:
    """Any other letter anywhere in the token makes it nobody's."""
    local, _, domain = LINKS.reply_address(MESSAGE, "example.com").partition("@")
    start = len("reply+")
    for place in range(start, len(local) - 1):
        other = "b" if local[place] == "a" else "a"
        assert LINKS.read_reply_address(f"{local[:place]}{other}{local[place + 1 :]}@{domain}") is None, place


@given(st.text() | st.text("reply+bounce234567abc@.=").map(lambda text: f"reply+{text}"))
def test_any_other_address_is_nobodys(address: str) -> None:
    """Whatever an outsider writes to."""
    assert LINKS.read_reply_address(address) is None


def test_a_reply_address_of_another_installation_is_nobodys() -> None:
    """Its secret is not ours."""
    assert LINKS.read_reply_address(Links(SECRET + "!", "").reply_address(UUID(int=7), "example.com")) is None
