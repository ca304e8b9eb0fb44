"""Why a template or the mission was changed, in the words of whoever changed it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("template_versions", "missions")


def upgrade() -> None:
    """Apply. What was there before has no reason: it came from a folder."""
    for table in TABLES:
        op.add_column(table, sa.Column("reason", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("reason")
