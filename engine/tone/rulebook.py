"""Reads the rules of a locale from YAML and refuses what is not a rule, naming the file and the rule."""

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.errors import InvalidDefinition
from engine.tone.finding import Category, Severity
from engine.tone.phrase import Phrase, compile_phrase
from engine.tone.setting import Family

FOLDER = Path(__file__).parent / "rules"
EVERY_LANGUAGE = "any"

Check = Literal[
    "placeholders",
    "empty_greeting",
    "fallback_name",
    "capitals",
    "exclamations",
    "mission_words",
    "unsayable_facts",
    "contradicting_number",
    "foreign_number",
    "contradicting_date",
    "greeting_name",
    "concrete_fact",
    "action",
    "apologies",
    "empathies",
    "sameness",
    "length",
]
Condition = Literal["no_fact_or_action_near", "not_in_facts"]


class RuleError(InvalidDefinition):
    """This rule of the tone check cannot be used."""


class Rule(BaseModel):
    """One rule: phrases to look for, or the name of a check that is code, with the texts a person reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_min_length=1)

    id: str
    category: Category
    severity: Severity = "warn"
    reason: str
    better: str
    source: str
    phrases: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()
    check: Check | None = None
    only_if: Condition | None = None
    families: tuple[Family, ...] = ("celebrate", "reassure", "recover")
    serious_only: bool = False
    settings: Mapping[str, float | tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way_to_find(self) -> Self:
        if bool(self.phrases) == (self.check is not None):
            raise ValueError("give either phrases or a check")
        return self

    def number(self, name: str) -> float:
        """A number among the settings; the loader has seen that it is there."""
        value = self.settings[name]
        if not isinstance(value, float | int):
            raise TypeError(f"{self.id}: {name} is not a number")
        return value

    def listed(self, name: str) -> tuple[str, ...]:
        """A list among the settings, or nothing."""
        value = self.settings.get(name, ())
        return value if isinstance(value, tuple) else ()


# What a check cannot do without: numbers it reads from its rule, and lists it reads from the file.
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "capitals": ("run_words", "run_letters", "word_letters"),
    "exclamations": ("in_a_row", "in_celebrate", "in_care"),
    "unsayable_facts": ("telling_number",),
    "apologies": ("most",),
    "empathies": ("most",),
    "sameness": ("words", "threshold"),
    "length": ("letters",),
}


# Lists of a file that are phrases themselves.
PHRASE_LISTS = ("apology", "action_done", "action_by_name", "action_now", "sending")


class RuleFile(BaseModel):
    """One YAML file: lists of words that phrases may name, number words, and the rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    locale: str
    words: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    numbers: Mapping[str, int] = Field(default_factory=dict)
    ordinals: Mapping[str, int] = Field(default_factory=dict)
    rules: tuple[Rule, ...]


class Rulebook(BaseModel):
    """The rules that apply to a locale. `language` is None where only the rules for every language apply."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    language: str | None
    words: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, int]
    ordinals: Mapping[str, int]
    rules: tuple[Rule, ...]
    phrases: Mapping[str, tuple[Phrase, ...]]

    @cached_property
    def named(self) -> Mapping[str, tuple[Phrase, ...]]:
        """The lists that are phrases themselves (what an apology or an action looks like), compiled."""
        return {
            name: tuple(compile_phrase(phrase, self.words) for phrase in self.words.get(name, ()))
            for name in PHRASE_LISTS
        }


def rulebook_for(locale: str) -> Rulebook:
    """The rules for a locale: those of its language if there is a file, and always those for every language."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return _rulebook(language if language in languages() else None)


@cache
def languages() -> frozenset[str]:
    """The languages that have rules of their own."""
    return frozenset(path.stem for path in FOLDER.glob("*.yaml")) - {EVERY_LANGUAGE}


@cache
def _rulebook(language: str | None) -> Rulebook:
    files = [read_rules(FOLDER / f"{EVERY_LANGUAGE}.yaml")]
    if language:
        files.append(read_rules(FOLDER / f"{language}.yaml"))
    return bind(files, language)


def bind(files: list[RuleFile], language: str | None) -> Rulebook:
    """Put files together; a rule of the language replaces the rule of the same id for every language."""
    rules: dict[str, Rule] = {}
    phrases: dict[str, tuple[Phrase, ...]] = {}
    for file in files:
        for rule in file.rules:
            rules[rule.id] = rule
            phrases[rule.id] = _compile(rule, file.words, file.locale)
    return Rulebook(
        language=language,
        words={name: words for file in files for name, words in file.words.items()},
        numbers={word: value for file in files for word, value in file.numbers.items()},
        ordinals={word: value for file in files for word, value in file.ordinals.items()},
        rules=tuple(rules.values()),
        phrases=phrases,
    )


def read_rules(path: Path) -> RuleFile:
    """Read and validate one file. `RuleError` names the file, the rule and the field."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(f"{path.name}: cannot be read: {error}") from error
    try:
        file = RuleFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise RuleError(f"{path.name}: {_place(first['loc'], raw)}: {first['msg']}") from error
    seen: set[str] = set()
    for rule in file.rules:
        if rule.id in seen:
            raise RuleError(f"{path.name}: rule '{rule.id}': this id is used twice")
        seen.add(rule.id)
        needed = _NUMBERS.get(rule.check or "", ())
        missing = [name for name in needed if not isinstance(rule.settings.get(name), float)]
        if missing:
            raise RuleError(f"{path.name}: rule '{rule.id}': settings: {missing[0]} must be a number")
        _compile(rule, file.words, path.stem)
    return file


def _compile(rule: Rule, words: Mapping[str, tuple[str, ...]], locale: str) -> tuple[Phrase, ...]:
    compiled = []
    for phrase in rule.phrases:
        try:
            compiled.append(compile_phrase(phrase, words, not_after=rule.not_after, not_before=rule.not_before))
        except ValueError as error:
            raise RuleError(f"{locale}.yaml: rule '{rule.id}': phrase '{phrase}': {error}") from error
    return tuple(compiled)


def _place(location: tuple[int | str, ...], raw: Any) -> str:
    """Where an error is, with the rule's own id instead of its number in the list."""
    if len(location) < 2 or location[0] != "rules" or not isinstance(location[1], int):
        return ".".join(str(part) for part in location) or "the file"
    rule = raw["rules"][location[1]]
    name = rule.get("id", f"number {location[1] + 1}") if isinstance(rule, dict) else f"number {location[1] + 1}"
    return ": ".join([f"rule '{name}'", *(".".join(str(part) for part in location[2:]),)]).rstrip(": ")
