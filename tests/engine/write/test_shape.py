"""What is said of a text besides its tone: nothing in it, far too much, or letters that nobody sees."""

import pytest
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.review.decisions import approve, edit
from engine.storage.models import Revision
from engine.write.shape import says_something, shape_of
from tests.engine.builders import NOW
from tests.engine.review.desk import person, written
from tests.engine.write.desk import birthday, latest, seed


def said(body: str, kind: str = "email", subject: str | None = "Hello Ada") -> list[tuple[str, str, str]]:
    """Part, category and severity of each finding."""
    return [
        (row["part"], row["category"], row["severity"]) for row in shape_of({"subject": subject, "body": body}, kind)
    ]


@pytest.mark.parametrize(
    "body",
    [
        "",
        " \n\t",
        "\u200b\u2060",
        "[[ signature ]]",
        "[[ hint: a word of your own ]]\n\n[[ signature ]]",
        "**  **",
        "> \n#",
    ],
)
def test_an_empty_text_cannot_go(body: str) -> None:
    """Blanks, marks, hints, markup and letters without a trace are nothing that a customer could read."""
    assert ("body", "empty", "block") in said(body)


@pytest.mark.parametrize("body", ["Danke, Ada.", "谢谢", "🎂", "…", "؟", "1"])
def test_whatever_can_be_seen_is_something(body: str) -> None:
    """In every script."""
    assert says_something(body)
    assert said(body) == []


def test_an_empty_subject_is_remarked_where_there_is_one() -> None:
    """A text message has none, and lacks none."""
    assert said("Thank you.", subject=" ") == [("subject", "empty", "block")]
    assert said("Thank you.", "sms", subject=None) == []


@pytest.mark.parametrize(
    ("kind", "fits", "too_long"),
    [
        ("sms", "a" * 306, "a" * 307),  # two parts of 153 letters, and one letter more
        ("sms", "ж" * 134, "ж" * 135),  # two of 67 in the large alphabet
        ("whatsapp", "a" * 1_000, "a" * 1_001),
        ("inapp", "a" * 700, "a" * 701),
        ("email", "a" * 3_000, "a" * 3_001),
    ],
)
def test_each_channel_bears_so_much(kind: str, fits: str, too_long: str) -> None:
    """What stands in it besides: marks and hints are no words."""
    assert said(fits, kind) == []
    assert said(fits + " [[ signature ]]", kind) == []
    assert said(too_long, kind) == [("body", "too_long", "warn")]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("Thank \u202eyou\u202c, Ada", 6, 7),  # right-to-left override
        ("Thank \u2066you", 6, 7),
        ("Thank\u200b you", 5, 6),
        ("ex\u00adample", 2, 3),
        ("Thank you\ufeff", 9, 10),
        ("se\u200dcret", 2, 3),
        ("null\u0000byte", 4, 5),
    ],
)
def test_letters_that_nobody_sees_are_shown_where_they_stand(text: str, start: int, end: int) -> None:
    """In the body and in the subject."""
    for part, given in (
        ("body", {"subject": "Hi", "body": text}),
        ("subject", {"subject": text, "body": "Thank you."}),
    ):
        first = shape_of(given, "email")[0]
        assert (first["category"], first["severity"]) == ("hidden_letters", "warn")
        assert (first["part"], first["start"], first["end"]) == (part, start, end)


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "می‌خواهم", "क्‍ष", "שלום, Ada", "Zoë\nline\ttab\r\n", "\u200eאבג", "❤️"])
def test_what_a_script_needs_is_no_trick(text: str) -> None:
    """Joiners in emoji, in Persian and in Hindi words, marks of direction, and ordinary blanks."""
    assert said(text) == []


def test_an_empty_text_is_refused_in_a_clear_sentence(session: Session) -> None:
    """When it is saved; and when it is approved, should one have been stored."""
    seed(session)
    message, ada = written(session, birthday(session)), person(session)
    for body in (" ", "\u200b\n[[ signature ]]"):
        session.refresh(message)
        texts = {"email": {"subject": "Hello", "body": body}}
        with pytest.raises(InvalidInput, match=r"the text is empty\. Write what you want to say, or skip"):
            edit(session, message.id, texts, version=message.version, person=ada, now=NOW)
    session.refresh(message)
    revision: Revision = latest(session, message)
    revision.texts = {**revision.texts, "email": {"subject": "Hello", "body": "[[ hint: say something ]]"}}
    session.flush()
    with pytest.raises(InvalidInput, match="the customer would get an empty message"):
        approve(session, message.id, version=message.version, person=ada, now=NOW)
