"""How much a page asks of the database does not follow how much it shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.notices.telling import News, tell
from engine.people.audit import Doer, record
from engine.people.visits import begin
from engine.settings import Settings
from engine.storage.models import ContactPoint, Customer, Person, Reply, Template
from engine.storage.session import Database
from engine.write.store import save_template
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.people.staff import make_person
from tests.engine.write.desk import COMPANY, FOLDERS, seed
from tests.web.conftest import NewBrowser
from tests.web.handed import hand_over
from tests.web.office import many_drafts
from web.app import make_app

FEW, MORE = 2, 9
# What happened with a customer is read of the sorts that a page shows: a full one may show fewer, and asks for less.
MAY_ASK_LESS = ("/customers/ada",)


@pytest.fixture
def app(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    monkeypatch.setenv("JUBILEE_CALL", "on")
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40, company_name=COMPANY))
    yield app
    app.state.place.db.dispose()


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that any engine of this process runs meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def drafts(session: Session, count: int) -> None:
    if session.scalar(select(Template.id).limit(1)) is None:
        seed(session)
    many_drafts(session, count, trigger=f"many_{count}")


def calls(session: Session, count: int) -> None:
    for number in range(count):
        customer = make_customer(session, first_name=f"Number{number}")
        session.add(ContactPoint(customer_id=customer.id, channel="call", address=f"+1555014{number}"))
        hand_over(session, customer, "call", address=f"+1555014{number}")


def replies(session: Session, count: int) -> None:
    for number in range(count):
        customer = make_customer(session, first_name=f"Number{number}")
        message, _ = hand_over(session, customer, "postbox")
        session.add(
            Reply(
                channel="email",
                provider_key=str(new_id()),
                customer_id=customer.id,
                message_id=message.id,
                from_address="ada@example.com",
                text="Thank you",
                received_at=NOW - timedelta(minutes=number),
            )
        )


def unconfirmed(session: Session, count: int) -> None:
    for _ in range(count):
        hand_over(session, make_customer(session), "postbox", state="unconfirmed")


def triggers(session: Session, count: int) -> None:
    for number in range(count):
        make_trigger(session, name=f"one_of_{count}_{number}")


def of_one(session: Session, count: int) -> None:
    ada = session.scalar(select(Customer).where(Customer.external_id == "ada"))
    ada = ada or make_customer(session, external_id="ada")
    for number in range(count):
        hand_over(session, ada, "postbox", send_on=(NOW - timedelta(days=number + count)).date())


def staff(session: Session, count: int) -> None:
    for number in range(count):
        person = make_person(session, email=f"p{count}{number}@example.com")
        begin(session, f"{person.id}", person.id, epoch=0, browser="", machine=NOW)


def trail(session: Session, count: int) -> None:
    admin = session.scalars(select(Person).where(Person.role == "admin")).one()
    for number in range(count):
        record(session, Doer(admin.name, admin.id), "edit", make_customer(session), now=NOW, number=number)
        begin(session, str(new_id()), admin.id, epoch=0, browser="", machine=NOW)


def told(session: Session, count: int) -> None:
    admin = session.scalars(select(Person).where(Person.role == "admin")).one()
    for _ in range(count):
        tell(session, News(str(new_id()), "unreviewed", "A draft waits", "x", person_id=admin.id), now=NOW)


def templates(session: Session, count: int) -> None:
    """So many templates, each spoken by a trigger."""
    if session.scalar(select(Template.id).limit(1)) is None:
        seed(session)
    for number in range(count):
        folder = replace(FOLDERS[0], name=f"extra_{count}_{number}")
        save_template(session, folder, author="test", reason="test", expected=0, now=NOW)
        make_trigger(session, template=folder.name)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("page", "fill"),
    [
        ("/queue", drafts),
        ("/queue?language=en&family=celebrate&q=number", drafts),
        ("/calls", calls),
        ("/replies", replies),
        ("/sending", unconfirmed),
        ("/customers/ada", of_one),
        ("/customers", drafts),
        ("/today", drafts),
        ("/people", staff),
        ("/audit", trail),
        ("/account", trail),
        ("/notices", told),
        ("/triggers", drafts),
        ("/triggers", triggers),
        ("/triggers/new", triggers),
        ("/triggers/new?kind=anniversary", triggers),
        ("/templates", templates),
        ("/mission", templates),
    ],
)
def test_as_many_statements_for_many_as_for_few(
    db: Database, browser: NewBrowser, page: str, fill: Callable[[Session, int], None]
) -> None:
    """A page asks once for all of its rows."""
    agent = browser("admin")
    counted = []
    for count in (FEW, MORE):
        with db.writing() as session:
            fill(session, count)
        agent.get(page)  # what a process keeps for good, such as definitions, is read once
        with statements() as seen:
            assert agent.get(page).status_code == 200
        counted.append(len(seen))
    few, more = counted
    assert more <= few if page in MAY_ASK_LESS else more == few, "\n".join(seen)
    assert few > 2
