"""Which moments a message speaks of."""

import uuid

from sqlalchemy import ForeignKey, true
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, partial


class MessageMoment(Base):
    """Position 0 leads, others were merged in. `live` ends when the message dies unsent: one live message a moment."""

    __tablename__ = "message_moments"
    __table_args__ = (partial("uq_message_moments_one_live", "moment_id", unique=True, where="live"),)

    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    moment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("moments.id"), primary_key=True)
    position: Mapped[int]
    live: Mapped[bool] = mapped_column(default=True, server_default=true())
