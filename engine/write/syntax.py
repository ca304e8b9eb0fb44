"""What marketing may write in a template: a small part of Jinja, read and checked before anything is compiled.

It stands apart from the sandbox because the check is the promise: what passes it cannot call, multiply or grow, so a
runaway template is impossible rather than interrupted (time limits do not fire in worker threads).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.write.grammar import Check, Place, TemplateProblem

__all__ = ["FactsUsed", "Reading", "TemplateProblem", "check_template", "facts_used", "read"]

MAX_SOURCE = 20_000  # characters

_PARSER = ImmutableSandboxedEnvironment(optimized=False, extensions=())
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u2028\u2029]")
_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_IN_LINK = re.compile(r"(?:\]\(\s?|\]:\s?|https?://|mailto:)[^\s){}]{0,300}\{\{")


@dataclass(frozen=True, slots=True)
class FactsUsed:
    """The facts a template names: `needed` must be there, `optional` ones stand inside an `if` that asks for them."""

    needed: frozenset[str]
    optional: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A template as read: its tree (None if it cannot be parsed), its problems and the facts it names."""

    tree: nodes.Template | None
    problems: tuple[TemplateProblem, ...]
    facts: FactsUsed


def check_template(source: str) -> list[TemplateProblem]:
    """Everything in `source` that is not allowed; an empty list means that it may be saved and rendered."""
    return list(_checked(source)[0])


def facts_used(source: str) -> FactsUsed:
    """The facts `source` names, worked out from its syntax, without rendering it."""
    return _checked(source)[1]


def read(source: str) -> Reading:
    """Parse and check `source`. The tree is fresh each time: the sandbox dresses it before compiling."""
    nothing = FactsUsed(frozenset(), frozenset())
    if unreadable := _check_source(source):
        return Reading(None, unreadable, nothing)
    try:
        tree = _PARSER.parse(source)
    except TemplateSyntaxError as error:
        problem = TemplateProblem(error.lineno, f"This cannot be read as a template: {error.message}")
        return Reading(None, (problem,), nothing)
    except (RecursionError, MemoryError):
        return Reading(None, (TemplateProblem(1, "This is nested too deeply."),), nothing)
    except ValueError:  # a number of thousands of digits, refused by Python itself
        return Reading(None, (TemplateProblem(1, "A number in this template is too long."),), nothing)
    check = Check()
    check.body(tree.body, Place())
    facts = FactsUsed(frozenset(check.needed), frozenset(check.optional - check.needed))
    return Reading(tree, tuple(check.problems) or _check_links(source), facts)


@lru_cache(maxsize=512)
def _checked(source: str) -> tuple[tuple[TemplateProblem, ...], FactsUsed]:
    reading = read(source)
    return reading.problems, reading.facts


def _check_source(source: str) -> tuple[TemplateProblem, ...]:
    """What must be said before parsing: length and invisible characters."""
    if len(source) > MAX_SOURCE:
        return (TemplateProblem(1, f"The template is longer than {MAX_SOURCE:,} characters."),)
    if found := _CONTROL.search(source):
        return (TemplateProblem(_line(source, found.start()), "There is an invisible control character here."),)
    return ()


def _check_links(source: str) -> tuple[TemplateProblem, ...]:
    """No fact inside a web address. Looked for only in a source whose tags are known to be closed."""
    bare = _TAG.sub(lambda tag: "\n" * tag[0].count("\n"), source)
    if found := _IN_LINK.search(bare):
        message = "A fact cannot be part of a link: what somebody wrote would decide where it leads."
        return (TemplateProblem(_line(bare, found.start()), message),)
    return ()


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
