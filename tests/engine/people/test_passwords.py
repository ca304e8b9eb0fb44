"""Which passwords are taken, and that nothing fits where there is none."""

import pytest

from engine.errors import InvalidInput
from engine.people.passwords import NO_PASSWORD, check_password, fits, hash_of

MIA = {"name": "Mia Keller-Ortega", "email": "mia.keller@example.com"}


@pytest.mark.parametrize("password", ["a horse in the rain", "пароль из пяти слов", "Tr0ub4dor&33", "correct horse"])
def test_a_good_password_is_taken(password: str) -> None:
    """Sentences, other alphabets, signs."""
    check_password(password, **MIA)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 301,
        "mia.keller@example.com",
        "MIA.KELLER@EXAMPLE.COM ",
        "Mia Keller-Ortega",
        "miakeller-ortega",
        "mia.keller",
        "mia.kellermia.keller",
        "1234567890",
        "Password2026!",
        "letmein-2026-now",
        "1111111111",
        "abababababab",
        "qwertyuiop",
    ],
)
def test_one_that_is_tried_first_is_refused(password: str) -> None:
    """Too short, one's own name or address, or among the commonest, with whatever is put around it."""
    with pytest.raises(InvalidInput, match="password: "):
        check_password(password, **MIA)


def test_the_right_one_fits_and_no_other() -> None:
    """Whatever is near it does not."""
    kept = hash_of("a horse in the rain")
    assert fits("a horse in the rain", kept)
    assert not fits("a horse in the rain ", kept)


@pytest.mark.parametrize("tried", ["", "nobody has this password", "a horse in the rain"])
@pytest.mark.parametrize("kept", [None, NO_PASSWORD])
def test_nothing_fits_where_there_is_no_password(tried: str, kept: str | None) -> None:
    """An invited person has none, and the stand-in that takes the time is nobody's."""
    assert not fits(tried, kept)
