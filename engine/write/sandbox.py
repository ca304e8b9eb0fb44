"""Renders marketing's templates: checked, dressed and compiled once, on plain values only, with a capped output.

Nothing here waits for a clock. Work is bounded by what the grammar allows: a text of at most 20,000
characters, run through once, with loops of at most 20 turns that do not nest.
"""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import MissingFact, OutputTooLong, TemplateRefused, WrongKindOfFact
from engine.write import phrasing
from engine.write.escape import ChannelFormat, escape
from engine.write.grammar import FILTERS, fact_path
from engine.write.phrasing import LOCALE, is_missing, parse_locale
from engine.write.plain import plain_values
from engine.write.syntax import read

MAX_OUTPUT = 50_000  # characters

_FORMAT = "_format"
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")


class _Absent(StrictUndefined):
    """A fact that was not given. `{% if fact %}` may ask for it; printing or comparing it stops the draft."""

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


class _PlainSandbox(ImmutableSandboxedEnvironment):
    """A second wall behind the grammar: dots look into dicts only, nothing is called, nothing is calculated."""

    # Intercepting every operator also keeps Jinja from calculating constants while it compiles.
    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)
    intercepted_unops = frozenset(ImmutableSandboxedEnvironment.default_unop_table)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, argument)

    def call(*_: Any, **__: Any) -> NoReturn:
        raise SecurityError("Templates cannot call anything.")

    def call_binop(self, *_: Any) -> NoReturn:
        raise SecurityError("Templates cannot calculate.")

    def call_unop(self, *_: Any) -> NoReturn:
        raise SecurityError("Templates cannot calculate.")


def render(
    source: str,
    values: Mapping[str, object],
    *,
    channel_format: ChannelFormat,
    locale: str = "en",
    name: str = "this template",
) -> str:
    """`source` filled with `values`, every value escaped for `channel_format`; `name` is for the messages of errors.

    Raises `TemplateRefused` where `check_template` would complain, `MissingFact` where a printed or compared fact is
    None, empty or absent, `NotPlain` for objects among the values, `WrongKindOfFact` and `OutputTooLong`.
    """
    template = compile_template(source)
    parse_locale(locale)
    context = {**plain_values(values), _FORMAT: channel_format, LOCALE: locale}
    pieces: list[str] = []
    length = 0
    try:
        for piece in template.generate(context):
            length += len(piece)
            if length > MAX_OUTPUT:
                raise OutputTooLong(f"{name} grew longer than {MAX_OUTPUT:,} characters.")
            pieces.append(piece)
    except MissingFact as missing:
        raise MissingFact(missing.fact, name, missing.line) from None
    except TypeError:  # only a comparison by size can fail so: its sides are of different kinds
        raise WrongKindOfFact(f"{name} compares a text with a number.") from None
    return _GAPS.sub("\n\n", _TRAILING.sub("", "".join(pieces))).strip()


@lru_cache(maxsize=512)
def compile_template(source: str) -> Template:
    """The compiled template; compiling costs sixty times as much as rendering, so each text is compiled once."""
    reading = read(source)
    if reading.problems or reading.tree is None:
        raise TemplateRefused(reading.problems)
    return _ENVIRONMENT.from_string(_dress(reading.tree))


def _dress(tree: nodes.Template) -> nodes.Template:
    """Wrap what is printed, compared and looped over, so that each of them passes through our hands with its name."""
    for output in list(tree.find_all(nodes.Output)):
        before = [None, *output.nodes[:-1]]
        output.nodes = [_printed(part, last) for part, last in zip(output.nodes, before, strict=True)]
    for comparison in list(tree.find_all(nodes.Compare)):
        comparison.expr = _wrapped("_known", comparison.expr)
        for operand in comparison.ops:
            if not isinstance(operand.expr, nodes.Const):
                operand.expr = _wrapped("_known", operand.expr)
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _wrapped("_each", loop.iter)
    tree.set_environment(_ENVIRONMENT)
    return tree


def _printed(part: nodes.Expr, last: nodes.Expr | None) -> nodes.Expr:
    """A fact's way out. Where a letter stands before it on its line, what begins a list elsewhere is harmless."""
    if isinstance(part, nodes.TemplateData):
        return part
    line = last.data.rpartition("\n")[2] if isinstance(last, nodes.TemplateData) else ""
    return _wrapped("_say", part, nodes.Const(any(letter.isalpha() for letter in line)))


def _wrapped(name: str, node: nodes.Node, *more: nodes.Const) -> nodes.Filter:
    inner: nodes.Node = node
    while isinstance(inner, nodes.Filter) and inner.node is not None:
        inner = inner.node
    about = [nodes.Const(fact_path(inner) or "?"), nodes.Const(node.lineno), *more]
    return nodes.Filter(node, name, about, [], None, None, lineno=node.lineno)


@pass_context
def _say(context: Context, value: object, fact: str, line: int, within_line: bool) -> str:
    """The last step of everything printed: nothing missing, nothing but text and numbers, escaped for its channel."""
    if is_missing(value):
        raise MissingFact(fact, line=line)
    if type(value) is dt.date:
        value = phrasing.say_date(value, parse_locale(context[LOCALE]))
    if type(value) not in (str, int, Decimal):
        raise WrongKindOfFact(f"The fact {fact} cannot be printed: it is of type {type(value).__name__}.")
    text = escape(str(value), context[_FORMAT], within_line=within_line)
    if not text:
        raise MissingFact(fact, line=line)
    return text


def _known(value: object, fact: str, line: int) -> object:
    """Either side of a comparison. Text and numbers do not compare by size, so only like goes with like."""
    if is_missing(value):
        raise MissingFact(fact, line=line)
    if type(value) not in (str, int, Decimal, bool, dt.date):
        raise WrongKindOfFact(f"The fact {fact} cannot be compared: it is of type {type(value).__name__}.")
    return value


def _each(value: object, fact: str, line: int) -> list[object]:
    if is_missing(value):
        return []
    if not isinstance(value, list):
        raise WrongKindOfFact(f"The fact {fact} on line {line} is not a list.")
    return value


def _make_environment() -> _PlainSandbox:
    environment = _PlainSandbox(autoescape=False, optimized=False, undefined=_Absent, extensions=(), cache_size=0)
    environment.globals.clear()
    environment.filters = {**phrasing.FILTERS, "_say": _say, "_known": _known, "_each": _each}
    environment.tests = {"defined": lambda value: not is_missing(value)}
    assert frozenset(phrasing.FILTERS) == FILTERS, "the grammar and the filters name the same words"
    return environment


_ENVIRONMENT = _make_environment()
