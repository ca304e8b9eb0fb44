"""The links by which people set their own password."""

import threading
from datetime import timedelta
from typing import get_args

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.access import (
    LIFETIME,
    NOT_AGAIN_WITHIN,
    DeadLink,
    Purpose,
    ask_by_email,
    ask_for_link,
    holder,
    make_link,
    purpose_for,
    use_link,
)
from engine.people.passwords import NO_PASSWORD
from engine.people.visits import begin, visiting
from engine.storage.models import AccessLink, AuditEntry, Notice, Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.people.staff import COMMAND, make_person

SECOND = timedelta(seconds=1)


def use(session: Session, secret: str, *, after: timedelta = timedelta()) -> Person:
    return use_link(session, secret, "new hash", now=NOW, machine=NOW + after)


def test_only_a_hash_of_the_secret_is_kept(session: Session) -> None:
    """256 bits of it."""
    secret = make_link(session, make_person(session).id, "invite", machine=NOW)
    kept = session.scalars(select(AccessLink)).one()
    assert len(secret) == 43
    assert secret not in (kept.secret_hash, str(kept.id))


@pytest.mark.parametrize("purpose", get_args(Purpose))
def test_a_link_works_until_its_time_is_over(session: Session, purpose: Purpose) -> None:
    """Three days for an invitation, an hour for a reset."""
    mia = make_person(session)
    secret = make_link(session, mia.id, purpose, machine=NOW)
    assert holder(session, secret, machine=NOW + LIFETIME[purpose] - SECOND).email == mia.email
    for late in (holder, lambda s, word, machine: use_link(s, word, "x", now=NOW, machine=machine)):
        with pytest.raises(DeadLink):
            late(session, secret, machine=NOW + LIFETIME[purpose])
    assert use(session, secret, after=LIFETIME[purpose] - SECOND).password_hash == "new hash"


def test_a_used_link_is_dead(session: Session) -> None:
    """And says so to whoever looks."""
    secret = make_link(session, make_person(session).id, "reset", machine=NOW)
    use(session, secret)
    with pytest.raises(DeadLink):
        use(session, secret)
    with pytest.raises(DeadLink):
        holder(session, secret, machine=NOW)


def test_a_newer_link_voids_the_older_and_using_one_voids_all(session: Session) -> None:
    """Of one person; others keep theirs."""
    mia, tom = make_person(session), make_person(session, email="tom@example.com")
    of_tom = make_link(session, tom.id, "reset", machine=NOW)
    older = make_link(session, mia.id, "invite", machine=NOW)
    newer = make_link(session, mia.id, "reset", machine=NOW)
    with pytest.raises(DeadLink):
        use(session, older)
    use(session, newer)
    assert use(session, of_tom) is tom


def test_a_link_of_a_disabled_person_is_dead(session: Session) -> None:
    """Whenever it was made."""
    mia = make_person(session)
    secret = make_link(session, mia.id, "reset", machine=NOW)
    mia.active = False
    session.flush()
    with pytest.raises(DeadLink):
        holder(session, secret, machine=NOW)
    with pytest.raises(DeadLink):
        use(session, secret)


def test_a_new_password_ends_every_visit_and_is_in_the_trail(session: Session) -> None:
    """Whoever was in the account is out."""
    mia = make_person(session)
    begin(session, "word", mia.id, epoch=0, browser="", machine=NOW)
    use(session, make_link(session, mia.id, "reset", machine=NOW))
    assert visiting(session, "word", machine=NOW) is None
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.person_id, entry.action, entry.detail) == (mia.id, "set_password", {"link": "reset"})


@pytest.mark.databases("postgres")
def test_of_two_at_the_same_moment_one_sets_the_password(db: Database) -> None:
    """The other is told that the link is dead."""
    with db.writing() as session:
        secret = make_link(session, make_person(session).id, "reset", machine=NOW)
    both, outcomes = threading.Barrier(2), []

    def attempt(kept: str) -> None:
        both.wait()
        try:
            with db.writing() as session:
                use_link(session, secret, kept, now=NOW, machine=NOW)
            outcomes.append(kept)
        except DeadLink:
            outcomes.append("dead")

    threads = [threading.Thread(target=attempt, args=(kept,)) for kept in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes)[0] == "dead"
    assert len(outcomes) == 2
    with db.reading() as session:
        assert session.scalars(select(Person)).one().password_hash in outcomes


def test_whoever_has_no_password_is_invited_again(session: Session) -> None:
    """All others reset theirs."""
    assert purpose_for(make_person(session, password_hash=NO_PASSWORD)) == "invite"
    assert purpose_for(make_person(session, email="tom@example.com")) == "reset"


def test_asking_stores_no_secret(session: Session) -> None:
    """The notice leads to where the link will be; the link itself is made when the mail goes."""
    ask_for_link(session, make_person(session), doer=COMMAND, now=NOW)
    assert session.scalars(select(Notice)).one().path == "/access"
    assert session.scalars(select(AccessLink)).all() == []


def test_asking_twice_within_minutes_sends_one(session: Session) -> None:
    """Nobody fills a colleague's mailbox; later it goes again."""
    make_person(session)
    assert ask_by_email(session, " Mia@Example.com", now=NOW)
    assert not ask_by_email(session, "mia@example.com", now=NOW + NOT_AGAIN_WITHIN - SECOND)
    assert ask_by_email(session, "mia@example.com", now=NOW + NOT_AGAIN_WITHIN + SECOND)


def test_nobody_and_disabled_ones_are_sent_nothing(session: Session) -> None:
    """And nothing says so to who asked."""
    make_person(session, active=False)
    assert not ask_by_email(session, "mia@example.com", now=NOW)
    assert not ask_by_email(session, "nobody@example.com", now=NOW)
    assert session.scalars(select(Notice)).all() == []
