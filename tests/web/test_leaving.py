"""The pages of customers: they do what they say, to nobody else, and looking at them does nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from engine.channel_terms import TERMS
from engine.ids import new_id
from engine.links import Links
from engine.settings import Settings
from engine.storage.base import Base
from engine.storage.models import ContactPoint, Customer, CustomerChange, Preference, Suppression
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.write.desk import COMPANY
from web.app import FROM_OUTSIDE, make_app
from web.outside import ForMachines, FromOutside

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
MESSAGE = new_id()
WORDS = yaml.safe_load((Path(__file__).parents[2] / "web" / "words" / "customers.yaml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Mailbox:
    """Ada, the links in her mail, and a browser that keeps nothing."""

    customer: Customer
    links: Links
    http: TestClient
    db: Database

    @property
    def preferences(self) -> str:
        return self.links.preferences(self.customer.id, MESSAGE).removeprefix("http://127.0.0.1:8000")

    def unsubscribe(self, occasion: str = "birthday") -> str:
        return self.links.unsubscribe(self.customer.id, MESSAGE, occasion).removeprefix("http://127.0.0.1:8000")

    def wishes(self) -> dict[str, bool]:
        with self.db.reading() as session:
            rows = session.scalars(select(Preference).where(Preference.customer_id == self.customer.id))
            return {one.occasion: one.wanted for one in rows}

    def stored(self) -> Customer:
        with self.db.reading() as session:
            found = session.get_one(Customer, self.customer.id)
            session.expunge(found)
            return found

    def stops(self) -> set[tuple[str | None, bool]]:
        """(channel, of the address) of what stands."""
        with self.db.reading() as session:
            rows = session.scalars(select(Suppression).where(Suppression.lifted_at.is_(None)))
            return {(one.channel, one.customer_id is None) for one in rows}

    def rows(self) -> dict[str, int | None]:
        with self.db.reading() as session:
            tables = Base.metadata.sorted_tables
            return {table.name: session.scalar(select(func.count()).select_from(table)) for table in tables}


@pytest.fixture
def app(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    """An installation that writes in the app first and calls whoever asks for it."""
    monkeypatch.setenv("JUBILEE_INAPP", "on")
    monkeypatch.setenv("JUBILEE_CALL", "on")
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40, company_name=COMPANY))
    yield app
    app.state.place.db.dispose()


@pytest.fixture
def ada(app: FastAPI, db: Database) -> Mailbox:
    with db.writing() as session:
        for occasion in ("birthday", "order_milestone"):
            make_trigger(session, occasion=occasion)
        make_trigger(session, occasion="ticket_solved", family="recover", legal_class="service")
        customer = make_customer(session, email="ada@example.com", zone="America/New_York")
        for channel in ("inapp", "call"):
            session.add(ContactPoint(customer_id=customer.id, channel=channel, address=f"{channel}-ada"))
        session.flush()
        session.expunge_all()
    return Mailbox(customer, app.state.place.links, TestClient(app, follow_redirects=False), db)


def form_of(page: Response) -> list[tuple[str, str]]:
    """The fields of the page's own form, as a browser would send them untouched."""
    form = page.text.partition('class="wishes"')[2]
    fields = [("sent", "yes")]
    fields += re.findall(r'name="(occasion|nothing)" value="([^"]+)" checked', form)
    for name, options in re.findall(r'<select id="[^"]+" name="([^"]+)">(.*?)</select>', form, re.DOTALL):
        fields += [(name, value) for value in re.findall(r'value="([^"]+)" selected', options)]
    fields += re.findall(r'type="time" name="([^"]+)" value="([^"]*)"', form)
    return fields


def post(ada: Mailbox, fields: list[tuple[str, str]]) -> Response:
    body: dict[str, list[str]] = {}
    for name, value in fields:
        body.setdefault(name, []).append(value)
    return ada.http.post(ada.preferences, data=body)


def without(fields: list[tuple[str, str]], *gone: tuple[str, str]) -> list[tuple[str, str]]:
    assert set(gone) <= set(fields)
    return [field for field in fields if field not in gone]


def replaced(fields: list[tuple[str, str]], **values: str) -> list[tuple[str, str]]:
    new = {name.replace("__", "."): value for name, value in values.items()}
    return [(name, new.get(name, value)) for name, value in fields]


# Unsubscribing


def test_looking_changes_nothing(ada: Mailbox) -> None:
    """Mail scanners open every link; however often they do, every table has the rows it had."""
    before = ada.rows()
    for path in (ada.preferences, ada.unsubscribe(), ada.unsubscribe("ticket_solved")):
        for _ in range(3):
            assert ada.http.get(path).status_code == 200
        ada.http.head(path)
    assert ada.rows() == before


@pytest.mark.parametrize("how", ["form", "multipart", "empty"])
def test_one_click_leaves_at_once(ada: Mailbox, how: str) -> None:
    """As RFC 8058 says: one POST without cookies, whichever way its body is written, answered with 200."""
    ways: dict[str, Any] = {
        "form": {"data": ONE_CLICK},
        "multipart": {"files": {"List-Unsubscribe": (None, "One-Click")}},
        "empty": {},
    }
    answer = ada.http.post(ada.unsubscribe(), **ways[how])
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert ada.wishes() == {"*": False, "birthday": False, "order_milestone": False}
    assert ada.stops() == set()


def test_one_click_twice_is_one_click(ada: Mailbox) -> None:
    """Providers repeat themselves; the log shows one word of the customer's."""
    for _ in range(3):
        assert ada.http.post(ada.unsubscribe(), data=ONE_CLICK).status_code == 200
    with ada.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(CustomerChange)) == 3


@pytest.mark.databases("sqlite")
def test_the_page_says_what_still_comes(ada: Mailbox) -> None:
    """And leads on to where everything can be stopped."""
    page = ada.http.post(ada.unsubscribe(), data=ONE_CLICK).text
    assert WORDS["en"]["unsubscribed_stays"] in page
    assert "When a problem of yours was solved" not in page
    assert ada.http.get(re.search(r'href="(/preferences/[^"]+)"', page)[1]).status_code == 200  # type: ignore[index]


def test_leaving_from_a_service_message_ends_that_too(ada: Mailbox) -> None:
    """The page names it."""
    page = ada.http.post(ada.unsubscribe("ticket_solved"), data=ONE_CLICK).text
    assert "When a problem of yours was solved" in page
    assert ada.wishes()["ticket_solved"] is False


# Choosing


def test_an_untouched_form_says_nothing(ada: Mailbox) -> None:
    """Saving what stands leaves no row behind, and says so."""
    before = ada.rows()
    answer = post(ada, form_of(ada.http.get(ada.preferences)))
    assert WORDS["en"]["unchanged"] in answer.text
    assert ada.rows() == before


def test_each_choice_is_kept_and_shown(ada: Mailbox) -> None:
    """Occasions, order and quiet hours, in the customer's words."""
    fields = without(form_of(ada.http.get(ada.preferences)), ("occasion", "birthday"))
    fields = replaced(fields, channel__call="1", channel__inapp="2", quiet_from="22:00", quiet_until="07:30")
    page = unescape(post(ada, fields).text)
    assert ada.wishes() == {"birthday": False}
    stored = ada.stored()
    assert (stored.channel_order, stored.preferred_channel) == ("call,inapp", "call")
    assert (stored.quiet_from, stored.quiet_until) == (time(22), time(7, 30))
    for line in ("Your birthday: <strong>no", "Phone call, In our app", "22:00 \u2013 07:30"):
        assert line in page
    assert form_of(ada.http.get(ada.preferences)) == fields


@pytest.mark.databases("sqlite")
def test_of_two_firsts_the_new_one_is_meant(ada: Mailbox) -> None:
    """Who makes calls the first need not push the other one down."""
    post(ada, replaced(form_of(ada.http.get(ada.preferences)), channel__call="1"))
    assert ada.stored().channel_order == "call,inapp"


def test_undo_brings_everything_back(ada: Mailbox) -> None:
    """The way back is a form on the page that says what was saved."""
    untouched = form_of(ada.http.get(ada.preferences))
    fields = without(untouched, ("occasion", "birthday"), ("occasion", "*"))
    fields = [*replaced(fields, channel__call="1", channel__inapp="no", quiet_from="22:00", quiet_until="07:00")]
    page = post(ada, [*fields, ("nothing", "yes")]).text
    assert ada.stops() >= {(None, False), ("inapp", False), ("inapp", True)}
    undo = page.partition('class="wishes"')[0]
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', undo)
    assert WORDS["en"]["undone"] in post(ada, hidden).text
    assert form_of(ada.http.get(ada.preferences)) == untouched
    assert ada.stops() == set()


def test_nothing_at_all_is_kept_for_addresses_too(ada: Mailbox) -> None:
    """Service included; the customer may come back on the same page."""
    untouched = form_of(ada.http.get(ada.preferences))
    post(ada, [*untouched, ("nothing", "yes")])
    assert ada.stops() == {(None, False), ("email", True), ("inapp", True), ("call", True)}
    post(ada, untouched)
    assert ada.stops() == set()


def test_no_more_new_ones_keeps_what_is_ticked(ada: Mailbox) -> None:
    """Who wants birthdays but nothing that is invented later gets birthdays."""
    post(ada, without(form_of(ada.http.get(ada.preferences)), ("occasion", "*"), ("occasion", "order_milestone")))
    assert ada.wishes() == {"*": False, "birthday": True}
    assert ("occasion", "order_milestone") not in form_of(ada.http.get(ada.preferences))


def test_who_left_sees_it_and_may_come_back(ada: Mailbox) -> None:
    """After one click nothing of marketing is ticked; one tick brings one occasion back."""
    ada.http.post(ada.unsubscribe(), data=ONE_CLICK)
    fields = form_of(ada.http.get(ada.preferences))
    assert [value for name, value in fields if name == "occasion"] == ["ticket_solved"]
    post(ada, [*fields, ("occasion", "birthday")])
    assert ada.wishes() == {"*": False, "birthday": True, "order_milestone": False}


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"quiet_from": "22:00"}, "need_hours"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "need_hours"),
        ({"quiet_from": "late", "quiet_until": "07:00"}, "need_hours"),
        ({"channel__inapp": "no", "channel__call": "no"}, "need_channel"),
    ],
)
def test_what_makes_no_sense_is_said_and_not_kept(ada: Mailbox, values: dict[str, str], complaint: str) -> None:
    """The form comes back with what was written."""
    before = ada.rows()
    fields = without(form_of(ada.http.get(ada.preferences)), ("occasion", "birthday"))
    answer = post(ada, replaced(fields, **values))
    assert answer.status_code == 422
    assert WORDS["en"][complaint] in unescape(answer.text)
    assert ("occasion", "birthday") not in form_of(answer)
    assert ada.rows() == before


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("body", [{}, {"occasion": "birthday"}, {"nothing": "yes"}])
def test_a_post_that_is_not_the_form_changes_nothing(ada: Mailbox, body: dict[str, str]) -> None:
    """A machine that posts to every link has not said no to everything."""
    before = ada.rows()
    assert ada.http.post(ada.preferences, data=body).status_code == 200
    assert ada.rows() == before


@pytest.mark.databases("sqlite")
def test_only_what_the_page_offers_can_be_said(ada: Mailbox) -> None:
    """Fields that somebody made up reach no column and make no row."""
    fields = form_of(ada.http.get(ada.preferences))
    before = ada.rows()
    post(ada, [*fields, ("occasion", "made_up"), ("channel.email", "1"), ("deceased", "yes"), ("channel_order", "sms")])
    assert ada.rows() == before
    assert ada.stored().channel_order is None


@pytest.mark.databases("sqlite")
def test_a_channel_that_cannot_reach_them_is_not_offered(ada: Mailbox) -> None:
    """No address, an address that came back, a STOP, or a channel this company has not."""
    with ada.db.writing() as session:
        session.add(Suppression(customer_id=ada.customer.id, channel="call", reason="stop", source="x", created_at=NOW))
    page = ada.http.get(ada.preferences).text
    assert "channel-inapp" in page
    assert all(f"channel-{name}" not in page for name in TERMS.keys() - {"inapp"})


# Whom it is for


@pytest.mark.databases("sqlite")
def test_only_the_true_link_works(ada: Mailbox, db: Database) -> None:
    """A flipped letter, another purpose, another installation's secret, another customer's id: nothing there."""
    before = ada.rows()
    token = ada.preferences.rpartition("/")[2]
    flipped = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token), 7)]
    foreign = Links("f" * 40, "").preferences(ada.customer.id, MESSAGE).rpartition("/")[2]
    nobody = ada.links.preferences(new_id(), MESSAGE).rpartition("/")[2]
    wrong = [*flipped, ada.unsubscribe().rpartition("/")[2], foreign, nobody, token[:-1], token + "A", "x" * 3_000]
    for guess in wrong[:28]:
        answer = ada.http.post(f"/preferences/{guess}", data={"sent": "yes", "nothing": "yes"})
        assert answer.status_code == 404, guess
        assert WORDS["en"]["gone"] in answer.text
    assert ada.http.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 404
    assert ada.rows() == before


@pytest.mark.databases("sqlite")
def test_a_thousand_guesses_find_nothing_and_the_true_link_still_works(ada: Mailbox) -> None:
    """Guessing is slowed down; a mail provider that carries many customers' clicks is never turned away."""
    said = {ada.http.post(f"/unsubscribe/guess{number}", data=ONE_CLICK).status_code for number in range(100)}
    assert said == {404, 429}
    assert ada.wishes() == {}
    assert ada.http.post(ada.unsubscribe(), data=ONE_CLICK).status_code == 200
    assert ada.wishes()["*"] is False


@pytest.mark.databases("sqlite")
def test_an_erased_customer_is_told_that_nothing_is_stored(ada: Mailbox) -> None:
    """On every page, and nothing is kept of what they post."""
    with ada.db.writing() as session:
        session.get_one(Customer, ada.customer.id).erased_at = NOW
    before = ada.rows()
    for path, body in ((ada.preferences, {"sent": "yes", "nothing": "yes"}), (ada.unsubscribe(), ONE_CLICK)):
        for answer in (ada.http.get(path), ada.http.post(path, data=body)):
            assert answer.status_code == 200
            assert WORDS["en"]["erased"] in answer.text
    assert ada.rows() == before


@pytest.mark.databases("sqlite")
def test_the_pages_tell_nobody_anything(ada: Mailbox) -> None:
    """No address, no last name, no script, no cookie, nothing for search engines or for the page one goes to next."""
    with ada.db.writing() as session:
        session.get_one(Customer, ada.customer.id).last_name = "Lovelace"
    for answer in (
        ada.http.get(ada.preferences),
        ada.http.get(ada.unsubscribe()),
        post(ada, [*form_of(ada.http.get(ada.preferences)), ("nothing", "yes")]),
        ada.http.post(ada.unsubscribe(), data=ONE_CLICK),
        ada.http.get("/preferences/nonsense"),
        ada.http.put(ada.preferences),
    ):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
        for secret in ("example.com", "Lovelace", ada.customer.external_id, "<script", "inapp-ada"):
            assert secret not in answer.text


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("locale", ["de-AT", "es", "fr"])
def test_the_pages_speak_the_customers_language(ada: Mailbox, locale: str) -> None:
    """German, Spanish, and English where we have no other."""
    with ada.db.writing() as session:
        session.get_one(Customer, ada.customer.id).locale = locale
    words = WORDS.get(locale[:2], WORDS["en"])
    page = unescape(ada.http.get(ada.preferences).text)
    assert words["occasions"] in page
    assert words["occasion"]["birthday"] in page
    assert f'<html lang="{locale[:2] if locale[:2] in WORDS else "en"}"' in page
    strange = ada.http.get("/preferences/nonsense", headers={"accept-language": f"xx,{locale};q=0.8"})
    assert words["gone_title"] in unescape(strange.text)


def test_every_language_says_everything() -> None:
    """The same texts, with the same places to fill in."""

    def shape(texts: object) -> object:
        if isinstance(texts, dict):
            return {key: shape(value) for key, value in texts.items()}
        return sorted(re.findall(r"{\w+}", str(texts)))

    assert all(shape(texts) == shape(WORDS["en"]) for texts in WORDS.values())
    assert set(WORDS["en"]["channel"]) <= set(TERMS)


def test_what_is_called_from_outside_is_listed() -> None:
    """Everything else that is posted needs a form of ours; whoever adds an address here has thought about it."""
    routes = [route for router in FROM_OUTSIDE for route in router.routes]
    assert all(isinstance(route, FromOutside) for route in routes)
    people = {route.path for route in routes if not isinstance(route, ForMachines)}  # type: ignore[attr-defined]
    assert people == {"/preferences/{token}", "/unsubscribe/{token}"}
    machines = {route.path.split("/")[1] for route in routes if isinstance(route, ForMachines)}
    assert machines <= {"api", "hooks"}
