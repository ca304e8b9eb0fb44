"""What someone at the front line wrote down about a customer."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, one_of


class Note(Base):
    """May be read by the customer. A life event holds and expires, and is never quoted.

    `category` and `occasion` are what a complaint is about: words from lists of ours, so that they can be counted
    without anybody's words.
    """

    __tablename__ = "notes"
    __table_args__ = (
        one_of("kind", ("complaint", "compliment", "life_event", "not_now", "other")),
        Index("ix_notes_created_at", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"), index=True)
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[str]
    text: Mapped[str]
    category: Mapped[str | None]
    occasion: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
