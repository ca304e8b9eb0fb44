"""Runs that are kept: asked for once, run by one worker at a time, ended by whoever holds the claim, and let go."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.backtest.claims import (
    KEEP,
    KEEP_SAMPLES,
    LEASE,
    Claim,
    beat,
    claim,
    failed,
    finish,
    free_ended,
    give_back,
    let_go,
    stopped,
)
from engine.backtest.kept import (
    ask_rehearsal,
    latest_rehearsal,
    rehearsal_named,
    result_of,
    says_the_same,
    stop_rehearsal,
    warnings_of,
)
from engine.backtest.plain import plain_counts, plain_sample, read_result
from engine.backtest.results import BrakeDay, Clash, Effort, EffortDay, Segment, Stopped, TriggerResult
from engine.errors import Conflict, InvalidInput, NotFound
from engine.record.erasing import erase
from engine.storage.models import AuditEntry, Person, Rehearsal, RehearsalSample
from tests.engine.backtest.found import FIRST, LAST, make_result, make_sample
from tests.engine.builders import NOW, make_customer, make_definition

BIRTHDAY = make_definition(name="birthday")


@pytest.fixture
def mia(session: Session) -> Person:
    """Of marketing."""
    return _person(session, "mia")


def _person(session: Session, name: str) -> Person:
    email = f"{name}@example.com"
    made = Person(email=email, name=name.title(), role="marketing", password_hash="x", created_at=NOW)
    session.add(made)
    session.flush()
    return made


def _ask(session: Session, person: Person, **fields: Any) -> Rehearsal:
    values: dict[str, Any] = {"first": FIRST, "last": LAST, "person": person, "now": NOW}
    return ask_rehearsal(session, fields.pop("mode", "backtest"), [BIRTHDAY], **values | fields)


def _claim(session: Session, **fields: Any) -> Claim:
    mine = claim(session, "one", **{"now": NOW, "machine": NOW} | fields)
    assert mine is not None
    return mine


def _state(session: Session, rehearsal: Rehearsal) -> str:
    session.expire_all()
    return rehearsal.state


def test_a_result_is_the_same_when_it_comes_back() -> None:
    """Through plain JSON and back, every part of it; the customers apart from the counts."""
    clash = Clash("birthday", "named", 3, 1)
    told = replace(make_result().triggers[0], brake=(BrakeDay(LAST, "too many"),))
    result = make_result(samples=(make_sample(), make_sample(missing="first_name")), clashes=(clash,), triggers=(told,))
    counts, samples = plain_counts(result), [plain_sample(one) for one in result.samples]
    assert "Ada" not in str(counts)
    assert read_result(counts, samples) == result


def test_an_older_shape_breaks_nothing() -> None:
    """What is not known any more is passed over; what says too little is not read at all."""
    counts = plain_counts(make_result()) | {"of_old": 1}
    assert read_result(counts, [{"customer": "c1"}]) == make_result()
    assert read_result({"triggers": []}, []) is None
    assert read_result(None, []) is None


def test_asking_the_same_twice_asks_once(session: Session, mia: Person) -> None:
    """A second press of the button finds the run of the first; the trail has one line."""
    asked = _ask(session, mia)
    assert _ask(session, mia).id == asked.id
    assert session.scalars(select(AuditEntry.action)).all() == ["ask_backtest"]
    assert asked.names == " birthday "


def test_a_person_has_one_of_each_mode_that_is_not_over(session: Session, mia: Person) -> None:
    """Another one is refused in words that say what to do; others may ask meanwhile."""
    _ask(session, mia)
    with pytest.raises(Conflict, match="not over yet"):
        _ask(session, mia, last=LAST - timedelta(days=1))
    _ask(session, mia, mode="forecast", first=NOW.date(), last=NOW.date())
    _ask(session, _person(session, "robin"))
    assert session.scalar(select(func.count()).select_from(Rehearsal)) == 3


def test_days_that_cannot_be_run_are_refused_when_they_are_asked_for(session: Session, mia: Person) -> None:
    """Days to come cannot be looked back on, and nobody looks ahead for years."""
    with pytest.raises(InvalidInput, match="over"):
        _ask(session, mia, last=NOW.date())
    with pytest.raises(InvalidInput, match="366"):
        _ask(session, mia, mode="forecast", first=NOW.date(), last=NOW.date() + timedelta(days=400))


def test_one_runs_at_a_time(session: Session, mia: Person) -> None:
    """The oldest first; the next when it is over."""
    first = _ask(session, mia)
    second = _ask(session, mia, mode="forecast", first=NOW.date(), last=NOW.date())
    mine = _claim(session)
    assert mine.id == first.id
    assert claim(session, "two", now=NOW, machine=NOW) is None
    assert finish(session, mine, make_result(), now=NOW)
    assert _claim(session).id == second.id


def test_who_lost_the_claim_changes_nothing(session: Session, mia: Person) -> None:
    """A worker that was taken for dead writes neither progress nor a result over that of its successor."""
    asked = _ask(session, mia)
    late = _claim(session)
    free_ended(session, now=NOW, machine=NOW + LEASE + timedelta(seconds=1))
    _claim(session)
    assert not beat(session, late, "days", 50, machine=NOW)
    assert not finish(session, late, make_result(), now=NOW)
    assert not failed(session, late, "no", now=NOW)
    assert not stopped(session, late, now=NOW)
    assert not give_back(session, late)
    assert (_state(session, asked), asked.progress, asked.result) == ("running", 0, None)


def test_one_whose_worker_died_is_run_again_once(session: Session, mia: Person) -> None:
    """The second time it has failed, with a sentence. While its worker is heard of, nothing happens to it."""
    asked, later = _ask(session, mia), NOW + LEASE + timedelta(seconds=1)
    mine = _claim(session)
    assert beat(session, mine, "days", 10, machine=later)
    assert free_ended(session, now=NOW, machine=later) == 0
    assert free_ended(session, now=NOW, machine=later + LEASE * 2) == 1
    assert _state(session, asked) == "waiting"
    _claim(session)
    assert free_ended(session, now=NOW, machine=later) == 1
    assert (_state(session, asked), asked.error is not None) == ("failed", True)


def test_a_worker_that_has_to_stop_gives_it_back(session: Session, mia: Person) -> None:
    """That counts as no attempt."""
    asked = _ask(session, mia)
    assert give_back(session, _claim(session))
    assert (_state(session, asked), asked.attempts, asked.worker) == ("waiting", 0, None)


def test_one_that_waits_is_stopped_at_once(session: Session, mia: Person) -> None:
    """And stays so; whoever stops it again is told that it was over."""
    asked = _ask(session, mia)
    assert stop_rehearsal(session, asked.id, person=mia, now=NOW)
    assert _state(session, asked) == "stopped"
    assert not stop_rehearsal(session, asked.id, person=mia, now=NOW)
    assert claim(session, "one", now=NOW, machine=NOW) is None
    assert session.scalars(select(AuditEntry.action)).all() == ["ask_backtest", "stop_rehearsal"]


def test_one_that_runs_hears_of_it_with_its_next_beat(session: Session, mia: Person) -> None:
    """Also where its worker died meanwhile: then it is not begun anew."""
    asked = _ask(session, mia)
    mine = _claim(session)
    assert beat(session, mine, "days", 10, machine=NOW)
    assert stop_rehearsal(session, asked.id, person=mia, now=NOW)
    assert (_state(session, asked), asked.part, asked.progress) == ("running", "days", 10)
    assert not beat(session, mine, "days", 11, machine=NOW)
    free_ended(session, now=NOW, machine=NOW + LEASE * 2)
    assert _state(session, asked) == "stopped"


def test_who_is_erased_is_in_no_kept_run(session: Session, mia: Person) -> None:
    """Neither where they were erased while it ran, nor where they are erased later; the others and the counts stay."""
    ada, ben, eve = (make_customer(session) for _ in range(3))
    asked = _ask(session, mia)
    mine = _claim(session)
    erase(session, ada.id, now=NOW)
    shown = tuple(make_sample(customer_id=one.id, customer=str(one.id)) for one in (ada, ben, eve))
    assert finish(session, mine, make_result(samples=shown), now=NOW)
    erase(session, ben.id, now=NOW)
    session.expire_all()
    assert result_of(session, asked) == make_result(samples=shown[2:])


def test_old_runs_are_let_go(session: Session, mia: Person) -> None:
    """The customers that are shown first, then the run; one that is not over stays."""
    done = _ask(session, mia)
    finish(
        session, _claim(session), make_result(samples=(make_sample(customer_id=make_customer(session).id),)), now=NOW
    )
    waiting = _ask(session, mia)
    let_go(session, now=NOW + KEEP_SAMPLES)
    assert session.scalar(select(func.count()).select_from(RehearsalSample)) == 1
    let_go(session, now=NOW + KEEP_SAMPLES + timedelta(days=1))
    assert session.scalar(select(func.count()).select_from(RehearsalSample)) == 0
    assert rehearsal_named(session, done.id).id == done.id
    let_go(session, now=NOW + KEEP + timedelta(days=1))
    session.expunge_all()
    assert session.scalars(select(Rehearsal.id)).all() == [waiting.id]
    with pytest.raises(NotFound):
        rehearsal_named(session, done.id)


def test_the_latest_of_a_trigger_is_found(session: Session, mia: Person) -> None:
    """By its whole name, its mode and how it ended; and it knows with which definition it was run."""
    done = _ask(session, mia)
    finish(session, _claim(session), make_result(), now=NOW)
    _ask(session, mia)
    session.expire_all()
    assert latest_rehearsal(session, "birthday", mode="backtest") is done
    assert latest_rehearsal(session, "birthday", mode="forecast") is None
    assert latest_rehearsal(session, "birth_ay", mode="backtest") is None
    assert latest_rehearsal(session, "birth", mode="backtest") is None
    assert says_the_same(done, BIRTHDAY)
    assert not says_the_same(done, BIRTHDAY.model_copy(update={"weight": 99}))
    done.subjects = [{"of": "old"}]
    assert not says_the_same(done, BIRTHDAY)


def _trigger(**fields: Any) -> TriggerResult:
    return replace(make_result().triggers[0], **fields)


NOBODY = _trigger(spotted=0, sent=0, stopped=0, control=0, days=(), holds=())
STOPPED = _trigger(sent=20, stopped=61, holds=(Stopped("consent_refused", "They refused.", 61, 0),))


@pytest.mark.parametrize(
    ("fields", "word", "grave"),
    [
        ({"triggers": (NOBODY,)}, "nobody at all", True),
        ({"triggers": (NOBODY,), "is_forecast": True}, "nobody at all", False),
        ({"triggers": (_trigger(sent=0, under_way=80),)}, "no message would have gone", True),
        ({"triggers": (STOPPED,)}, "73 % of what Birthday spots", True),
        (
            {"triggers": (_trigger(brake=(BrakeDay(LAST, "brake: 9 moments today"),)),)},
            "31 March 2025, 9 moments that day",
            True,
        ),
        ({"effort": Effort(0, 4, (EffortDay(FIRST, 80, 0, 320, 0),))}, "nobody here may decide", True),
        ({"effort": Effort(1, 4, (EffortDay(FIRST, 80, 0, 320, 100),))}, "5 needed, 2 available", True),
        (
            {"effort": Effort(1, 4, (EffortDay(FIRST, 80, 0, 320, 100), EffortDay(LAST, 0, 0, 0, 480)))},
            "On 1 day there is more to read",
            False,
        ),
        ({"samples": (make_sample(missing="no fact first_name"),) + (make_sample(),) * 9}, "no fact first_name", False),
        ({"samples": (make_sample(missing="no fact first_name"),) * 10}, "no fact first_name", True),
        (
            {"coverage": (Segment("language", "en", 90, 80, 72), Segment("language", "de", 10, 9, 0))},
            "German (10 customers)",
            False,
        ),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, Any], word: str, grave: bool) -> None:
    """In one sentence each, and only that."""
    (told,) = warnings_of(make_result(**fields))
    assert word in told.sentence
    assert told.grave is grave


def test_where_nothing_is_wrong_nothing_is_said() -> None:
    """And a segment too small to be reached by more than chance is not called forgotten."""
    few = (Segment("language", "en", 98, 80, 72), Segment("language", "de", 2, 2, 0))
    assert warnings_of(make_result()) == warnings_of(make_result(coverage=few)) == []
