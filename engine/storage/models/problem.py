"""Something that went wrong for a customer."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, needs, one_of, partial


class Problem(Base):
    """A fold, by time, of the events that carry its key. A `contact` is a ticket that nothing has made a problem yet.

    `owner` is who dealt with it and `about` whom a complaint is about, by the names that the other system gave.
    `incident_key` is the incident's key where one cause touched many, else `<kind>:<key>` of this problem alone.
    """

    __tablename__ = "problems"
    __table_args__ = (
        UniqueConstraint("customer_id", "key"),
        one_of("kind", ("ticket", "refund", "outage")),
        one_of("state", ("contact", "open", "resolved")),
        one_of("severity", ("minor", "major", "serious")),
        needs("resolved", "resolved_at"),
        partial("ix_problems_settling", "resolved_at", where="state = 'resolved'"),
        partial("ix_problems_open", "customer_id", where="state = 'open'"),
        partial("ix_problems_of_incident", "incident_key", where="kind = 'outage'"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    key: Mapped[str]
    kind: Mapped[str]
    category: Mapped[str]
    severity: Mapped[str]
    state: Mapped[str]
    incident_key: Mapped[str]
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime]
    reopened: Mapped[int]
    what_happened: Mapped[str | None]
    what_we_did: Mapped[str | None]
    next_step: Mapped[str | None]
    next_news_on: Mapped[date | None]
    remedy: Mapped[str | None]
    owner: Mapped[str | None]
    about: Mapped[str | None]
