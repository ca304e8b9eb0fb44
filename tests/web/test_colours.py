"""The colours can be told apart by everybody: contrast as WCAG 2 works it out, from the stylesheet, in both lights."""

import re
from pathlib import Path

import pytest

from web.charts import TONES

FOLDER = Path(__file__).parents[2] / "web" / "static"
SHEET = (FOLDER / "jubilee.css").read_text(encoding="utf-8")
COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
# What stands on what. Words need 4.5, edges and rings 3.
WORDS = (
    *((word, ground) for word in ("ink", "soft", "accent", "accent-deep") for ground in ("paper", "card", "sunk")),
    *((word, ground) for word in ("good", "amber", "wrong") for ground in ("paper", "card", f"{word}-wash")),
    *((word, "accent-wash") for word in ("ink", "accent-deep")),
    *((word, "good-wash") for word in ("ink", "soft")),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("on-wrong", "wrong"),
    ("soft", "amber-wash"),
)
EDGES = (
    *(("field-line", ground) for ground in ("card", "paper")),
    *(("accent", ground) for ground in ("good-wash", "sunk")),
    *((f"chart-{tone}", "card") for tone in TONES),
)
DAY, NIGHT = (dict(COLOUR.findall(part)) for part in SHEET.split("@media (prefers-color-scheme: dark)")[:2])
LIGHTS = pytest.mark.parametrize("light", ["day", "night"])


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def test_black_on_white_is_twenty_one() -> None:
    """The arithmetic is the standard's."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@LIGHTS
@pytest.mark.parametrize(("pairs", "least"), [(WORDS, 4.5), (EDGES, 3.0)], ids=["words", "edges"])
def test_everything_stands_out_from_its_ground(light: str, pairs: tuple[tuple[str, str], ...], least: float) -> None:
    """Each pair that a page uses."""
    known = DAY if light == "day" else DAY | NIGHT
    weak = {f"{word} on {ground}": round(contrast(known[word], known[ground]), 2) for word, ground in pairs}
    assert {name: value for name, value in weak.items() if value < least} == {}


def test_both_lights_name_the_same_colours() -> None:
    """Nothing keeps its daylight colour at night by mistake."""
    assert set(DAY) == set(NIGHT)


def test_no_other_stylesheet_has_a_colour_of_its_own() -> None:
    """They are named in one place."""
    others = [path for path in FOLDER.rglob("*.css") if path.name != "jubilee.css"]
    assert others
    named = {path.name: re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8")) for path in others}
    assert {name: found for name, found in named.items() if found} == {}
