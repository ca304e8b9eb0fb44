"""The reference page says what the check does: its examples are the tested ones, its directions those of the rules."""

from pathlib import Path
from typing import get_args

import pytest

from engine.tone import CATEGORIES, Category, check_tone
from engine.tone.rulebook import Condition, Rule
from tests.engine.tone.examples import EXAMPLES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "tone.md"


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_page_shows_each_category_with_its_tested_example(category: Category) -> None:
    """Under its heading: the text that fires, and a better direction that the check really gives for it."""
    section = PAGE.read_text(encoding="utf-8").split(f"### `{category}`")[1].split("\n##")[0]
    example = EXAMPLES[category]
    assert f"- Example: {example.fires}\n" in section
    found = [finding for finding in check_tone(example.fires, example.context) if finding.category == category]
    assert any(f"- Better: {finding.better}\n" in section and finding.severity in section for finding in found)


def test_the_page_names_every_field_of_a_rule_and_every_condition() -> None:
    """Whoever writes a rule finds all its parts."""
    page = PAGE.read_text(encoding="utf-8")
    fields = [*Rule.model_fields, *get_args(Condition)]
    assert [name for name in fields if f"`{name}`" not in page] == []
