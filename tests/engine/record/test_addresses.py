"""One address, one spelling."""

import pytest

from engine.record.addresses import clean_address
from engine.record.rejection import RowRefused


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+49 151 2345678", "+491512345678"),
        ("0049/151-2345678", "+491512345678"),
        ("+49 (0)151 2345678", "+491512345678"),
        ("+49 0151 2345678", "+491512345678"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+36 (06) 1 234 5678", "+3612345678"),
        ("+39 06 1234 5678", "+390612345678"),  # in Italy the zero is dialled from everywhere
        ("+39 (0)6 1234 5678", "+390612345678"),
        ("+1 (415) 555-0100", "+14155550100"),
    ],
)
def test_a_number_is_what_is_dialled_from_abroad(written: str, number: str) -> None:
    """Whoever writes (0) means the zero of calls within the country; the number with it reaches nobody."""
    assert clean_address("sms", "sms", written) == number


@pytest.mark.parametrize("written", ["0151 2345678", "491512345678", "+999 1234567", "+49", "+49 151 23456 ext. 7"])
def test_a_number_that_cannot_be_dialled_is_refused(written: str) -> None:
    """Without its country nobody knows which it is; and no country has the code 999."""
    with pytest.raises(RowRefused, match="is not a telephone number with its country code"):
        clean_address("sms", "sms", written)
