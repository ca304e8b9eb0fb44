"""Every attack on templates at the three doors, through the real ways in: saving a form, looking at one, and writing
drafts from a version that was stored before anything was checked. Refused, in words, in time, and without filling the
machine.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

import psutil
import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import confined
from engine.confined import Limits, Stopped
from engine.ids import new_id
from engine.storage.models import Message, Template, TemplateVersion
from engine.storage.session import Database
from engine.write.bodies import body_of, hash_of
from engine.write.drafts import write_due
from engine.write.folders import TemplateFolder
from engine.write.text_files import TemplateText
from tests.engine.builders import NOW, make_customer
from tests.engine.write.desk import COMPANY, FOLDERS, TEAM, birthday, orders, questions, seed
from tests.web.conftest import Browser, NewBrowser
from tests.web.template_attacks import ATTACKS, CONTAINED, Attack

pytestmark = pytest.mark.databases("sqlite")
# Of the processor, in this process and in its children: a child's own limit, and starting the next one.
SECONDS = confined.LIMITS.cpu + 2.0
# On the clock, where others use the machine too: nothing hangs.
PATIENCE = 120.0
MEGABYTES = 120
HARMLESS = "{{ birthday | date }} {{ customer.first_name }} {{ mission.signature }}"
BIRTHDAY = next(folder for folder in FOLDERS if folder.name == "birthday")


def small(source: str) -> TemplateFolder:
    """The birthday with one text alone."""
    text = TemplateText("inapp", "en", 1, None, source)
    return replace(BIRTHDAY, texts=(text,), may_use=(), lines={"en": "And a birthday."}, needs=())


def fields(source: str, version: int = 1) -> dict[str, str]:
    return {
        "version": str(version),
        "occasion": "birthday",
        "values": "remembers",
        "feeling": "3",
        "free_part": "none",
        "lists_follow": "yes",
        "reason": "an attack",
        "text.en.inapp.1.body": source,
        "line.en": "And a birthday.",
        "show": "en.inapp.1",
    }


@contextmanager
def measured(slow: dict[str, object], name: str) -> Iterator[None]:
    """Note what took more of the processor, or more memory of this process, than it may."""
    Path("/proc/self/clear_refs").write_text("5")
    before, worked, began = memory("VmRSS"), processor(), time.perf_counter()
    yield
    took, grew = processor() - worked, memory("VmHWM") - before
    if took > SECONDS or grew > MEGABYTES or time.perf_counter() - began > PATIENCE:
        slow[name] = (round(took, 1), grew, round(time.perf_counter() - began, 1))


def processor() -> float:
    """Seconds that this process, its children that have ended, and those that wait for work have used."""
    ended, waiting = os.times(), [psutil.Process(child._process.pid).cpu_times() for child in confined._idle]
    of_children = ended.children_user + ended.children_system + sum(one.user + one.system for one in waiting)
    return time.process_time() + of_children


def memory(what: str) -> int:
    """In megabytes."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) // 1024


def read(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture(autouse=True)
def travel() -> Iterator[None]:
    """It is the Monday of the builders, and time runs: it is measured here."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def marketing(browser: NewBrowser, db: Database) -> Browser:
    with db.writing() as session:
        seed(session)
    visitor = browser("marketing")
    assert visitor.submit("/templates/birthday/preview", **fields(HARMLESS)).status_code == 200  # a warm child
    return visitor


def versions(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(TemplateVersion)) or 0


def test_no_attack_is_saved(marketing: Browser, db: Database) -> None:
    """The author reads the sentence beside the text, with every letter still in it, and nothing is stored."""
    before, wrong, slow = versions(db), {}, {}
    token = marketing.token("/today")
    for attack in ATTACKS:
        with measured(slow, attack.name):
            answer = marketing.post("/templates/birthday", data={"csrf_token": token, **fields(attack.source)})
        said = answer.text.partition('id="said-en-inapp-1"')[2].partition("</div>")[0]
        box = answer.text.partition('name="text.en.inapp.1.body"')[2].partition(">\n")[2]
        kept = unescape(box.partition("</textarea>")[0]) == attack.source
        told = attack.said in unescape(said) and "Line 1: " in said
        if (answer.status_code, told, kept) != (422, True, True):
            wrong[attack.name] = (answer.status_code, read(said)[:120], kept)
    assert (wrong, slow, versions(db)) == ({}, {}, before)


def test_no_attack_is_shown(marketing: Browser, db: Database) -> None:
    """The frame says why, and nothing else of the machine."""
    wrong, slow = {}, {}
    token = marketing.token("/today")
    for attack in ATTACKS:
        with measured(slow, attack.name):
            answer = marketing.post("/templates/birthday/preview", data={"csrf_token": token, **fields(attack.source)})
        if answer.status_code != 200 or attack.said not in unescape(answer.text):
            wrong[attack.name] = (answer.status_code, read(answer.text)[:120])
    assert (wrong, slow) == ({}, {})


def test_no_attack_that_was_stored_before_is_written(app: FastAPI, db: Database) -> None:
    """The draft is held as a question with the sentence, the round goes on, and the next message is written."""
    wrong, slow = {}, {}
    for attack in ATTACKS:
        with db.writing() as session:
            if session.scalar(select(Template.id).limit(1)) is None:
                seed(session)
            store_unchecked(session, small(attack.source))
            bad, good = birthday(session, make_customer(session), channel="inapp"), orders(session)
        with db.writing() as session, measured(slow, attack.name):
            write_due(session, now=NOW, company=COMPANY, team_name=TEAM)
        with db.reading() as session:
            message = session.get_one(Message, bad.id)
            held = questions(session, message)
            told = [name for name, why in held if attack.said in (why or "")] == ["template_refused"]
            if (message.state, told) != ("draft", True):
                wrong[attack.name] = (message.state, held)
            assert session.get_one(Message, good.id).state == "in_review"
    assert (wrong, slow) == ({}, {})


@pytest.mark.parametrize("attack", CONTAINED, ids=lambda attack: attack.name)
def test_what_the_grammar_lets_through_is_contained(marketing: Browser, db: Database, attack: Attack) -> None:
    """It may be saved, as it is only text: looking at it, and writing from it, end in time, and say so where they
    stop.
    """
    slow: dict[str, object] = {}
    with measured(slow, "save"):
        assert marketing.submit("/templates/birthday", **fields(attack.source)).status_code == 303
    with measured(slow, "look"):
        shown = marketing.get("/templates/birthday/preview?whom=longest")
    assert shown.status_code == 200
    with db.writing() as session:
        message = birthday(session, make_customer(session, first_name="Ada " * 400), channel="inapp")
    with db.writing() as session, measured(slow, "write"):
        write_due(session, now=NOW, company=COMPANY, team_name=TEAM)
    with db.reading() as session:
        held = questions(session, session.get_one(Message, message.id))
    assert attack.said in (held[0][1] if held else "written")
    assert slow == {}


def test_a_version_that_was_stored_before_the_check_cannot_be_put_back(marketing: Browser, db: Database) -> None:
    """Nor is it shown by its own page: the fault stands beside the text, and the page lives."""
    with db.writing() as session:
        store_unchecked(session, small("{{ 10**(3*10**7) % 7 }}"))
        store_unchecked(session, small(HARMLESS))
    answer = marketing.submit("/templates/birthday/versions/2/restore", version="3")
    assert answer.status_code == 422
    assert "Templates cannot calculate." in unescape(answer.text)
    with db.writing() as session:
        template = session.scalars(select(Template).where(Template.name == "birthday")).one()
        template.version_id = session.scalar(
            select(TemplateVersion.id).where(TemplateVersion.template_id == template.id, TemplateVersion.number == 2)
        )
    page = marketing.get("/templates/birthday")
    assert page.status_code == 200
    assert "Line 1: Templates cannot calculate." in unescape(page.text)


def test_a_child_is_stopped_by_its_limits_and_the_next_one_works() -> None:
    """Time on the clock, time of the processor, memory, and how much it says: each ends in the sentence for the
    author.
    """
    for work, values, limits in (
        ("time:sleep", 2 * PATIENCE, Limits(wall=0.3)),
        # Without its own limit each of these would end well, or too late: none fails for another reason.
        ("builtins:eval", "any(iter(int, 1))", Limits(cpu=1, wall=2 * PATIENCE)),
        ("builtins:eval", "len(bytes(10**9))", Limits(wall=2 * PATIENCE)),
        ("calendar:calendar", 2026, Limits(output=100, wall=2 * PATIENCE)),
    ):
        began = time.perf_counter()
        with pytest.raises(Stopped, match="more time or memory than any text needs"):
            confined.confined(work, values, limits)
        assert time.perf_counter() - began < PATIENCE, work
        assert confined.confined("builtins:len", "four") == 4


def test_a_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the settings hold stays with the parent."""
    monkeypatch.setenv("JUBILEE_SECRET_KEY", "x" * 40)
    confined.let_go()
    assert confined.confined("os:getenv", "JUBILEE_SECRET_KEY") is None


def store_unchecked(session: Session, folder: TemplateFolder) -> None:
    """As an older Jubilee, or somebody with the database in their hands, might have left it."""
    template = session.scalars(select(Template).where(Template.name == folder.name)).one()
    last = session.scalar(select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template.id))
    body = json.loads(json.dumps(body_of(folder)))
    version = TemplateVersion(
        id=new_id(),
        template_id=template.id,
        number=(last or 0) + 1,
        body=body,
        body_hash=hash_of(body),
        origin="person",
        author="somebody",
        created_at=NOW,
    )
    session.add(version)
    template.version_id = version.id
    session.flush()
