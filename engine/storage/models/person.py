"""A person who works with Jubilee."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, true
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, JsonValue, one_of

ROLES = ("viewer", "agent", "marketing", "admin")


class Person(Base):
    """A user of the console. `session_epoch` rises when every session of theirs must end.

    `skills` and `locales` say which drafts are theirs to write (none: any); `ticket_names` are the names by which other
    systems know them, as a problem's owner. While they are away until `away_until`, `substitute_id` is told instead.
    `rested_at` is when they last took a breather, `paused_until` when it ends.
    """

    __tablename__ = "people"
    __table_args__ = (one_of("role", ROLES),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    session_epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]
    skills: Mapped[list[str]] = mapped_column(JsonValue, default=list, server_default="[]")
    locales: Mapped[list[str]] = mapped_column(JsonValue, default=list, server_default="[]")
    ticket_names: Mapped[list[str]] = mapped_column(JsonValue, default=list, server_default="[]")
    substitute_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    away_until: Mapped[datetime | None]
    rested_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
