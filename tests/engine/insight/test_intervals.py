"""The interval of a difference, against the examples that its author published."""

import pytest

from engine.insight.intervals import Share, difference, wilson

# Newcombe 1998, table II, method 10 (score, without continuity correction).
PUBLISHED = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0),
    ((10, 10), (0, 10), 0.6075, 1.0),
]


@pytest.mark.parametrize(("one", "other", "low", "high"), PUBLISHED)
def test_the_interval_is_the_published_one(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    """To the fourth digit, as the paper prints it."""
    found = difference(Share(*one), Share(*other))
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_wilson_is_the_published_one() -> None:
    """Newcombe's other paper of 1998 (857-872), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    found = [wilson(Share(*share)) for share in ((81, 263), (15, 148), (0, 20), (1, 29))]
    wanted = [(0.2553, 0.3662), (0.0624, 0.1605), (0.0, 0.1611), (0.0061, 0.1718)]
    assert [tuple(round(end, 4) for end in one) for one in found] == wanted


def test_turned_round_the_interval_is_turned_round() -> None:
    """Treated against control says the same as control against treated."""
    one, other = Share(30, 200), Share(50, 210)
    there, back = difference(one, other), difference(other, one)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))


def test_of_nothing_nothing_is_known() -> None:
    """An empty group leaves everything possible."""
    found = difference(Share(0, 0), Share(5, 10))
    assert found.low < -0.5
    assert not difference(Share(0, 0), Share(0, 0)).excludes_zero
