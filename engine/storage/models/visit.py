"""One sign-in of a person in one browser."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base


class Visit(Base):
    """`id` is the random word in the cookie. It ends by signing out, by somebody ending it, or by its age."""

    __tablename__ = "visits"
    __table_args__ = (Index("ix_visits_person_id", "person_id", "begun_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    browser: Mapped[str]
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
