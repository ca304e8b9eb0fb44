"""Every change of state that is not permitted is refused by the database itself, and every permitted one is taken."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from engine import transitions
from engine.ids import new_id
from engine.storage.models import Customer, Delivery, Message, Moment, Person, Rehearsal, Trigger, TriggerVersion
from engine.storage.session import Database

NOW = datetime(2026, 2, 14, 9, tzinfo=UTC)
TABLES = {
    "triggers": (Trigger, transitions.TRIGGER),
    "moments": (Moment, transitions.MOMENT),
    "messages": (Message, transitions.MESSAGE),
    "deliveries": (Delivery, transitions.DELIVERY),
    "rehearsals": (Rehearsal, transitions.REHEARSAL),
}


def pairs(wanted: bool) -> Iterator[tuple[str, str, str]]:
    """Every (table, from, to) that is permitted, or every one that is not."""
    for table, (_, ways) in TABLES.items():
        for source in ways:
            for target in ways:
                if source != target and (target in ways[source]) == wanted:
                    yield table, source, target


@pytest.fixture
def filled(session: Session) -> Session:
    """A moment, a message, a delivery and a run with every timestamp and reason: only the way itself is judged."""
    ids = {name: new_id() for name in ("customer", "trigger", "version", "moment", "message")}
    trigger: dict[str, Any] = {"id": ids["trigger"], "name": "birthday", "kind": "anniversary", "family": "celebrate"}
    session.add(Trigger(**trigger, occasion="birthday", state="draft", paused_reason="r", salt="s", created_at=NOW))
    session.add(Customer(id=ids["customer"], external_id="c1", bucket=1, created_at=NOW, updated_at=NOW))
    session.flush()
    session.add(
        TriggerVersion(
            id=ids["version"],
            trigger_id=ids["trigger"],
            number=1,
            definition={},
            author="a",
            reason="r",
            created_at=NOW,
        )
    )
    session.flush()
    about = {
        "trigger_id": ids["trigger"],
        "trigger_version_id": ids["version"],
        "customer_id": ids["customer"],
        "family": "celebrate",
        "occasion": "birthday",
        "reason": "because",
        "send_on": date(2026, 2, 14),
        "expires_at": NOW,
        "weight": 1,
        "written_at": NOW,
        "closed_at": NOW,
    }
    session.add(
        Moment(
            **about, id=ids["moment"], occurrence_key="2026", state="spotted", nominal_on=date(2026, 2, 14), facts={},
            check_at=NOW, spotted_at=NOW, planned_at=NOW,
        )
    )  # fmt: skip
    session.add(
        Message(
            **about, id=ids["message"], state="draft", channel="postbox", template="birthday", must_read=True,
            if_unreviewed="drop", window_start=time(9), window_end=time(11), zone="UTC", send_at=NOW, write_at=NOW,
            deadline_at=NOW, created_at=NOW, approved_at=NOW, release_at=NOW, handed_over_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    session.add(
        Delivery(
            message_id=ids["message"], channel="postbox", address="a", state="claimed", fence=1, worker="w", reason="r",
            lease_until=NOW, claimed_at=NOW, submitting_at=NOW, accepted_at=NOW, delivered_at=NOW, unconfirmed_at=NOW,
            ended_at=NOW,
        )
    )  # fmt: skip
    person = Person(email="mia@example.com", name="Mia", role="marketing", password_hash="x", created_at=NOW)
    session.add(person)
    session.flush()
    session.add(
        Rehearsal(
            mode="backtest", names=" birthday ", subjects=[], first_on=NOW.date(), last_on=NOW.date(), state="waiting",
            error="e", result={}, asked_by=person.id, asked_at=NOW, started_at=NOW, ended_at=NOW, worker="w",
            lease_until=NOW,
        )
    )  # fmt: skip
    session.flush()
    return session


def put_in_state(session: Session, table: str, state: str) -> None:
    """Walk permitted ways from the first state to `state`."""
    model, ways = TABLES[table]
    first = next(iter(ways))
    paths = {first: [first]}
    waiting = [first]
    for source in waiting:
        for target in sorted(ways[source] - paths.keys()):
            paths[target] = [*paths[source], target]
            waiting.append(target)
    for step in paths[state][1:]:
        session.execute(update(model).values(state=step))


@pytest.mark.parametrize(("table", "source", "target"), list(pairs(wanted=False)))
def test_forbidden_change_is_refused(filled: Session, table: str, source: str, target: str) -> None:
    """The database refuses it whoever asks."""
    put_in_state(filled, table, source)
    with pytest.raises(DatabaseError, match="forbidden transition"):
        filled.execute(update(TABLES[table][0]).values(state=target))


def test_permitted_changes_are_taken(filled: Session) -> None:
    """Each permitted way works, from each state."""
    for table, source, target in pairs(wanted=True):
        with filled.begin_nested() as undo:
            put_in_state(filled, table, source)
            filled.execute(update(TABLES[table][0]).values(state=target))
            undo.rollback()


@pytest.mark.parametrize("table", TABLES)
def test_unknown_state_is_refused(filled: Session, table: str) -> None:
    """A CHECK lists the states."""
    with pytest.raises(DatabaseError):
        filled.execute(update(TABLES[table][0]).values(state="sent"))


def test_state_without_its_timestamp_is_refused(db: Database) -> None:
    """A paused trigger, for example, has a reason."""
    with pytest.raises(DatabaseError, match="paused_has_paused_reason"), db.writing() as session:
        session.add(
            Trigger(
                name="t", kind="anniversary", family="celebrate", occasion="o", state="paused", salt="s", created_at=NOW
            )
        )
