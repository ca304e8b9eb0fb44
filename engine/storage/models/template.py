"""A message template by its lasting name."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, one_of


class Template(Base):
    """Its texts are in the current version. Folders seed templates and never overwrite edits.

    `version_id` has no foreign key, as the two tables would point at each other; one function writes both.
    """

    __tablename__ = "templates"
    __table_args__ = (one_of("family", ("celebrate", "reassure", "recover")),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    family: Mapped[str]
    occasion: Mapped[str]
    version_id: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]
