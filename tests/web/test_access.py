"""Who may come in and what they may do: every address, by role, with and without a form of ours."""

import re
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from engine.storage.base import Base
from engine.storage.models import Message
from engine.storage.session import Database
from tests.web.conftest import NewBrowser
from tests.web.office import ROLES, Office
from web.app import OPEN, SIGNED_IN

PUBLIC = {"/health", "/sign-in", "/sign-out", "/access/{secret}", "/forgot-password"}
# What each address asks of a role, where that is not the least for looking and the agent for doing. A new address is
# tried by every role; who wants another rule for it says so here.
LEAST = {
    ("POST", "/messages/{message_id}/preview"): "viewer",
    ("POST", "/messages/{message_id}/check"): "viewer",
    ("POST", "/sending/start"): "marketing",
    ("POST", "/not-now"): "marketing",
    ("POST", "/not-now/{pause_id}/end"): "marketing",
    ("POST", "/calendar/days"): "marketing",
    ("POST", "/calendar/days/{day_id}"): "marketing",
    ("POST", "/calendar/days/{day_id}/remove"): "marketing",
    ("POST", "/flags/{flag_id}"): "marketing",
    ("POST", "/rehearsals"): "marketing",
    ("POST", "/rehearsals/{rehearsal_id}/stop"): "marketing",
    ("POST", "/rehearsals/{rehearsal_id}/export"): "viewer",
    ("POST", "/replies/{reply_id}/check"): "viewer",
    ("POST", "/templates/{name}/preview"): "viewer",
    ("POST", "/templates/{name}/check"): "viewer",
    ("POST", "/templates/new-template"): "marketing",
    ("POST", "/templates/import-zip"): "marketing",
    ("POST", "/templates/{name}"): "marketing",
    ("POST", "/templates/{name}/test"): "marketing",
    ("POST", "/templates/{name}/anew"): "marketing",
    ("POST", "/templates/{name}/versions/{number}/restore"): "marketing",
    ("POST", "/mission"): "marketing",
    ("POST", "/mission/anew"): "marketing",
    ("POST", "/mission/versions/{number}/restore"): "marketing",
    ("POST", "/insight/outcomes"): "marketing",
    ("POST", "/insight/outcomes/{outcome_id}"): "marketing",
    ("POST", "/insight/outcomes/{outcome_id}/retire"): "marketing",
    ("POST", "/insight/quiet/export"): "marketing",
    ("POST", "/notes"): "viewer",
    ("POST", "/notes/{note_id}/withdraw"): "viewer",
    ("POST", "/account"): "viewer",
    ("POST", "/account/password"): "viewer",
    ("POST", "/account/visits/{wanted}/end"): "viewer",
    ("POST", "/account/sign-out-everywhere"): "viewer",
    **{
        (method, f"/triggers{path}"): "marketing"
        for path in (
            *("/new", "/from-files", "/look-at", "/{name}/edit", "/{name}/yaml", "/{name}/publish", "/{name}/retire"),
            *("/{name}/second", "/{name}/two-people", "/{name}/pause", "/{name}/resume", "/{name}/versions"),
        )
        for method in ("GET", "POST")
        if (method, path) != ("GET", "/{name}/versions")
    },
}
LEAST_BELOW = {"/people": "admin", "/audit": "marketing"}
# Goes on for minutes for everybody who is let in; its own test opens it.
ENDLESS = {"/live"}
READING = (
    "/queue",
    "/queue/head",
    "/queue/keys",
    "/today",
    "/today/unread",
    "/customers",
    "/customers?q=ada",
    "/customers/cd-00042",
    "/notes",
    "/notes/new",
    "/notes/new?customer=cd-00042",
    "/postbox",
    "/triggers",
    "/triggers/birthday",
    "/triggers/birthday/versions",
    "/triggers/birthday/file",
    "/calls",
    "/replies",
    "/sending",
    "/not-now",
    "/calendar",
    "/calendar/days",
    "/calendar/2026-06-03",
    "/postbox/{sent}",
    "/postbox/{sent}/letter",
    "/messages/{orders}",
    "/messages/{orders}/preview",
    "/messages/{orders}/preview?view=text",
    "/second-reads",
    "/flags",
    "/templates",
    "/templates/new-template",
    "/templates/all.zip",
    "/templates/birthday",
    "/templates/birthday/preview",
    "/templates/birthday/folder.zip",
    "/templates/birthday/versions",
    "/templates/birthday/versions/1",
    "/mission",
    "/mission/mission.yaml",
    "/mission/versions",
    "/mission/versions/1",
    "/messages/{question}",
    "/messages/{sent}",
    "/insight",
    "/insight?from=2026-03-01&to=2026-05-31",
    "/insight/templates",
    "/insight/effect",
    "/insight/words",
    "/insight/flags",
    "/insight/quiet",
    "/insight/outcomes",
    "/insight/export",
    "/insight/triggers/birthday",
    "/insight/templates/birthday",
)
DECIDING = (
    "/messages/{orders}",
    "/messages/{orders}/approve",
    "/messages/{orders}/skip",
    "/messages/{question}/answer",
    "/messages/{orders}/undo",
    "/messages/{orders}/hand-over",
    "/messages/{orders}/test",
    "/messages/{orders}/flag",
    "/messages/{orders}/second-read",
    "/messages/{orders}/second-read/answer",
    "/messages/{orders}/second-read/withdraw",
)
POSTS = (*DECIDING, "/messages/{orders}/preview", "/messages/{orders}/check")
# Each of these rooms has a test of its own that shows who may do what there.
ELSEWHERE = {
    "/live",
    "/templates/import-zip",
    "/templates/{name}/preview",
    "/templates/{name}/check",
    "/templates/{name}/test",
    "/templates/{name}/anew",
    "/templates/{name}/versions/{number}/restore",
    "/mission/anew",
    "/mission/versions/{number}/restore",
    "/queue/approve",
    "/queue/batches/{batch_id}/undo",
    "/queue/filters",
    "/queue/filters/{filter_id}/forget",
    "/queue/pause",
    "/queue/share",
    "/queue/go-on",
    "/queue/{message_id}/taken",
    "/queue/{message_id}/take",
    "/queue/{message_id}/give-back",
    "/queue/{message_id}/snooze",
    "/queue/{message_id}/unsnooze",
    "/flags/{flag_id}",
    "/calls/{delivery_id}",
    "/customers/{external_id:path}/problems/{problem_id}",
    "/customers/{external_id:path}/readings",
    "/customers/{external_id:path}/readings/{reading_id}/withdraw",
    "/notes/{note_id}/withdraw",
    "/replies/{reply_id}/handled",
    "/calls/{delivery_id}/solved",
    "/calls/follow-up/{call_id}",
    "/calls/follow-up/{call_id}/solved",
    "/replies/{reply_id}",
    "/replies/{reply_id}/check",
    "/replies/{reply_id}/answer",
    "/replies/{reply_id}/complaint",
    "/replies/{reply_id}/no-complaint",
    "/replies/{reply_id}/solved",
    "/replies/answers/{answer_id}/withdraw",
    "/replies/answers/{answer_id}/arrived",
    "/replies/answers/{answer_id}/lost",
    "/rehearsals",
    "/rehearsals/{rehearsal_id}",
    "/rehearsals/{rehearsal_id}/progress",
    "/rehearsals/{rehearsal_id}/stop",
    "/rehearsals/{rehearsal_id}/export",
    "/sending/providers",
    "/sending/stop",
    "/sending/start",
    "/sending/deliveries/{delivery_id}/arrived",
    "/sending/deliveries/{delivery_id}/lost",
    "/sending/messages/{message_id}/again",
    "/calendar/days/{day_id}",
    "/calendar/days/{day_id}/remove",
    "/not-now/ask",
    "/not-now/{pause_id}/end",
    "/people",
    "/people/{person_id}",
    "/people/{person_id}/disable",
    "/people/{person_id}/enable",
    "/people/{person_id}/link",
    "/people/{person_id}/sign-out",
    "/audit",
    "/audit/export",
    "/account",
    "/account/password",
    "/account/visits/{wanted}/end",
    "/account/sign-out-everywhere",
    "/notices",
    "/triggers/all.zip",
    "/triggers/new",
    "/triggers/from-files",
    "/triggers/look-at",
    "/triggers/{name}/edit",
    "/triggers/{name}/yaml",
    "/triggers/{name}/publish",
    "/triggers/{name}/second",
    "/triggers/{name}/two-people",
    "/triggers/{name}/pause",
    "/triggers/{name}/resume",
    "/triggers/{name}/retire",
    "/insight/outcomes/{outcome_id}",
    "/insight/outcomes/{outcome_id}/retire",
    "/insight/quiet/export",
}


def address(path: str, office: Office) -> str:
    return path.format(**vars(office))


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", READING)
def test_signed_out_one_is_asked_to_sign_in(browser: NewBrowser, office: Office, path: str) -> None:
    """No page shows anything to a stranger."""
    answer = browser().get(address(path, office))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", POSTS)
def test_signed_out_no_form_works(browser: NewBrowser, office: Office, path: str) -> None:
    """A stranger with a form of their own session is asked to sign in, and what the form wanted is forgotten."""
    visitor = browser()
    answer = visitor.submit(address(path, office), on="/sign-in", version="1", reason="because")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fqueue")


@pytest.mark.databases("sqlite")
def test_no_route_was_forgotten(app: FastAPI) -> None:
    """Every address asks for the sign-in, apart from those that are named here."""
    routes = [route for router in SIGNED_IN for route in router.routes if isinstance(route, APIRoute)]
    listed = {
        path.partition("?")[0]
        .replace("/postbox/{sent}", "/postbox/{letter_id}")
        .replace("{sent}", "{message_id}")
        .replace("{orders}", "{message_id}")
        .replace("/triggers/birthday", "/triggers/{name}")
        .replace("2026-06-03", "{on}")
        .replace("/templates/birthday", "/templates/{name}")
        for path in (*READING, *POSTS)
    }
    listed = {path.replace("{question}", "{message_id}").replace("cd-00042", "{external_id:path}") for path in listed}
    listed = {path.replace("/birthday", "/{name}").replace("/versions/1", "/versions/{number}") for path in listed}
    assert {route.path for route in routes} - {"/"} == listed | ELSEWHERE


def test_only_these_addresses_are_open_to_strangers() -> None:
    """Beside what customers, machines and providers call, which proves itself in its own way."""
    assert {route.path for router in OPEN for route in router.routes if isinstance(route, APIRoute)} == PUBLIC


@pytest.mark.databases("sqlite")
def test_every_address_asks_a_stranger_to_sign_in(browser: NewBrowser) -> None:
    """Whatever is added: a stranger gets the same answer for what is there and what is not."""
    routes = [route for router in SIGNED_IN for route in router.routes if isinstance(route, APIRoute)]
    stranger = browser()
    token = stranger.token("/sign-in")
    for route in routes:
        path = re.sub(r"{[^}]+}", str(uuid4()), route.path)
        for method in route.methods:
            answer = stranger.request(method, path, headers={"x-csrf-token": token})
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.databases("sqlite")
def test_htmx_is_led_to_the_sign_in_as_a_whole_page(browser: NewBrowser) -> None:
    """A fragment request after the session ended does not put the sign-in into the middle of a page."""
    answer = browser().get("/queue", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?next=%2Fqueue")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_read(browser: NewBrowser, office: Office, role: str) -> None:
    """All pages open for everybody who works here."""
    visitor = browser(role)
    assert {path: visitor.get(address(path, office)).status_code for path in READING} == dict.fromkeys(READING, 200)


def least_role(method: str, path: str) -> str:
    """Who may, by the tables above."""
    below = next((role for begin, role in LEAST_BELOW.items() if path == begin or path.startswith(f"{begin}/")), None)
    return LEAST.get((method, path)) or below or ("viewer" if method == "GET" else "agent")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("role", ROLES)
def test_every_address_is_open_for_its_roles_and_shut_for_the_others(
    browser: NewBrowser, office: Office, role: str
) -> None:
    """Every method of every address, with an id that nobody has: refused below the role, and never above it."""
    routes = [route for router in SIGNED_IN for route in router.routes if isinstance(route, APIRoute)]
    for route in routes:
        path = re.sub(r"{[^}]+}", str(uuid4()), route.path)
        for method in sorted(route.methods) if path not in ENDLESS else ():
            visitor = browser(role)  # anew each time: some of these sign out
            answer = visitor.request(method, path, headers={"x-csrf-token": visitor.token("/today")})
            shut = ROLES.index(role) < ROLES.index(least_role(method, route.path))
            assert (answer.status_code == 403) is shut, (method, route.path, answer.status_code)
            assert not answer.headers.get("location", "").startswith("/sign-in?next"), (method, route.path)
            if shut:
                assert "his needs the role" in answer.text


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("role", ROLES)
def test_nobody_is_shown_a_room_that_is_shut_for_them(browser: NewBrowser, role: str) -> None:
    """People and the trail stand in the list of those who may open them."""
    page = browser(role).get("/today").text
    assert ('href="/people"' in page) is (role == "admin")
    assert ('href="/audit"' in page) is (role in ("marketing", "admin"))


@pytest.mark.parametrize("path", DECIDING)
def test_a_viewer_decides_nothing(browser: NewBrowser, office: Office, db: Database, path: str) -> None:
    """What a viewer posts is refused, and the message stays as it is."""
    answer = browser("viewer").submit(address(path, office), version="2", reason="because")
    assert answer.status_code == 403
    assert "This needs the role agent; yours is viewer." in answer.text
    with db.reading() as session:
        assert session.get_one(Message, office.orders).state == "in_review"


def test_a_viewer_sees_no_button_that_would_be_refused(browser: NewBrowser, office: Office) -> None:
    """The page of a message is for reading then."""
    page = browser("viewer").get(f"/messages/{office.orders}").text
    assert "Approve" not in page
    assert "Skip this message" not in page
    assert "readonly" in page


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("path", [*POSTS, "/sign-out", "/sign-in"])
@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_foreign_form_changes_nothing(browser: NewBrowser, office: Office, path: str, token: str | None) -> None:
    """Without the token of this session every POST is refused, whoever is signed in."""
    visitor = browser("admin")
    fields = {"version": "2", "reason": "because"} | ({"csrf_token": token} if token is not None else {})
    answer = visitor.post(address(path, office), data=fields)
    assert answer.status_code == 403
    assert "not sent from a page of yours" in answer.text


@pytest.mark.databases("sqlite")
def test_another_persons_token_is_foreign(browser: NewBrowser, office: Office) -> None:
    """A token belongs to one session."""
    token = browser("admin").token("/today")
    answer = browser("agent").post(f"/messages/{office.orders}/skip", data={"csrf_token": token, "version": "2"})
    assert answer.status_code == 403


@pytest.mark.databases("sqlite")
def test_the_token_may_come_in_a_header(browser: NewBrowser) -> None:
    """Scripts of ours send it so."""
    visitor = browser("agent")
    answer = visitor.post("/sign-out", headers={"x-csrf-token": visitor.token("/today")})
    assert answer.headers["location"] == "/sign-in"


def test_reading_changes_nothing(browser: NewBrowser, office: Office, db: Database) -> None:
    """After every page was opened, each table has the rows it had, and the messages their versions."""
    visitor = browser("admin")

    def state() -> object:
        with db.reading() as session:
            rows = {
                table.name: session.scalar(select(func.count()).select_from(table))
                for table in Base.metadata.sorted_tables
            }
            return rows, session.execute(select(Message.id, Message.version, Message.state).order_by(Message.id)).all()

    before = state()
    for path in READING:
        assert visitor.get(address(path, office)).status_code == 200
    assert state() == before


@pytest.mark.databases("sqlite")
def test_preview_and_check_change_nothing_though_they_are_posts(
    browser: NewBrowser, office: Office, db: Database
) -> None:
    """They only carry a text that was not saved."""
    visitor = browser("agent")
    for path in ("preview", "check"):
        fields = {"text.email.subject": "New", "text.email.body": "All new."}
        assert visitor.submit(f"/messages/{office.orders}/{path}", **fields).status_code == 200
    with db.reading() as session:
        message = session.get_one(Message, office.orders)
        assert (message.number, message.edited) == (1, False)


@pytest.mark.databases("sqlite")
def test_every_answer_carries_the_security_headers(browser: NewBrowser, office: Office) -> None:
    """Pages, redirects, errors and the health check alike; and no page holds a script or style of its own."""
    visitor = browser("agent")
    for path in ("/health", "/", "/nowhere", "/messages/nonsense", *(address(path, office) for path in READING)):
        answer = visitor.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        if not path.partition("?")[0].endswith(("/letter", "/preview")):
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert " style=" not in answer.text
            assert " onclick" not in answer.text


@pytest.mark.databases("sqlite")
def test_a_letter_can_do_nothing(browser: NewBrowser, office: Office) -> None:
    """Its own policy allows styles alone, inside our own pages only."""
    visitor = browser("agent")
    for path in (f"/messages/{office.orders}/preview", f"/postbox/{office.sent}/letter"):
        assert visitor.get(path).headers["content-security-policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; frame-ancestors 'self'; sandbox"
        )
    assert "sandbox" in visitor.get(f"/messages/{office.orders}").text.partition("<iframe")[2].partition(">")[0]


@pytest.mark.databases("sqlite")
def test_an_endless_form_is_refused(browser: NewBrowser) -> None:
    """More than any form of ours would hold is not read to its end."""
    assert browser().post("/sign-in", data={"csrf_token": "x" * 1_100_000}).status_code == 413
