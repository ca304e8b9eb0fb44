"""Templates that want out, want secrets, or want to run for ever: each is refused when checked and when rendered."""

import subprocess
import sys

import pytest
from jinja2 import TemplateAssertionError, UndefinedError
from jinja2.exceptions import SecurityError

from engine.errors import MissingFact, TemplateRefused
from engine.write.sandbox import _ENVIRONMENT, render
from engine.write.syntax import MAX_SOURCE, check_template

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ customer.__class__ }}",
    "{{ customer['__class__'] }}",
    "{{ customer._secret }}",
    "{{ customer['first_name'] }}",
    "{{ customer|attr('__class__') }}",
    "{{ customer|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ customer|map(attribute='__class__')|list }}",
    "{{ customer.first_name.format(customer) }}",
    "{{ '{0.__class__}'.format(customer) }}",
    "{{ '%s'|format(customer) }}",
    "{{ customer.first_name.upper() }}",
    "{{ customer.update({'a': 1}) }}",
    "{{ customer.pop('first_name') }}",
    "{{ also.append('x') }}",
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner.__init__ }}",
    "{{ namespace.__init__ }}",
    "{{ range(10) }}",
    "{{ dict(a=1) }}",
    "{{ loop.__class__ }}",
    "{% for x in also %}{{ loop.index }}{% endfor %}",
    "{{ varargs }}",
    "{{ caller() }}",
    "{{ super() }}",
    "{{ _format }}",
    "{{ _locale }}",
    "{{ customer.first_name|safe }}",
    "{{ customer.first_name|e }}",
    "{{ customer|tojson }}",
    "{{ customer|pprint }}",
    "{{ customer|xmlattr }}",
    "{{ customer.first_name|default('friend') }}",
    "{{ customer.first_name or 'friend' }}",
    "{{ 'friend' if true else customer.first_name }}",
    "{{ also|join('x') }}",
    "{{ customer.first_name|date('x') }}",
    "{{ customer.first_name|_say('x', 1, true) }}",
    "{{ also|_each('x', 1) }}",
    "{{ customer.first_name|date(*also) }}",
    "{{ customer.first_name|date(**customer) }}",
    "{{ [].append }}",
    "{{ {}.items() }}",
    "{{ (1).__class__ }}",
    "{{ 1.0.__class__ }}",
    "{{ None.__class__ }}",
    "{{ not customer }}",
    "{{ customer == customer }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'base' %}",
    "{% block a %}x{% endblock %}",
    "{% macro a() %}x{% endmacro %}",
    "{% call a() %}x{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set customer = 1 %}",
    "{% set x %}y{% endset %}",
    "{% with x = 1 %}{{ x }}{% endwith %}",
    "{% autoescape false %}{{ customer.first_name }}{% endautoescape %}",
    "{% raw %}{{ customer.first_name }}{% endraw %}",
    "{% do also.append(1) %}",
    "{% debug %}",
    "{% trans %}x{% endtrans %}",
    "{% if customer.delete() %}x{% endif %}",
    "{% if customer is callable %}x{% endif %}",
    "{% if customer is sameas customer %}x{% endif %}",
    "{% if 'a' in customer.first_name %}x{% endif %}",
    "{% if customer.first_name[0] == 'a' %}x{% endif %}",
    "{% if 1 < 2 < 3 %}x{% endif %}",
    "{% for self in also %}x{% endfor %}",
    "{% for _format in also %}x{% endfor %}",
    "{% for a, b in also %}x{% endfor %}",
    "{% for a in also if a %}x{% endfor %}",
    "{% for a in [1, 2] %}x{% endfor %}",
    "{% for a in 'abc' %}x{% endfor %}",
    "{% for a in customer.items() %}x{% endfor %}",
    "{% for a in also %}x{% else %}y{% endfor %}",
    "{% for a in also recursive %}{{ loop(a) }}{% endfor %}",
    "[here](https://shop.example/{{ customer.first_name }})",
    "[here]({{ customer.first_name }})",
    "[here]({% if years %}{{ customer.first_name }}{% endif %})",
    "https://{{ customer.first_name }}.example",
    "[here]: {{ customer.first_name }}",
    "Hello\x00{{ customer.first_name }}",
    "Hello \ud800",
    "{{ unclosed",
    "{% if years %}",
    "{{ '\\d' }}",
]

# Each of these burns seconds, gigabytes or the stack in Jinja's own sandbox.
BURNERS = [
    "{{ 10**(3*10**7) % 7 }}",
    "{% if 10**(3*10**7) % 7 %}x{% endif %}",
    "{{ 'a' * 10**8 }}",
    "{{ 'a' ~ 'b' }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'a'|indent(1000000000) }}",
    "{{ 'a'|replace('a', 'aaaaaaaaaa')|replace('a', 'aaaaaaaaaa') }}",
    "{{ [0] * 10**9 }}",
    "{{ range(99999)|list }}",
    "{{ also|batch(1000000000, 'x')|list }}",
    "{{ also|slice(1000000000)|list }}",
    "{{ lipsum(n=100000) }}",
    "{{ -(10**10**8) }}",
    "{{ 1 << 10**9 }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in also %}{% for b in also %}{% for c in also %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in also %}{% if a %}{% for b in also %}x{% endfor %}{% endif %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ " + "(" * 9_000,
    "{{ " + "(" * 900 + "x" + ")" * 900 + " }}",
    "{{ " + "[" * 5_000 + "]" * 5_000 + " }}",
    "{% if " + "not " * 4_000 + "x %}a{% endif %}",
    "{% if " + " or ".join(["x"] * 2_000) + " %}a{% endif %}",
    "{% if " + " == ".join(["x"] * 2_000) + " %}a{% endif %}",
    "{{ x" + ".a" * 9_000 + " }}",
    "{{ x" + "|date" * 3_000 + " }}",
    "{% if x %}" * 900 + "{% endif %}" * 900,
    "{% if x %}" * 90 + "{% endif %}" * 90,
    "{% if x %}a" + "{% elif x %}b" * 1_400 + "{% endif %}",
    "{{ " + "9" * 19_000 + " }}",
    "{% if x == " + "9" * 4_000 + " %}a{% endif %}",
    "{{ 0x" + "f" * 19_000 + " }}",
    "{% if x == 1e400 %}a{% endif %}",
    "{% if x == '" + "a" * 19_000 + "' %}a{% endif %}",
    "{{ '" + "\\x41" * 4_000 + "' }}",
    "{% " * 6_000,
    "{{ " * 6_000,
    "{# " * 6_000,
    "{% raw %}" * 2_000,
    "{% raw %}" + "{%" * 9_000 + "{% endraw %}",
    "'" * 19_999 + "{{ '",
    "](" * 9_990 + "{{ x }}",
    "http://" * 2_800 + "{{ x }}",
    "x" * (MAX_SOURCE + 1),
]

VALUES: dict[str, object] = {"customer": {"first_name": "Ana"}, "years": 5, "also": ["One.", "Two."], "x": 1}


@pytest.mark.parametrize("source", ESCAPES)
def test_a_way_out_is_refused_when_checked_and_when_rendered(source: str) -> None:
    """Checking names the line and a reason; rendering without a check refuses all the same."""
    problems = check_template(source)
    assert problems
    assert all(problem.line >= 1 and problem.message for problem in problems)
    with pytest.raises(TemplateRefused):
        render(source, VALUES, channel_format="markdown")


@pytest.mark.parametrize("name", ["items", "keys", "get", "pop", "update", "clear"])
def test_a_dot_reaches_keys_and_never_methods(name: str) -> None:
    """`customer.items` is a fact nobody gave, not a method of a dict."""
    with pytest.raises(MissingFact):
        render(f"{{{{ customer.{name} }}}}", VALUES, channel_format="text")


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.update({'a': 1}) }}",
        "{{ also.append('x') }}",
        "{{ f() }}",
        "{{ 2 ** 3 }}",
        "{{ -x }}",
        "{{ 'a' * 3 }}",
        "{{ customer.__class__ }}",
        "{{ customer['__class__'] }}",
        "{{ customer['items'] }}",
        "{{ 'a'.join }}",
        "{{ range(3) }}",
        "{{ lipsum }}",
        "{{ 'a'|upper }}",
        "{{ 'a' is string }}",
        "{% include 'x' %}",
    ],
)
def test_the_second_wall_holds_alone(source: str) -> None:
    """Were the grammar ever to let one of these pass, the environment behind it still refuses."""
    with pytest.raises((SecurityError, UndefinedError, TemplateAssertionError, TypeError)):
        _ENVIRONMENT.from_string(source).render({**VALUES, "f": lambda: "called"})


def test_templates_that_burn_are_refused_at_once() -> None:
    """All burners together end within one short-lived child, given one gigabyte and ten seconds of processor time."""
    child = (
        "import resource, sys; sys.path.insert(0, '.')\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); resource.setrlimit(resource.RLIMIT_CPU, (10, 10))\n"
        "from tests.engine.write.test_sandbox_attacks import refuse_burners; print(refuse_burners())"
    )
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr[-2_000:]


def refuse_burners() -> list[str]:
    """The burners that were not refused, or not in both places."""
    passed = []
    try:
        _ENVIRONMENT.from_string(
            BURNERS[0]
        ).render()  # without the grammar: folding constants would burn at compile time
        passed.append("the second wall")
    except SecurityError:
        pass
    for source in BURNERS:
        try:
            render(source, VALUES, channel_format="text")
            passed.append(source[:60])
        except TemplateRefused:
            if not check_template(source):
                passed.append(source[:60])
    return passed


def test_the_most_work_a_template_can_ask_for_is_small() -> None:
    """The worst template the grammar lets through asks each of its conditions once per turn of its loop, and ends."""
    source = "{% for a in also %}" + "{% if a %}{% endif %}" * 940 + "{% endfor %}."
    assert len(source) <= MAX_SOURCE
    assert check_template(source) == []
    assert render(source, {"also": ["x"] * 20}, channel_format="text") == "."


def test_a_source_of_the_largest_size_still_compiles() -> None:
    """Size alone is no reason to refuse or to fail."""
    source = "{{ x }} " * (MAX_SOURCE // 8)
    assert render(source, VALUES, channel_format="text").count("1") == MAX_SOURCE // 8
