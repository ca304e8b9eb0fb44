"""A key with which a machine may speak to us."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, JsonValue


class ApiKey(Base):
    """Only the key's hash is kept; `prefix` is the part people recognise it by. `scopes` lists what it may do."""

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[Any] = mapped_column(JsonValue)
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
