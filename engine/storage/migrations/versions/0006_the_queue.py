"""What the queue is read by: its order, what is taken and snoozed, and the beginnings of customers' ids."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

IN_REVIEW = sa.text("state = 'in_review'")
TAKEN = sa.text("taken_by IS NOT NULL AND state IN ('draft', 'in_review')")
SNOOZED = sa.text("snoozed_until IS NOT NULL AND state IN ('draft', 'in_review')")
BEGINS = "text_pattern_ops"


def index(name: str, *columns: str | sa.TextClause, where: sa.TextClause) -> None:
    """An index over the messages of `where` alone."""
    op.create_index(name, "messages", columns, postgresql_where=where, sqlite_where=where)


def upgrade() -> None:
    """Apply."""
    index("ix_messages_in_queue", "deadline_at", sa.text("weight DESC"), "id", where=IN_REVIEW)
    index("ix_messages_taken", "taken_until", where=TAKEN)
    index("ix_messages_snoozed", "snoozed_until", where=SNOOZED)
    op.create_index(
        "ix_customers_external_id_begins", "customers", ["external_id"], postgresql_ops={"external_id": BEGINS}
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_customers_external_id_begins", table_name="customers")
    for name in ("snoozed", "taken", "in_queue"):
        op.drop_index(f"ix_messages_{name}", table_name="messages")
