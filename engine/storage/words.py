"""Statements in which the words, states and names, are written out: it changes how they are planned, not what they do.

PostgreSQL plans a statement that is asked again and again once for all values. Where a state is a parameter it then can
neither use an index of the rows in that state, nor know how many these are: claiming compared every message with every
delivery once the server had counted its tables. And each parameter is handled at every asking.
"""

from typing import Any, TypeVar

from sqlalchemy import BindParameter, String, literal_column
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.visitors import replacement_traverse

Statement = TypeVar("Statement", bound=ClauseElement)


def in_words(statement: Statement) -> Statement:
    """The same statement; its texts that are known already are no parameters any more, single ones and lists."""
    return replacement_traverse(statement, {}, _written_out)  # type: ignore[return-value]


def _written_out(element: Any, **_: Any) -> Any:
    if not isinstance(element, BindParameter) or element.callable is not None:
        return None
    values = element.value if element.expanding else [element.value]
    if not values or not all(type(one) is str and one.isidentifier() for one in values):
        return None
    written = [f"'{one}'" for one in values]
    return literal_column(f"({', '.join(written)})" if element.expanding else written[0], String)
