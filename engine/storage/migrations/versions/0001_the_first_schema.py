"""The first schema: every table, with the states as CHECKs and the promises as UNIQUE keys and partial indexes."""

import sqlalchemy as sa
from alembic import op

from engine.storage import base, guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# The permitted changes of state as they were at this revision.
TRANSITIONS = {
    "moments": {
        "spotted": ["cancelled", "control", "expired", "planned", "skipped"],
        "planned": ["cancelled", "control", "expired", "skipped", "spotted", "written"],
        "written": ["cancelled", "closed", "expired", "planned", "skipped", "spotted"],
        "closed": [],
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
        "closed": [],
        "skipped": ["in_review"],
        "expired": [],
        "cancelled": [],
    },
    "deliveries": {
        "claimed": ["refused", "submitting"],
        "submitting": ["accepted", "refused", "unconfirmed"],
        "accepted": ["bounced", "delivered"],
        "delivered": ["bounced"],
        "refused": [],
        "bounced": [],
        "unconfirmed": ["accepted", "bounced", "delivered", "refused"],
    },
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("traits", base.JsonValue(), server_default="{}", nullable=False),
        sa.Column("preferred_channel", sa.Text(), nullable=True),
        sa.Column("deceased", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("minor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("closed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("last_active_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("erased_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("external_id", name=op.f("uq_customers_external_id")),
    )
    op.create_table(
        "event_ledger",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_event_ledger")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("what_happened", sa.Text(), nullable=True),
        sa.Column("what_we_did", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("started_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("updated_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("key", name=op.f("uq_incidents_key")),
    )
    op.create_table(
        "installation",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", base.JsonValue(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
    )
    op.create_table(
        "missions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", base.JsonValue(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missions")),
        sa.UniqueConstraint("number", name=op.f("uq_missions_number")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("session_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'agent', 'marketing', 'admin')", name=op.f("ck_people_role_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_table(
        "rejected_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", base.JsonValue(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_events")),
    )
    with op.batch_alter_table("rejected_events", schema=None) as batch_op:
        batch_op.create_index("ix_rejected_events_recorded_at", ["recorded_at"], unique=False)

    op.create_table(
        "templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("family IN ('celebrate', 'reassure', 'recover')", name=op.f("ck_templates_family_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("name", name=op.f("uq_templates_name")),
    )
    op.create_table(
        "triggers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("active_from", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column("scanned_through", sa.Date(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("family IN ('celebrate', 'reassure', 'recover')", name=op.f("ck_triggers_family_known")),
        sa.CheckConstraint(
            "state <> 'paused' OR (paused_reason IS NOT NULL)", name=op.f("ck_triggers_paused_has_paused_reason")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'shadow', 'active', 'paused', 'retired')", name=op.f("ck_triggers_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("name", name=op.f("uq_triggers_name")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("detail", base.JsonValue(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_audit_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_subject", ["subject", "subject_id"], unique=False)

    op.create_table(
        "consents",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("given_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "basis IN ('express', 'implied', 'contract', 'legitimate_interest')", name=op.f("ck_consents_basis_known")
        ),
        sa.CheckConstraint("state IN ('granted', 'refused')", name=op.f("ck_consents_state_known")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_consents_customer_id_customers")),
        sa.PrimaryKeyConstraint("customer_id", "channel", "occasion", name=op.f("pk_consents")),
    )
    op.create_table(
        "contact_points",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("usable", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_contact_points_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_points")),
        sa.UniqueConstraint(
            "customer_id", "channel", "address", name=op.f("uq_contact_points_customer_id_channel_address")
        ),
    )
    op.create_table(
        "customer_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", base.JsonValue(), nullable=True),
        sa.Column("new", base.JsonValue(), nullable=True),
        sa.Column("effective_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_changes_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_changes")),
    )
    with op.batch_alter_table("customer_changes", schema=None) as batch_op:
        batch_op.create_index("ix_customer_changes_of_field", ["customer_id", "field", "effective_at"], unique=False)

    op.create_table(
        "customer_dates",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=True),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("month_day", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_name", sa.Text(), nullable=True),
        sa.Column("placeholder", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31", name=op.f("ck_customer_dates_in_calendar")
        ),
        sa.CheckConstraint("month_day = month * 100 + day", name=op.f("ck_customer_dates_month_day_agrees")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_dates_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("customer_id", "name", name=op.f("pk_customer_dates")),
    )
    with op.batch_alter_table("customer_dates", schema=None) as batch_op:
        batch_op.create_index("ix_customer_dates_anniversary", ["name", "month_day", "year"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("occurred_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("properties", base.JsonValue(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("corrects", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_events_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_events_corrections",
            ["corrects"],
            unique=False,
            postgresql_where=sa.text("corrects IS NOT NULL"),
            sqlite_where=sa.text("corrects IS NOT NULL"),
        )
        batch_op.create_index("ix_events_fold", ["customer_id", "name", "occurred_at", "message_id"], unique=False)
        batch_op.create_index(
            "ix_events_of_subject",
            ["customer_id", "subject"],
            unique=False,
            postgresql_where=sa.text("subject IS NOT NULL"),
            sqlite_where=sa.text("subject IS NOT NULL"),
        )

    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('complaint', 'compliment', 'life_event', 'not_now', 'other')", name=op.f("ck_notes_kind_known")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_notes_author_id_people")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_notes_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notes_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "preferences",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_preferences_customer_id_customers")),
        sa.PrimaryKeyConstraint("customer_id", "occasion", name=op.f("pk_preferences")),
    )
    op.create_table(
        "problems",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("incident_key", sa.Text(), nullable=False),
        sa.Column("opened_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_event_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reopened", sa.BigInteger(), nullable=False),
        sa.Column("what_happened", sa.Text(), nullable=True),
        sa.Column("what_we_did", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("next_news_on", sa.Date(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('ticket', 'refund', 'outage')", name=op.f("ck_problems_kind_known")),
        sa.CheckConstraint("severity IN ('minor', 'major', 'serious')", name=op.f("ck_problems_severity_known")),
        sa.CheckConstraint(
            "state <> 'resolved' OR (resolved_at IS NOT NULL)", name=op.f("ck_problems_resolved_has_resolved_at")
        ),
        sa.CheckConstraint("state IN ('contact', 'open', 'resolved')", name=op.f("ck_problems_state_known")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_problems_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problems")),
        sa.UniqueConstraint("customer_id", "key", name=op.f("uq_problems_customer_id_key")),
    )
    with op.batch_alter_table("problems", schema=None) as batch_op:
        batch_op.create_index(
            "ix_problems_of_incident",
            ["incident_key"],
            unique=False,
            postgresql_where=sa.text("kind = 'outage'"),
            sqlite_where=sa.text("kind = 'outage'"),
        )
        batch_op.create_index(
            "ix_problems_open",
            ["customer_id"],
            unique=False,
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(
            "ix_problems_settling",
            ["resolved_at"],
            unique=False,
            postgresql_where=sa.text("state = 'resolved'"),
            sqlite_where=sa.text("state = 'resolved'"),
        )

    op.create_table(
        "suppressions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "customer_id IS NOT NULL OR address_hash IS NOT NULL", name=op.f("ck_suppressions_of_someone")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_suppressions_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_suppressions_of_address",
            ["address_hash"],
            unique=False,
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_suppressions_of_customer",
            ["customer_id"],
            unique=False,
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        )

    op.create_table(
        "template_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", base.JsonValue(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('folder', 'person')", name=op.f("ck_template_versions_origin_known")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name=op.f("fk_template_versions_template_id_templates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_versions")),
        sa.UniqueConstraint("template_id", "number", name=op.f("uq_template_versions_template_id_number")),
    )
    op.create_table(
        "totals",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("detail", base.JsonValue(), nullable=True),
        sa.Column("last_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_message_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_totals_customer_id_customers")),
        sa.PrimaryKeyConstraint("customer_id", "metric", name=op.f("pk_totals")),
    )
    op.create_table(
        "trigger_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("definition", base.JsonValue(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_trigger_versions_trigger_id_triggers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_versions")),
        sa.UniqueConstraint("trigger_id", "number", name=op.f("uq_trigger_versions_trigger_id_number")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("trigger_version_id", sa.Uuid(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("must_read", sa.Boolean(), nullable=False),
        sa.Column("if_unreviewed", sa.Text(), nullable=False),
        sa.Column("send_on", sa.Date(), nullable=False),
        sa.Column("window_start", sa.Time(), nullable=False),
        sa.Column("window_end", sa.Time(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("send_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("write_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("edited", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("written_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approved_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("release_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("family IN ('celebrate', 'reassure', 'recover')", name=op.f("ck_messages_family_known")),
        sa.CheckConstraint("if_unreviewed IN ('drop', 'send')", name=op.f("ck_messages_if_unreviewed_known")),
        sa.CheckConstraint(
            "state <> 'approved' OR (approved_at IS NOT NULL AND release_at IS NOT NULL AND written_at IS NOT NULL)",
            name=op.f("ck_messages_approved_has_approved_at_and_release_at_and_written_at"),
        ),
        sa.CheckConstraint(
            "state <> 'cancelled' OR (reason IS NOT NULL)", name=op.f("ck_messages_cancelled_has_reason")
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR (closed_at IS NOT NULL)", name=op.f("ck_messages_closed_has_closed_at")
        ),
        sa.CheckConstraint("state <> 'expired' OR (reason IS NOT NULL)", name=op.f("ck_messages_expired_has_reason")),
        sa.CheckConstraint(
            "state <> 'handed_over' OR (handed_over_at IS NOT NULL AND approved_at IS NOT NULL)",
            name=op.f("ck_messages_handed_over_has_handed_over_at_and_approved_at"),
        ),
        sa.CheckConstraint(
            "state <> 'in_review' OR (written_at IS NOT NULL)", name=op.f("ck_messages_in_review_has_written_at")
        ),
        sa.CheckConstraint("state <> 'skipped' OR (reason IS NOT NULL)", name=op.f("ck_messages_skipped_has_reason")),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'approved', 'handed_over', 'closed', 'skipped', 'expired', 'cancelled')",
            name=op.f("ck_messages_state_known"),
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["people.id"], name=op.f("fk_messages_approved_by_people")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_messages_customer_id_customers")),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_messages_trigger_id_triggers")),
        sa.ForeignKeyConstraint(
            ["trigger_version_id"],
            ["trigger_versions.id"],
            name=op.f("fk_messages_trigger_version_id_trigger_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_messages_in_review",
            ["deadline_at"],
            unique=False,
            postgresql_where=sa.text("state IN ('draft', 'in_review')"),
            sqlite_where=sa.text("state IN ('draft', 'in_review')"),
        )
        batch_op.create_index("ix_messages_of_customer", ["customer_id", "send_on"], unique=False)
        batch_op.create_index(
            "ix_messages_to_send",
            ["send_at"],
            unique=False,
            postgresql_where=sa.text("state = 'approved'"),
            sqlite_where=sa.text("state = 'approved'"),
        )
        batch_op.create_index(
            "ix_messages_to_write",
            ["write_at"],
            unique=False,
            postgresql_where=sa.text("state = 'draft'"),
            sqlite_where=sa.text("state = 'draft'"),
        )
        batch_op.create_index(
            "uq_messages_one_celebration_a_day",
            ["customer_id", "send_on"],
            unique=True,
            postgresql_where=sa.text(
                "family = 'celebrate' AND state IN ('draft', 'in_review', 'approved', 'handed_over', 'closed')"
            ),
            sqlite_where=sa.text(
                "family = 'celebrate' AND state IN ('draft', 'in_review', 'approved', 'handed_over', 'closed')"
            ),
        )

    op.create_table(
        "moments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("trigger_version_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence_key", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("incident_key", sa.Text(), nullable=True),
        sa.Column("problem_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("nominal_on", sa.Date(), nullable=False),
        sa.Column("send_on", sa.Date(), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("facts", base.JsonValue(), nullable=False),
        sa.Column("check_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("spotted_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("planned_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("written_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("family IN ('celebrate', 'reassure', 'recover')", name=op.f("ck_moments_family_known")),
        sa.CheckConstraint(
            "state <> 'cancelled' OR (reason IS NOT NULL)", name=op.f("ck_moments_cancelled_has_reason")
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR (closed_at IS NOT NULL)", name=op.f("ck_moments_closed_has_closed_at")
        ),
        sa.CheckConstraint("state <> 'expired' OR (reason IS NOT NULL)", name=op.f("ck_moments_expired_has_reason")),
        sa.CheckConstraint(
            "state <> 'planned' OR (planned_at IS NOT NULL)", name=op.f("ck_moments_planned_has_planned_at")
        ),
        sa.CheckConstraint("state <> 'skipped' OR (reason IS NOT NULL)", name=op.f("ck_moments_skipped_has_reason")),
        sa.CheckConstraint(
            "state <> 'written' OR (written_at IS NOT NULL)", name=op.f("ck_moments_written_has_written_at")
        ),
        sa.CheckConstraint(
            "state IN ('spotted', 'planned', 'written', 'closed', 'skipped', 'expired', 'cancelled', 'control')",
            name=op.f("ck_moments_state_known"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_moments_customer_id_customers")),
        sa.ForeignKeyConstraint(["problem_id"], ["problems.id"], name=op.f("fk_moments_problem_id_problems")),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.id"], name=op.f("fk_moments_trigger_id_triggers")),
        sa.ForeignKeyConstraint(
            ["trigger_version_id"], ["trigger_versions.id"], name=op.f("fk_moments_trigger_version_id_trigger_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moments")),
        sa.UniqueConstraint(
            "trigger_id", "customer_id", "occurrence_key", name=op.f("uq_moments_trigger_id_customer_id_occurrence_key")
        ),
    )
    with op.batch_alter_table("moments", schema=None) as batch_op:
        batch_op.create_index("ix_moments_of_customer", ["customer_id", "send_on"], unique=False)
        batch_op.create_index(
            "ix_moments_planned",
            ["trigger_id", "planned_at"],
            unique=False,
            postgresql_where=sa.text("planned_at IS NOT NULL"),
            sqlite_where=sa.text("planned_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_moments_to_expire",
            ["expires_at"],
            unique=False,
            postgresql_where=sa.text("state IN ('spotted', 'planned', 'written')"),
            sqlite_where=sa.text("state IN ('spotted', 'planned', 'written')"),
        )
        batch_op.create_index(
            "ix_moments_to_plan",
            ["check_at"],
            unique=False,
            postgresql_where=sa.text("state = 'spotted'"),
            sqlite_where=sa.text("state = 'spotted'"),
        )
        batch_op.create_index(
            "uq_moments_one_recovery_per_incident",
            ["customer_id", "incident_key"],
            unique=True,
            postgresql_where=sa.text("family = 'recover' AND state NOT IN ('cancelled', 'skipped')"),
            sqlite_where=sa.text("family = 'recover' AND state NOT IN ('cancelled', 'skipped')"),
        )

    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("claimed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("submitting_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("unconfirmed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'accepted' OR (submitting_at IS NOT NULL AND accepted_at IS NOT NULL)",
            name=op.f("ck_deliveries_accepted_has_submitting_at_and_accepted_at"),
        ),
        sa.CheckConstraint(
            "state <> 'bounced' OR (submitting_at IS NOT NULL AND ended_at IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_deliveries_bounced_has_submitting_at_and_ended_at_and_reason"),
        ),
        sa.CheckConstraint(
            "state <> 'claimed' OR (lease_until IS NOT NULL)", name=op.f("ck_deliveries_claimed_has_lease_until")
        ),
        sa.CheckConstraint(
            "state <> 'delivered' OR (submitting_at IS NOT NULL AND delivered_at IS NOT NULL)",
            name=op.f("ck_deliveries_delivered_has_submitting_at_and_delivered_at"),
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR (ended_at IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_deliveries_refused_has_ended_at_and_reason"),
        ),
        sa.CheckConstraint(
            "state <> 'submitting' OR (lease_until IS NOT NULL AND submitting_at IS NOT NULL)",
            name=op.f("ck_deliveries_submitting_has_lease_until_and_submitting_at"),
        ),
        sa.CheckConstraint(
            "state <> 'unconfirmed' OR (submitting_at IS NOT NULL AND unconfirmed_at IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_deliveries_unconfirmed_has_submitting_at_and_unconfirmed_at_and_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('claimed', 'submitting', 'accepted', 'delivered', 'refused', 'bounced', 'unconfirmed')",
            name=op.f("ck_deliveries_state_known"),
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_deliveries_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deliveries_leases",
            ["lease_until"],
            unique=False,
            postgresql_where=sa.text("state IN ('claimed', 'submitting')"),
            sqlite_where=sa.text("state IN ('claimed', 'submitting')"),
        )
        batch_op.create_index("ix_deliveries_message_id", ["message_id"], unique=False)
        batch_op.create_index(
            "uq_deliveries_one_open",
            ["message_id"],
            unique=True,
            postgresql_where=sa.text("state NOT IN ('refused', 'bounced')"),
            sqlite_where=sa.text("state NOT IN ('refused', 'bounced')"),
        )

    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("opened_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("released_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_holds_moment_id_moments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_holds_moment_id"), ["moment_id"], unique=False)
        batch_op.create_index(
            "uq_holds_open",
            ["moment_id", "name"],
            unique=True,
            postgresql_where=sa.text("released_at IS NULL"),
            sqlite_where=sa.text("released_at IS NULL"),
        )

    op.create_table(
        "message_moments",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("moment_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_message_moments_message_id_messages")),
        sa.ForeignKeyConstraint(["moment_id"], ["moments.id"], name=op.f("fk_message_moments_moment_id_moments")),
        sa.PrimaryKeyConstraint("message_id", "moment_id", name=op.f("pk_message_moments")),
    )
    with op.batch_alter_table("message_moments", schema=None) as batch_op:
        batch_op.create_index(
            "uq_message_moments_one_live",
            ["moment_id"],
            unique=True,
            postgresql_where=sa.text("live"),
            sqlite_where=sa.text("live"),
        )

    op.create_table(
        "revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("template_version_id", sa.Uuid(), nullable=True),
        sa.Column("mission_id", sa.Uuid(), nullable=True),
        sa.Column("variant", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("texts", base.JsonValue(), nullable=False),
        sa.Column("facts", base.JsonValue(), nullable=False),
        sa.Column("findings", base.JsonValue(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_revisions_author_id_people")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_revisions_message_id_messages")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_revisions_mission_id_missions")),
        sa.ForeignKeyConstraint(
            ["template_version_id"],
            ["template_versions.id"],
            name=op.f("fk_revisions_template_version_id_template_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("message_id", "number", name=op.f("uq_revisions_message_id_number")),
    )
    dialect = op.get_bind().dialect.name
    for table, ways in TRANSITIONS.items():
        for statement in guards.guard_statements(dialect, table, ways):
            op.execute(statement)


def downgrade() -> None:
    """Take back."""
    dialect = op.get_bind().dialect.name
    for table in TRANSITIONS:
        for statement in guards.drop_statements(dialect, table):
            op.execute(statement)
    op.drop_table("revisions")
    with op.batch_alter_table("message_moments", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_message_moments_one_live", postgresql_where=sa.text("live"), sqlite_where=sa.text("live")
        )

    op.drop_table("message_moments")
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_holds_open",
            postgresql_where=sa.text("released_at IS NULL"),
            sqlite_where=sa.text("released_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_holds_moment_id"))

    op.drop_table("holds")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_deliveries_one_open",
            postgresql_where=sa.text("state NOT IN ('refused', 'bounced')"),
            sqlite_where=sa.text("state NOT IN ('refused', 'bounced')"),
        )
        batch_op.drop_index("ix_deliveries_message_id")
        batch_op.drop_index(
            "ix_deliveries_leases",
            postgresql_where=sa.text("state IN ('claimed', 'submitting')"),
            sqlite_where=sa.text("state IN ('claimed', 'submitting')"),
        )

    op.drop_table("deliveries")
    with op.batch_alter_table("moments", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_moments_one_recovery_per_incident",
            postgresql_where=sa.text("family = 'recover' AND state NOT IN ('cancelled', 'skipped')"),
            sqlite_where=sa.text("family = 'recover' AND state NOT IN ('cancelled', 'skipped')"),
        )
        batch_op.drop_index(
            "ix_moments_to_plan",
            postgresql_where=sa.text("state = 'spotted'"),
            sqlite_where=sa.text("state = 'spotted'"),
        )
        batch_op.drop_index(
            "ix_moments_to_expire",
            postgresql_where=sa.text("state IN ('spotted', 'planned', 'written')"),
            sqlite_where=sa.text("state IN ('spotted', 'planned', 'written')"),
        )
        batch_op.drop_index(
            "ix_moments_planned",
            postgresql_where=sa.text("planned_at IS NOT NULL"),
            sqlite_where=sa.text("planned_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_moments_of_customer")

    op.drop_table("moments")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_messages_one_celebration_a_day",
            postgresql_where=sa.text(
                "family = 'celebrate' AND state IN ('draft', 'in_review', 'approved', 'handed_over', 'closed')"
            ),
            sqlite_where=sa.text(
                "family = 'celebrate' AND state IN ('draft', 'in_review', 'approved', 'handed_over', 'closed')"
            ),
        )
        batch_op.drop_index(
            "ix_messages_to_write", postgresql_where=sa.text("state = 'draft'"), sqlite_where=sa.text("state = 'draft'")
        )
        batch_op.drop_index(
            "ix_messages_to_send",
            postgresql_where=sa.text("state = 'approved'"),
            sqlite_where=sa.text("state = 'approved'"),
        )
        batch_op.drop_index("ix_messages_of_customer")
        batch_op.drop_index(
            "ix_messages_in_review",
            postgresql_where=sa.text("state IN ('draft', 'in_review')"),
            sqlite_where=sa.text("state IN ('draft', 'in_review')"),
        )

    op.drop_table("messages")
    op.drop_table("trigger_versions")
    op.drop_table("totals")
    op.drop_table("template_versions")
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_suppressions_of_customer",
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_suppressions_of_address",
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        )

    op.drop_table("suppressions")
    with op.batch_alter_table("problems", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_problems_settling",
            postgresql_where=sa.text("state = 'resolved'"),
            sqlite_where=sa.text("state = 'resolved'"),
        )
        batch_op.drop_index(
            "ix_problems_open", postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(
            "ix_problems_of_incident",
            postgresql_where=sa.text("kind = 'outage'"),
            sqlite_where=sa.text("kind = 'outage'"),
        )

    op.drop_table("problems")
    op.drop_table("preferences")
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notes_customer_id"))

    op.drop_table("notes")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_events_of_subject",
            postgresql_where=sa.text("subject IS NOT NULL"),
            sqlite_where=sa.text("subject IS NOT NULL"),
        )
        batch_op.drop_index("ix_events_fold")
        batch_op.drop_index(
            "ix_events_corrections",
            postgresql_where=sa.text("corrects IS NOT NULL"),
            sqlite_where=sa.text("corrects IS NOT NULL"),
        )

    op.drop_table("events")
    with op.batch_alter_table("customer_dates", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_dates_anniversary")

    op.drop_table("customer_dates")
    with op.batch_alter_table("customer_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_changes_of_field")

    op.drop_table("customer_changes")
    op.drop_table("contact_points")
    op.drop_table("consents")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_subject")

    op.drop_table("audit")
    op.drop_table("triggers")
    op.drop_table("templates")
    with op.batch_alter_table("rejected_events", schema=None) as batch_op:
        batch_op.drop_index("ix_rejected_events_recorded_at")

    op.drop_table("rejected_events")
    op.drop_table("people")
    op.drop_table("missions")
    op.drop_table("installation")
    op.drop_table("incidents")
    op.drop_table("event_ledger")
    op.drop_table("customers")
