"""A date of a customer that comes round: a birthday, a contract start, the day of the first order."""

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base


class CustomerDate(Base):
    """One named date. The year may be unknown; a placeholder keeps its reason and is never greeted.

    `month_day` is month * 100 + day. `event_name` is set where the date is the local day of the first event of that
    name, and then the engine maintains the row.
    """

    __tablename__ = "customer_dates"
    __table_args__ = (
        CheckConstraint("month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31", name="in_calendar"),
        CheckConstraint("month_day = month * 100 + day", name="month_day_agrees"),
        Index("ix_customer_dates_anniversary", "name", "month_day", "year", "placeholder"),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int | None]
    month: Mapped[int]
    day: Mapped[int]
    month_day: Mapped[int]
    source: Mapped[str]
    event_name: Mapped[str | None]
    placeholder: Mapped[str | None]

    @property
    def on(self) -> date | None:
        """The full date, where the year is known."""
        return date(self.year, self.month, self.day) if self.year else None
