"""What the pages Today, Sending and Triggers count: deliveries of a day, messages of a week, moments by their state."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COMING = "state IN ('draft', 'in_review', 'approved')"
INDEXES = (
    ("ix_deliveries_claimed_at", "deliveries", ["claimed_at"], None),
    ("ix_deliveries_delivered_at", "deliveries", ["delivered_at"], "state = 'delivered'"),
    ("ix_deliveries_unconfirmed_at", "deliveries", ["unconfirmed_at"], "state = 'unconfirmed'"),
    ("ix_messages_of_day", "messages", ["send_on", "state"], COMING),
    ("ix_messages_skipped", "messages", ["closed_at"], "state = 'skipped'"),
    ("ix_moments_by_state", "moments", ["trigger_id", "state"], None),
)


def upgrade() -> None:
    """Apply."""
    for name, table, columns, where in INDEXES:
        only = sa.text(where) if where else None
        op.create_index(name, table, columns, postgresql_where=only, sqlite_where=only)


def downgrade() -> None:
    """Take back."""
    for name, table, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
