"""How often something was tried that only the right person knows."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base


class Tries(Base):
    """Counts until `until`, and is nothing afterwards. `key` is a hash of what is counted: account and address."""

    __tablename__ = "tries"
    __table_args__ = (Index("ix_tries_until", "until"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime]
