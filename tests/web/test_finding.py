"""Finding a customer: by the whole id or address, or by the beginning of a name; each by an index."""

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from engine.record.erasing import erase
from engine.storage.models import ContactPoint, Customer
from tests.engine.builders import NOW, make_customer
from web.queries.finding import search


@pytest.fixture
def town(session: Session) -> Session:
    """People whose names have much in common."""
    for external_id, first, last in (
        ("c-1", "Ada", "Marlowe"),
        ("c-2", "Adam", "Marsh"),
        ("c-3", "Mary Ann", "Ada"),
        ("c-4", "Zoe", "O'Brien"),
        ("c-5", "Jörg", "Müller"),
        ("c-6", "Per_cent", "100%"),
        ("ada", "Zed", None),
    ):
        make_customer(session, external_id=external_id, first_name=first, last_name=last)
    return session


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("c-1", ["c-1"]),
        ("marl", ["c-1"]),
        ("MAR", ["c-3", "c-1", "c-2"]),  # a first name and two last ones, in the order of the last
        ("ada", ["ada", "c-3", "c-1", "c-2"]),  # the id first
        ("ada mar", ["c-3", "c-1"]),  # either way round, one of them whole: Adam Marsh is none
        ("Marlowe, Ada", ["c-1"]),
        ("marlowe a", ["c-1"]),
        ("mary ann a", ["c-3"]),
        ("o'b", ["c-4"]),
        ("ad mar", ["c-3", "c-1", "c-2"]),  # the beginnings of both, where nobody is called so, either way round
        ("Marl, Ad", ["c-1"]),
        ("mary an ad", ["c-3"]),
        ("a m", []),  # single letters mean nobody in particular
        ("mü", ["c-5"]),
        ("per_", ["c-6"]),
        ("100%", ["c-6"]),
        ("%", []),
        ("_", []),
        ("arlowe", []),
        ("\x00", []),
        ("   ", []),
        ("x" * 200, []),
    ],
)
def test_who_is_found(town: Session, wanted: str, found: list[str]) -> None:
    """No letter means anything but itself."""
    ids = [one.external_id for one in search(town, wanted)]
    assert ids[:1] == found[:1]
    assert set(ids) == set(found)


@pytest.mark.parametrize("wanted", ["ada@example.com", "ADA@EXAMPLE.COM", "+49 30 123-4567", "004930 1234567"])
def test_by_a_whole_address_in_any_spelling(session: Session, wanted: str) -> None:
    """The address is compared by its hash, also one that is not usable any more."""
    customer = make_customer(session, email="ada@example.com")
    session.add(ContactPoint(customer_id=customer.id, channel="sms", address="+49301234567", usable=False))
    session.flush()
    assert [one.id for one in search(session, wanted)] == [customer.id]
    assert search(session, "ada@example") == []


def test_the_erased_are_not_found(session: Session) -> None:
    """Nobody is called like that any more."""
    customer = make_customer(session, external_id="c-1", first_name="Zenobia", email="z@example.com")
    erase(session, customer.id, now=NOW)
    assert [search(session, wanted) for wanted in ("c-1", "zen", "z@example.com")] == [[], [], []]


def test_no_more_than_asked_for_and_one(town: Session) -> None:
    """So that the page knows that there are more."""
    assert len(search(town, "a", limit=2)) == 3


def test_names_are_found_by_an_index(session: Session) -> None:
    """Neither database has to look at each: where PostgreSQL is told to avoid that, every part has another way."""
    alike = {"bucket": 1, "created_at": NOW, "updated_at": NOW, "zone": "UTC", "locale": "en", "traits": {}}
    rows = [alike | {"external_id": f"c{n}", "first_name": f"F{n % 97}", "last_name": f"L{n}"} for n in range(3_000)]
    session.execute(insert(Customer), rows)
    session.execute(text("ANALYZE"))
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "UNION" in statement:
            asked.append((statement, parameters))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    try:
        search(session, "f5 l1")
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", note)
    ((statement, parameters),) = asked
    postgres = session.get_bind().dialect.name == "postgresql"
    if postgres:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # of three thousand it would rather read all
    explain = f"EXPLAIN {'' if postgres else 'QUERY PLAN '}{statement}"
    plan = str(session.connection().exec_driver_sql(explain, parameters).all())  # type: ignore[arg-type]
    assert "ix_customers_last_name" in plan, plan
    assert "ix_customers_first_name" in plan
    assert "Seq Scan on customers" not in plan
    assert "SCAN customers" not in plan
