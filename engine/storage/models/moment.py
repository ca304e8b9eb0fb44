"""One occurrence that a trigger spotted for one customer."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine import transitions
from engine.ids import new_id
from engine.storage.base import Base, Json, needs, one_of, partial


class Moment(Base):
    """Unique by (trigger, customer, occurrence key); a recovery also by (customer, incident) across all triggers.

    `nominal_on` is the local day the moment is about, `send_on` the local day a message would go (lead and working-day
    shift applied). `facts` maps a name to {"value", "source", "sayable"}. `check_at` is when planning looks again;
    `expires_at` when a message would come too late.
    """

    __tablename__ = "moments"
    __table_args__ = (
        UniqueConstraint("trigger_id", "customer_id", "occurrence_key"),
        one_of("state", transitions.MOMENT),
        one_of("family", ("celebrate", "reassure", "recover")),
        needs("skipped", "reason"),
        needs("expired", "reason"),
        needs("cancelled", "reason"),
        needs("planned", "planned_at"),
        needs("written", "written_at"),
        needs("closed", "closed_at"),
        partial(
            "uq_moments_one_recovery_per_incident",
            "customer_id",
            "incident_key",
            unique=True,
            where="family = 'recover' AND state NOT IN ('cancelled', 'skipped')",
        ),
        partial("ix_moments_to_plan", "check_at", where="state = 'spotted'"),
        partial("ix_moments_planned", "trigger_id", "planned_at", where="planned_at IS NOT NULL"),
        partial("ix_moments_to_expire", "expires_at", where="state IN ('spotted', 'planned', 'written')"),
        partial("ix_moments_of_calendar", "send_on", "trigger_id", where="state = 'spotted'"),
        Index("ix_moments_by_state", "trigger_id", "state"),
        Index("ix_moments_by_day", "send_on", postgresql_using="brin"),
        Index("ix_moments_of_customer", "customer_id", "send_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    trigger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("triggers.id"))
    trigger_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trigger_versions.id"))
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    occurrence_key: Mapped[str]
    family: Mapped[str]
    occasion: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    incident_key: Mapped[str | None]
    problem_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("problems.id"))
    occurred_at: Mapped[datetime | None]
    nominal_on: Mapped[date]
    send_on: Mapped[date]
    expires_at: Mapped[datetime]
    weight: Mapped[int]
    facts: Mapped[Json]
    check_at: Mapped[datetime]
    spotted_at: Mapped[datetime]
    planned_at: Mapped[datetime | None]
    written_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
