"""The page Sending: the switch, the channels, what nobody knows the fate of, and what could not be handed over."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine.ids import new_id
from engine.send.switch import sending_stopped
from engine.settings import Settings
from engine.storage.models import AuditEntry, Delivery, Message, Moment
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.web.conftest import Browser, NewBrowser
from tests.web.office import Office
from tests.web.test_pages import text_of
from web.app import make_app


def token(visitor: Browser) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/sending").text)
    assert found
    return {"csrf_token": found.group(1)}


def lose(db: Database, message_id: UUID) -> UUID:
    """The message went to the postbox, and nobody stored the answer."""
    delivery = new_id()
    with db.writing() as session:
        session.execute(
            update(Message)
            .where(Message.id == message_id)
            .values(state="approved", approved_at=NOW, release_at=NOW, written_at=NOW)
        )
        session.execute(update(Message).where(Message.id == message_id).values(state="handed_over", handed_over_at=NOW))
        session.add(
            Delivery(
                id=delivery,
                message_id=message_id,
                channel="postbox",
                address="",
                state="unconfirmed",
                fence=1,
                worker="gone",
                lease_until=NOW,
                reason="ReadTimeout",
                claimed_at=NOW,
                submitting_at=NOW,
                unconfirmed_at=NOW,
            )
        )
    return delivery


def give_up(db: Database, message_id: UUID, reason: str = "gave_up") -> None:
    from engine.plan.ending import end_message

    with db.writing() as session:
        session.execute(
            update(Message).where(Message.id == message_id).values(expires_at=NOW + timedelta(days=2), attempts=5)
        )
        end_message(session, message_id, "skipped", reason, now=NOW)


def state(db: Database, message_id: UUID) -> str:
    with db.reading() as session:
        return str(session.scalar(select(Message.state).where(Message.id == message_id)))


def test_the_page_tells_how_the_channels_stand(browser: NewBrowser, office: Office) -> None:
    """Also to who may only read."""
    said = text_of(browser("viewer").get("/sending").text)
    assert "Postbox" in said
    assert "Redirect mode is on" in said
    assert "Stop all sending" not in said


def test_a_provider_that_was_away_has_refused_nothing(browser: NewBrowser, office: Office, db: Database) -> None:
    """What it really refused counts."""
    for number, reason in enumerate(("unreachable: ConnectionRefusedError", "http_429", "550 unknown user"), start=5):
        with db.writing() as session:
            times = {"claimed_at": NOW, "submitting_at": NOW, "ended_at": NOW}
            one = Delivery(message_id=office.orders, channel="email", address="x", state="refused", worker="w", **times)
            one.fence, one.reason = number, reason
            session.add(one)
    read = text_of(browser("viewer").get("/sending").text)
    assert re.search(r"Email not configured 0 0 1 0", read), read


def test_asking_the_providers_changes_nothing(browser: NewBrowser, office: Office) -> None:
    """Each says how it is."""
    assert "keeps letters in" in text_of(browser("viewer").get("/sending/providers").text)


def test_an_agent_may_stop_and_marketing_may_start(browser: NewBrowser, office: Office, db: Database) -> None:
    """Whoever sees something wrong stops it; the audit trail knows who."""
    agent, marketing = browser("agent"), browser("marketing")
    assert agent.post("/sending/stop", data=token(agent)).status_code == 303
    with db.reading() as session:
        assert sending_stopped(session)
    assert "All sending is switched off" in text_of(agent.get("/sending").text)
    assert agent.post("/sending/start", data=token(agent)).status_code == 403
    assert marketing.post("/sending/start", data=token(marketing)).status_code == 303
    with db.reading() as session:
        assert not sending_stopped(session)
        done = session.scalars(select(AuditEntry.action).where(AuditEntry.action.endswith("_sending"))).all()
    assert done == ["stop_sending", "start_sending"]


@pytest.mark.parametrize("what", ["/sending/stop", "/sending/start"])
def test_a_viewer_may_not_touch_the_switch(browser: NewBrowser, office: Office, db: Database, what: str) -> None:
    """Nor anybody without a form of their own."""
    viewer = browser("viewer")
    form = re.search(r'name="csrf_token" value="([^"]+)"', viewer.get("/sending").text)
    assert form
    assert viewer.post(what, data={"csrf_token": form.group(1)}).status_code == 403
    assert browser("marketing").post(what, data={}).status_code == 403
    with db.reading() as session:
        assert not sending_stopped(session)


def test_a_person_says_that_it_arrived(browser: NewBrowser, office: Office, db: Database) -> None:
    """Then it is delivered, once; who says so a second time is told."""
    visitor, delivery = browser("agent"), lose(db, office.orders)
    assert "We don't know if these arrived" in text_of(visitor.get("/sending").text)
    form = token(visitor)
    assert visitor.post(f"/sending/deliveries/{delivery}/arrived", data=form).status_code == 303
    assert state(db, office.orders) == "closed"
    assert visitor.post(f"/sending/deliveries/{delivery}/arrived", data=form).status_code == 409
    assert visitor.post(f"/sending/deliveries/{delivery}/lost", data=form).status_code == 409
    assert state(db, office.orders) == "closed"


def test_a_person_says_that_it_did_not(browser: NewBrowser, office: Office, db: Database) -> None:
    """Then it is approved still, and the sender takes it with every check made again."""
    visitor, delivery = browser("agent"), lose(db, office.orders)
    assert visitor.post(f"/sending/deliveries/{delivery}/lost", data=token(visitor)).status_code == 303
    assert state(db, office.orders) == "approved"


@pytest.mark.parametrize("reason", ["gave_up", "refused:550", "cannot_compose:the layout is broken"])
def test_what_could_not_go_comes_back_to_its_draft(
    browser: NewBrowser, office: Office, db: Database, reason: str
) -> None:
    """With its moments and all its attempts."""
    visitor = browser("agent")
    give_up(db, office.orders, reason)
    page = visitor.get("/sending").text
    version = re.search(rf'/sending/messages/{office.orders}/again.*?name="version" value="(\d+)"', page, re.DOTALL)
    assert version
    form = token(visitor) | {"version": version.group(1)}
    answer = visitor.post(f"/sending/messages/{office.orders}/again", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/messages/{office.orders}")
    with db.reading() as session:
        message = session.get_one(Message, office.orders)
        assert (message.state, message.attempts, message.reason) == ("in_review", 0, None)
        assert set(session.scalars(select(Moment.state).where(Moment.customer_id == message.customer_id))) >= {
            "written"
        }
    assert visitor.post(f"/sending/messages/{office.orders}/again", data=form).status_code == 409


def test_a_person_s_skip_is_not_brought_back_here(browser: NewBrowser, office: Office, db: Database) -> None:
    """Its reason still holds."""
    from engine.plan.ending import end_message

    with db.writing() as session:
        end_message(session, office.orders, "skipped", "deceased", now=NOW)
        version = session.get_one(Message, office.orders).version
    visitor = browser("agent")
    form = token(visitor) | {"version": str(version)}
    assert visitor.post(f"/sending/messages/{office.orders}/again", data=form).status_code == 409
    assert state(db, office.orders) == "skipped"


def test_a_channel_that_is_not_configured_well_is_told(
    db: Database, people: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its variable; the page comes up all the same, also where the providers are asked."""
    monkeypatch.setenv("JUBILEE_SMTP_HOST", "mail.example.com")
    monkeypatch.delenv("JUBILEE_EMAIL_FROM", raising=False)
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40))
    visitor = Browser(app, follow_redirects=False)
    visitor.sign_in("viewer@example.com")
    for page in ("/sending", "/sending/providers"):
        said = text_of(visitor.get(page).text)
        assert "The channels cannot be opened" in said
        assert "JUBILEE_EMAIL_FROM" in said
    app.state.place.db.dispose()


def test_the_pages_come_up_without_channels(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody could read what is wrong."""
    monkeypatch.setenv("JUBILEE_SMTP_HOST", "mail.example.com")
    monkeypatch.delenv("JUBILEE_EMAIL_FROM", raising=False)
    app = make_app(Settings(home=tmp_path, database_url=db.url, secret_key="k" * 40))
    assert Browser(app).get("/sign-in").status_code == 200
    app.state.place.db.dispose()
