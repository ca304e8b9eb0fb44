"""The text written for a moment, or for several of one customer that fall together."""

import uuid
from datetime import date, datetime, time

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from engine import transitions
from engine.ids import new_id
from engine.storage.base import Base, Json, JsonValue, needs, one_of, partial, quoted


class Message(Base):
    """Planned as an unwritten `draft`, then written, reviewed, approved and handed over.

    Local intent is `send_on`, `window_start`, `window_end` and `zone`; `send_at` is worked out from it, and again when
    the zone or the zone data change. `write_at` is when writing starts, `deadline_at` when an unreviewed draft is
    dropped
    or sent (`if_unreviewed`). `must_read`: it goes only if a person has read it. `release_at` is the end of the
    minute in which an approval can be undone. `number` counts its revisions; `version` guards against stale saves.
    `hours_key` is what the times were worked out from besides the zone (see engine/plan/intents.py).
    `owner_id` is whose draft it is, and `owner_reason` why (engine/review/assigning.py); `taken_by` who writes at it
    until `taken_until`; before `snoozed_until` it stays out of the queue. None of these is part of what is decided,
    so none changes `version`. `facts_changed` is what changed since an earlier text, which came back because of it.
    `channel_reason` says why this channel was chosen; `approved_texts` names the texts that its approver had seen.
    """

    __tablename__ = "messages"
    __table_args__ = (
        one_of("state", transitions.MESSAGE),
        one_of("family", ("celebrate", "reassure", "recover")),
        one_of("if_unreviewed", ("drop", "send")),
        needs("in_review", "written_at"),
        needs("approved", "approved_at", "release_at", "written_at"),
        needs("handed_over", "handed_over_at", "approved_at"),
        needs("closed", "closed_at"),
        needs("skipped", "reason"),
        needs("expired", "reason"),
        needs("cancelled", "reason"),
        partial(
            "uq_messages_one_celebration_a_day",
            "customer_id",
            "send_on",
            unique=True,
            where=f"family = 'celebrate' AND state IN ({quoted(transitions.LIVE_MESSAGE)})",
        ),
        partial("ix_messages_to_write", "write_at", where="state = 'draft'"),
        partial("ix_messages_in_review", "deadline_at", where="state IN ('draft', 'in_review')"),
        partial("ix_messages_to_send", "channel", "send_at", where="state = 'approved'"),
        partial(
            "ix_messages_to_send_of_people",
            "release_at",
            where="state = 'approved' AND approved_by IS NOT NULL",
        ),
        partial("ix_messages_of_owner", "owner_id", "deadline_at", where="state IN ('draft', 'in_review')"),
        partial("ix_messages_coming", "send_at", "id", where="state IN ('draft', 'in_review', 'approved')"),
        Index(
            "ix_messages_in_queue",
            "deadline_at",
            text("weight DESC"),
            "id",
            postgresql_where=text("state = 'in_review'"),
            sqlite_where=text("state = 'in_review'"),
        ),
        partial("ix_messages_taken", "taken_until", where="taken_by IS NOT NULL AND state IN ('draft', 'in_review')"),
        partial(
            "ix_messages_snoozed",
            "snoozed_until",
            where="snoozed_until IS NOT NULL AND state IN ('draft', 'in_review')",
        ),
        partial("ix_messages_of_day", "send_on", "state", where="state IN ('draft', 'in_review', 'approved')"),
        partial(
            "ix_messages_of_calendar",
            *("send_on", "trigger_id", "owner_id", "state"),
            where="state IN ('draft', 'in_review', 'approved')",
        ),
        partial("ix_messages_skipped", "closed_at", where="state = 'skipped'"),
        partial("ix_messages_expired", "closed_at", where="state = 'expired'"),
        Index("ix_messages_of_customer", "customer_id", "send_on"),
        Index("ix_messages_by_day", "send_on", postgresql_using="brin"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"))
    trigger_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("triggers.id"))
    trigger_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("trigger_versions.id"))
    family: Mapped[str]
    occasion: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    channel: Mapped[str]
    channel_reason: Mapped[str | None]
    approved_texts: Mapped[list[str] | None] = mapped_column(JsonValue)
    template: Mapped[str]
    weight: Mapped[int]
    must_read: Mapped[bool]
    if_unreviewed: Mapped[str]
    send_on: Mapped[date]
    window_start: Mapped[time]
    window_end: Mapped[time]
    zone: Mapped[str]
    hours_key: Mapped[str | None]
    send_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    write_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(default=0, server_default="0")
    edited: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    owner_reason: Mapped[str | None]
    owner_note: Mapped[str | None]
    taken_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    taken_until: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    facts_changed: Mapped[Json | None]
    created_at: Mapped[datetime]
    written_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    release_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
