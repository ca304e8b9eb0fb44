"""The few facts about this installation that must survive a restart."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, JsonValue


class Installation(Base):
    """A name and its value: the demo's shifted days, the version of the zone data, the stop-all switch."""

    __tablename__ = "installation"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JsonValue)
