"""What the charts promise: a true scale, every number beside the picture, and no fall on odd input."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.charts import BASE, TOP, Chart, Series, bars, lines, nice_ticks, say_number
from web.pages import _environment

DAYS = [f"Day {number}" for number in range(1, 367)]
BOX = re.compile(r"M([\d.]+) ([\d.]+)V([\d.]+)h([\d.]+)V([\d.]+)z")


def drawn(value: Chart) -> str:
    source = '{% from "charts.html" import chart %}{{ chart(value, "Moments <by> day") }}'
    return _environment.from_string(source).render(value=value)


@given(st.floats(0, 1e9), st.booleans())
def test_a_scale_holds_what_it_must_show_in_few_even_steps(high: float, whole: bool) -> None:
    """From zero to the highest number or a little more, in at most six marks."""
    ticks = nice_ticks(0, high, whole=whole)
    assert ticks[0] == 0
    assert ticks[-1] >= high * 0.999999
    assert len(ticks) <= 6


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 7, [0, 2, 4, 6, 8]),
        (0, 3, [0, 1, 2, 3]),
        (0, 1, [0, 1]),
        (0, 98, [0, 50, 100]),
        (-3, 5, [-4, -2, 0, 2, 4, 6]),
    ],
)
def test_steps_are_those_people_count_in(low: float, high: float, ticks: list[float]) -> None:
    """One, two, five and their tens; whole where the numbers are."""
    assert nice_ticks(low, high, whole=True) == ticks


def test_a_bar_is_as_high_as_its_number_and_starts_at_zero() -> None:
    """Twice the number is twice the height, measured from the ground; the second series stands on the first."""
    value = bars(["a", "b"], [Series("one", [5, 10], "good"), Series("two", [5, 0], "amber")])
    (_, low, high, *_), (_, low_b, high_b, *_) = BOX.findall(value.shapes[0].path)
    (_, low_two, high_two, *_) = BOX.findall(value.shapes[1].path)[0]
    assert float(low) == float(low_b) == BASE
    assert BASE - float(high_b) == pytest.approx(2 * (BASE - float(high)), abs=0.2)
    assert (float(low_two), float(high_two)) == (float(high), float(high_b))


def test_a_year_of_days_stays_in_its_frame_with_few_words_below() -> None:
    """366 labels: every bar inside, not more words than have room, the first and last leaning inwards."""
    value = bars(DAYS, [Series("spotted", list(range(366)), "accent")])
    boxes = [tuple(map(float, found)) for found in BOX.findall(value.shapes[0].path)]
    assert len(boxes) == 365
    assert all(left >= -0.1 and left + wide <= 1000.1 and high >= TOP for left, _, high, wide, _ in boxes)
    assert len(value.along) <= 12
    assert value.along[0].anchor == "start"
    assert len(value.rows) == 366


@pytest.mark.parametrize("count", [1, 2, 7, 31, 366])
@pytest.mark.parametrize("draw", [bars, lines])
def test_zeros_are_drawn_as_an_empty_frame_that_says_so(draw: object, count: int) -> None:
    """Nothing happened is an answer."""
    value = draw(DAYS[:count], [Series("sent", [0] * count, "good")])  # type: ignore[operator]
    assert value.nothing
    assert "None in this time" in drawn(value)


def test_no_labels_are_no_chart() -> None:
    """A sentence instead of axes around nothing."""
    assert "No numbers yet." in drawn(bars([], []))
    assert "<svg" not in drawn(lines([], [Series("sent", [], "good")]))


def test_a_line_is_broken_where_a_number_is_missing() -> None:
    """Nothing is drawn through a day of which nothing is known; a lonely number is a dot."""
    value = lines(DAYS[:40], [Series("score", [1, 2, None, 3, None, *[1] * 35], "other")])
    assert value.shapes[0].path.count("M") == 3
    assert len(value.shapes[0].dots) == 1
    assert value.rows[2] == ("Day 3", ["–"])


def test_the_same_numbers_stand_in_a_table_beside_the_picture() -> None:
    """With the legend's names; what outsiders wrote is escaped; no style is written inline."""
    page = drawn(bars(["1 <b>", "2"], [Series("sent & read", [1200, 3.5], "good")], unit="%"))
    assert "<details" in page
    assert page.count("sent &amp; read") >= 2
    assert "1,200\N{NO-BREAK SPACE}%" in page
    assert "3.5\N{NO-BREAK SPACE}%" in page
    assert "1 &lt;b&gt;" in page
    assert 'role="img"' in page
    assert "<title>Moments &lt;by&gt; day. sent &amp; read: at most 1,200" in page
    assert "style=" not in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    "series", [Series("short", [1], "good"), Series("below", [1, -1], "good"), Series("bright", [1, 1], "pink")]
)
def test_what_cannot_be_drawn_truly_is_refused(series: Series) -> None:
    """Too few numbers, a bar below zero, a colour that is none of ours."""
    with pytest.raises(ValueError, match=r"numbers for|from zero|tone"):
        bars(["a", "b"], [series])


def test_numbers_are_said_as_people_read_them() -> None:
    """Thousands apart, no digits that say nothing, a dash for what is not known."""
    assert [say_number(value) for value in (1234567, 0.5, 2.0, 1 / 3, None)] == ["1,234,567", "0.5", "2", "0.33", "–"]
