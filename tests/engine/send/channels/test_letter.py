"""Letters: one PDF a message, whoever makes it and how often, and nothing that anybody wrote is read as Typst."""

import re
import sys
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput, JubileeError
from engine.ids import new_id
from engine.send.channels import letter
from engine.send.channels.letter import Letters, address_lines, long_date, make_pdf
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage, Refused
from engine.settings import Settings

POST = OutgoingMessage(
    message_id=new_id(),
    delivery_id=new_id(),
    address="Hauptstraße 5, 10115 Berlin",
    recipient_name="Ada Lovelace",
    sender_name="Kim, Acme",
    subject="One year, Ada",
    text="Dear Ada,\n\nthank you.\n\nKim\nAcme",
    html="",
    occasion="birthday",
)
CONTENT: dict[str, Any] = {
    "language": "en",
    "sender": "Kim",
    "company": "Acme",
    "return_line": "Acme",
    "address": ["Ada Lovelace"],
    "date": "March 2, 2026",
    "subject": "Hello",
    "paragraphs": [["Dear Ada,"]],
    "footer": "You know us.",
}


@pytest.fixture
def letters(tmp_path: Path) -> Letters:
    return Letters(tmp_path / "post", company="Acme", postal_address="Weg 1, 50676 Köln")


def laid(letters: Letters, tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "post").glob("*.pdf"))


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def shown(**changed: object) -> bytes:
    return make_pdf(CONTENT | changed, picture=True)


def test_a_letter_is_a_pdf_named_after_its_message(letters: Letters, tmp_path: Path) -> None:
    """One page, whole."""
    assert letters.send(POST) == Accepted(str(POST.message_id))
    assert laid(letters, tmp_path) == [f"{POST.message_id}.pdf"]
    pdf = (tmp_path / "post" / f"{POST.message_id}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert pages(pdf) == 1


def test_a_second_attempt_changes_nothing(letters: Letters, tmp_path: Path) -> None:
    """It may be in the printer already."""
    letters.send(POST)
    before = (tmp_path / "post" / f"{POST.message_id}.pdf").read_bytes()
    assert letters.send(replace(POST, text="Other words.")) == Accepted(str(POST.message_id))
    assert (tmp_path / "post" / f"{POST.message_id}.pdf").read_bytes() == before


def test_who_comes_second_by_a_hair_changes_nothing(
    letters: Letters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked, both saw nothing, both made one: the first counts."""
    monkeypatch.setattr(letters, "find", lambda _: NotTaken())
    letters.send(POST)
    before = (tmp_path / "post" / f"{POST.message_id}.pdf").read_bytes()
    assert letters.send(replace(POST, text="Other words.")) == Accepted(str(POST.message_id))
    assert (tmp_path / "post" / f"{POST.message_id}.pdf").read_bytes() == before


def test_a_letter_that_was_taken_away_is_not_made_again(letters: Letters, tmp_path: Path) -> None:
    """Whoever prints it empties the folder; it has been made all the same."""
    letters.send(POST)
    (tmp_path / "post" / f"{POST.message_id}.pdf").unlink()
    assert letters.find(POST.message_id) == Accepted(str(POST.message_id))
    letters.send(POST)
    assert laid(letters, tmp_path) == []


def test_two_that_make_it_at_once_leave_one_whole_letter(letters: Letters, tmp_path: Path) -> None:
    """And no draft lies about."""
    start, answers = threading.Barrier(6), []

    def make() -> None:
        start.wait()
        answers.append(letters.send(POST))

    making = [threading.Thread(target=make) for _ in range(6)]
    for thread in making:
        thread.start()
    for thread in making:
        thread.join()
    assert answers == [Accepted(str(POST.message_id))] * 6
    assert laid(letters, tmp_path) == [f"{POST.message_id}.pdf"]
    assert [path.name for path in (tmp_path / "post" / ".made").iterdir()] == [str(POST.message_id)]


def test_a_letter_that_was_made_before_a_crash_is_found(letters: Letters, tmp_path: Path) -> None:
    """The file decides where the marker is missing."""
    letters.send(POST)
    (tmp_path / "post" / ".made" / str(POST.message_id)).unlink()
    assert letters.find(POST.message_id) == Accepted(str(POST.message_id))
    assert letters.find(new_id()) == NotTaken()


def test_a_folder_that_cannot_be_written_loses_no_letter(tmp_path: Path) -> None:
    """It is the installation's fault: the message waits, and the doctor names the variable."""
    (tmp_path / "post").write_text("a file where the folder should be")
    letters = Letters(tmp_path / "post", company="Acme")
    with pytest.raises(Refused) as refused:
        letters.send(POST)
    assert (refused.value.permanent, refused.value.whose) == (False, "provider")
    with pytest.raises(JubileeError, match="JUBILEE_LETTER_FOLDER"):
        letters.check()


@pytest.mark.parametrize(
    ("hostile", "as_code"),
    [
        ("#(1+1)", "2"),
        ("*loud*", "loud"),
        ("_soft_", "soft"),
        ("$x$", "x"),
        ("`code`", "code"),
        ("a\\*b", "a*b"),
        ("a~b", "a b"),
        ("a // b", "a"),
        ("= Head", "Head"),
        ("<label>", ""),
        ("#sys.inputs.letter", ""),
    ],
)
def test_what_people_wrote_is_shown_and_not_read(hostile: str, as_code: str) -> None:
    """In every place: it looks like itself, and not like what it would mean."""
    for place in ("subject", "date", "return_line", "footer", "company"):
        assert shown(**{place: f"x {hostile}"}) != shown(**{place: f"x {as_code}"})
    assert shown(paragraphs=[[f"x {hostile}"]]) != shown(paragraphs=[[f"x {as_code}"]])
    assert shown(address=[f"x {hostile}"]) != shown(address=[f"x {as_code}"])


@pytest.mark.parametrize(
    "hostile",
    [
        '#panic("no")',
        '#read("/etc/passwd")',
        '#import "@preview/x:0.1.0": y',
        "@nowhere",
        "#pagebreak()",
        '"}',
        "\\",
        "$",
        "#",
        "]}",
        "/* ",
        "\ud800",
        "\x00\x07",
        "\u202eevil",
        "🎂",
    ],
)
def test_nothing_that_people_wrote_breaks_a_letter(hostile: str) -> None:
    """It stays one page, in every place."""
    everywhere = {name: [[hostile]] if name == "paragraphs" else hostile for name in CONTENT}
    assert pages(make_pdf(everywhere | {"address": [hostile], "language": "en"})) == 1


def test_a_long_letter_goes_on_overleaf() -> None:
    """Nothing is cut off."""
    assert pages(make_pdf(CONTENT | {"paragraphs": [["Many words, again and again. " * 20]] * 20})) > 1


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ("Hauptstraße 5, 10115 Berlin", ["Ada", "Hauptstraße 5", "10115 Berlin"]),
        ("Hauptstraße 5; Hof 2, links; 10115 Berlin", ["Ada", "Hauptstraße 5", "Hof 2, links", "10115 Berlin"]),
        ("12 Main St\nSpringfield, IL 62704\nUSA", ["Ada", "12 Main St", "Springfield, IL 62704", "USA"]),
        ("12 Main St, Springfield, IL 62704, USA", ["Ada", "12 Main St", "Springfield, IL 62704", "USA"]),
        ("ADA, Weg 1, 1010 Wien", ["ADA", "Weg 1", "1010 Wien"]),
    ],
)
def test_an_address_is_written_line_by_line(address: str, lines: list[str]) -> None:
    """With the name above it, once."""
    assert address_lines("Ada", address) == lines


@pytest.mark.parametrize(
    ("address", "reason"),
    [("", "no_address"), (" ; ", "no_address"), ("a;b;c;d;e;f", "address_too_long"), ("x" * 61, "address_too_long")],
)
def test_an_address_that_does_not_fit_the_window_is_refused(letters: Letters, address: str, reason: str) -> None:
    """Cut off it would go astray."""
    with pytest.raises(Refused) as refused:
        letters.send(replace(POST, address=address))
    assert (refused.value.reason, refused.value.permanent, refused.value.whose) == (reason, True, "address")


@pytest.mark.parametrize(
    ("locale", "said"),
    [("de", "2. März 2026"), ("en-GB", "2 March 2026"), ("es", "2 de marzo de 2026"), ("xx-broken", "March 2, 2026")],
)
def test_the_date_is_that_of_the_language(locale: str, said: str) -> None:
    """And of no language that nobody knows."""
    assert long_date(date(2026, 3, 2), locale) == said


def test_without_a_folder_letters_are_not_offered() -> None:
    """Nothing is configured, nothing is complained of."""
    assert letter.open_channel(Settings()) is None


def test_the_days_on_the_way_are_known_to_planning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It counts them back from the date."""
    monkeypatch.setenv("JUBILEE_LETTER_FOLDER", str(tmp_path))
    monkeypatch.setenv("JUBILEE_LETTER_LEAD_DAYS", "3")
    opened = letter.open_channel(Settings())
    assert opened is not None
    assert opened.lead_days == 3
    assert opened.check() == f"lays letters into {tmp_path}"


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who asked for letters hears what is missing."""
    monkeypatch.setenv("JUBILEE_LETTER_FOLDER", str(tmp_path))
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(InvalidInput, match=r"JUBILEE_LETTER_FOLDER.*jubilee\[letter\]"):
        letter.open_channel(Settings())
