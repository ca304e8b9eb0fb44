"""A "not now": what the company sends waits, for everybody or for some, because of what happened in the world."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json, JsonValue, partial


class Pause(Base):
    """In force from `began_at` until somebody ends it, or until `until`. Without `places` and `segment` for everybody.

    `touches` are the sorts of messages that wait (engine/calendar/pauses.py). `standing_key` is whom and what it
    touches, as one text: the same cannot be pressed twice. `opened_at`: its holds are stored beside what was planned
    already; `released_at`: they are let go, as it is over.
    """

    __tablename__ = "pauses"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="says_why"),
        CheckConstraint("until IS NULL OR until > began_at", name="until_later"),
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="ended_later"),
        partial("uq_pauses_standing", "standing_key", unique=True, where="ended_at IS NULL"),
        partial("ix_pauses_to_settle", "began_at", where="opened_at IS NULL OR released_at IS NULL"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reason: Mapped[str]
    places: Mapped[list[str]] = mapped_column(JsonValue)
    segment: Mapped[Json | None]
    touches: Mapped[list[str]] = mapped_column(JsonValue)
    standing_key: Mapped[str]
    began_at: Mapped[datetime]
    began_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
