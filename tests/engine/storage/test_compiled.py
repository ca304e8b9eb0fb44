"""What was compiled of a statement is found again, by the statement itself and by any other that is like it."""

from typing import Any

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite import dialect as sqlite
from sqlalchemy.util import LRUCache

from engine.storage import compiled as module
from engine.storage.compiled import CompiledStatements
from engine.storage.models import Customer
from engine.storage.session import Database

ONE, OTHER = PGDialect_psycopg(), sqlite()


def asking(zone: str = "UTC") -> Any:
    """A statement that is made anew each time."""
    return select(Customer.id).where(Customer.zone == zone, Customer.country == bindparam("country"))


def key(statement: Any, dialect: Any = ONE, names: tuple[str, ...] = ("country",), *, many: bool = False) -> Any:
    """As SQLAlchemy makes it."""
    return dialect, statement._generate_cache_key().key, names, False, many


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The keys that were compared by all that they are made of."""
    found: list[Any] = []
    by_value = LRUCache.get

    def get(self: LRUCache[Any, Any], key: Any, default: Any = None) -> Any:
        found.append(key)
        return by_value(self, key, default)

    monkeypatch.setattr(LRUCache, "get", get)
    return found


def test_a_statement_that_is_asked_again_is_known_at_once(asked: list[Any]) -> None:
    """From the second time on; its like is found by all that it is made of, the first time."""
    kept, statement, like = CompiledStatements(), asking(), asking("Asia/Kolkata")
    assert kept.get(key(statement)) is None
    kept[key(statement)] = "compiled"
    asked.clear()
    assert [kept.get(key(statement)), asked] == ["compiled", []]
    assert [kept.get(key(like)), len(asked)] == ["compiled", 1]
    assert [kept.get(key(like)), len(asked)] == ["compiled", 1]


@pytest.mark.parametrize("other", [{"dialect": OTHER}, {"names": ("country", "zone")}, {"many": True}])
def test_the_same_statement_for_something_else_is_another_one(other: dict[str, Any]) -> None:
    """For another database, with other values, for many rows at once."""
    kept, statement = CompiledStatements(), asking()
    kept[key(statement)] = "compiled"
    assert kept.get(key(statement, **other)) is None
    kept[key(statement, **other)] = "for something else"
    assert kept.get(key(statement)) == "compiled"
    assert kept.get(key(statement, **other)) == "for something else"


def test_it_does_not_keep_all_statements_that_were_ever_made(monkeypatch: pytest.MonkeyPatch, asked: list[Any]) -> None:
    """Many that are made anew each time push the others out; these are found by what they are made of, and are back."""
    monkeypatch.setattr(module, "_OBJECTS", 10)
    kept, statement = CompiledStatements(), asking()
    kept[key(statement)] = "compiled"
    for _ in range(25):
        assert kept.get(key(asking())) == "compiled"
    assert len(kept._by_object) <= 10
    asked.clear()
    assert [kept.get(key(statement)), len(asked)] == ["compiled", 1]
    assert [kept.get(key(statement)), len(asked)] == ["compiled", 1]


def test_a_statement_that_looks_like_one_that_is_gone_is_not_taken_for_it() -> None:
    """A new object may lie where another one lay: what is remembered of it is alive for as long as it is remembered."""
    kept = CompiledStatements()
    for number in range(2_000):
        statement = select(Customer.zone if number % 2 else Customer.locale)
        expected = number % 2
        found = kept.get(key(statement))
        assert found in (None, expected)
        kept[key(statement)] = expected


def test_every_engine_has_it(db: Database, asked: list[Any]) -> None:
    """A statement that is asked three times is compared twice at most: its first key is new."""
    statement = select(Customer.id).where(Customer.zone == "UTC")
    with db.reading() as session:
        for _ in range(3):
            session.connection().execute(statement)
    assert len([one for one in asked if one[1] is statement._generate_cache_key().key]) <= 1
