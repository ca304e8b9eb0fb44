"""What the company says about days: "not now" for many at once, sensitive days, and what the calendar is counted by."""

import sqlalchemy as sa
from alembic import op

from engine.storage import base

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STANDING = sa.text("ended_at IS NULL")
TO_SETTLE = sa.text("opened_at IS NULL OR released_at IS NULL")
COMING = sa.text("state IN ('draft', 'in_review', 'approved')")
SPOTTED = sa.text("state = 'spotted'")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "pauses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("places", base.JsonValue(), nullable=False),
        sa.Column("segment", base.JsonValue(), nullable=True),
        sa.Column("touches", base.JsonValue(), nullable=False),
        sa.Column("standing_key", sa.Text(), nullable=False),
        sa.Column("began_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("began_by", sa.Uuid(), nullable=True),
        sa.Column("until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("opened_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("released_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_pauses_says_why")),
        sa.CheckConstraint("until IS NULL OR until > began_at", name=op.f("ck_pauses_until_later")),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name=op.f("ck_pauses_ended_later")),
        sa.ForeignKeyConstraint(["began_by"], ["people.id"], name=op.f("fk_pauses_began_by_people")),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_pauses_ended_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
    )
    index("uq_pauses_standing", "pauses", ["standing_key"], where=STANDING, unique=True)
    index("ix_pauses_to_settle", "pauses", ["began_at"], where=TO_SETTLE)
    op.create_table(
        "sensitive_days",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("month", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.BigInteger(), nullable=True),
        sa.Column("holiday", sa.Text(), nullable=True),
        sa.Column("countries", base.JsonValue(), nullable=False),
        sa.Column("families", base.JsonValue(), nullable=False),
        sa.Column("occasions", base.JsonValue(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("effect IN ('hold', 'shift')", name=op.f("ck_sensitive_days_effect_known")),
        sa.CheckConstraint(
            "(on_date IS NOT NULL AND month IS NULL AND day IS NULL AND holiday IS NULL)"
            " OR (on_date IS NULL AND month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31 AND holiday IS NULL)"
            " OR (on_date IS NULL AND month IS NULL AND day IS NULL AND holiday <> '')",
            name=op.f("ck_sensitive_days_says_when_once"),
        ),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_sensitive_days_created_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sensitive_days")),
    )
    index("ix_messages_of_calendar", "messages", ["send_on", "trigger_id", "owner_id", "state"], where=COMING)
    index("ix_moments_of_calendar", "moments", ["send_on", "trigger_id"], where=SPOTTED)
    op.create_index("ix_customers_country", "customers", ["country"])
    # With what is no day at all in it, so that days are counted from the index alone.
    op.drop_index("ix_customer_dates_anniversary", table_name="customer_dates")
    columns = ["name", "month_day", "year", "placeholder"]
    op.create_index("ix_customer_dates_anniversary", "customer_dates", columns)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_customer_dates_anniversary", table_name="customer_dates")
    op.create_index("ix_customer_dates_anniversary", "customer_dates", ["name", "month_day", "year"])
    op.drop_index("ix_customers_country", table_name="customers")
    op.drop_index("ix_moments_of_calendar", table_name="moments")
    op.drop_index("ix_messages_of_calendar", table_name="messages")
    op.drop_table("sensitive_days")
    op.drop_table("pauses")


def index(name: str, table: str, columns: list[str], *, where: sa.TextClause, unique: bool = False) -> None:
    """An index over the rows of `where` alone."""
    op.create_index(name, table, columns, unique=unique, postgresql_where=where, sqlite_where=where)
