"""Dates of birth: with and without a year, nonsense, and stand-ins for an unknown date."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dates.birthdays import PartialDate, parse_partial_date, placeholder_reason

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1990-04-17", PartialDate(4, 17, 1990)),
        ("--04-17", PartialDate(4, 17)),
        ("04-17", PartialDate(4, 17)),
        (" 1990-04-17 ", PartialDate(4, 17, 1990)),
        ("--02-29", PartialDate(2, 29)),  # someone's birthday, of a leap year we do not know
        ("2000-02-29", PartialDate(2, 29, 2000)),
        ("0001-01-01", PartialDate(1, 1, 1)),  # a date; that it is a stand-in is another question
    ],
)
def test_a_date_of_birth_is_read(text: str, expected: PartialDate) -> None:
    """With its year, or without."""
    assert parse_partial_date(text) == expected


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "'' is not a date"),
        ("0", "'0' is not a date"),
        ("17.04.1990", "'17.04.1990' is not a date"),
        ("04/17/1990", "'04/17/1990' is not a date"),
        ("1990-4-17", "'1990-4-17' is not a date"),
        ("90-04-17", "'90-04-17' is not a date"),
        ("-04-17", "'-04-17' is not a date"),
        ("1990-04-17T00:00:00Z", "'1990-04-17T00:00:00Z' is not a date"),
        ("١٩٩٠-٠٤-١٧", "'١٩٩٠-٠٤-١٧' is not a date"),
        ("١٩٩٠-04-17", "'١٩٩٠-04-17' is not a date"),
        ("1990-13-01", "month 13 does not exist"),
        ("1990-00-10", "month 0 does not exist"),
        ("1990-04-31", "April has no day 31 in 1990"),
        ("1990-04-00", "April has no day 0 in 1990"),
        ("1900-02-29", "February has no day 29 in 1900"),  # divisible by 100 and not by 400
        ("--02-30", "February has no day 30:"),
        ("0000-01-01", "the year 0 does not exist"),
    ],
)
def test_nonsense_is_refused_with_what_is_wrong_and_what_is_expected(text: str, wrong: str) -> None:
    """The person who mends the file reads both in one line."""
    with pytest.raises(ValueError) as refused:
        parse_partial_date(text)
    assert wrong in str(refused.value)
    assert "expected a date like '1990-04-17', or '--04-17' without the year" in str(refused.value)


@given(st.dates(), st.booleans())
def test_what_is_written_is_read_back(on: date, with_year: bool) -> None:
    """Every date survives being written as text and read again."""
    known = PartialDate(on.month, on.day, on.year if with_year else None)
    assert parse_partial_date(str(known)) == known


def test_a_day_that_does_not_exist_cannot_be_made() -> None:
    """Also where no text was read."""
    with pytest.raises(ValueError, match="February has no day 29 in 2026"):
        PartialDate(2, 29, 2026)


@pytest.mark.parametrize(
    ("born", "reason"),
    [
        ("0001-01-01", "smallest date"),
        ("1900-01-01", "stand-in"),
        ("1970-01-01", "timestamp 0"),
        ("2026-11-23", "2026-11-23 lies in the future"),  # tomorrow
        ("9999-12-31", "lies in the future"),
        ("1906-11-21", "1906-11-21 is more than 120 years ago"),  # 120 years were over yesterday
        ("1899-12-30", "more than 120 years ago"),
    ],
)
def test_a_stand_in_is_told_in_a_plain_sentence(born: str, reason: str) -> None:
    """Seen on 22 November 2026."""
    assert reason in (placeholder_reason(parse_partial_date(born), TODAY) or "")


@pytest.mark.parametrize("born", ["1906-11-22", "2026-11-22", "1970-01-02", "1990-01-01", "--01-01", "02-29"])
def test_a_date_that_may_be_true_is_no_stand_in(born: str) -> None:
    """Exactly 120 years, born today, the day after a stand-in, or without a year."""
    assert placeholder_reason(parse_partial_date(born), TODAY) is None
