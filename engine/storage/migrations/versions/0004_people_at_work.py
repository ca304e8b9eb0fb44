"""What accounts need besides: tries of passwords that all web processes count together, and one's own notices found."""

import sqlalchemy as sa
from alembic import op

from engine.storage import base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tries",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("until", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tries")),
    )
    op.create_index("ix_tries_until", "tries", ["until"])
    op.create_index("ix_notices_of_person", "notices", ["person_id", "created_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_notices_of_person", "notices")
    op.drop_index("ix_tries_until", "tries")
    op.drop_table("tries")
