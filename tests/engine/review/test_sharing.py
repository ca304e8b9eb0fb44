"""What is nobody's is shared out, and what somebody had who works here no more goes on at once."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.people.audit import Doer
from engine.people.details import Duties
from engine.people.roster import Terms, change, disable
from engine.review.sharing import Shared, share_out
from engine.storage.models import AuditEntry, Message, Person
from tests.engine.builders import NOW, make_trigger
from tests.engine.review.desk import person, written
from tests.engine.review.test_assigning import owner, somebody
from tests.engine.write.desk import birthday, seed, solved, write


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


def in_review(session: Session, count: int, **fields: object) -> list[Message]:
    """So many drafts that nobody has."""
    found = [birthday(session) for _ in range(count)]
    write(session, limit=count + 1)
    for message in found:
        session.refresh(message)
        message.owner_id, message.owner_reason = None, None
        for name, value in fields.items():
            setattr(message, name, value)
    session.flush()
    return found


def statements(session: Session) -> list[str]:
    seen: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: seen.append(args[2]))
    return seen


def test_what_is_nobodys_is_shared_among_those_who_are_there(session: Session) -> None:
    """The new colleague, who has nothing yet, gets most; who is away and who only looks gets none."""
    kim, new = somebody(session, "Kim"), somebody(session, "New")
    somebody(session, "Away", away_until=NOW + timedelta(days=1))
    person(session, "Viewer", "viewer")
    kims = in_review(session, 2)
    for message in kims:
        message.owner_id = kim.id
    some = in_review(session, 4, owner_reason="team:Kim")
    assert share_out(session, person=kim, now=NOW) == Shared(4, 0)
    owners = [owner(session, message)[0] for message in some]
    assert (owners.count(new.id), owners.count(kim.id)) == (3, 1)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "share_out")).one()
    assert (entry.person_id, entry.detail) == (kim.id, {"given": 4, "left": 0})


def test_skills_are_respected_and_what_fits_nobody_stays(session: Session) -> None:
    """It says how many are left, and each says why."""
    kim = somebody(session, "Kim", skills=["recoveries"])
    trigger = make_trigger(session, review={"skill": "cake"})
    message = written(session, birthday(session, trigger=trigger))
    assert share_out(session, person=kim, now=NOW) == Shared(0, 1)
    assert owner(session, message) == (None, "nobody:cake:en")


def test_what_somebody_writes_at_stays_where_it_is(session: Session) -> None:
    """And whose it became meanwhile keeps its owner."""
    kim, tom = somebody(session, "Kim"), somebody(session, "Tom")
    [held] = in_review(session, 1, taken_by=tom.id, taken_until=NOW + timedelta(minutes=5))
    [owned] = in_review(session, 1, owner_id=tom.id)
    assert share_out(session, person=kim, now=NOW) == Shared(0, 0)
    assert owner(session, held)[0] is None
    assert owner(session, owned)[0] == tom.id


def test_only_who_may_write_shares_out(session: Session) -> None:
    """A viewer looks."""
    with pytest.raises(NotAllowed):
        share_out(session, person=person(session, "Viewer", "viewer"), now=NOW)


@pytest.mark.parametrize("count", [1, 7])
def test_many_cost_no_more_than_few(session: Session, count: int) -> None:
    """The same statements for all of them."""
    kim = somebody(session, "Kim")
    in_review(session, count)
    seen = statements(session)
    assert share_out(session, person=kim, now=NOW).given == count
    assert len(seen) == 6


def test_who_is_disabled_gives_back_what_they_had_at_once(session: Session) -> None:
    """In the same transaction: also what they were writing at. The trail says how much it was."""
    boss, kim, tom = person(session, "Boss", "admin"), somebody(session, "Kim"), somebody(session, "Tom")
    recovery = written(session, solved(session))
    assert owner(session, recovery) == (tom.id, "solved")
    [own] = in_review(session, 1, owner_id=tom.id, taken_by=tom.id, taken_until=NOW + timedelta(minutes=5))
    disable(session, tom.id, doer=Doer(boss.name, boss.id), now=NOW, machine=NOW)
    assert {owner(session, recovery)[0], owner(session, own)[0]} <= {kim.id, boss.id}
    assert own.taken_by is None
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "give_up_drafts")).one()
    assert (entry.subject_id, entry.detail) == (tom.id, {"given": 2, "left": 0})


def test_who_may_only_look_from_now_on_gives_back_too(session: Session) -> None:
    """A role that writes no more keeps no drafts."""
    boss, tom = person(session, "Boss", "admin"), somebody(session, "Tom")
    [message] = in_review(session, 1, owner_id=tom.id)
    terms = Terms(tom.name, "viewer", tom.zone, Duties())
    change(session, tom.id, terms, doer=Doer(boss.name, boss.id), now=NOW)
    assert owner(session, message) == (boss.id, "fits")


def test_what_is_decided_already_stays_theirs(session: Session) -> None:
    """An approved message went under their name and goes on."""
    boss, tom = person(session, "Boss", "admin"), somebody(session, "Tom")
    [message] = in_review(session, 1, owner_id=tom.id)
    message.state, message.approved_at, message.release_at = "approved", NOW, NOW
    session.flush()
    disable(session, tom.id, doer=Doer(boss.name, boss.id), now=NOW, machine=NOW)
    assert owner(session, message)[0] == tom.id
    assert session.get_one(Person, tom.id).active is False
