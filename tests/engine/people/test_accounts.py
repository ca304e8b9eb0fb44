"""Who may sign in, and what their role lets them do."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.people.accounts import NewPerson, anyone, authenticate, create_person, require
from engine.people.audit import Doer
from engine.storage.models import AuditEntry, Person
from engine.storage.models.person import ROLES

NOW = datetime(2026, 2, 14, 9, tzinfo=UTC)
MIA = NewPerson(email="Mia@Example.com", name="Mia", role="agent", password="correct horse")


def make(session: Session, new: NewPerson = MIA) -> Person:
    return create_person(session, new, now=NOW, doer=Doer("test"))


def test_right_password_signs_in_whatever_the_case_of_the_email(session: Session) -> None:
    """E-mail addresses are compared without case."""
    person = make(session)
    assert authenticate(session, "mia@example.COM ", "correct horse") is person


@pytest.mark.parametrize(("email", "password"), [("mia@example.com", "wrong"), ("who@example.com", "correct horse")])
def test_wrong_password_or_unknown_email_is_nobody(session: Session, email: str, password: str) -> None:
    """Both give the same answer."""
    make(session)
    assert authenticate(session, email, password) is None


def test_disabled_account_is_nobody(session: Session) -> None:
    """A right password does not help a disabled account."""
    make(session).active = False
    session.flush()
    assert authenticate(session, "mia@example.com", "correct horse") is None


def test_password_is_stored_as_argon2(session: Session) -> None:
    """Never in the clear."""
    assert make(session).password_hash.startswith("$argon2id$")


def test_second_account_for_an_email_is_refused(session: Session) -> None:
    """One person, one account."""
    make(session)
    with pytest.raises(Conflict, match=r"mia@example\.com"):
        make(session)


@pytest.mark.parametrize(("field", "value"), [("role", "owner"), ("email", "mia"), ("password", "short")])
def test_unusable_account_is_refused_and_names_the_field(session: Session, field: str, value: str) -> None:
    """The message says which field."""
    new = NewPerson(**{**MIA.__dict__, field: value})
    with pytest.raises(InvalidInput, match=field):
        make(session, new)
    assert not anyone(session)


@pytest.mark.parametrize("held", ROLES)
@pytest.mark.parametrize("wanted", ROLES)
def test_role_allows_its_own_and_lesser_work(held: str, wanted: str) -> None:
    """viewer < agent < marketing < admin."""
    person = Person(role=held)
    if ROLES.index(held) >= ROLES.index(wanted):
        require(person, wanted)
    else:
        with pytest.raises(NotAllowed, match=wanted):
            require(person, wanted)


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_done_in_the_name_of_who_has_left(role: str) -> None:
    """Whatever their role was, and whoever tries: a page, or the command line."""
    with pytest.raises(NotAllowed, match="disabled"):
        require(Person(role=role, active=False), "viewer")


def test_making_an_account_is_in_the_audit_trail(session: Session) -> None:
    """With who did it and to whom."""
    person = make(session)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.subject, entry.subject_id) == (
        "test",
        "create_person",
        "person",
        person.id,
    )
