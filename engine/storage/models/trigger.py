"""What marketing configures."""

import uuid
from datetime import date, datetime

from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, needs, one_of


class Trigger(Base):
    """A trigger by its lasting name; what it says is in its current version. Only `active` ones send.

    `version_id` has no foreign key, as the two tables would point at each other; one function writes both.

    `scanned_through` is the nominal date up to which the calendar has been searched, so that a missed day is made up.
    """

    __tablename__ = "triggers"
    __table_args__ = (
        one_of("state", ("draft", "shadow", "active", "paused", "retired")),
        one_of("family", ("celebrate", "reassure", "recover")),
        needs("paused", "paused_reason"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    family: Mapped[str]
    occasion: Mapped[str]
    state: Mapped[str]
    paused_reason: Mapped[str | None]
    active_from: Mapped[datetime | None]
    salt: Mapped[str]
    version_id: Mapped[uuid.UUID | None]
    scanned_through: Mapped[date | None]
    created_at: Mapped[datetime]
