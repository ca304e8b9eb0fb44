"""The same condition for a set: a boolean over `customers` (and `moments`, where a fact is asked for).

JSON is read by type, and each leaf is pinned by coalesce(..., false), so that SQL's third truth value never appears.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Numeric,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from engine.conditions.countries import BY_VALUE, COUNTRY
from engine.conditions.expressions import by_bytes, contains, json_boolean, json_exists, json_number, json_text
from engine.conditions.tree import AllOf, AnyOf, Condition, Leaf, NoneOf, Scalar
from engine.dates.homes import split_place
from engine.storage.models import Customer, Moment, Problem, Total


def to_sql(condition: Condition) -> ColumnElement[bool]:
    """The condition as SQL, for a statement over `customers`, joined with `moments` where a fact is asked for."""
    match condition:
        case AllOf(all_of=parts):
            return and_(*(to_sql(part) for part in parts))
        case AnyOf(any_of=parts):
            return or_(*(to_sql(part) for part in parts))
        case NoneOf(none_of=part):
            return not_(to_sql(part))
        case Leaf():
            return func.coalesce(_leaf(condition), false(), type_=Boolean)
    raise TypeError(f"not a condition: {condition!r}")


_COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": lambda found, value: found == value,
    "ne": lambda found, value: found != value,
    "lt": lambda found, value: found < value,
    "lte": lambda found, value: found <= value,
    "gt": lambda found, value: found > value,
    "gte": lambda found, value: found >= value,
    "contains": contains,
}


def home_in(place: str) -> ColumnElement[bool]:
    """Whether a customer lives there, by the rule of `engine/dates/homes.py`; unknown where no country is known."""
    code, part = split_place(place)
    of_country = func.substr(Customer.country, 1, 2)
    if not part:
        return or_(Customer.country == place, of_country == place)
    return or_(Customer.country == place, and_(of_country == code, func.coalesce(Customer.region, "") == part))


def _at_home(leaf: Leaf) -> ColumnElement[bool]:
    there = or_(*(home_in(str(place)) for place in leaf.values))
    return there if leaf.op in ("eq", "in") else and_(Customer.country.is_not(None), not_(there))


def _leaf(leaf: Leaf) -> ColumnElement[bool]:
    if leaf.op == "exists":
        found = _exists(leaf.field)
        return found if leaf.value else not_(found)
    if leaf.field == COUNTRY and leaf.op in BY_VALUE:
        return _at_home(leaf)
    found = _typed(leaf)
    values = [_bound(value) for value in leaf.values]
    if leaf.op == "in":
        return found.in_(values)
    if leaf.op == "not_in":
        return found.not_in(values)
    return _COMPARE[leaf.op](found, values[0])


def _typed(leaf: Leaf) -> ColumnElement[Any]:
    prefix, name = leaf.field.split(".", 1)
    if prefix in ("trait", "moment"):
        read = {"text": json_text, "number": json_number, "boolean": json_boolean}[leaf.type]
        found: ColumnElement[Any] = read(*_json_place(prefix, name))
    else:
        found = _plain_field(leaf.field)
    return by_bytes(found) if leaf.type == "text" else found


def _exists(field: str) -> ColumnElement[bool]:
    prefix, name = field.split(".", 1)
    if prefix in ("trait", "moment"):
        return json_exists(*_json_place(prefix, name))
    return _plain_field(field).is_not(None)


def _json_place(prefix: str, name: str) -> tuple[Any, ...]:
    return (Customer.traits, name) if prefix == "trait" else (Moment.facts, name, "value")


def _plain_field(field: str) -> ColumnElement[Any]:
    if field.startswith("total."):
        of_customer = (Total.customer_id == Customer.id, Total.metric == field.removeprefix("total."))
        return select(Total.value).where(*of_customer).correlate(Customer).scalar_subquery()
    if field == "customer.has_open_problem":
        return exists().where(Problem.customer_id == Customer.id, Problem.state == "open").correlate(Customer)
    if field == "customer.has_open_ticket":
        return _open_ticket()
    if field == "customer.language":
        return _language()
    return getattr(Customer, field.removeprefix("customer.")).expression  # type: ignore[no-any-return]


def _open_ticket() -> ColumnElement[bool]:
    """A ticket that nothing has resolved, also where it is no problem (yet): its customer waits for an answer."""
    is_open = (Problem.kind == "ticket", Problem.resolved_at.is_(None))
    return exists().where(Problem.customer_id == Customer.id, *is_open).correlate(Customer)


def _language() -> ColumnElement[str | None]:
    """The two or three letters before the region, by the rule of `language_of`."""
    locale = Customer.locale
    return case(
        *(
            (
                and_(func.length(locale) >= letters, func.substr(locale, letters + 1, 1).in_(("", "-", "_"))),
                func.lower(func.substr(locale, 1, letters)),
            )
            for letters in (2, 3)
        ),
        else_=None,
    )


def _bound(value: Scalar) -> ColumnElement[Any]:
    if isinstance(value, bool):
        return true() if value else false()
    if isinstance(value, float):
        # By its digits: PostgreSQL would compare a float with big whole numbers as floats, and lose their last digits.
        return cast(literal(repr(value), Text), Numeric)
    return literal(value, BigInteger if isinstance(value, int) else Text)
