"""Texts that want out, want secrets, want to run for ever or to fill the machine: what each of them is, and which
sentence its author reads. One table for the three doors: saving, looking, and the writing of drafts from what was
stored before.
"""

from dataclasses import dataclass

from engine.write.syntax import MAX_SOURCE


@dataclass(frozen=True)
class Attack:
    """One text. `said` is part of the sentence that its author reads, at every door."""

    name: str
    source: str
    said: str


CALL = "Templates cannot call anything. Remove the round brackets."
CALCULATE = "Templates cannot calculate. Ask for the number as a fact."
NOT_FACT = "is not a fact."
NO_FILTER = "There is no filter"
UNREADABLE = "This cannot be read as a template"
DEEP = "nested too deeply"

ATTACKS = (
    # S3: ways out, and what they would find there
    Attack("subclasses", "{{ ''.__class__.__mro__[1].__subclasses__() }}", CALL),
    Attack("class of a fact", "{{ customer.__class__ }}", NOT_FACT),
    Attack("hidden attribute", "{{ customer._secret }}", NOT_FACT),
    Attack("square brackets", "{{ customer['__class__'] }}", "Write a fact with a dot"),
    Attack("attr filter", "{{ customer|attr('__class__') }}", f"{NO_FILTER} “attr”"),
    Attack("attr filter in hex", "{{ customer|attr('\\x5f\\x5fclass\\x5f\\x5f') }}", f"{NO_FILTER} “attr”"),
    Attack("map filter", "{{ customer|map(attribute='__class__')|list }}", NO_FILTER),
    Attack("format of a text", "{{ '{0.__class__}'.format(customer) }}", CALL),
    Attack("format filter", "{{ '%s'|format(customer) }}", f"{NO_FILTER} “format”"),
    Attack("the template itself", "{{ self.__init__.__globals__ }}", NOT_FACT),
    Attack("lipsum", "{{ lipsum.__globals__['os'].popen('id').read() }}", CALL),
    Attack("cycler", "{{ cycler.__init__.__globals__ }}", NOT_FACT),
    Attack("joiner", "{{ joiner.__init__ }}", NOT_FACT),
    Attack("namespace", "{{ namespace.__init__ }}", NOT_FACT),
    Attack("the settings", "{{ config.items() }}", CALL),
    Attack("the environment", "{{ os.environ.JUBILEE_SECRET_KEY.x }}", "A fact is one to 3 names"),
    Attack("the database", "{{ session.query(Person).all() }}", CALL),
    Attack("a method that changes", "{{ customer.update({'a': 1}) }}", CALL),
    Attack("a method that deletes", "{% if customer.delete() %}x{% endif %}", CALL),
    Attack("a list that grows", "{{ also.append('x') }}", CALL),
    Attack("our own context", "{{ _format }}", NOT_FACT),
    Attack("escaping off by filter", "{{ customer.first_name|safe }}", f"{NO_FILTER} “safe”"),
    Attack(
        "escaping off by block",
        "{% autoescape false %}{{ customer.first_name }}{% endautoescape %}",
        "{% autoescape %} is not available",
    ),
    Attack("include", "{% include '/etc/passwd' %}", "A template cannot include another one."),
    Attack("import", "{% import 'os' as os %}", "A template cannot import anything."),
    Attack("from import", "{% from 'os' import path %}", "A template cannot import anything."),
    Attack("extends", "{% extends 'base' %}", "A template cannot extend another one."),
    Attack("set", "{% set customer = 1 %}", "{% set %} is not available here."),
    Attack("with", "{% with x = 1 %}{{ x }}{% endwith %}", "{% with %} is not available here."),
    Attack("debug", "{% debug %}", UNREADABLE),
    Attack("a fact in a link", "[here](https://shop.example/{{ customer.first_name }})", "cannot be part of a link"),
    Attack("braces by raw", "{% raw %}{{ customer.first_name }}{% endraw %}", "would reach the customer as they are"),
    Attack("a hidden letter", "Hello\x00you", "There is an invisible control character here."),
    # S2: what burns time, memory or the stack
    Attack("a power while it is compiled", "{{ 10**(3*10**7) % 7 }}", CALCULATE),
    Attack("a power in a condition", "{% if 10**(3*10**7) % 7 %}x{% endif %}", CALCULATE),
    Attack("a text of 100 MB", "{{ 'a' * 10**8 }}", CALCULATE),
    Attack("a padded text", "{{ '%1000000000d'|format(1) }}", NO_FILTER),
    Attack("a centred text", "{{ 'a'|center(1000000000) }}", NO_FILTER),
    Attack("texts that multiply", "{{ 'a'|replace('a', 'aaaaaaaaaa')|replace('a', 'aaaaaaaaaa') }}", NO_FILTER),
    Attack("a long list", "{{ [0] * 10**9 }}", CALCULATE),
    Attack("a shift", "{{ 1 << 10**9 }}", UNREADABLE),
    Attack(
        "ten thousand million turns",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "A loop goes over a list among the facts",
    ),
    Attack(
        "loops in loops",
        "{% for a in also %}{% for b in also %}x{% endfor %}{% endfor %}",
        "cannot stand inside another loop",
    ),
    Attack(
        "a loop of its own", "{% for a in also recursive %}{{ loop(a) }}{% endfor %}", "without if, else or recursive"
    ),
    Attack(
        "a macro of itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% macro %} is not available here."
    ),
    Attack("brackets without end", "{{ " + "(" * 9_000, DEEP),
    Attack("brackets in brackets", "{{ " + "(" * 900 + "x" + ")" * 900 + " }}", DEEP),
    Attack("not not not", "{% if " + "not " * 4_000 + "x %}a{% endif %}", DEEP),
    Attack("or or or", "{% if " + " or ".join(["x"] * 2_000) + " %}a{% endif %}", "terms may be joined"),
    Attack("a path without end", "{{ x" + ".a" * 9_000 + " }}", "A fact is one to 3 names"),
    Attack("filters without end", "{{ x" + "|date" * 3_000 + " }}", "filters may follow one fact"),
    Attack("ifs in ifs", "{% if x %}" * 900 + "{% endif %}" * 900, DEEP),
    Attack("elif without end", "{% if x %}a" + "{% elif x %}b" * 1_400 + "{% endif %}", "may follow one “if”"),
    Attack("a number without end", "{{ " + "9" * 19_000 + " }}", "A number in this template is too long."),
    Attack("tags without end", "{% " * 6_000, UNREADABLE),
    Attack("prints without end", "{{ " * 6_000, DEEP),
    Attack("comments without end", "{# " * 6_000, UNREADABLE),
    Attack("links without end", "](" * 9_990 + "{{ x }}", "cannot be part of a link"),
    Attack("too long a text", "x" * (MAX_SOURCE + 1), f"The template is longer than {MAX_SOURCE:,} characters."),
)

# Within the grammar, and as heavy as it allows: `said` is what the held draft says, or “written” where it goes on.
SIGNED = "{{ birthday | date }} {{ customer.first_name }} {{ mission.signature }} "
CONTAINED = (
    Attack(
        "a name printed a hundred times", SIGNED + "{{ customer.first_name }} " * 100, "longer than 50,000 characters"
    ),
    Attack("conditions asked a thousand times", SIGNED + "{% if birthday %}{% endif %}" * 690, "written"),
    Attack("brackets that never close", SIGNED + "[ " * 9_500, "written"),
    Attack("brackets and braces", SIGNED + "[(" * 9_500, "written"),
    Attack("quotes in quotes", SIGNED + "> " * 9_000, "written"),
    Attack("stars", SIGNED + "*a **b " * 2_700, "written"),
    Attack("hints that never close", SIGNED + "[ [hint:" * 2_000, "written"),
)
