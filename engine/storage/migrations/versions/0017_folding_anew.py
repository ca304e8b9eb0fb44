"""How far what a trigger watches was folded anew since it was switched on or changed."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("triggers", sa.Column("folded_after", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("triggers", "folded_after")
