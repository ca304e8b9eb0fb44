"""What the agents' desk needs: whose draft it is, second reads, flags, notes, answers, calls, notices and sign-ins."""

import sqlalchemy as sa
from alembic import op

from engine.storage import base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPEN_DRAFTS = sa.text("state IN ('draft', 'in_review')")


def add_reference(table: str, column: str, target: str) -> None:
    """Add a column that points at `target.id`. In words of SQL: SQLite makes a table anew in batch mode, and the guard
    of its states would be lost."""
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    name = f"fk_{table}_{column}_{target}"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} CONSTRAINT {name} REFERENCES {target} (id)")


def upgrade() -> None:
    """Apply."""

    op.create_table(
        "access_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('invite', 'reset')", name=op.f("ck_access_links_purpose_known")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_access_links_created_by_people")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_access_links_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_links")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_access_links_secret_hash")),
    )
    with op.batch_alter_table("access_links", schema=None) as batch_op:
        batch_op.create_index("ix_access_links_person_id", ["person_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("next_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sent_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notices_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notices_to_carry",
            ["next_at"],
            unique=False,
            postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL"),
            sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL"),
        )
    op.create_table(
        "readings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("quadrant", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quadrant IN ('thinks', 'feels')", name=op.f("ck_readings_quadrant_known")),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_readings_author_id_people")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_readings_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    with op.batch_alter_table("readings", schema=None) as batch_op:
        batch_op.create_index("ix_readings_customer_id", ["customer_id"], unique=False)
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", base.JsonValue(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_saved_filters_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_filters_person_id_name")),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("begun_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_visits_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index("ix_visits_person_id", ["person_id", "begun_at"], unique=False)
    op.create_table(
        "flags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("paused_trigger", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("raised_by", sa.Uuid(), nullable=True),
        sa.Column("raised_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome IN ('changed', 'kept', 'skipped')", name=op.f("ck_flags_outcome_known")),
        sa.ForeignKeyConstraint(["answered_by"], ["people.id"], name=op.f("fk_flags_answered_by_people")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_flags_message_id_messages")),
        sa.ForeignKeyConstraint(["raised_by"], ["people.id"], name=op.f("fk_flags_raised_by_people")),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_flags_trigger_id_triggers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
    )
    with op.batch_alter_table("flags", schema=None) as batch_op:
        batch_op.create_index("ix_flags_message_id", ["message_id"], unique=False)
        batch_op.create_index(
            "ix_flags_open",
            ["raised_at"],
            unique=False,
            postgresql_where=sa.text("answered_at IS NULL"),
            sqlite_where=sa.text("answered_at IS NULL"),
        )
    op.create_table(
        "follow_up_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("resolved_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("again_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state <> 'done' OR (ended_at IS NOT NULL)", name=op.f("ck_follow_up_calls_done_has_ended_at")
        ),
        sa.CheckConstraint(
            "state <> 'dropped' OR (ended_at IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_follow_up_calls_dropped_has_ended_at_and_reason"),
        ),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_follow_up_calls_state_known")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_follow_up_calls_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_follow_up_calls_ended_by_people")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_follow_up_calls_owner_id_people")),
        sa.ForeignKeyConstraint(["problem_id"], ["problems.id"], name=op.f("fk_follow_up_calls_problem_id_problems")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_calls")),
        sa.UniqueConstraint("problem_id", name=op.f("uq_follow_up_calls_problem_id")),
    )
    with op.batch_alter_table("follow_up_calls", schema=None) as batch_op:
        batch_op.create_index("ix_follow_up_calls_customer_id", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_follow_up_calls_open",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )
    op.create_table(
        "second_reads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_of", sa.Uuid(), nullable=True),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("asked_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("answer IN ('fine', 'change')", name=op.f("ck_second_reads_answer_known")),
        sa.ForeignKeyConstraint(["answered_by"], ["people.id"], name=op.f("fk_second_reads_answered_by_people")),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_second_reads_asked_by_people")),
        sa.ForeignKeyConstraint(["asked_of"], ["people.id"], name=op.f("fk_second_reads_asked_of_people")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_second_reads_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_reads")),
    )
    with op.batch_alter_table("second_reads", schema=None) as batch_op:
        batch_op.create_index("ix_second_reads_message_id", ["message_id"], unique=False)
        batch_op.create_index(
            "uq_second_reads_open",
            ["message_id"],
            unique=True,
            postgresql_where=sa.text("answered_at IS NULL"),
            sqlite_where=sa.text("answered_at IS NULL"),
        )
    op.create_table(
        "answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reply_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("release_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("claimed_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("submitting_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state <> 'accepted' OR (accepted_at IS NOT NULL)", name=op.f("ck_answers_accepted_has_accepted_at")
        ),
        sa.CheckConstraint(
            "state <> 'claimed' OR (claimed_until IS NOT NULL AND worker IS NOT NULL)",
            name=op.f("ck_answers_claimed_has_claimed_until_and_worker"),
        ),
        sa.CheckConstraint("state <> 'refused' OR (reason IS NOT NULL)", name=op.f("ck_answers_refused_has_reason")),
        sa.CheckConstraint(
            "state <> 'submitting' OR (submitting_at IS NOT NULL)", name=op.f("ck_answers_submitting_has_submitting_at")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'claimed', 'submitting', 'accepted', 'refused', 'unconfirmed', 'withdrawn')",
            name=op.f("ck_answers_state_known"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_answers_customer_id_customers")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_answers_person_id_people")),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name=op.f("fk_answers_reply_id_replies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index("ix_answers_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_answers_reply_id", ["reply_id"], unique=False)
        batch_op.create_index(
            "ix_answers_to_send",
            ["release_at"],
            unique=False,
            postgresql_where=sa.text("state IN ('waiting', 'claimed', 'submitting')"),
            sqlite_where=sa.text("state IN ('waiting', 'claimed', 'submitting')"),
        )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_at", ["at"], unique=False)
        batch_op.create_index("ix_audit_of_person", ["person_id", "at"], unique=False)

    add_reference("messages", "owner_id", "people")
    op.add_column("messages", sa.Column("owner_reason", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("owner_note", sa.Text(), nullable=True))
    add_reference("messages", "taken_by", "people")
    op.add_column("messages", sa.Column("taken_until", base.UtcDateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("snoozed_until", base.UtcDateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("facts_changed", base.JsonValue(), nullable=True))
    op.create_index(
        "ix_messages_of_owner",
        "messages",
        ["owner_id", "deadline_at"],
        postgresql_where=OPEN_DRAFTS,
        sqlite_where=OPEN_DRAFTS,
    )

    op.add_column("notes", sa.Column("withdrawn_at", base.UtcDateTime(timezone=True), nullable=True))
    add_reference("notes", "withdrawn_by", "people")

    for column in ("skills", "locales", "ticket_names"):
        op.add_column("people", sa.Column(column, base.JsonValue(), server_default="[]", nullable=False))
    add_reference("people", "substitute_id", "people")
    for column in ("away_until", "rested_at", "paused_until"):
        op.add_column("people", sa.Column(column, base.UtcDateTime(timezone=True), nullable=True))

    op.add_column("problems", sa.Column("about", sa.Text(), nullable=True))

    op.add_column("replies", sa.Column("negative", sa.Boolean(), server_default=sa.false(), nullable=False))
    add_reference("replies", "problem_id", "problems")


def downgrade() -> None:
    """Take back."""
    for column in ("problem_id", "negative"):
        op.drop_column("replies", column)
    op.drop_column("problems", "about")
    for column in ("paused_until", "rested_at", "away_until", "substitute_id", "ticket_names", "locales", "skills"):
        op.drop_column("people", column)
    for column in ("withdrawn_by", "withdrawn_at"):
        op.drop_column("notes", column)
    op.drop_index("ix_messages_of_owner", table_name="messages")
    for column in (
        "facts_changed",
        "snoozed_until",
        "taken_until",
        "taken_by",
        "owner_note",
        "owner_reason",
        "owner_id",
    ):
        op.drop_column("messages", column)

    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_of_person")
        batch_op.drop_index("ix_audit_at")
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_answers_to_send",
            postgresql_where=sa.text("state IN ('waiting', 'claimed', 'submitting')"),
            sqlite_where=sa.text("state IN ('waiting', 'claimed', 'submitting')"),
        )
        batch_op.drop_index("ix_answers_reply_id")
        batch_op.drop_index("ix_answers_customer_id")
    op.drop_table("answers")
    with op.batch_alter_table("second_reads", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_second_reads_open",
            postgresql_where=sa.text("answered_at IS NULL"),
            sqlite_where=sa.text("answered_at IS NULL"),
        )
        batch_op.drop_index("ix_second_reads_message_id")
    op.drop_table("second_reads")
    with op.batch_alter_table("follow_up_calls", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_follow_up_calls_open",
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index("ix_follow_up_calls_customer_id")
    op.drop_table("follow_up_calls")
    with op.batch_alter_table("flags", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_flags_open",
            postgresql_where=sa.text("answered_at IS NULL"),
            sqlite_where=sa.text("answered_at IS NULL"),
        )
        batch_op.drop_index("ix_flags_message_id")
    op.drop_table("flags")
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.drop_index("ix_visits_person_id")
    op.drop_table("visits")
    op.drop_table("saved_filters")
    with op.batch_alter_table("readings", schema=None) as batch_op:
        batch_op.drop_index("ix_readings_customer_id")
    op.drop_table("readings")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_notices_to_carry",
            postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL"),
            sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL"),
        )
    op.drop_table("notices")
    with op.batch_alter_table("access_links", schema=None) as batch_op:
        batch_op.drop_index("ix_access_links_person_id")
    op.drop_table("access_links")
