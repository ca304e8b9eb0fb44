"""The part of the queue that somebody came from goes with them: through the writing room, decisions and undoing."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from engine.storage.models import Message, Person
from engine.storage.session import Database
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import Office
from tests.web.test_queue import NAMES
from web.came_from import NAME

pytestmark = pytest.mark.databases("sqlite")


def came(address: str) -> str:
    return parse_qs(urlsplit(unescape(address)).query).get(NAME, [""])[0]


def send(agent: Browser, page: str, act: str, **fields: str) -> str:
    """Press the button of this page whose address ends in `act`; where it leads."""
    html = agent.get(page).text
    to = unescape(re.search(rf'(?:form)?action="(/messages/[^"?]+/{act}[^"]*)"', html)[1])
    form = html.partition("/undo" if act == "undo" else 'id="editor"')[2]
    version = re.search(r'name="version" value="(\d+)"', form)[1]
    texts = {
        f"text.email.{part}": unescape(re.search(rf'id="email-{part}"[^>]*?(?:value="([^"]*)"|>([^<]*)<)', html)[found])
        for part, found in (("subject", 1), ("body", 2))
        if f'id="email-{part}"' in html
    }
    answer = agent.submit(to, on=page, version=version, **texts, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


@pytest.mark.parametrize("seek", ["family=celebrate", "q=ada", "must_read=yes&family=celebrate"])
def test_the_next_one_is_of_the_part_one_came_from(browser: NewBrowser, office: Office, seek: str) -> None:
    """The serious recovery is more pressing, but nobody asked for it; at the end the queue shows that part."""
    agent = browser("agent")
    rows = agent.get(f"/queue?{seek}").text
    first = unescape(re.search(r'data-walk href="([^"]+)"', rows)[1])
    assert parse_qs(came(first)) == parse_qs(seek)
    names = len(NAMES.findall(rows.replace(re.search(r'data-walk href="([^"]+)"', rows)[1], "/messages/x")))
    led = send(agent, first, "approve", then="next")
    for _ in range(names - 1):
        assert led.startswith("/messages/")
        assert parse_qs(came(led)) == parse_qs(seek)
        led = send(agent, led, "approve", then="next")
    assert led.startswith("/queue?")
    assert parse_qs(seek).items() <= parse_qs(urlsplit(led).query).items()
    assert "Approved." in agent.get(led).text


def test_mine_stays_mine(browser: NewBrowser, office: Office, db: Database) -> None:
    """What is a colleague's does not come next."""
    agent = browser("agent")
    with db.writing() as session:
        ids = {one.role: one.id for one in session.query(Person)}
        session.execute(update(Message).values(owner_id=ids["admin"]))
        mine = (office.orders, office.birthday)
        session.execute(update(Message).where(Message.id.in_(mine)).values(owner_id=ids["agent"]))
    led = send(agent, f"/messages/{office.orders}?from=whose%3Dmine", "skip", reason="we met")
    assert led.startswith(f"/messages/{office.birthday}?done={office.orders}")
    led = send(agent, led, "approve", then="next")
    assert led == f"/queue?whose=mine&done={office.birthday}"


def test_saving_undoing_and_what_is_refused_keep_it(browser: NewBrowser, office: Office) -> None:
    """Every way back into the room, and the crumb out of it."""
    agent, page = browser("agent"), f"/messages/{office.orders}?from=family%3Dcelebrate"
    assert '<a href="/queue?family=celebrate">Queue</a>' in agent.get(page).text
    led = send(agent, page, "approve", then="stay")
    assert came(led) == "family=celebrate"
    led = send(agent, led, "undo")
    assert came(led) == "family=celebrate"
    refused = agent.submit(f"/messages/{office.orders}/skip?from=family%3Dcelebrate", on=page, version="99", reason="x")
    assert "from=family%3Dcelebrate" in refused.text


def test_what_is_no_filter_is_none(browser: NewBrowser, office: Office) -> None:
    """An address that somebody made up leads into no other place."""
    for made_up in ("https://elsewhere.example", "%22%3E%3Cb%3E", "a" * 5_000, "owner=%00"):
        page = browser("agent").get(f"/messages/{office.orders}", params={NAME: made_up}).text
        assert '<a href="/queue">Queue</a>' in page
        assert "elsewhere" not in page


def test_a_test_to_oneself_leads_back_to_the_draft(browser: NewBrowser, office: Office) -> None:
    """With the part of the queue one came from."""
    agent = browser("agent")
    led = send(agent, f"/messages/{office.orders}?from=whose%3Dmine", "test")
    assert led.startswith("/postbox/")
    back = f'<a href="/messages/{office.orders}?from=whose%3Dmine">Back to the draft</a>'
    assert back in agent.get(led).text
