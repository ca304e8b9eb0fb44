"""Which messages ended too late, by when: what Today tells of the last days, among very many that went."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NAME = "ix_messages_expired"


def upgrade() -> None:
    """Apply."""
    only = sa.text("state = 'expired'")
    op.create_index(NAME, "messages", ["closed_at"], postgresql_where=only, sqlite_where=only)


def downgrade() -> None:
    """Take back."""
    op.drop_index(NAME, table_name="messages")
