"""Backtests and forecasts that are kept: what was asked for, how far it is, what it found, and whom it shows."""

import sqlalchemy as sa
from alembic import op

from engine.storage import base, guards

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The permitted changes of state as they were at this revision.
WAYS = {
    "waiting": ["running", "stopped"],
    "running": ["done", "failed", "stopped", "waiting"],
    "done": [],
    "stopped": [],
    "failed": [],
}
RUNNING = "state = 'running'"
OPEN = "state IN ('waiting', 'running')"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "rehearsals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("subjects", base.JsonValue(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=True),
        sa.Column("progress", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("result", base.JsonValue(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("stop_wanted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode IN ('backtest', 'forecast')", name=op.f("ck_rehearsals_mode_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'stopped', 'failed')", name=op.f("ck_rehearsals_state_known")
        ),
        *(_needs(*one) for one in (
            ("running", "started_at", "worker", "lease_until"), ("done", "result", "ended_at"),
            ("stopped", "ended_at"), ("failed", "error", "ended_at"),
        )),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_rehearsals_asked_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rehearsals")),
    )  # fmt: skip
    op.create_index("ix_rehearsals_mode_state_ended_at", "rehearsals", ["mode", "state", "ended_at"])
    for name, columns, where in (
        ("uq_rehearsals_one_running", ["state"], RUNNING),
        ("uq_rehearsals_one_asked", ["asked_by", "mode"], OPEN),
    ):
        only = sa.text(where)
        op.create_index(name, "rehearsals", columns, unique=True, postgresql_where=only, sqlite_where=only)
    op.create_table(
        "rehearsal_samples",
        sa.Column("rehearsal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("told", base.JsonValue(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rehearsal_id"], ["rehearsals.id"], name=op.f("fk_rehearsal_samples_rehearsal_id_rehearsals")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_rehearsal_samples_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("rehearsal_id", "position", name=op.f("pk_rehearsal_samples")),
    )
    op.create_index("ix_rehearsal_samples_customer_id", "rehearsal_samples", ["customer_id"])
    for statement in guards.guard_statements(op.get_bind().dialect.name, "rehearsals", WAYS):
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for statement in guards.drop_statements(op.get_bind().dialect.name, "rehearsals"):
        op.execute(statement)
    op.drop_table("rehearsal_samples")
    op.drop_table("rehearsals")


def _needs(state: str, *columns: str) -> sa.CheckConstraint:
    filled = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    name = f"ck_rehearsals_{state}_has_{'_and_'.join(columns)}"
    return sa.CheckConstraint(f"state <> '{state}' OR ({filled})", name=op.f(name))
