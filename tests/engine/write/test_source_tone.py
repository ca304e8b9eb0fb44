"""The tone check of a template while it is written: the same rules, with places in the source."""

from typing import Any

from engine.write.source_tone import check_source
from engine.write.text_files import TemplateText
from tests.engine.write.desk import FOLDERS, MISSION


def check(body: str, *others: str, subject: str | None = None, family: Any = "celebrate") -> list[dict[str, Any]]:
    texts = [TemplateText("email", "en", n, subject, one) for n, one in enumerate((body, *others), 1)]
    return check_source(texts[0], texts[1:], family=family, words_to_avoid=("synergy",))


def test_a_remark_stands_where_the_words_stand_in_the_source() -> None:
    """Facts and tags before it count as blanks of their own length."""
    body = "Hello {{ customer.first_name }},\n{% if years %}{{ years }} years{% endif %} of synergy."
    found = [row for row in check(body, subject="Years") if row["text"].lower() == "synergy"]
    assert [(row["part"], body[row["start"] : row["end"]]) for row in found] == [("body", "synergy")]
    assert found[0]["reason"]
    assert found[0]["better"]


def test_a_fact_in_the_text_is_something_concrete() -> None:
    """A celebration that prints none is told so; a name alone is not enough."""
    bare = "Hello {{ customer.first_name }},\n\nwe are glad that you are here with us, today and every day."
    assert "no_concrete_fact" in {row["category"] for row in check(bare)}
    assert "no_concrete_fact" not in {row["category"] for row in check(bare + " It is {{ years }} years.")}


def test_two_wordings_that_say_the_same_are_told() -> None:
    """Nobody should get the same text twice, whatever the facts in it."""
    one = "Good shopkeepers know a few dates by heart, and {{ birthday | date }} is one that belongs to you alone."
    assert "sameness" in {row["category"] for row in check(one, one)}
    other = "There is cake in the kitchen, and somebody has hidden a candle in the second drawer on the left side."
    assert "sameness" not in {row["category"] for row in check(one, other)}


def test_the_shipped_texts_bring_no_remark() -> None:
    """All languages, channels and variants; a warning on each would teach people to ignore warnings."""
    found = []
    for folder in FOLDERS:
        for text in folder.texts:
            near = [
                one
                for one in folder.texts
                if (one.channel, one.locale) == (text.channel, text.locale) and one.variant < text.variant
            ]
            rows = check_source(text, near, family=folder.family, words_to_avoid=MISSION.words_to_avoid)
            found += [(folder.name, text.locale, text.channel, row["rule"]) for row in rows]
    assert found == []
