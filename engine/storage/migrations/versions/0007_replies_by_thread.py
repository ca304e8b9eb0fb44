"""Replies are found by their message, by who wrote, by when they came, and by what they sound like."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_replies_message_id", "replies", ["message_id"])
    op.create_index("ix_replies_from_address", "replies", ["from_address", "received_at"])
    op.create_index("ix_replies_received_at", "replies", ["received_at", "id"])
    unhappy = sa.text("negative AND problem_id IS NULL")
    op.create_index("ix_replies_unhappy", "replies", ["received_at"], postgresql_where=unhappy, sqlite_where=unhappy)


def downgrade() -> None:
    """Undo."""
    for name in ("ix_replies_unhappy", "ix_replies_received_at", "ix_replies_from_address", "ix_replies_message_id"):
        op.drop_index(name, table_name="replies")
