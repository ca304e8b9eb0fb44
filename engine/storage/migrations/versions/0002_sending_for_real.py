"""What sending for real needs: receipts, replies, gates, keys, calls, and where a customer wants to be reached when."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

from engine.storage import base, guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# The permitted changes of state of this revision, where they differ from the one before.
TRANSITIONS = {
    "moments": {
        "spotted": ["cancelled", "control", "expired", "planned", "skipped"],
        "planned": ["cancelled", "control", "expired", "skipped", "spotted", "written"],
        "written": ["cancelled", "closed", "expired", "planned", "skipped", "spotted"],
        "closed": ["written"],
        "skipped": ["written"],
        "expired": [],
        "cancelled": ["spotted"],
        "control": [],
    },
    "messages": {
        "draft": ["approved", "cancelled", "expired", "in_review", "skipped"],
        "in_review": ["approved", "cancelled", "draft", "expired", "skipped"],
        "approved": ["cancelled", "expired", "handed_over", "in_review", "skipped"],
        "handed_over": ["approved", "closed"],
        "closed": ["approved"],
        "skipped": ["in_review"],
        "expired": [],
        "cancelled": [],
    },
}
BEFORE = {
    table: {source: [] if source == "closed" else targets for source, targets in ways.items()}
    for table, ways in TRANSITIONS.items()
}


def guard(ways_of: Mapping[str, guards.Ways]) -> None:
    """Put these guards in the place of the ones that stand there."""
    dialect = op.get_bind().dialect.name
    for table, ways in ways_of.items():
        for statement in guards.drop_statements(dialect, table) + guards.guard_statements(dialect, table, ways):
            op.execute(statement)


def upgrade() -> None:
    """Apply. Columns are added by themselves: SQLite makes a table anew in batch mode, and its guard would be lost."""

    op.create_table(
        "gates",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("refilled_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("closed_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("trial_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.Column("counted", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_gates")),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("data", base.JsonValue(), server_default="{}", nullable=False),
        sa.Column("occurred_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("applied_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('processed', 'deferred', 'delivered', 'read', 'opened', 'clicked', 'bounced', 'dropped', 'complained', 'unsubscribed', 'failed')",
            name=op.f("ck_receipts_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("provider", "key", name=op.f("uq_receipts_provider_key")),
    )
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.create_index("ix_receipts_message_id", ["message_id"], unique=False)
        batch_op.create_index(
            "ix_receipts_parked",
            ["received_at"],
            unique=False,
            postgresql_where=sa.text("applied_at IS NULL"),
            sqlite_where=sa.text("applied_at IS NULL"),
        )

    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", base.JsonValue(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("last_used_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_api_keys_created_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "replies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("provider_key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("from_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), server_default="text", nullable=False),
        sa.Column("received_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("handled_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("handled_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "meaning IN ('text', 'stop', 'start', 'help', 'automatic')", name=op.f("ck_replies_meaning_known")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_replies_customer_id_customers")),
        sa.ForeignKeyConstraint(["handled_by"], ["people.id"], name=op.f("fk_replies_handled_by_people")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_replies_message_id_messages")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_replies_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint("channel", "provider_key", name=op.f("uq_replies_channel_provider_key")),
    )
    with op.batch_alter_table("replies", schema=None) as batch_op:
        batch_op.create_index("ix_replies_of_customer", ["customer_id", "received_at"], unique=False)
        batch_op.create_index(
            "ix_replies_waiting",
            ["received_at"],
            unique=False,
            postgresql_where=sa.text("handled_at IS NULL"),
            sqlite_where=sa.text("handled_at IS NULL"),
        )

    op.create_table(
        "call_outcomes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("again_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("made_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('reached', 'left_message', 'no_answer', 'wrong_number', 'asked_not_to_call', 'given_up')",
            name=op.f("ck_call_outcomes_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_call_outcomes_delivery_id_deliveries")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_call_outcomes_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_outcomes")),
    )
    with op.batch_alter_table("call_outcomes", schema=None) as batch_op:
        batch_op.create_index("ix_call_outcomes_delivery_id", ["delivery_id"], unique=False)

    op.add_column("contact_points", sa.Column("unusable_reason", sa.Text(), nullable=True))
    op.add_column("contact_points", sa.Column("heard_at", base.UtcDateTime(timezone=True), nullable=True))

    op.add_column("customers", sa.Column("zone_guessed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("customers", sa.Column("region", sa.Text(), nullable=True))
    op.add_column("customers", sa.Column("channel_order", sa.Text(), nullable=True))
    op.add_column("customers", sa.Column("quiet_from", sa.Time(), nullable=True))
    op.add_column("customers", sa.Column("quiet_until", sa.Time(), nullable=True))

    op.add_column("deliveries", sa.Column("redirected", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("deliveries", sa.Column("read_at", base.UtcDateTime(timezone=True), nullable=True))
    calls = sa.text("channel = 'call' AND state = 'accepted'")
    op.create_index(
        "ix_deliveries_calls_to_make", "deliveries", ["accepted_at"], postgresql_where=calls, sqlite_where=calls
    )
    op.create_index("ix_deliveries_provider_id", "deliveries", ["provider_id"], unique=False)
    op.create_index("ix_contact_points_address_hash", "contact_points", ["address_hash"], unique=False)

    op.add_column("messages", sa.Column("channel_reason", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("approved_texts", base.JsonValue(), nullable=True))
    op.add_column("messages", sa.Column("hours_key", sa.Text(), nullable=True))
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index("ix_messages_to_send")
        batch_op.create_index(
            "ix_messages_to_send",
            ["channel", "send_at"],
            unique=False,
            postgresql_where=sa.text("state = 'approved'"),
            sqlite_where=sa.text("state = 'approved'"),
        )
        batch_op.create_index(
            "ix_messages_to_send_of_people",
            ["release_at"],
            unique=False,
            postgresql_where=sa.text("state = 'approved' AND approved_by IS NOT NULL"),
            sqlite_where=sa.text("state = 'approved' AND approved_by IS NOT NULL"),
        )

    guard(TRANSITIONS)


def downgrade() -> None:
    """Take back. Columns go by themselves: SQLite makes a table anew in batch mode, and its guard would be lost."""

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_messages_to_send_of_people",
            postgresql_where=sa.text("state = 'approved' AND approved_by IS NOT NULL"),
            sqlite_where=sa.text("state = 'approved' AND approved_by IS NOT NULL"),
        )
        batch_op.drop_index("ix_messages_to_send")
        batch_op.create_index(
            "ix_messages_to_send",
            ["send_at"],
            unique=False,
            postgresql_where=sa.text("state = 'approved'"),
            sqlite_where=sa.text("state = 'approved'"),
        )

    op.drop_column("messages", "hours_key")
    op.drop_column("messages", "approved_texts")
    op.drop_column("messages", "channel_reason")

    op.drop_index("ix_contact_points_address_hash", table_name="contact_points")
    op.drop_index("ix_deliveries_provider_id", table_name="deliveries")
    op.drop_index("ix_deliveries_calls_to_make", table_name="deliveries")
    op.drop_column("deliveries", "read_at")
    op.drop_column("deliveries", "redirected")

    op.drop_column("customers", "quiet_until")
    op.drop_column("customers", "quiet_from")
    op.drop_column("customers", "channel_order")
    op.drop_column("customers", "region")
    op.drop_column("customers", "zone_guessed")

    op.drop_column("contact_points", "heard_at")
    op.drop_column("contact_points", "unusable_reason")

    with op.batch_alter_table("call_outcomes", schema=None) as batch_op:
        batch_op.drop_index("ix_call_outcomes_delivery_id")

    op.drop_table("call_outcomes")
    with op.batch_alter_table("replies", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_replies_waiting",
            postgresql_where=sa.text("handled_at IS NULL"),
            sqlite_where=sa.text("handled_at IS NULL"),
        )
        batch_op.drop_index("ix_replies_of_customer")

    op.drop_table("replies")
    op.drop_table("api_keys")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_receipts_parked",
            postgresql_where=sa.text("applied_at IS NULL"),
            sqlite_where=sa.text("applied_at IS NULL"),
        )
        batch_op.drop_index("ix_receipts_message_id")

    op.drop_table("receipts")
    op.drop_table("gates")
    guard(BEFORE)
