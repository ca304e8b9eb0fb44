"""The migrated database is the database the models describe, down to the CHECKs and index predicates."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.storage.models import Base
from engine.storage.session import Database

# Autogenerate sees neither CHECKs nor the WHERE of an index, so both databases are asked for their own words.
SQLITE = (
    "SELECT type || ' ' || name || ' ' || sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
)
POSTGRES = (
    "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) "
    "FROM information_schema.columns WHERE table_schema = 'public'",
)


def catalogue(session: Session) -> set[str]:
    """Every table, constraint and index, in the words of the database itself."""
    assert session.bind is not None
    queries = (SQLITE,) if session.bind.dialect.name == "sqlite" else POSTGRES
    lines = {" ".join(line.split()) for query in queries for line in session.scalars(text(query))}
    return {clause for line in lines if "alembic_version" not in line for clause in clauses(line)}


def clauses(line: str) -> set[str]:
    """SQLite tells a table in one line, whose columns and constraints may stand in any order: one entry for each."""
    if not line.startswith("table "):
        return {line}
    name, body = line.split("CREATE TABLE", 1)[0], line.split("(", 1)[1].rstrip(")")
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(body):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(body[start:at])
            start = at + 1
    told = [clause for part in [*parts, body[start:]] for clause in apart(part.strip().replace(" )", ")"))]
    return {f"{name} {clause}" for clause in told}


def apart(clause: str) -> list[str]:
    """A column that was added with its foreign key, or its CHECK, is a column and a constraint."""
    column, constraint, reference = clause.partition(" CONSTRAINT ")
    if constraint and " CHECK " in reference:
        return [column, f"CONSTRAINT {reference}"]
    if not constraint or " REFERENCES " not in reference:
        return [clause]
    key, target = reference.split(" REFERENCES ")
    return [column, f"CONSTRAINT {key} FOREIGN KEY({column.split()[0]}) REFERENCES {target}"]


def test_migrating_makes_what_the_models_say(db: Database, empty_database_url: str) -> None:
    """Every column, CHECK, UNIQUE key, foreign key and index predicate agrees."""
    with db.reading() as migrated:
        found = catalogue(migrated)
    described = Database(empty_database_url)
    with described.writing() as session:
        Base.metadata.create_all(session.connection())
    with described.reading() as session:
        wanted = catalogue(session)
    described.dispose()
    assert len(wanted) > 250
    assert found == wanted


def test_every_promise_has_its_key(db: Database) -> None:
    """The UNIQUE keys that decide about doubles are there by name."""
    with db.reading() as session:
        known = " ".join(catalogue(session))
    for name in (
        "uq_moments_trigger_id_customer_id_occurrence_key",
        "uq_moments_one_recovery_per_incident",
        "uq_messages_one_celebration_a_day",
        "uq_message_moments_one_live",
        "uq_deliveries_one_open",
        "uq_holds_open",
        "pk_event_ledger",
    ):
        assert name in known
