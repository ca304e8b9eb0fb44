"""The audience tree: what may be saved, what it means, and that Python and SQL mean the same on both databases."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from engine.conditions import Condition, customer_view, matches, to_sql
from engine.conditions.tree import MAX_DEPTH, MAX_LEAVES, MAX_NUMBER
from engine.storage.models import Customer, Moment, Total, Trigger
from tests.conftest import NewDatabase
from tests.engine.builders import NOW, make_customer, make_moment, make_problem, make_trigger

ADAPTER: TypeAdapter[Condition] = TypeAdapter(Condition)


def read(value: Any) -> Condition:
    return ADAPTER.validate_python(value)


def leaf(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


# What may be saved


@pytest.mark.parametrize(
    ("value", "place", "words"),
    [
        (leaf("customer.contry", "eq", "DE"), ("field",), "there is no field 'customer.contry'"),
        (leaf("trait.a'b", "eq", 1), ("field",), "there is no field"),
        (leaf("customer.country", "is", "DE"), ("op",), "Input should be"),
        (leaf("customer.country", "eq", 3), (), "customer.country is a text, and 3 is a number"),
        (leaf("customer.has_open_problem", "eq", "yes"), (), "is a boolean"),
        (leaf("total.count:order_completed", "gt", "3"), (), "is a number"),
        (leaf("trait.a", "in", "x"), (), "`in` wants a list of values"),
        (leaf("trait.a", "eq", ["x"]), (), "`eq` wants one value"),
        (leaf("trait.a", "in", []), ("value",), "a list holds 1 to"),
        (leaf("trait.a", "in", ["x", 1]), (), "of one type"),
        (leaf("trait.a", "eq", None), ("value",), "None is not a text"),
        (leaf("trait.a", "eq", float("nan")), ("value",), "too large"),
        (leaf("trait.a", "eq", MAX_NUMBER + 1), ("value",), "too large"),
        (leaf("trait.a", "eq", "x" * 201), ("value",), "200 characters"),
        (leaf("trait.a", "eq", "a\0b"), ("value",), "cannot be stored"),
        (leaf("trait.a", "contains", 3), (), "a text in a text"),
        (leaf("trait.a", "lt", True), (), "compares numbers or texts"),
        (leaf("trait.a", "exists", "yes"), (), "true or false"),
        ({"all": []}, (), "`all` is an empty list"),
        ({"all": [], "any": []}, (), "empty list"),
        ({"any": [leaf("trait.a", "eq", 1)], "field": "trait.a"}, ("field",), "Extra inputs"),
        ({"all": [leaf("trait.a", "eq", 1), {"not": leaf("nope", "eq", 1)}]}, ("all", 1, "not", "field"), "no field"),
        ("DE", (), "a condition is"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(value: Any, place: tuple[Any, ...], words: str) -> None:
    """The place is that of the tree as it was written, so that a file can be pointed to by line."""
    with pytest.raises(ValidationError) as refused:
        read(value)
    (error,) = refused.value.errors()
    assert error["loc"] == place
    assert words in error["msg"]


def test_a_tree_has_bounds() -> None:
    """In depth and in size; at the bound it is still fine."""
    deep: Any = leaf("trait.a", "eq", 1)
    for _ in range(MAX_DEPTH - 1):
        deep = {"not": deep}
    wide = [leaf("trait.a", "eq", 1)] * MAX_LEAVES
    assert read(deep)
    assert read({"any": wide})
    for too_large in ({"not": deep}, {"any": [*wide, wide[0]]}):
        with pytest.raises(ValidationError, match="at most"):
            read(too_large)


def test_a_tree_survives_being_stored() -> None:
    """As JSON, and back to an equal tree."""
    tree = read({"all": [{"not": {"any": [leaf("trait.a", "in", ["x", "y"])]}}, {"field": "trait.b", "op": "exists"}]})
    stored = ADAPTER.dump_python(tree, mode="json")
    assert stored["all"][1] == leaf("trait.b", "exists", True)
    assert read(stored) == tree


# What it means


@pytest.mark.parametrize(
    ("condition", "view", "answer"),
    [
        (leaf("trait.a", "eq", 1), {"trait.a": 1}, True),
        (leaf("trait.a", "eq", 1), {"trait.a": 1.0}, True),
        (leaf("trait.a", "eq", 1), {"trait.a": True}, False),
        (leaf("trait.a", "eq", 1), {"trait.a": "1"}, False),
        (leaf("trait.a", "eq", True), {"trait.a": 1}, False),
        (leaf("trait.a", "ne", 1), {"trait.a": 2}, True),
        # a leaf never guesses about what is missing, null or of another type
        (leaf("trait.a", "ne", 1), {}, False),
        (leaf("trait.a", "ne", 1), {"trait.a": None}, False),
        (leaf("trait.a", "ne", 1), {"trait.a": "x"}, False),
        (leaf("trait.a", "not_in", [1, 2]), {}, False),
        ({"not": leaf("trait.a", "eq", 1)}, {}, True),
        (leaf("trait.a", "exists", True), {"trait.a": None}, False),
        (leaf("trait.a", "exists", False), {}, True),
        (leaf("trait.a", "contains", "Ä"), {"trait.a": "xÄy"}, True),
        (leaf("trait.a", "contains", "ä"), {"trait.a": "xÄy"}, False),
        (leaf("trait.a", "contains", "%"), {"trait.a": "abc"}, False),
        (leaf("trait.a", "lt", "b"), {"trait.a": "B"}, True),
        (leaf("customer.language", "eq", "de"), {"customer.language": "de"}, True),
    ],
)
def test_what_a_leaf_means(condition: Any, view: Mapping[str, object], answer: bool) -> None:
    """Values are compared with values of their own type."""
    assert matches(read(condition), view) is answer


# Python and SQL agree

NAMES = ("a", "b.c", "d e")
TEXTS = st.sampled_from(
    ["", "a", "A", "ab", "1", "10", "9", "true", "null", "Ä", "ä", "ß", "日本", "é", "e\u0301", "%", "_", "'\""]
)
NUMBERS = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([MAX_NUMBER, -MAX_NUMBER, MAX_NUMBER - 1, 0.1, 0.30000000000000004, -0.0, 1e-7, 1.5, 2.0]),
)
STORED_NUMBERS = st.one_of(NUMBERS, st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, 10**25, -(10**25), 1e300]))
STORED = st.one_of(
    st.none(), st.booleans(), TEXTS, STORED_NUMBERS, st.lists(st.integers(0, 3), max_size=2), st.just({"x": 1})
)
PLACES = st.sampled_from(["DE", "DE-BY", "DE-", "D"])
LOCALES = st.sampled_from(["de", "de-AT", "de_AT", "en-GB", "gsw", "gsw-CH", "x", "german", "zh-Hant-TW"])


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    """Any leaf that may be saved."""
    named = st.sampled_from([f"{prefix}.{name}" for prefix in ("trait",) for name in NAMES] + ["moment.fact"])
    texts = st.sampled_from(["customer.country", "customer.locale", "customer.language", "customer.preferred_channel"])
    kind = draw(st.sampled_from(["text", "number", "boolean", "exists"]))
    if kind == "exists":
        anything = st.one_of(named, texts, st.just("total.count:order"))
        return leaf(draw(anything), "exists", draw(st.booleans()))
    values = {"text": st.one_of(TEXTS, LOCALES, PLACES), "number": NUMBERS, "boolean": st.booleans()}[kind]
    field = {
        "text": st.one_of(named, texts),
        "number": st.one_of(named, st.just("total.count:order")),
        "boolean": st.one_of(named, st.sampled_from(["customer.has_open_problem", "customer.has_open_ticket"])),
    }[kind]
    ops = ["eq", "ne", "in", "not_in"]
    ops += [] if kind == "boolean" else ["lt", "lte", "gt", "gte"]
    ops += ["contains"] if kind == "text" else []
    op = draw(st.sampled_from(ops))
    value = draw(st.lists(values, min_size=1, max_size=3)) if op in ("in", "not_in") else draw(values)
    return leaf(draw(field), op, value)


TREES = st.recursive(
    leaves(),
    lambda parts: st.one_of(
        st.builds(lambda many: {"all": many}, st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda many: {"any": many}, st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda one: {"not": one}, parts),
    ),
    max_leaves=8,
)
TRAITS = st.dictionaries(st.sampled_from(NAMES), STORED)
PEOPLE = st.fixed_dictionaries(
    {
        "traits": TRAITS,
        "fact": st.one_of(st.just("missing"), STORED),
        "total": st.one_of(st.none(), st.integers(-2, 12)),
        "problem": st.sampled_from([None, "contact", "open", "resolved", "answered"]),
        "problem_kind": st.sampled_from(["ticket", "refund", "outage"]),
        "locale": LOCALES,
        "country": st.sampled_from([None, "DE", "DE-BY", "AT", "A"]),
        "region": st.sampled_from([None, "BY", "NW"]),
        "preferred_channel": st.sampled_from([None, "a", "Ä"]),
    }
)


def put(session: Session, trigger: Trigger, person: dict[str, Any]) -> tuple[Customer, Moment, Mapping[str, object]]:
    """A customer with a moment in the database, and what Python is told about them."""
    columns = {name: person[name] for name in ("traits", "locale", "country", "region", "preferred_channel")}
    customer = make_customer(session, consent=False, **columns)
    fact = {} if person["fact"] == "missing" else {"fact": {"value": person["fact"], "source": "t", "sayable": False}}
    moment = make_moment(session, customer, trigger, facts=fact)
    totals = {}
    if person["total"] is not None:
        totals["count:order"] = person["total"]
        session.add(
            Total(
                customer_id=customer.id, metric="count:order", value=person["total"], last_at=NOW, last_message_id="m"
            )
        )
    if person["problem"]:
        resolved_at = NOW if person["problem"] in ("resolved", "answered") else None
        state = "contact" if person["problem"] == "answered" else person["problem"]
        make_problem(session, customer, kind=person["problem_kind"], state=state, resolved_at=resolved_at)
    view = customer_view(
        customer,
        totals=totals,
        facts=fact,
        has_open_problem=person["problem"] == "open",
        has_open_ticket=person["problem"] in ("contact", "open") and person["problem_kind"] == "ticket",
    )
    return customer, moment, view


def test_python_and_sql_agree(new_database: NewDatabase) -> None:
    """About every tree and everybody: missing, null, booleans, texts that look like numbers, unicode, big numbers."""
    with new_database() as db:

        @given(people=st.lists(PEOPLE, min_size=1, max_size=4), trees=st.lists(TREES, min_size=1, max_size=6))
        def agree(people: list[dict[str, Any]], trees: list[Any]) -> None:
            with db.reading() as session:  # rolls back
                trigger = make_trigger(session)
                known = [put(session, trigger, person) for person in people]
                session.flush()
                ours = select(Customer.id).join(Moment, Moment.customer_id == Customer.id)
                for tree in trees:
                    condition = read(tree)
                    in_sql = set(session.scalars(ours.where(to_sql(condition))))
                    in_python = {customer.id for customer, _, view in known if matches(condition, view)}
                    assert in_sql == in_python, tree

        agree()


@pytest.mark.parametrize(
    ("op", "value", "living_there"),
    [
        ("eq", "DE", {"country", "part", "both"}),
        ("in", ["AT", "DE"], {"country", "part", "both", "abroad"}),
        ("eq", "DE-BY", {"part", "both"}),
        ("in", ["DE-NW"], set()),
        ("ne", "DE", {"abroad"}),
        ("not_in", ["DE-BY", "AT"], {"country"}),
    ],
)
def test_who_lives_in_a_part_of_a_country_lives_in_it(
    session: Session, op: str, value: Any, living_there: set[str]
) -> None:
    """However they are stored: under the country, under its part, or under both."""
    homes: dict[str, tuple[str | None, str | None]] = {
        **{"country": ("DE", None), "part": ("DE-BY", None), "both": ("DE", "BY")},
        **{"abroad": ("AT", None), "nowhere": (None, None)},
    }
    people = {name: make_customer(session, country=home[0], region=home[1]) for name, home in homes.items()}
    condition = read(leaf("customer.country", op, value))
    in_sql = set(session.scalars(select(Customer.id).where(to_sql(condition))))
    assert {name for name, one in people.items() if one.id in in_sql} == living_there
    assert {name for name, one in people.items() if matches(condition, customer_view(one))} == living_there


def test_a_condition_is_false_and_never_unknown(session: Session) -> None:
    """NOT of a leaf about something missing is true in SQL too."""
    make_customer(session, country=None)
    missing = read({"not": leaf("customer.country", "eq", "DE")})
    assert session.scalars(select(Customer).where(to_sql(missing))).one()


def test_texts_are_ordered_by_code_points_whatever_language_the_database_speaks() -> None:
    """PostgreSQL would sort by the rules of its locale, in which a small letter may come before a capital one."""
    statement = select(Customer.id).where(to_sql(read(leaf("customer.country", "lt", "b"))))
    assert 'COLLATE "C"' in str(statement.compile(dialect=postgresql.dialect()))
