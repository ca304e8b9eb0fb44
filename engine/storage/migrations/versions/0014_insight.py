"""The outcomes that a company looks for after a moment, with the three that ship; and moments and messages by day."""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SHIPPED = (
    ("019b0000-0000-7000-8000-000000000001", "Repeat purchase", "order_completed", 60, True),
    ("019b0000-0000-7000-8000-000000000002", "Renewal", "contract_renewed", 90, True),
    ("019b0000-0000-7000-8000-000000000003", "Problem reopened", "ticket_reopened", 30, False),
)


def upgrade() -> None:
    """Apply. On PostgreSQL the days are kept as ranges of blocks: rows come in their order, and each costs nothing."""
    outcomes = op.create_table(
        "outcomes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("property", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("within_days", sa.BigInteger(), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("within_days BETWEEN 1 AND 365", name=op.f("ck_outcomes_within_a_year")),
        sa.CheckConstraint("(property IS NULL) = (value IS NULL)", name=op.f("ck_outcomes_filter_is_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
        sa.UniqueConstraint("name", name=op.f("uq_outcomes_name")),
    )
    made = datetime(2026, 11, 1, tzinfo=UTC)
    made_at = made if op.get_bind().dialect.name == "postgresql" else made.replace(tzinfo=None)
    op.bulk_insert(
        outcomes,
        [
            {"id": UUID(key), "name": name, "event": event, "within_days": days, "good": good, "created_at": made_at}
            for key, name, event, days, good in SHIPPED
        ],
    )
    op.create_index("ix_moments_by_day", "moments", ["send_on"], postgresql_using="brin")
    op.create_index("ix_messages_by_day", "messages", ["send_on"], postgresql_using="brin")


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_messages_by_day", "messages")
    op.drop_index("ix_moments_by_day", "moments")
    op.drop_table("outcomes")
