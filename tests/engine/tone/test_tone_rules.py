"""Rules are data that must prove themselves: a broken file is refused with its name, the rule and the field."""

from pathlib import Path

import pytest

from engine.errors import InvalidDefinition
from engine.tone import CATEGORIES
from engine.tone.phrase import compile_phrase
from engine.tone.rulebook import EVERY_LANGUAGE, FOLDER, bind, languages, read_rules, rulebook_for

RULE = """
locale: xx
words: {fruit: [apple, pear tree]}
rules:
  - id: one
    category: pity
    reason: Because.
    better: Otherwise.
    source: here
    PLACE
"""


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "xx.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidDefinition) as raised:
        read_rules(path)
    return str(raised.value)


def test_the_shipped_rules_are_valid_and_cover_every_category() -> None:
    """English, with what holds in every language, knows all of them."""
    assert languages() == {"en"}
    rules = rulebook_for("en").rules
    assert {rule.category for rule in rules} == set(CATEGORIES)
    for path in FOLDER.glob("*.yaml"):
        for rule in read_rules(path).rules:
            assert rule.reason.endswith((".", "'", "}")), rule.id
            assert rule.better
            assert rule.source


def test_every_shipped_phrase_compiles() -> None:
    """Compiling is put off until a phrase is needed, so ask for all of them once."""
    book = rulebook_for("en")
    assert all(phrase.regex for phrases in (*book.phrases.values(), *book.named.values()) for phrase in phrases)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("phrases: ['(a|b']", "xx.yaml: rule 'one': phrase '(a|b': ')' is missing"),
        ("phrases: ['a)']", "has no partner"),
        ("phrases: ['@tree']", "there is no list 'tree'"),
        ("phrases: ['[a]']", "at least one word"),
        ("phrases: ['... a']", "cannot begin"),
        ("phrases: ['a*b']", "is not a word"),
        ("phrases: [no]", "xx.yaml: rule 'one': phrases.0"),
        ("phrases: []", "give either phrases or a check"),
        ("check: magic", "xx.yaml: rule 'one': check"),
        ("check: apologies", "settings: most must be a number"),
        ("phrases: [a]\n    severity: fatal", "xx.yaml: rule 'one': severity"),
        ("phrases: [a]\n    colour: red", "xx.yaml: rule 'one': colour"),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, place: str, says: str) -> None:
    """The message holds the file, the rule's id and what is wrong."""
    assert says in refused(tmp_path, RULE.replace("PLACE", place))


@pytest.mark.parametrize("missing", ["reason", "better", "source", "category"])
def test_a_rule_without_its_texts_is_refused(tmp_path: Path, missing: str) -> None:
    """Reason, better direction and source are not optional."""
    lines = [line for line in RULE.replace("PLACE", "phrases: [a]").splitlines() if f"{missing}:" not in line]
    assert f"xx.yaml: rule 'one': {missing}" in refused(tmp_path, "\n".join(lines))


def test_a_file_that_is_no_rule_file_is_refused(tmp_path: Path) -> None:
    """Not YAML, not a mapping, or the same id twice."""
    assert "xx.yaml: cannot be read" in refused(tmp_path, "a: [")
    assert "xx.yaml" in refused(tmp_path, "just words")
    rule = RULE.replace("PLACE", "phrases: [a]")
    twice = rule + rule.split("rules:")[1].lstrip("\n")
    assert "rule 'one': this id is used twice" in refused(tmp_path, twice)


def test_a_language_may_replace_a_rule_of_every_language(tmp_path: Path) -> None:
    """The same id in the language's file wins."""
    path = tmp_path / "xx.yaml"
    path.write_text(RULE.replace("PLACE", "phrases: [a]").replace("id: one", "id: too-long"), encoding="utf-8")
    book = bind([read_rules(FOLDER / f"{EVERY_LANGUAGE}.yaml"), read_rules(path)], "xx")
    assert [rule.category for rule in book.rules if rule.id == "too-long"] == ["pity"]


@pytest.mark.parametrize(
    ("phrase", "matches", "misses"),
    [
        ("(i|we) know", ["i know", "we, know"], ["they know", "i knows"]),
        ("sorry [so] much", ["sorry much", "sorry so much"], ["sorry very much"]),
        ("[very] sorry", ["sorry", "very sorry"], ["sorrow"]),
        ("calm* down", ["calm down", "calming down"], ["becalm down"]),
        ("a ... b", ["a b", "a x b", "a 1 2 3 4 b"], ["a 1 2 3 4 5 b", "a. b"]),
        ("@fruit pie", ["apple pie", "pear tree pie"], ["pear pie"]),
        ("turn #", ["turn 40", "turn 40th"], ["turn 4o", "turn"]),
        ("you're", ["you're"], ["youre"]),
    ],
)
def test_the_phrase_language(phrase: str, matches: list[str], misses: list[str]) -> None:
    """Each sign means what the module says."""
    compiled = compile_phrase(phrase, {"fruit": ("apple", "pear tree")})
    assert [text for text in matches if not compiled.regex.search(text)] == []
    assert [text for text in misses if compiled.regex.search(text)] == []


def test_the_words_a_phrase_needs_never_hide_a_match() -> None:
    """A phrase is skipped only where one of its own words is missing from the text."""
    book = rulebook_for("en")
    for phrase in (phrase for phrases in book.phrases.values() for phrase in phrases):
        for group in phrase.needs:
            assert group, phrase.source
            assert all(word in phrase.pattern.replace("\\", "") for word in group), phrase.source
