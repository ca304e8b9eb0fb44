"""Database triggers that refuse a forbidden change of state, whoever writes it.

`engine/transitions.py` lists the permitted ways; migrations carry their own literal copy, and a test compares the two
by attempting every change in the live database.
"""

from collections.abc import Mapping, Sequence

from engine.storage.base import quoted

Ways = Mapping[str, Sequence[str]]


def guard_statements(dialect: str, table: str, ways: Ways) -> list[str]:
    """The DDL that guards `table.state` on this dialect. Drop an older guard first with `drop_statements`."""
    allowed = " OR ".join(
        f"(OLD.state = '{source}' AND NEW.state IN ({quoted(targets)}))" for source, targets in ways.items() if targets
    )
    forbidden = f"NEW.state <> OLD.state AND NOT ({allowed})"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_transitions BEFORE UPDATE OF state ON {table} WHEN {forbidden} "
            f"BEGIN SELECT RAISE(ABORT, 'forbidden transition of {table}'); END"
        ]
    return [
        f"CREATE FUNCTION {table}_refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION 'forbidden transition of {table}: % to %', OLD.state, NEW.state "
        "USING ERRCODE = 'check_violation'; END $$",
        f"CREATE TRIGGER {table}_transitions BEFORE UPDATE OF state ON {table} FOR EACH ROW WHEN ({forbidden}) "
        f"EXECUTE FUNCTION {table}_refuse_transition()",
    ]


def drop_statements(dialect: str, table: str) -> list[str]:
    """The DDL that takes the guard of `table` away."""
    if dialect == "sqlite":
        return [f"DROP TRIGGER {table}_transitions"]
    return [f"DROP TRIGGER {table}_transitions ON {table}", f"DROP FUNCTION {table}_refuse_transition()"]
