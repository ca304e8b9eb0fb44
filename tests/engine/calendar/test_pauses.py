"""Not now: what it touches waits from the answer of the button on, says why, and goes at a decent hour afterwards."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from datetime import time as clock
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.calendar.keeping import keep_holds
from engine.calendar.pauses import Wanted, begin_pause, end_pause, in_force, take_turns
from engine.conditions.tree import read_condition
from engine.dates.team import TeamHours
from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound
from engine.plan.holds import holds_of
from engine.plan.planning import plan_due
from engine.send.outgoing import Accepted, OutgoingMessage
from engine.send.submitting import begin_submitting, submit
from engine.storage.models import AuditEntry, Hold, Message, Moment
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger
from tests.engine.people.staff import make_person
from tests.engine.send.approved import (
    Ending,
    Stub,
    approve,
    approved,
    deliveries,
    hear_of_letting_go,
    message,
    open_holds,
)

SERVICE = {"class": "service", "family": "recover", "kind": "recovery", "params": {"kinds": ["ticket"]}}
MOVED = {"family": "reassure", "kind": "recovery", "params": {"kinds": ["ticket"]}}


def press(db: Database, reason: str = "an earthquake", *, now: Any = NOW, **wanted: Any) -> uuid.UUID:
    """Somebody of marketing presses it now."""
    with db.writing() as session:
        take_turns(session)
        person = make_person(session, email=f"{uuid.uuid4().hex}@example.com", role="marketing")
        return begin_pause(session, Wanted(reason, **wanted), person=person, now=now).id


def release(db: Database, pause_id: uuid.UUID, *, now: Any = NOW) -> bool:
    with db.writing() as session:
        person = make_person(session, email=f"{uuid.uuid4().hex}@example.com", role="marketing")
        return end_pause(session, pause_id, person=person, now=now)


@pytest.mark.parametrize("when", ["before the claim", "after the claim"])
def test_nothing_that_it_touches_goes(db: Database, when: str) -> None:
    """Claimed before or after: it is put off, the hold stands by its name with the reason, and it costs no attempt."""
    message_id = approved(db)
    ending = Ending(db)
    early = ending.claim() if when == "after the claim" else []
    press(db)
    ending.submit(early or ending.claim())
    assert ending.calls == []
    assert open_holds(db, message_id) == {"pause"}
    assert [one.reason for one in deliveries(db, message_id)] == ["held:pause"]
    kept = message(db, message_id)
    assert (kept.state, kept.attempts, kept.send_at) == ("approved", 0, NOW + timedelta(minutes=30))


def test_it_is_asked_at_planning_too(session: Session) -> None:
    """A spotted moment makes no message, and is looked at again when the pause would be over."""
    moment = make_moment(session, make_customer(session), make_trigger(session))
    until = NOW + timedelta(hours=5)
    begin_pause(session, Wanted("a storm", until=until), person=make_person(session, role="marketing"), now=NOW)
    plan_due(session, [], now=NOW, team=TeamHours())
    session.refresh(moment)
    hold = session.scalars(select(Hold)).one()
    assert (hold.name, hold.detail, hold.until) == ("pause", "a storm", until)
    assert (moment.state, moment.check_at) == ("spotted", until)


@pytest.mark.parametrize(
    ("wanted", "who", "held"),
    [
        ({}, {}, True),
        ({"places": ["DE"]}, {}, True),
        ({"places": ["AT"]}, {}, False),
        ({"places": ["AT", "Europe/Berlin"]}, {}, True),
        ({"places": ["DE"]}, {"country": "DE-BY"}, True),
        ({"places": ["DE-BY"]}, {"country": "DE-BY"}, True),
        ({"places": ["DE-BY"]}, {"country": "DE-NW"}, False),
        ({"places": ["US-TX"]}, {"country": "US", "region": "TX"}, True),
        ({"places": ["US-TX"]}, {"country": "US", "region": "CA"}, False),
        ({"places": ["US-TX"]}, {"country": None, "region": None}, False),
        ({"segment": {"field": "trait.plan", "op": "eq", "value": "gold"}}, {"traits": {"plan": "gold"}}, True),
        ({"segment": {"field": "trait.plan", "op": "eq", "value": "gold"}}, {}, False),
        (
            {"places": ["AT"], "segment": {"field": "trait.plan", "op": "eq", "value": "gold"}},
            {"traits": {"plan": "gold"}},
            False,
        ),
    ],
)
def test_whom_it_touches(session: Session, wanted: dict[str, Any], who: dict[str, Any], held: bool) -> None:
    """Everybody, places, a segment; with both, who is in both. Who lives nowhere known is in no place."""
    moment = make_moment(session, make_customer(session, **who), make_trigger(session))
    segment = read_condition(wanted["segment"]) if "segment" in wanted else None
    ask = Wanted("so it is", places=wanted.get("places", ()), segment=segment)
    begin_pause(session, ask, person=make_person(session, role="marketing"), now=NOW)
    assert bool(holds_of(session, [moment.id], now=NOW)) is held


@pytest.mark.parametrize(
    ("touches", "held"),
    [
        (("celebrate", "marketing"), {"celebration", "offer"}),
        (("celebrate",), {"celebration"}),
        (("marketing",), {"offer"}),
        (("recover",), {"recovery"}),
        (("celebrate", "marketing", "reassure", "recover"), {"celebration", "offer", "recovery"}),
    ],
)
def test_what_it_touches(session: Session, touches: tuple[str, ...], held: set[str]) -> None:
    """By default celebrations and other marketing: who has a problem still wants news."""
    customer = make_customer(session)
    triggers = {
        "celebration": make_trigger(session),
        "offer": make_trigger(session, **MOVED),
        "recovery": make_trigger(session, **SERVICE),
    }
    moments = {name: make_moment(session, customer, trigger) for name, trigger in triggers.items()}
    ask = Wanted("so it is", touches=touches)
    begin_pause(session, ask, person=make_person(session, role="marketing"), now=NOW)
    found = holds_of(session, [one.id for one in moments.values()], now=NOW)
    assert {
        name for name, one in moments.items() if any(hold.name == "pause" for hold in found.get(one.id, ()))
    } == held


def test_what_waited_goes_in_its_hours_afterwards(db: Database) -> None:
    """The window is from 13 to 15 in Berlin: ended in the night, it goes the next day at one, and not at three."""
    message_id = approved(db, expires_at=NOW + timedelta(days=3))
    pause_id = press(db)
    ending = Ending(db)
    ending.send()
    ending.pass_time(minutes=59)  # 14:59 in Berlin
    assert ending.send() == 0
    assert message(db, message_id).send_at == NOW + timedelta(hours=23)
    release(db, pause_id, now=ending.now)
    ending.pass_time(hours=12)
    assert ending.send() == 0
    ending.pass_time(hours=10, minutes=1)
    assert ending.send() == 1
    assert open_holds(db, message_id) == set()


def test_what_would_come_too_late_ends_by_its_name(db: Database) -> None:
    """And says what kept it."""
    message_id = approved(db, expires_at=NOW + timedelta(minutes=20))
    press(db)
    Ending(db).send()
    assert (message(db, message_id).state, message(db, message_id).reason) == ("expired", "held:pause")


def test_many_that_waited_together_go_in_turn(db: Database) -> None:
    """So that an end in the middle of the window does not let all go in one minute."""
    with db.writing() as session:
        ids = [approve(session, make_customer(session, bucket=number)).id for number in range(0, 30, 5)]
    press(db)
    ending = Ending(db)
    sender = ending.sender
    object.__setattr__(sender.offered, "spread_minutes", 30)
    submit(sender, ending.claim())
    assert [message(db, one).send_at - NOW for one in ids] == [timedelta(minutes=30 + n) for n in range(0, 30, 5)]


def test_the_same_is_not_pressed_twice(session: Session) -> None:
    """The second one hears who was first, and why; another one beside it is no matter."""
    kim, lee = make_person(session, name="Kim", role="marketing"), make_person(session, role="admin", email="l@x.org")
    begin_pause(session, Wanted("the flood"), person=kim, now=NOW)
    with pytest.raises(Conflict, match="Kim has pressed this already, and it holds: “the flood”"):
        begin_pause(session, Wanted("floods"), person=lee, now=NOW)
    begin_pause(session, Wanted("floods", places=["de"]), person=lee, now=NOW)
    assert len(in_force(session, now=NOW)) == 2


def test_one_whose_date_is_over_stands_in_nobodys_way(session: Session) -> None:
    """It ended by itself, at its date."""
    kim = make_person(session, role="marketing")
    first = begin_pause(session, Wanted("a day", until=NOW + timedelta(days=1)), person=kim, now=NOW)
    later = NOW + timedelta(days=2)
    assert in_force(session, now=later) == ()
    begin_pause(session, Wanted("another"), person=kim, now=later)
    session.refresh(first)
    assert (first.ended_at, first.ended_by) == (NOW + timedelta(days=1), None)


def test_ending_twice_does_nothing_the_second_time(db: Database) -> None:
    """And the trail says once who ended it."""
    pause_id = press(db)
    assert (release(db, pause_id), release(db, pause_id)) == (True, False)
    with db.reading() as session:
        said = session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == pause_id)).all()
        assert sorted(said) == ["begin_pause", "end_pause"]
    with pytest.raises(NotFound):
        release(db, uuid.uuid4())


def test_two_who_press_at_once_begin_it_once(db: Database) -> None:
    """Real threads: one begins it, the other is told."""
    with db.writing() as session:
        people = [make_person(session, email=f"p{n}@example.com", role="marketing") for n in range(2)]
    both, said = threading.Barrier(2), list[str]()

    def go(person: Any) -> None:
        both.wait(60)
        try:
            with db.writing() as session:
                take_turns(session)
                begin_pause(session, Wanted("the same"), person=person, now=NOW)
            said.append("begun")
        except Conflict:
            said.append("told")

    _together([lambda person=person: go(person) for person in people])
    assert sorted(said) == ["begun", "told"]


def test_agents_do_not_press_it(session: Session) -> None:
    """They ask for it, or stop all sending."""
    agent = make_person(session, role="agent")
    with pytest.raises(NotAllowed):
        begin_pause(session, Wanted("no"), person=agent, now=NOW)
    pause = begin_pause(session, Wanted("yes"), person=make_person(session, role="marketing", email="m@x"), now=NOW)
    with pytest.raises(NotAllowed):
        end_pause(session, pause.id, person=agent, now=NOW)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"reason": "  "}, "Say why"),
        ({"reason": "x" * 201}, "201"),
        ({"reason": "x", "until": NOW}, "over already"),
        ({"reason": "x", "places": ["Atlantis"]}, "Atlantis"),
        ({"reason": "x", "touches": []}, "Choose"),
        ({"reason": "x", "touches": ["all"]}, "Choose"),
        (
            {"reason": "x", "segment": read_condition({"field": "moment.years", "op": "eq", "value": 1})},
            "about customers",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(session: Session, wrong: dict[str, Any], why: str) -> None:
    """With what is to be mended, and nothing begins."""
    with pytest.raises(InvalidInput, match=why):
        begin_pause(session, Wanted(**wrong), person=make_person(session, role="marketing"), now=NOW)
    assert in_force(session, now=NOW) == ()


def test_what_was_planned_before_says_so_at_once(db: Database) -> None:
    """The holds stand beside drafts and approved messages, and are let go when it is over; both only once."""
    message_id = approved(db)
    first, second = press(db), press(db, places=["DE"])
    with db.writing() as session:
        assert (keep_holds(session, now=NOW), keep_holds(session, now=NOW)) == (2, 0)
    assert open_holds(db, message_id) == {"pause"}
    release(db, first)
    with db.writing() as session:
        keep_holds(session, now=NOW + timedelta(seconds=1))
    assert open_holds(db, message_id) == {"pause"}, "the other one still keeps it"
    release(db, second)
    with db.writing() as session:
        keep_holds(session, now=NOW + timedelta(seconds=1))
        assert keep_holds(session, now=NOW + timedelta(seconds=1)) == 0
    assert open_holds(db, message_id) == set()


def test_what_waited_to_be_planned_is_planned_when_it_ends(db: Database) -> None:
    """Not only at the date that it would have had."""
    with db.writing() as session:
        moment_id = make_moment(session, make_customer(session), make_trigger(session)).id
    pause_id = press(db, until=NOW + timedelta(days=2))
    with db.writing() as session:
        keep_holds(session, now=NOW)
        plan_due(session, [], now=NOW, team=TeamHours())
    release(db, pause_id, now=NOW + timedelta(hours=1))
    with db.writing() as session:
        keep_holds(session, now=NOW + timedelta(hours=1))
        assert session.get_one(Moment, moment_id).check_at == NOW + timedelta(hours=1)


def test_a_new_one_takes_back_what_waits_for_its_call(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was checked and submitted, and its channel is not called; what has begun is gone. What is not meant goes."""
    ids = [approved(db) for _ in range(4)]
    with db.writing() as session:
        other = approve(session, make_customer(session, country="AT", zone="Europe/Vienna"), zone="Europe/Vienna").id
    ending, let_go = Ending(db), hear_of_letting_go(monkeypatch)

    def pull(outgoing: OutgoingMessage) -> Accepted:
        if len(ending.calls) == 1:
            let_go.clear()
            press(db, places=["DE"])
            assert let_go.wait(60)
        return Accepted(f"p-{outgoing.delivery_id}")

    ending.channel = Stub(pull)
    ending.round()
    gone = {call.message_id for call in ending.calls}
    assert len(gone & set(ids)) == 1
    assert other in gone
    kept = [one for one in ids if one not in gone]
    assert {(message(db, one).state, message(db, one).attempts) for one in kept} == {("approved", 0)}
    assert {deliveries(db, one)[0].reason for one in kept} == {"pause_began"}
    assert {tuple(open_holds(db, one)) for one in kept} == {("pause",)}


def test_nothing_is_handed_over_once_the_button_has_answered(db: Database) -> None:
    """Two workers hand over batch after batch while somebody presses it: what had gone when the answer came is all that
    ever goes. Half of it is left for afterwards: whoever presses may have to wait for a busy database."""
    ids = [approved(db) for _ in range(60)]
    ending, answered = Ending(db), set[uuid.UUID]()
    begun, over = threading.Event(), threading.Event()

    def work(name: str) -> None:
        for batch in range(12):
            assert batch != 5 or over.wait(60)
            claims = ending.claim(name, limit=3)
            begun.set()
            ending.submit(claims)
            time.sleep(0.01)  # SQLite lets the same one write again and again

    def button() -> None:
        assert begun.wait(60)
        with db.writing() as session:
            person = make_person(session, email="k@example.com", role="marketing")
            take_turns(session)
            begin_pause(session, Wanted("now"), person=person, now=NOW)
        answered.update(_gone(db))
        over.set()

    _together([lambda: work("one"), lambda: work("two"), button])
    assert _gone(db) == answered
    assert len(answered) <= len(ids) // 2


@pytest.mark.parametrize("seed", [1, 2])
def test_no_message_goes_while_it_is_held(db: Database, seed: int) -> None:
    """Whatever is said and ended when: each goes outside every "not now" for its place, or not at all; and some go."""
    dice = random.Random(seed)
    with db.writing() as session:
        trigger = make_trigger(session)
        ids = {
            approve(
                session,
                make_customer(session, country=country),
                trigger,
                send_at=NOW,
                window_start=clock(0),
                window_end=clock(0),
                expires_at=NOW + timedelta(days=2),
            ).id: country
            for country in ("DE", "AT", "US") * 2
        }
    ending, gone = Ending(db), dict[uuid.UUID, str]()
    standing = {press(db, places=["DE"]): ["DE"]}
    for _ in range(9):
        if standing and ending.now > NOW and dice.random() < 0.5:
            over = standing.popitem()[0]
            release(db, over, now=ending.now)
        elif len(standing) < 2 and dice.random() < 0.7:
            places = dice.choice([["DE"], ["AT", "US"], ["Europe/Berlin"]])
            if places not in standing.values():
                standing[press(db, places=places, now=ending.now)] = places
        before = len(ending.calls)
        ending.send()
        for call in ending.calls[before:]:
            gone[call.message_id] = ids[call.message_id]
            held = [places for places in standing.values() if {ids[call.message_id], "Europe/Berlin"} & set(places)]
            assert not held, f"{ids[call.message_id]} went, and {held} was held"
        ending.pass_time(minutes=20)
    assert gone
    assert any(one.reason == "held:pause" for each in ids for one in deliveries(db, each))


def test_the_button_answers_after_what_is_being_checked(db: Database) -> None:
    """It waits for a hand-over that has begun, so that its answer is true; the next one finds it in force."""
    first, second = approved(db), approved(db)
    ending = Ending(db)
    claims = ending.claim(limit=1)
    button = threading.Thread(target=lambda: press(db))
    with db.writing() as session:
        assert begin_submitting(session, ending.sender, claims)
        button.start()
        button.join(0.5)
        assert button.is_alive(), "it answered before what was being checked had gone"
    button.join(60)
    assert not button.is_alive()
    ending.send()
    assert sorted(message(db, one).state for one in (first, second)) == ["approved", "handed_over"]


def _gone(db: Database) -> set[uuid.UUID]:
    with db.reading() as session:
        return set(session.scalars(select(Message.id).where(Message.state.in_(("handed_over", "closed")))))


def _together(what: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in what]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
