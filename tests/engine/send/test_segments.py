"""What a text message costs, against the definition written out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.send.segments import BASIC, EXTENDED, Segments, segments_of

SMALL = st.text(st.sampled_from(sorted(BASIC | EXTENDED)), max_size=700)
ANY = st.text(st.one_of(st.sampled_from("aé€[ 🎂ş😀"), st.characters(exclude_categories=["Cs"])), max_size=400)


def test_the_alphabet_has_its_127_letters() -> None:
    """128 places, of which one is the escape to the ten letters of the extension."""
    assert (len(BASIC), len(EXTENDED)) == (127, 10)
    assert not BASIC & EXTENDED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 1, 160)),
        ("a" * 160, Segments("GSM-7", 1, 0)),
        ("a" * 161, Segments("GSM-7", 2, 2 * 153 - 161)),
        ("a" * 306, Segments("GSM-7", 2, 0)),
        ("a" * 307, Segments("GSM-7", 3, 152)),
        ("€" * 80, Segments("GSM-7", 1, 0)),
        ("€" * 81, Segments("GSM-7", 2, 153 - 2 * 5)),  # 76 in the first: the 153rd septet stays free
        ("ş" * 70, Segments("UCS-2", 1, 0, ("ş",))),
        ("ş" * 71, Segments("UCS-2", 2, 67 - 4, ("ş",))),
        ("🎂" * 35, Segments("UCS-2", 1, 0, ("🎂",))),
        ("🎂" * 36, Segments("UCS-2", 2, 67 - 2 * 3, ("🎂",))),  # 33 in the first: the 67th unit stays free
        ("Größe: 1 €, grüezi", Segments("GSM-7", 1, 160 - 19)),
        ("á í á", Segments("UCS-2", 1, 65, ("á", "í"))),
    ],
)
def test_lengths_at_the_edges(text: str, expected: Segments) -> None:
    """One letter more or less, in both alphabets, with letters that cost two."""
    assert segments_of(text) == expected


def cut_by_hand(text: str) -> list[str]:
    """The segments themselves, made letter by letter from the definition."""
    small = all(letter in BASIC | EXTENDED for letter in text)

    def size(part: str) -> int:
        return sum(1 + (letter in EXTENDED) for letter in part) if small else len(part.encode("utf-16-le")) // 2

    if size(text) <= (160 if small else 70):
        return [text]
    parts = [""]
    for letter in text:
        if size(parts[-1] + letter) > (153 if small else 67):
            parts.append("")
        parts[-1] += letter
    return parts


@given(st.one_of(SMALL, ANY))
def test_the_count_is_that_of_the_segments_cut_by_hand(text: str) -> None:
    """For any text of either alphabet."""
    parts, counted = cut_by_hand(text), segments_of(text)
    assert counted.count == len(parts)
    assert "".join(parts) == text


@given(st.one_of(SMALL, ANY))
def test_what_is_left_fits_and_one_more_does_not(text: str) -> None:
    """The number shown beside a draft is neither a promise too many nor one too few."""
    counted = segments_of(text)
    assert segments_of(text + "a" * counted.left).count == counted.count
    assert segments_of(text + "a" * (counted.left + 1)).count > counted.count


@given(st.one_of(SMALL, ANY))
def test_the_costly_letters_are_those_without_which_it_were_cheap(text: str) -> None:
    """Taken out, they leave a text of the small alphabet."""
    costly = segments_of(text).costly
    rest = "".join(letter for letter in text if letter not in costly)
    assert segments_of(rest).encoding == "GSM-7"
    assert (segments_of(text).encoding == "UCS-2") == bool(costly)
