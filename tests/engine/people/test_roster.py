"""Changes of accounts: who may make them, and that an admin who can act is always left."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, JubileeError, NotAllowed
from engine.people import roster
from engine.people.details import Duties
from engine.people.passwords import NO_PASSWORD
from engine.people.roster import Profile, Terms
from engine.people.visits import begin, visiting
from engine.storage.models import AuditEntry, Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.people.staff import COMMAND, as_doer, make_person

BASE = {"name": "Mia", "zone": "UTC"}


@pytest.fixture
def admin(session: Session) -> Person:
    return make_person(session, email="ada@example.com", role="admin")


def with_role(session: Session, person: Person, role: str, doer=COMMAND) -> Person:
    return roster.change(session, person.id, Terms(person.name, role, "UTC"), doer=doer, now=NOW)


def shut(session: Session, person: Person, doer=COMMAND) -> Person:
    return roster.disable(session, person.id, doer=doer, now=NOW, machine=NOW)


def test_the_last_admin_is_neither_demoted_nor_disabled(session: Session, admin: Person) -> None:
    """Not even by the command line; with a second one both can be done."""
    with pytest.raises(Conflict, match="last admin"):
        with_role(session, admin, "marketing")
    with pytest.raises(Conflict, match="last admin"):
        shut(session, admin)
    make_person(session, email="tom@example.com", role="admin")
    assert with_role(session, admin, "marketing").role == "marketing"


@pytest.mark.parametrize("other", [{"password_hash": NO_PASSWORD}, {"active": False}])
def test_an_admin_who_cannot_sign_in_does_not_count(session: Session, admin: Person, other: dict[str, object]) -> None:
    """One who was invited and has no password yet, or is disabled."""
    make_person(session, email="tom@example.com", role="admin", **other)
    with pytest.raises(Conflict, match="last admin"):
        shut(session, admin)


@pytest.mark.databases("postgres")
@pytest.mark.parametrize("what", ["demote", "disable"])
def test_two_admins_who_remove_each_other_at_once_leave_one(db: Database, what: str) -> None:
    """The second one is no admin any more when their turn comes."""
    with db.writing() as session:
        pair = [make_person(session, email=f"{name}@example.com", role="admin") for name in ("ada", "tom")]
    both, refused = threading.Barrier(2), []

    def remove(mine: Person, other: Person) -> None:
        both.wait()
        try:
            with db.writing() as session:
                if what == "demote":
                    with_role(session, other, "viewer", as_doer(mine))
                else:
                    shut(session, other, as_doer(mine))
        except JubileeError as error:
            refused.append(error)

    threads = [threading.Thread(target=remove, args=one) for one in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with db.reading() as session:
        left = session.scalar(select(func.count()).where(Person.role == "admin", Person.active))
    assert (left, len(refused)) == (1, 1)


def test_nobody_changes_their_own_role_or_shuts_themselves_out(session: Session, admin: Person) -> None:
    """Another admin can."""
    make_person(session, email="tom@example.com", role="admin")
    with pytest.raises(NotAllowed, match="own role"):
        with_role(session, admin, "viewer", as_doer(admin))
    with pytest.raises(NotAllowed, match="own account"):
        shut(session, admin, as_doer(admin))


@pytest.mark.parametrize("role", ["viewer", "agent", "marketing"])
def test_only_an_admin_changes_accounts(session: Session, admin: Person, role: str) -> None:
    """Whatever a page let through: the engine asks again, under the lock."""
    mia = make_person(session, role=role)
    for attempt in (
        lambda: with_role(session, admin, "viewer", as_doer(mia)),
        lambda: shut(session, admin, as_doer(mia)),
        lambda: roster.enable(session, admin.id, doer=as_doer(mia), now=NOW),
        lambda: roster.held(session, admin.id, doer=as_doer(mia)),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_disabling_ends_every_visit_at_once(session: Session, admin: Person) -> None:
    """And enabling does not bring them back."""
    mia = make_person(session)
    begin(session, "word", mia.id, epoch=0, browser="", machine=NOW)
    shut(session, mia, as_doer(admin))
    roster.enable(session, mia.id, doer=as_doer(admin), now=NOW)
    assert mia.active
    assert visiting(session, "word", machine=NOW) is None


def test_a_substitute_is_somebody_else_who_may_decide(session: Session) -> None:
    """Not oneself, nobody who has left, and no viewer."""
    mia = make_person(session)
    gone = make_person(session, email="gone@example.com", active=False)
    viewer = make_person(session, email="viewer@example.com", role="viewer")
    tom = make_person(session, email="tom@example.com")
    for other in (mia, gone, viewer):
        with pytest.raises(InvalidInput, match="substitute"):
            roster.change_own(session, mia.id, Profile(**BASE, substitute_id=other.id), now=NOW)
    assert roster.change_own(session, mia.id, Profile(**BASE, substitute_id=tom.id), now=NOW).substitute_id == tom.id


def test_an_absence_that_is_over_is_none(session: Session) -> None:
    """A day of last week is not kept."""
    mia = make_person(session)
    past, ahead = NOW - timedelta(days=7), NOW + timedelta(days=7)
    assert roster.change_own(session, mia.id, Profile(**BASE, away_until=past), now=NOW).away_until is None
    assert roster.change_own(session, mia.id, Profile(**BASE, away_until=ahead), now=NOW).away_until == ahead


@pytest.mark.parametrize(
    ("duties", "said"),
    [
        (Duties(locales=("Klingon!",)), "locales"),
        (Duties(skills=("x" * 61,)), "skills"),
        (Duties(ticket_names=tuple(f"n{n}" for n in range(41))), "ticket names"),
    ],
)
def test_duties_that_are_none_are_refused(session: Session, admin: Person, duties: Duties, said: str) -> None:
    """With the field."""
    terms = Terms("Ada", "admin", "UTC", duties)
    with pytest.raises(InvalidInput, match=said):
        roster.change(session, admin.id, terms, doer=COMMAND, now=NOW)


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "two\u202elines"])
def test_a_name_is_one_printable_line(session: Session, name: str) -> None:
    """It stands under messages and in headers of mails."""
    with pytest.raises(InvalidInput, match="name"):
        roster.change_own(session, make_person(session).id, Profile(name, "UTC"), now=NOW)


def test_what_did_not_change_leaves_no_trace(session: Session) -> None:
    """Saving a form as it was is nothing that somebody did."""
    mia = make_person(session)
    roster.change_own(session, mia.id, Profile(mia.name, mia.zone), now=NOW)
    assert session.scalars(select(AuditEntry)).all() == []
