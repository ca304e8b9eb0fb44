"""The audit trail: what it shows, finds and hands out."""

import ast
import csv
import io
import re
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.people.audit import Doer
from engine.storage.models import AuditEntry, Person
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.people.staff import make_person
from tests.web.conftest import NewBrowser
from tests.web.office import Office
from web.audit_words import ACTIONS, detail_words
from web.queries.audit import Key, Wanted, entries, history_of

ROOT = Path(__file__).parents[2]
ITSELF = Doer("deadlines")


def entry(
    session: Session, action: str = "edit", *, by: Person | None = None, minutes: int = 0, **more: object
) -> UUID:
    row = AuditEntry(
        at=NOW - timedelta(minutes=minutes),
        person_id=by.id if by else None,
        actor=by.name if by else "deadlines",
        action=action,
        **({"subject": "message", "subject_id": new_id(), "detail": {}} | more),
    )
    session.add(row)
    session.flush()
    return row.id


def test_it_is_filtered_by_person_thing_action_and_day(session: Session) -> None:
    """And by what no person did; days are the reader's."""
    mia, tom = make_person(session), make_person(session, email="tom@example.com")
    ours = new_id()
    edit = entry(session, by=mia, subject_id=ours)
    drop = entry(session, "drop", minutes=1)
    key = entry(session, "add_key", by=tom, minutes=2, subject="apikey")
    old = entry(session, by=tom, minutes=24 * 60)

    def found(**wanted: object) -> list[UUID]:
        return [one.id for one in entries(session, Wanted(**wanted))]

    assert found() == [edit, drop, key, old]
    assert found(person_id=mia.id) == [edit]
    assert found(by_itself=True) == [drop]
    assert found(subject="apikey") == [key]
    assert found(subject_id=ours) == [edit]
    assert found(action="edit", person_id=tom.id) == [old]
    assert found(on=date(2026, 5, 31)) == [old]
    # NOW is midnight in Auckland: the day before ends with it, and began with the oldest.
    assert found(on=NOW.date(), zone="Pacific/Auckland") == [drop, key, old]
    assert found(on=date(2026, 6, 2), zone="Pacific/Auckland") == [edit]


def test_pages_follow_each_other_without_a_gap(session: Session) -> None:
    """Also where many entries are of one instant, and while new ones are added."""
    made = {entry(session, minutes=number // 4) for number in range(22)}
    seen: list[UUID] = []
    before = None
    while page := entries(session, Wanted(), before=before, limit=5):
        seen += [one.id for one in page]
        before = Key.read(str(page[-1].key))
        entry(session, "new")
    assert len(seen) == len(set(seen)) == 22
    assert set(seen) == made


@pytest.mark.parametrize(
    "text", ["", "x", "2026-01-01~", "2026-01-01T00:00:00~01a22286-7cd5-7282-b963-b6f5f8d5aeb1", "~~"]
)
def test_what_is_no_place_is_none(text: str) -> None:
    """A naive time neither."""
    assert Key.read(text) is None


def test_what_happened_to_one_message_is_one_statement(session: Session, db: Database) -> None:
    """The newest first, for its own page."""
    mia, ours = make_person(session), new_id()
    entry(session, by=mia, subject_id=ours, minutes=1)
    entry(session, "approve", by=mia, subject_id=ours)
    entry(session, "approve", by=mia)
    asked: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *a: asked.append(a[2]))
    assert [one.action for one in history_of(session, ours)] == ["approve", "edit"]
    assert len(asked) == 1


@pytest.mark.databases("postgres")
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "ix_audit_at"),
        ({"person_id": "mia"}, "ix_audit_of_person"),
        ({"subject": "message", "subject_id": "one"}, "ix_audit_subject"),
    ],
)
def test_a_page_deep_in_a_long_trail_is_found_by_index(session: Session, wanted: dict[str, object], index: str) -> None:
    """PostgreSQL reads no more than the page."""
    from sqlalchemy import insert, text
    from sqlalchemy.dialects import postgresql

    from web.queries.audit import _filters, _latest

    people = [make_person(session, email=f"p{n}@example.com") for n in range(40)]
    things = [new_id() for _ in range(500)]
    rows = [
        {
            "id": new_id(),
            "at": NOW - timedelta(seconds=n),
            "person_id": people[0 if n % 2_000 == 0 else 1 + n % 39].id,  # the first did little
            "actor": "x",
            "action": "edit",
            "subject": "message",
            "subject_id": things[n % 500],
            "detail": {},
        }
        for n in range(20_000)
    ]
    session.execute(insert(AuditEntry), rows)
    session.execute(text("ANALYZE audit"))
    known = {"mia": people[0].id, "one": things[0]}
    filters = {name: known.get(value, value) for name, value in wanted.items()}
    query = _latest().where(*_filters(Wanted(**filters)), AuditEntry.at <= NOW - timedelta(hours=3)).limit(50)
    said = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(session.scalars(text(f"EXPLAIN {said}".replace(":", r"\:"))))
    assert index in plan, plan
    assert "Seq Scan" not in plan


@pytest.mark.databases("sqlite")
def test_the_page_says_who_did_what_and_links_the_message(browser: NewBrowser, office: Office, db: Database) -> None:
    """An edit and an approval lead to their message."""
    browser("agent").submit(
        f"/messages/{office.orders}/skip", on=f"/messages/{office.orders}", version="2", reason="we spoke on the phone"
    )
    page = unescape(browser("marketing").get("/audit").text)
    assert f'<a href="/messages/{office.orders}">message</a>' in page
    assert "skipped" in page
    assert "Reason: we spoke on the phone" in page
    only = browser("marketing").get(f"/audit?action=skip&subject=message&of={office.orders}").text
    assert len(re.findall("<tr>", only)) == 2


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("query", ["person=x", "of=x", "day=31.12.2026", "before=x", "day=9999-12-31"])
def test_what_no_form_of_ours_sends_is_refused_kindly(browser: NewBrowser, query: str) -> None:
    """Not as a fault of ours."""
    assert browser("admin").get(f"/audit?{query}").status_code == 422


@pytest.mark.databases("sqlite")
def test_the_export_holds_what_fits_and_no_formula(browser: NewBrowser, db: Database) -> None:
    """A name that a spreadsheet would run is marked as text; and the export is itself in the trail."""
    with db.writing() as session:
        evil = make_person(session, email="evil@example.com", name="=HYPERLINK(1)")
        entry(session, "edit", by=evil, detail={"note": '"a"\n,b'})
        for number in range(3):
            entry(session, "drop", minutes=number)
    marketing = browser("marketing")
    answer = marketing.submit("/audit/export", on="/audit", action="edit")
    assert answer.headers["content-type"].startswith("text/csv")
    header, row = list(csv.reader(io.StringIO(answer.text)))
    assert header[2:4] == ["actor", "action"]
    assert row[2] == "'=HYPERLINK(1)"
    assert '\\"a\\"\\n,b' in row[6]
    with db.reading() as session:
        exported = session.scalars(select(AuditEntry).where(AuditEntry.action == "export_audit")).one()
        assert (exported.actor, exported.detail) == ("Robin Marketing", {"filters": {"action": "edit"}})


def recorded_actions() -> set[str]:
    """Every action that the source records by a name written there."""
    found = set()
    for folder in ("engine", "web", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = node.func if isinstance(node, ast.Call) else None
                if (
                    isinstance(called, ast.Name | ast.Attribute)
                    and getattr(called, "id", getattr(called, "attr", "")) == "record"
                ):
                    found |= {one.value for one in node.args[2:3] if isinstance(one, ast.Constant)}
    return found


def test_every_action_has_words() -> None:
    """A name with underscores is no word for what somebody did."""
    named = recorded_actions()
    assert {"approve", "flag", "share_out"} <= named
    assert named - set(ACTIONS) == set()


def test_details_are_words_names_and_local_times() -> None:
    """What is stored for machines is read by people."""
    mia, at = str(new_id()), "2026-06-01T12:30:00+00:00"
    told = detail_words(
        {"to": mia, "until": at, "reason": "unreviewed", "role": ["viewer", "agent"], "paused": True},
        {mia: "Mia"},
        "Europe/Berlin",
    )
    assert told == (
        "To whom: Mia; Until: 1 Jun 2026, 14:30; Reason: Nobody read it before its deadline.; "
        "Role: viewer to agent; Paused: yes"
    )
    facts = {"facts": {"order_count": {"was": 10, "is": None}}, "to": None, "on": "2026-06-02"}
    assert detail_words(facts, {}, "UTC") == (
        "Facts: Order count Was 10, Is nothing; To whom: the team; On: Tue 2 Jun 2026"
    )
    assert detail_words({"name": "<b>_odd-1"}, {}, "UTC") == "Name: <b>_odd-1"


@pytest.mark.databases("sqlite")
def test_taking_and_giving_back_are_left_out_until_they_are_asked_for(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """They fill the trail. The export is whole all the same, and what Jubilee does by itself says so."""
    with db.writing() as session:
        agent = session.scalars(select(Person).where(Person.role == "agent")).one()
        for action in ("take", "give_back", "snooze"):
            entry(session, action, by=agent, detail={"until": NOW.isoformat()})
        session.add(
            AuditEntry(at=NOW, actor="deadline", action="drop", subject="message", subject_id=new_id(), detail={})
        )
    boss = browser("marketing")
    rows = boss.get("/audit").text.partition("<tbody>")[2]
    assert "took" not in rows
    assert "gave back" not in rows
    assert "snoozed" in rows
    assert "Until: 1 Jun 2026, 14:00" in rows
    assert "Jubilee (at a deadline)" in rows
    assert "gave back" in boss.get("/audit?taking=yes").text.partition("<tbody>")[2]
    assert "took" in boss.get("/audit?action=take").text.partition("<tbody>")[2]
    assert "give_back" in boss.submit("/audit/export", on="/audit").text
