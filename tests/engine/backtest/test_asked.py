"""A worker's round over the runs that people asked for: run to the end, stopped in the middle of a statement, given
back, failed in words, and begun anew where a worker died.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text, update

from engine import clock
from engine.backtest import asked
from engine.backtest.asked import rehearse_asked
from engine.backtest.claims import LEASE, Claim, claim
from engine.backtest.keeper import Keeper
from engine.backtest.kept import Mode, ask_rehearsal, result_of, stop_rehearsal
from engine.backtest.rehearsal import House, RunStopped, Span, rehearsal
from engine.backtest.run import Voice, backtest
from engine.logs import keep_values_out
from engine.rounds import never
from engine.storage.models import Person, Rehearsal
from engine.storage.session import Database
from tests.engine.backtest.world import LONG_AGO, OFFERED, TEAM, World, look
from tests.engine.builders import make_definition
from triggers.table import KINDS

FIRST, LAST = date(2025, 3, 1), date(2025, 3, 20)
VOICE = Voice("Our shop", "the team")
BIRTHDAY = make_definition(name="birthday", params={"of": {"date": "birthday"}, "every": "year"})


@pytest.fixture
def house(db: Database) -> House:
    """Three customers with a birthday in March, and somebody who asks."""
    world = World(db, FIRST, LAST)
    for day in (3, 4, 5):
        world.customer(f"c{day}", dates={"birthday": f"1990-03-0{day}"})
    world.tell()
    with db.writing() as session:
        asking = {"email": "mia@example.com", "name": "Mia", "role": "marketing", "password_hash": "x"}
        session.add(Person(**asking, created_at=LONG_AGO))
    return House(db, KINDS, TEAM, OFFERED)


def _ask(house: House, mode: Mode = "backtest", first: date = FIRST, last: date = LAST) -> UUID:
    with house.db.writing() as session:
        person, now = session.query(Person).one(), look(date(2025, 4, 10))
        return ask_rehearsal(session, mode, [BIRTHDAY], first=first, last=last, person=person, now=now).id


def _kept(house: House, rehearsal_id: UUID) -> Rehearsal:
    with house.db.reading() as session:
        kept = session.get_one(Rehearsal, rehearsal_id)
        session.expunge(kept)
        return kept


def _claimed(house: House, *, since: timedelta = timedelta()) -> Claim:
    """As a worker has it that took it so long ago."""
    machine = clock.machine_now()
    with house.db.writing() as session:
        mine = claim(session, "another", now=machine - since, machine=machine - since)
    assert mine is not None
    return mine


def test_what_was_asked_is_found_and_kept(house: House) -> None:
    """The same as a run from the command line; and a second round finds nothing to do."""
    asked_for = _ask(house)
    assert rehearse_asked(house, VOICE, "one", never) == 1
    kept = _kept(house, asked_for)
    assert (kept.state, kept.progress, kept.worker) == ("done", 100, "one")
    found = backtest(house, [BIRTHDAY], FIRST, LAST, today=date(2025, 4, 10), voice=VOICE)
    with house.db.reading() as session:
        result = result_of(session, kept)
    assert result is not None
    # Which of those who are alike is shown first is chance.
    assert replace(result, samples=()) == replace(found, samples=())
    assert {one.customer for one in result.samples} == {"c3", "c4", "c5"}
    assert found.triggers[0].sent == 3
    assert rehearse_asked(house, VOICE, "one", never) == 0


def test_a_forecast_begins_on_the_day_on_which_it_is_run(house: House) -> None:
    """However long it waited, it looks as many days ahead as were asked for."""
    _ask(house, "forecast", date(2025, 4, 10), date(2025, 4, 19))
    rehearse_asked(house, VOICE, "one", never)
    with house.db.reading() as session:
        result = result_of(session, session.query(Rehearsal).one())
        today = clock.now(session).date()
    assert result is not None
    assert (result.first, result.last) == (today, today + timedelta(days=9))


def test_a_stop_ends_a_statement_in_its_middle(house: House) -> None:
    """Within a look or two of the keeper, however long the statement would have taken; the progress was told before."""
    asked_for = _ask(house)
    mine, begun = _claimed(house), time.monotonic()
    endless = "SELECT pg_sleep(600)"
    if house.db.is_sqlite:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    def run(keeper: Keeper) -> None:
        with rehearsal(house, [BIRTHDAY], Span(FIRST, LAST), keeper.watcher) as stage:
            keeper.watcher.tell("days", 1, 2)
            while _kept(house, asked_for).progress != 67:
                assert time.monotonic() < begun + 20
            with house.db.writing() as session:
                stop_rehearsal(session, asked_for, person=session.query(Person).one(), now=LONG_AGO)
            stage.run.session.execute(text(endless))

    with Keeper(house.db, mine, never, beat_seconds=0.02) as keeper, pytest.raises(RunStopped):
        run(keeper)
    assert keeper.why == "stopped"
    assert time.monotonic() < begun + 20


def test_a_stopped_run_is_stopped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not failed, and without a result."""
    asked_for = _ask(house)

    def stop_before(_session: object, _mine: object, *_: object, **__: object) -> bool:
        return False

    monkeypatch.setattr("engine.backtest.keeper.beat", stop_before)
    monkeypatch.setattr(asked, "Keeper", _Fast)
    assert rehearse_asked(house, VOICE, "one", never) == 1
    kept = _kept(house, asked_for)
    assert (kept.state, kept.result, kept.error) == ("stopped", None, None)


class _Fast(Keeper):
    """Looks before the run asks it the first time."""

    def _is_enough(self) -> bool:
        self.why = self.why or self._look()
        return super()._is_enough()


def test_a_worker_that_leaves_gives_it_back(house: House) -> None:
    """Another one begins it anew; that was no attempt."""
    asked_for = _ask(house)
    answers: Iterator[bool] = iter([False])
    assert rehearse_asked(house, VOICE, "one", lambda: next(answers, True)) == 1
    kept = _kept(house, asked_for)
    assert (kept.state, kept.attempts) == ("waiting", 0)


def test_one_whose_worker_died_is_found(house: House) -> None:
    """By the next sweep after its lease, and by none before."""
    asked_for = _ask(house)
    _claimed(house, since=LEASE / 2)
    assert rehearse_asked(house, VOICE, "one", never) == 0
    with house.db.writing() as session:
        session.execute(update(Rehearsal).values(lease_until=clock.machine_now() - timedelta(seconds=1)))
    assert rehearse_asked(house, VOICE, "one", never) == 1
    kept = _kept(house, asked_for)
    assert (kept.state, kept.attempts, kept.worker) == ("done", 2, "one")


def test_what_cannot_be_run_says_why(house: House) -> None:
    """In a sentence for who asked."""
    asked_for = _ask(house)
    with house.db.writing() as session:
        session.execute(update(Rehearsal).values(subjects=[{"of": "old"}]))
    rehearse_asked(house, VOICE, "one", never)
    kept = _kept(house, asked_for)
    assert kept.state == "failed"
    assert "Ask anew" in (kept.error or "")


def test_a_fault_of_ours_shows_nothing_of_a_customer(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an error says may hold anything: it goes to no page and to no log. Who asked reads what they can do."""
    asked_for = _ask(house)

    def break_down(*_: object, **__: object) -> None:
        name = "Zenobia" + " Quackenbush"
        raise RuntimeError(name)

    monkeypatch.setattr(asked, "backtest", break_down)
    keep_values_out()
    rehearse_asked(house, VOICE, "one", never)
    logged, said = capsys.readouterr().out, _kept(house, asked_for).error or ""
    assert "Zenobia" not in logged + said
    assert "RuntimeError" in logged
    assert "break_down" in logged
    assert "Ask for it again" in said
    assert str(asked_for) in said
    assert str(asked_for) in logged


def test_one_that_takes_too_long_is_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so."""
    asked_for = _ask(house)
    monkeypatch.setattr("engine.backtest.keeper.LONGEST", timedelta(seconds=-1))
    monkeypatch.setattr(asked, "Keeper", _Fast)
    rehearse_asked(house, VOICE, "one", never)
    kept = _kept(house, asked_for)
    assert (kept.state, kept.error) == ("failed", asked.TOO_LONG)
