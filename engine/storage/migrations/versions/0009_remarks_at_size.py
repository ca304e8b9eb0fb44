"""Which revisions carry remarks of the tone check: a few among very many, which the queue's filter looks for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME = "ix_revisions_with_remarks"


def upgrade() -> None:
    """Apply."""
    only = sa.text("findings <> '[]'")
    op.create_index(NAME, "revisions", ["message_id", "number"], postgresql_where=only, sqlite_where=only)


def downgrade() -> None:
    """Take back."""
    op.drop_index(NAME, table_name="revisions")
