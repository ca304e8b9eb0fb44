"""One saved set of texts of a template."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json, one_of


class TemplateVersion(Base):
    """Never changed once saved. `body` holds the whole folder; `origin` says whether a folder or a person made it."""

    __tablename__ = "template_versions"
    __table_args__ = (UniqueConstraint("template_id", "number"), one_of("origin", ("folder", "person")))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    template_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("templates.id"))
    number: Mapped[int]
    body: Mapped[Json]
    body_hash: Mapped[str]
    origin: Mapped[str]
    author: Mapped[str]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]
