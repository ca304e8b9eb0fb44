"""One cause, many customers: when an incident is over, so are the outages of all who felt it, and of nobody else."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.record.incidents import IncidentRow, record_incident
from engine.record.problems import fold_problems
from engine.storage.models import Incident, Problem
from engine.storage.session import Database
from tests.engine.record.test_problems import NOW, at, customers, said, store

START, END = at(1), at(1, 15)


def felt(session: Session, name: str, incident: str = "I1", **properties: str) -> None:
    (customer,) = customers(session, name)
    store(session, customer, [said("outage_felt", at(1, 10), incident_id=incident, **properties)])
    fold_problems(session, [(customer, f"outage:{incident}")], now=NOW)


def problems(session: Session) -> list[tuple[str, str, datetime | None, str | None]]:
    rows = session.scalars(select(Problem).order_by(Problem.id).execution_options(populate_existing=True))
    return [(one.incident_key, one.state, one.resolved_at, one.what_we_did) for one in rows]


def test_ending_an_incident_resolves_the_outages_of_those_who_felt_it(session: Session) -> None:
    """Two felt I1, one felt I2: only I1's are over, with the words of the incident."""
    felt(session, "ana")
    felt(session, "bob")
    felt(session, "cem", "I2")
    assert record_incident(session, IncidentRow("I1", started_at=START, ended_at=END, what_we_did="new disk"), now=NOW)
    assert problems(session) == [
        ("I1", "resolved", END, "new disk"),
        ("I1", "resolved", END, "new disk"),
        ("I2", "open", None, None),
    ]


def test_an_outage_that_is_told_after_its_end_is_resolved_at_once(session: Session) -> None:
    """The event came late; the incident is long over."""
    record_incident(session, IncidentRow("I1", ended_at=END, what_we_did="new disk"), now=NOW)
    felt(session, "ana", what_happened="no sound")
    assert problems(session) == [("I1", "resolved", END, "new disk")]


def test_folding_again_says_what_the_one_statement_said(session: Session) -> None:
    """The set and the single fold agree, so a late event cannot open a closed outage."""
    felt(session, "ana", what_happened="no sound", owner="Kim")
    record_incident(session, IncidentRow("I1", ended_at=END, what_happened="a disk died"), now=NOW)
    before = session.scalars(select(Problem).execution_options(populate_existing=True)).one()
    told = (before.state, before.resolved_at, before.what_happened, before.owner)
    fold_problems(session, [(before.customer_id, before.key)], now=NOW)
    after = session.scalars(select(Problem).execution_options(populate_existing=True)).one()
    assert (after.state, after.resolved_at, after.what_happened, after.owner) == told
    assert told == ("resolved", END, "a disk died", "Kim")


def test_an_incident_that_goes_on_after_all_opens_its_outages_again(session: Session) -> None:
    """`ended_at` None says so; leaving it out says nothing."""
    felt(session, "ana")
    record_incident(session, IncidentRow("I1", ended_at=END), now=NOW)
    assert not record_incident(session, IncidentRow("I1"), now=NOW)
    assert [state for _, state, *_ in problems(session)] == ["resolved"]
    assert record_incident(session, IncidentRow("I1", ended_at=None), now=NOW)
    assert [state for _, state, *_ in problems(session)] == ["open"]


def test_what_is_not_given_stays_and_the_same_again_changes_nothing(session: Session) -> None:
    """A second telling with the end alone keeps the start and the words."""
    assert record_incident(session, IncidentRow("I1", started_at=START, what_happened="a disk died"), now=NOW)
    assert record_incident(session, IncidentRow("I1", ended_at=END), now=NOW + timedelta(hours=1))
    assert not record_incident(session, IncidentRow("I1", ended_at=END), now=NOW + timedelta(hours=2))
    incident = session.scalars(select(Incident)).one()
    assert (incident.started_at, incident.ended_at, incident.what_happened) == (START, END, "a disk died")
    assert incident.updated_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (IncidentRow(" "), "An incident needs a key, such as 'outage-2026-11-22'."),
        (IncidentRow("I1", started_at=END, ended_at=START), "The incident I1 ends before it starts."),
    ],
)
def test_an_impossible_incident_is_refused(session: Session, row: IncidentRow, reason: str) -> None:
    """Nothing of it is stored."""
    with pytest.raises(InvalidInput) as refused:
        record_incident(session, row, now=NOW)
    assert str(refused.value) == reason
    assert session.scalars(select(Incident)).all() == []


@pytest.mark.parametrize("heard_of", [True, False])
def test_an_outage_told_while_its_incident_ends_is_resolved(db: Database, heard_of: bool) -> None:
    """The end waits for the event that is being recorded, even of an incident that nobody had heard of before."""
    with db.writing() as session:
        (ana,) = customers(session, "ana")
        if heard_of:
            record_incident(session, IncidentRow("I1"), now=NOW)
    ended = threading.Thread(target=_end, args=[db])
    with db.writing() as session:
        store(session, ana, [said("outage_felt", at(1, 10))])
        fold_problems(session, [(ana, "outage:I1")], now=NOW)
        ended.start()
        ended.join(timeout=0.5)
        assert ended.is_alive()
    ended.join(timeout=30)
    with db.reading() as session:
        assert problems(session) == [("I1", "resolved", END, None)]


def _end(db: Database) -> None:
    with db.writing() as session:
        record_incident(session, IncidentRow("I1", ended_at=END), now=NOW)
