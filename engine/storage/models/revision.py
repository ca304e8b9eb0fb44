"""One wording of a message."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json, JsonValue, partial


class Revision(Base):
    """Append-only. `texts` maps a channel to {"subject", "body"}; no author means the writer drafted it.

    `facts` is what the draft was written from; `findings` what the tone check said of the channel's text, as a list.
    """

    __tablename__ = "revisions"
    __table_args__ = (
        UniqueConstraint("message_id", "number"),
        partial("ix_revisions_with_remarks", "message_id", "number", where="findings <> '[]'"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("messages.id"))
    number: Mapped[int]
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    template_version_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("template_versions.id"))
    mission_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("missions.id"))
    variant: Mapped[int | None]
    locale: Mapped[str]
    texts: Mapped[Json]
    facts: Mapped[Json]
    findings: Mapped[Any] = mapped_column(JsonValue)
    created_at: Mapped[datetime]
