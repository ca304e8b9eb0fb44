"""What a worker counts once a day of each trigger and outcome, so that the page Effect need not."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "effect_counts",
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("outcome_id", sa.Uuid(), nullable=False),
        sa.Column("outcome_version", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("days", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_effect_counts_trigger_id_triggers")),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcomes.id"], name=op.f("fk_effect_counts_outcome_id_outcomes")),
        sa.PrimaryKeyConstraint("trigger_id", "outcome_id", name=op.f("pk_effect_counts")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("effect_counts")
