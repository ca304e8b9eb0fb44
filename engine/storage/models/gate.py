"""How much may pass to a channel's provider now."""

from datetime import date, datetime

from sqlalchemy import Float
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base


class Gate(Base):
    """One row a channel, which all workers share: a token bucket, a circuit breaker, and the count of the daily ramp.

    Times are the machine's, as providers know nothing of a demonstration's clock. While `closed_until` lies ahead
    nothing passes; after it one trial does, until `trial_until`. `failures` counts those in a row.
    """

    __tablename__ = "gates"

    channel: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(Float)
    refilled_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    closed_until: Mapped[datetime | None]
    trial_until: Mapped[datetime | None]
    reason: Mapped[str | None]
    counted_on: Mapped[date | None]
    counted: Mapped[int] = mapped_column(default=0, server_default="0")
