"""A day on which a celebration would hurt: of remembrance, of mourning."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, true
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, JsonValue, one_of


class SensitiveDay(Base):
    """Once (`on_date`), every year (`month` and `day`), or with a public holiday of a country by its name (`holiday`).

    Empty lists mean all: `countries`, `occasions`. What is `effect` to it, engine/dates/sensitive.py says. `source` is
    where it is written that this day is what it is.
    """

    __tablename__ = "sensitive_days"
    __table_args__ = (
        one_of("effect", ("hold", "shift")),
        CheckConstraint(
            "(on_date IS NOT NULL AND month IS NULL AND day IS NULL AND holiday IS NULL)"
            " OR (on_date IS NULL AND month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31 AND holiday IS NULL)"
            " OR (on_date IS NULL AND month IS NULL AND day IS NULL AND holiday <> '')",
            name="says_when_once",
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    on_date: Mapped[date | None]
    month: Mapped[int | None]
    day: Mapped[int | None]
    holiday: Mapped[str | None]
    countries: Mapped[list[str]] = mapped_column(JsonValue)
    families: Mapped[list[str]] = mapped_column(JsonValue)
    occasions: Mapped[list[str]] = mapped_column(JsonValue)
    effect: Mapped[str]
    source: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    changed_at: Mapped[datetime]
