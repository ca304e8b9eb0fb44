"""What all models share: naming convention, column types that mean the same on both databases, and CHECK builders."""

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    Index,
    MetaData,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

Json = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite stores it as text of one fixed width, so that comparing text compares time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values: an instant without a zone has no meaning here."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive time cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy calls it so
        """Give back aware UTC on both databases."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class JsonValue(TypeDecorator[Any]):
    """JSONB on PostgreSQL, JSON text on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of this database."""
        return dialect.type_descriptor(
            JSONB(none_as_null=True) if dialect.name == "postgresql" else JSON(none_as_null=True)
        )


class Base(DeclarativeBase):
    """The root of all models. Relations are foreign keys; queries live beside the activity that needs them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy as a class attribute
        datetime: UtcDateTime(),
        date: Date(),
        time: Time(),
        str: Text(),
        int: BigInteger(),
        uuid.UUID: Uuid(),
        Json: JsonValue(),
    }


def quoted(names: Iterable[str]) -> str:
    """`'a', 'b'` for an IN list of our own constant names."""
    return ", ".join(f"'{name}'" for name in names)


def one_of(column: str, names: Iterable[str]) -> CheckConstraint:
    """CHECK that a short-string column holds one of the listed names (NULL passes, as SQL has it)."""
    return CheckConstraint(f"{column} IN ({quoted(names)})", name=f"{column}_known")


def needs(state: str, *columns: str) -> CheckConstraint:
    """CHECK that a row in `state` has these columns filled: a state is tied to its timestamp and reason."""
    filled = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return CheckConstraint(f"state <> '{state}' OR ({filled})", name=f"{state}_has_{'_and_'.join(columns)}")


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows of `where` alone, on both databases; named after the promise or the sweep that uses it."""
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))
