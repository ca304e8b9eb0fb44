"""No one's name stands under a text they did not read."""

import pytest

from engine.write.signing import (
    SENDER,
    SIGNATURE,
    Signer,
    Stamps,
    masked,
    needs_a_person,
    new_stamps,
    signature_of,
    signed,
)
from tests.engine.write.desk import COMPANY, MISSION, TEAM

NOBODY = Signer(None, TEAM, COMPANY)
ADA = Signer("Ada Agent", TEAM, COMPANY)


def body(text: str, signer: Signer, channel: str = "email") -> str:
    return str(signed({channel: {"subject": None, "body": text}}, MISSION, signer, "en")[channel]["body"])


def test_a_person_signs_what_they_approved() -> None:
    """Name and company, as the mission words it."""
    assert signature_of(MISSION, ADA, "en") == f"Ada Agent, {COMPANY}"
    assert body(f"Hello\n\n{SIGNATURE}", ADA) == f"Hello\n\nAda Agent, {COMPANY}"


def test_what_no_one_read_is_signed_by_the_team() -> None:
    """Nobody's name stands there."""
    assert signature_of(MISSION, NOBODY, "en") == f"{TEAM}, {COMPANY}"
    assert body(f"It comes to me, {SENDER}.\n\n{SIGNATURE}", NOBODY) == f"It comes to me, {TEAM}.\n\n{TEAM}, {COMPANY}"


def test_a_name_is_harmless_in_markdown_and_plain_in_a_text_message() -> None:
    """An approver called *Ada* is not printed in italics, and has no backslashes on a phone."""
    star = Signer("*Ada* [x](http://evil.example)", TEAM, COMPANY)
    assert body(SENDER, star) == r"\*Ada\* \[x\](http://evil.example)"
    assert body(SENDER, star, "sms") == "*Ada* [x](http://evil.example)"


def test_hints_never_go_out() -> None:
    """Signed texts have none, in any channel."""
    assert body(f"One.\n\n[[ hint: say more ]]\n\nTwo.\n\n{SIGNATURE}", NOBODY, "inapp").startswith("One.\n\nTwo.")


def test_a_subject_may_name_the_sender() -> None:
    """It is filled like the body."""
    texts = {"email": {"subject": f"From {SENDER}", "body": "x"}}
    assert signed(texts, MISSION, ADA, "en")["email"]["subject"] == "From Ada Agent"
    assert needs_a_person(texts["email"])


@pytest.mark.parametrize("text", [f"It reaches me, {SENDER}.", f"a {SENDER} b\n{SIGNATURE}\n[[ hint: x ]] c"])
def test_masked_texts_keep_their_places(text: str) -> None:
    """Blanks of the same length, so that a finding's span fits the text with its marks."""
    assert len(masked(text)) == len(text)
    assert "[[" not in masked(text)


def test_stand_ins_cannot_be_known_beforehand() -> None:
    """Each rendering has its own."""
    first, second = new_stamps(), new_stamps()
    assert first != second
    assert first.to_marks(f"{first.sender} {second.sender}") == f"{SENDER} {second.sender}"


def test_only_stand_ins_become_marks() -> None:
    """The words signature and sender in a text are words."""
    assert Stamps("signatureX", "senderX").to_marks("The sender of a signature") == "The sender of a signature"
