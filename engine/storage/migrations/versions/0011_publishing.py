"""Versions that are proposed until somebody publishes them, with the answers of the checklist."""

import sqlalchemy as sa
from alembic import op

from engine.storage import base
from engine.storage.guards import drop_statements, guard_statements

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WAYS = {
    "draft": ("shadow", "active", "retired"),
    "shadow": ("active", "paused", "retired"),
    "active": ("shadow", "paused", "retired"),
    "paused": ("shadow", "active", "retired"),
    "retired": (),
}
OPEN = sa.text("state = 'asked'")


def upgrade() -> None:
    """Apply."""
    op.execute(
        "ALTER TABLE triggers ADD COLUMN paused_from TEXT "
        "CONSTRAINT ck_triggers_paused_from_known CHECK (paused_from IN ('shadow', 'active'))"
    )
    op.add_column("triggers", sa.Column("two_people", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("goes", sa.Text(), nullable=False),
        sa.Column("answers", base.JsonValue(), nullable=False),
        sa.Column("two_people", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("settled_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'done', 'withdrawn')", name=op.f("ck_publications_state_known")),
        sa.CheckConstraint("goes IN ('shadow', 'active', 'paused')", name=op.f("ck_publications_goes_known")),
        sa.CheckConstraint(
            "state <> 'done' OR (settled_at IS NOT NULL)", name=op.f("ck_publications_done_has_settled_at")
        ),
        sa.CheckConstraint(
            "state <> 'withdrawn' OR (settled_at IS NOT NULL)", name=op.f("ck_publications_withdrawn_has_settled_at")
        ),
        sa.CheckConstraint(
            "NOT two_people OR state <> 'done' OR (settled_by IS NOT NULL AND settled_by <> asked_by)",
            name=op.f("ck_publications_two_people_are_two"),
        ),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_publications_trigger_id_triggers")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["trigger_versions.id"], name=op.f("fk_publications_version_id_trigger_versions")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_publications_asked_by_people")),
        sa.ForeignKeyConstraint(["settled_by"], ["people.id"], name=op.f("fk_publications_settled_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    op.create_index("ix_publications_trigger_id", "publications", ["trigger_id"])
    op.create_index(
        "uq_publications_open", "publications", ["trigger_id"], unique=True, postgresql_where=OPEN, sqlite_where=OPEN
    )
    for statement in guard_statements(op.get_bind().dialect.name, "triggers", WAYS):
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for statement in drop_statements(op.get_bind().dialect.name, "triggers"):
        op.execute(statement)
    op.drop_table("publications")
    op.drop_column("triggers", "two_people")
    op.execute("ALTER TABLE triggers DROP COLUMN paused_from")
