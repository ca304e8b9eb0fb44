"""Readings: somebody's own, under their name, and for people alone."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.record.erasing import erase
from engine.record.readings import add_reading, withdraw_reading
from engine.storage.models import AuditEntry
from tests.engine.builders import NOW, make_customer
from tests.engine.record.test_notes import hire

ROOT = Path(__file__).parents[3]


def test_a_reading_has_a_name_and_a_day(session: Session) -> None:
    """And the audit trail knows it."""
    customer, robin = make_customer(session), hire(session, "agent")
    reading = add_reading(session, customer.id, "thinks", "  that we are slow ", author=robin, now=NOW)
    assert (reading.text, reading.author_id, reading.created_at) == ("that we are slow", robin.id, NOW)
    assert session.scalars(select(AuditEntry.action)).all() == ["add_reading"]


def test_any_agent_may_take_one_back(session: Session) -> None:
    """Once; the second one changes nothing."""
    customer = make_customer(session)
    reading = add_reading(session, customer.id, "feels", "tired", author=hire(session, "agent"), now=NOW)
    other = hire(session, "agent")
    withdraw_reading(session, reading.id, person=other, now=NOW)
    withdraw_reading(session, reading.id, person=other, now=NOW + timedelta(days=1))
    session.refresh(reading)
    assert reading.withdrawn_at == NOW
    assert session.scalars(select(AuditEntry.action)).all() == ["add_reading", "withdraw_reading"]


def test_a_viewer_adds_and_withdraws_nothing(session: Session) -> None:
    """It needs the role agent."""
    customer, viewer = make_customer(session), hire(session, "viewer")
    with pytest.raises(NotAllowed):
        add_reading(session, customer.id, "thinks", "that", author=viewer, now=NOW)
    reading = add_reading(session, customer.id, "thinks", "that", author=hire(session, "agent"), now=NOW)
    with pytest.raises(NotAllowed):
        withdraw_reading(session, reading.id, person=viewer, now=NOW)


@pytest.mark.parametrize(("quadrant", "text"), [("says", "hm"), ("thinks", " "), ("feels", "x" * 501)])
def test_what_is_no_reading_is_refused(session: Session, quadrant: str, text: str) -> None:
    """What they say and do is observed, and not written here."""
    with pytest.raises(InvalidInput):
        add_reading(session, make_customer(session).id, quadrant, text, author=hire(session, "agent"), now=NOW)


def test_nothing_is_read_into_who_was_erased(session: Session) -> None:
    """They are gone."""
    customer = make_customer(session)
    erase(session, customer.id, now=NOW)
    with pytest.raises(NotFound):
        add_reading(session, customer.id, "thinks", "that", author=hire(session, "agent"), now=NOW)


def test_no_room_that_decides_or_writes_knows_of_readings() -> None:
    """Nothing that spots, plans, writes or sends imports the model, so nothing of it can get into a message."""
    knowing = {
        str(path.relative_to(ROOT))
        for room in ("engine", "triggers", "workers", "cli")
        for path in (ROOT / room).rglob("*.py")
        if "Reading" in _imported_models(path)
    }
    assert knowing == {
        "engine/record/forgetting.py",
        "engine/record/readings.py",
        "engine/storage/models/__init__.py",
    }


def test_of_those_that_decide_and_write_only_the_holds_know_of_notes() -> None:
    """What is noted can hold a message back and can never get into one."""
    knowing = {
        str(path.relative_to(ROOT))
        for room in ("engine/spot", "engine/plan", "engine/write", "engine/send", "engine/conditions", "triggers")
        for path in (ROOT / room).rglob("*.py")
        if "Note" in _imported_models(path)
    }
    assert knowing == {"engine/plan/rules/customer.py"}


def _imported_models(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.storage.models")
        for name in node.names
    }
