"""Statements that are made once: for whichever versions they were made, they say of each moment what its own version
says."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from engine.plan import candidates
from engine.plan.holds import holds_of
from engine.storage.models import Moment
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger

GERMANS = {"field": "customer.country", "op": "eq", "value": "DE"}
IN_AUSTRIA = {"name": "there", "when": {"field": "customer.country", "op": "eq", "value": "AT"}, "then": "hold"}
ONE_A_WEEK = {"messages": 1, "days": 7}


@pytest.fixture(autouse=True)
def nothing_made_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has just begun."""
    monkeypatch.setattr(candidates, "_made", {})
    monkeypatch.setattr(candidates, "_made_for", {})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The statements that were made."""
    statements: list[object] = []
    in_words = candidates.in_words

    def counted(statement: object) -> object:
        statements.append(statement)
        return in_words(statement)  # type: ignore[type-var]

    monkeypatch.setattr(candidates, "in_words", counted)
    return statements


def held(session: Session, *moments: Moment) -> dict[Moment, set[str]]:
    """By which names each of these is held, asked of all in one statement."""
    found = holds_of(session, [moment.id for moment in moments], now=NOW)
    return {moment: {hold.name for hold in found.get(moment.id, ())} for moment in moments}


def several(session: Session) -> list[Moment]:
    """Moments of an Austrian who agreed to nothing and got a message yesterday, of triggers that each judge by
    something else."""
    customer = make_customer(session, country="AT", consent=False, last_active_at=None)
    before = make_moment(session, customer, make_trigger(session))
    make_message(session, before, state="handed_over", send_on=before.send_on - timedelta(days=1))
    triggers = (
        make_trigger(session, audience=GERMANS),
        make_trigger(session, audience={"not": GERMANS}),
        make_trigger(session, exceptions=[IN_AUSTRIA]),
        make_trigger(session, caps=ONE_A_WEEK),
        make_trigger(session, family="recover"),
    )
    return [make_moment(session, customer, trigger) for trigger in triggers]


def test_a_statement_for_more_versions_says_of_each_moment_what_its_own_does(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one moment alone, and of the same one after all were asked about."""
    moments = several(session)
    alone: dict[Moment, set[str]] = {}
    for moment in moments:
        monkeypatch.setattr(candidates, "_made_for", {})
        alone |= held(session, moment)
    assert len({frozenset(names) for names in alone.values()}) > 3, "they are judged differently"
    assert held(session, *moments) == alone
    for moment in moments:
        assert held(session, moment) == {moment: alone[moment]}


def test_a_batch_of_other_versions_has_no_statement_of_its_own(session: Session, made: list[object]) -> None:
    """Whichever of the triggers it has messages of."""
    moments = several(session)
    held(session, *moments[:2])
    held(session, *moments[2:])
    assert len(made) == 2
    for some in (moments, moments[1:], moments[:2], moments[3:4]):
        held(session, *some)
    assert len(made) == 2


def test_versions_that_are_not_there_any_more_stand_in_nobodys_way(session: Session) -> None:
    """A process may have seen them before a backup was restored."""
    moments = several(session)
    held(session, moments[0])
    for key in candidates._made_for:
        candidates._made_for[key] = (uuid4(),)
    assert held(session, moments[0])[moments[0]]
    (versions,) = candidates._made_for.values()
    assert len(versions) == 1


def test_it_does_not_grow_without_end(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many versions it begins anew with those that are asked about."""
    monkeypatch.setattr(candidates, "_MOST_VERSIONS", 2)
    for moment in several(session):
        held(session, moment)
        assert all(len(versions) <= 2 for versions in candidates._made_for.values())
