"""The grammar of templates: which parts of Jinja's syntax may stand where, and what to say about everything else.

An allow-list: it walks the parsed tree and names what it knows; whatever it does not name is a problem.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jinja2 import nodes

MAX_DEPTH = 4  # `if` in `if` in `for` ...
MAX_BRANCHES = 10  # `elif` after `if`
MAX_TERMS = 8  # `and`, `or`, `not` within one condition
MAX_CONSTANT = 200  # characters
MAX_NUMBER = 10**9
MAX_PATH = 3  # customer.first_name is 2
MAX_FILTERS = 3

FILTERS = frozenset({"date", "month", "weekday", "ordinal", "number", "sentence", "clause"})
TESTS = frozenset({"defined"})
COMPARISONS = frozenset({"eq", "ne", "lt", "lteq", "gt", "gteq"})
# Jinja gives these a meaning of its own; a fact of this name would shadow it or be shadowed.
RESERVED = frozenset(
    {"self", "super", "caller", "loop", "varargs", "kwargs", "range", "dict", "lipsum", "cycler", "joiner", "namespace"}
)

_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")

_REFUSED = {
    nodes.Call: "Templates cannot call anything. Remove the round brackets.",
    nodes.Getitem: "Write a fact with a dot, as in customer.first_name, not with square brackets.",
    nodes.CondExpr: "Write {% if … %} … {% else %} … {% endif %} around the words instead.",
    nodes.Concat: "Facts cannot be glued with ~. Put them side by side in the text.",
    nodes.Or: "“or” would hide a missing fact. Put {% if … %} around the words that need it.",
    nodes.And: "“and” belongs into {% if … %}, not into {{ }}.",
    nodes.BinExpr: "Templates cannot calculate. Ask for the number as a fact.",
    nodes.UnaryExpr: "Templates cannot calculate. Ask for the number as a fact.",
    nodes.Literal: "Write fixed words straight into the text, without {{ }}.",
    nodes.Include: "A template cannot include another one.",
    nodes.ImportedName: "A template cannot import anything.",
    nodes.Import: "A template cannot import anything.",
    nodes.FromImport: "A template cannot import anything.",
    nodes.Extends: "A template cannot extend another one.",
    nodes.Block: "{% block %} is not available here.",
    nodes.Macro: "{% macro %} is not available here.",
    nodes.CallBlock: "{% call %} is not available here.",
    nodes.FilterBlock: "{% filter %} is not available here. Put the filter on one fact: {{ fact | date }}.",
    nodes.With: "{% with %} is not available here.",
    nodes.Assign: "{% set %} is not available here. Print the fact itself.",
    nodes.AssignBlock: "{% set %} is not available here. Print the fact itself.",
    nodes.Scope: "{% autoescape %} is not available: what customers wrote is always escaped.",
}


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One thing in a template that cannot stay, in words its author understands."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the template we are: how deep, inside which loop, and which facts an `if` around us has asked for."""

    depth: int = 0
    loop_name: str | None = None
    known: frozenset[str] = frozenset()


@dataclass(slots=True)
class Check:
    """Walks the tree along the grammar. Whatever the grammar does not name is a problem."""

    problems: list[TemplateProblem] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)

    def body(self, statements: Iterable[nodes.Node], place: Place) -> None:
        for statement in statements:
            if isinstance(statement, nodes.Output):
                self.output(statement, place)
            elif place.depth >= MAX_DEPTH:
                self.refuse(statement, "This is nested too deeply.")
            elif isinstance(statement, nodes.If):
                self.condition_block(statement, replace(place, depth=place.depth + 1))
            elif isinstance(statement, nodes.For):
                self.loop(statement, replace(place, depth=place.depth + 1))
            else:
                self.refuse(statement)

    def output(self, statement: nodes.Output, place: Place) -> None:
        for part in statement.nodes:
            if not isinstance(part, nodes.TemplateData):
                self.printed(part, place)
            elif _BRACES.search(part.data):  # from {% raw %}
                self.refuse(part, "Braces like {{ or %} would reach the customer as they are.")

    def printed(self, node: nodes.Node, place: Place) -> None:
        """`{{ fact }}` or `{{ fact | filter }}`, nothing else."""
        filters = 0
        while isinstance(node, nodes.Filter) and node.node is not None:
            filters += 1
            if filters > MAX_FILTERS:
                return self.refuse(node, f"At most {MAX_FILTERS} filters may follow one fact.")
            if node.name not in FILTERS:
                return self.refuse(node, f"There is no filter “{node.name}” here. There are: {_listed(FILTERS)}.")
            if node.args or node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
                return self.refuse(node, f"The filter “{node.name}” takes nothing in brackets.")
            node = node.node
        self.fact(node, place)

    def fact(self, node: nodes.Node, place: Place, *, asked: bool = False) -> None:
        """A name, or names joined by dots. `asked`: an `if` asks whether it is there, so it may be missing."""
        if not isinstance(node, nodes.Name | nodes.Getattr):
            return self.refuse(node)
        path = fact_path(node)
        if path is None:
            return self.refuse(node, f"A fact is one to {MAX_PATH} names joined by dots, as in customer.first_name.")
        parts = path.split(".")
        if any(part.startswith("_") for part in parts) or parts[0] in RESERVED:
            return self.refuse(node, f"“{path}” is not a fact.")
        if parts[0] != place.loop_name:
            (self.optional if asked or path in place.known else self.needed).add(path)

    def condition_block(self, block: nodes.If, place: Place) -> None:
        if len(block.elif_) > MAX_BRANCHES:
            return self.refuse(block, f"At most {MAX_BRANCHES} “elif” may follow one “if”.")
        for branch in (block, *block.elif_):
            self.condition(branch.test, place)
            self.body(branch.body, replace(place, known=place.known | _found_by(branch.test)))
        missing = block.test.node if isinstance(block.test, nodes.Not) and not block.elif_ else None
        known = _found_by(missing) if missing is not None else frozenset()
        self.body(block.else_, replace(place, known=place.known | known))

    def condition(self, node: nodes.Node, place: Place, terms: int = 1) -> None:
        """A fact asked for, compared with a constant, or several of these joined by `and`, `or`, `not`."""
        if terms > MAX_TERMS:
            self.refuse(node, f"At most {MAX_TERMS} terms may be joined in one condition.")
        elif isinstance(node, nodes.And | nodes.Or):
            self.condition(node.left, place, terms + 1)
            found = _found_by(node.left) if isinstance(node, nodes.And) else frozenset()
            self.condition(node.right, replace(place, known=place.known | found), terms + 1)
        elif isinstance(node, nodes.Not):
            self.condition(node.node, place, terms + 1)
        elif isinstance(node, nodes.Compare):
            self.comparison(node, place)
        elif isinstance(node, nodes.Test):
            if node.name not in TESTS or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
                return self.refuse(node, "Write {% if fact %} to ask whether a fact is there.")
            self.fact(node.node, place, asked=True)
        else:
            self.fact(node, place, asked=True)

    def comparison(self, node: nodes.Compare, place: Place) -> None:
        if len(node.ops) != 1 or node.ops[0].op not in COMPARISONS:
            return self.refuse(node, "Compare one fact with one value, by ==, !=, <, <=, > or >=.")
        self.fact(node.expr, place)
        value = node.ops[0].expr
        if isinstance(value, nodes.Const):
            self.constant(value)
        else:
            self.fact(value, place)

    def constant(self, node: nodes.Const) -> None:
        value = node.value
        if isinstance(value, str):
            if len(value) > MAX_CONSTANT:
                self.refuse(node, f"This text is longer than {MAX_CONSTANT} characters.")
        elif not isinstance(value, int) or abs(value) > MAX_NUMBER:
            self.refuse(node, "Compare with a text or a whole number below a thousand million.")

    def loop(self, loop: nodes.For, place: Place) -> None:
        if place.loop_name is not None:
            return self.refuse(loop, "A loop cannot stand inside another loop.")
        if loop.recursive or loop.test is not None or loop.else_:
            return self.refuse(loop, "A loop is {% for line in also %} … {% endfor %}, without if, else or recursive.")
        if not isinstance(loop.target, nodes.Name) or loop.target.name.startswith("_"):
            return self.refuse(loop, "A loop has one plain name before “in”.")
        if loop.target.name in RESERVED:
            return self.refuse(loop, f"“{loop.target.name}” cannot be the name in a loop.")
        if not isinstance(loop.iter, nodes.Name | nodes.Getattr):
            return self.refuse(loop, "A loop goes over a list among the facts, as in {% for line in also %}.")
        self.fact(loop.iter, place, asked=True)
        self.body(loop.body, replace(place, loop_name=loop.target.name))

    def refuse(self, node: nodes.Node, message: str | None = None) -> None:
        self.problems.append(TemplateProblem(node.lineno or 1, message or _why_refused(node)))


def fact_path(node: nodes.Node) -> str | None:
    """`customer.first_name` for the node that names it; None where it is not such a path or too long a one."""
    parts: list[str] = []
    while isinstance(node, nodes.Getattr) and len(parts) < MAX_PATH:
        parts.append(node.attr)
        node = node.node
    if not isinstance(node, nodes.Name) or len(parts) >= MAX_PATH:
        return None
    return ".".join([node.name, *reversed(parts)])


def _found_by(test: nodes.Node) -> frozenset[str]:
    """The facts that are certainly there once `test` holds."""
    if isinstance(test, nodes.And):
        return _found_by(test.left) | _found_by(test.right)
    if isinstance(test, nodes.Test):
        test = test.node
    path = fact_path(test)
    return frozenset({path}) if path else frozenset()


def _why_refused(node: nodes.Node) -> str:
    for kind, message in _REFUSED.items():
        if isinstance(node, kind):
            return message
    return f"“{type(node).__name__}” is not available in a template."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
