"""One version that somebody wants in force: the answers that were given, and who put it there."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json, needs, one_of, partial


class Publication(Base):
    """Asked for with the checklist answered (`answers`), then done or taken back; at most one of a trigger is open.

    `goes` is the state in which the trigger goes on. With `two_people` whoever asked is not who did it.
    """

    __tablename__ = "publications"
    __table_args__ = (
        one_of("state", ("asked", "done", "withdrawn")),
        one_of("goes", ("shadow", "active", "paused")),
        needs("done", "settled_at"),
        needs("withdrawn", "settled_at"),
        CheckConstraint(
            "NOT two_people OR state <> 'done' OR (settled_by IS NOT NULL AND settled_by <> asked_by)",
            name="two_people_are_two",
        ),
        partial("uq_publications_open", "trigger_id", unique=True, where="state = 'asked'"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    trigger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("triggers.id"), index=True)
    version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trigger_versions.id"))
    state: Mapped[str]
    goes: Mapped[str]
    answers: Mapped[Json]
    two_people: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime]
    settled_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    settled_at: Mapped[datetime | None]
