"""What a complaint is about, and indexes: customers by name, notes by day, receipts by delivery, messages that come."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COMING = sa.text("state IN ('draft', 'in_review', 'approved')")
OF_A_DELIVERY = sa.text("delivery_id IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.add_column("notes", sa.Column("category", sa.Text(), nullable=True))
    op.add_column("notes", sa.Column("occasion", sa.Text(), nullable=True))
    op.create_index("ix_notes_created_at", "notes", ["created_at"])
    op.create_index(
        "ix_receipts_of_delivery",
        "receipts",
        ["delivery_id"],
        postgresql_where=OF_A_DELIVERY,
        sqlite_where=OF_A_DELIVERY,
    )
    op.create_index("ix_messages_coming", "messages", ["send_at", "id"], postgresql_where=COMING, sqlite_where=COMING)
    collated = "" if op.get_bind().dialect.name == "sqlite" else ' COLLATE "C"'
    for first, then in (("last_name", "first_name"), ("first_name", "last_name")):
        op.execute(
            f"CREATE INDEX ix_customers_{first} ON customers (lower({first}){collated}, lower({then}){collated})"
        )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_customers_first_name", table_name="customers")
    op.drop_index("ix_customers_last_name", table_name="customers")
    op.drop_index("ix_messages_coming", table_name="messages")
    op.drop_index("ix_receipts_of_delivery", table_name="receipts")
    op.drop_index("ix_notes_created_at", table_name="notes")
    op.drop_column("notes", "occasion")
    op.drop_column("notes", "category")
