"""R15 to R17 and R24: a provider that refuses, is overloaded, slow, dead, or talks nonsense. What it surely did not
take is tried again, slowly; what it may have taken is never sent again."""

import time as pause
from datetime import UTC, datetime
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import update

from engine import rounds
from engine.storage.models import Gate, Message
from tests.faults.site import Site

pytestmark = pytest.mark.databases("postgres")


def sent(site: Site, times: int = 1) -> None:
    """So many rounds of sending, as the sweeps do them. All at one instant: on a slow machine the pause of a gate would
    be over between two of them."""
    with site.here() as jubilee, time_machine.travel(datetime.now(UTC), tick=False):
        for _ in range(times):
            rounds.send(jubilee, "here")


def tried_of(site: Site) -> int:
    return len([one for one in site.stub.requests() if one.kind != "asked"])


def gate_is_closed(site: Site) -> bool:
    with site.db.reading() as session:
        gate = session.get(Gate, "email")
        return gate is not None and gate.closed_until is not None


WAITS = {
    "429, seconds": (429, "3"),
    "429, a date": (429, "Sun, 22 Nov 2099 08:00:00 GMT"),
    "429, absurd": (429, "1000000000"),
    "429, nonsense": (429, "soon, dear"),
    "429, nothing": (429, None),
    "503": (503, None),
    "401": (401, None),
}


@pytest.mark.parametrize("case", WAITS)
def test_r15_what_the_provider_cannot_take_now_waits_unharmed(site: Site, case: str) -> None:
    """No message is lost or ends, no attempt is used up, the gate closes: few tries whatever is due. Then all go."""
    status, retry_after = WAITS[case]
    site.stub.behave(status, retry_after=retry_after)
    ids = site.due(20)
    sent(site, times=10)
    assert gate_is_closed(site)
    assert tried_of(site) <= 20, "those that were on their way when the gate closed, and no more"
    assert site.states() == {"approved": 20}
    site.stub.behave("accept")
    for _ in range(8):  # the gate opens with one on trial
        site.try_again_now()
        sent(site)
    assert {site.message(one).state for one in ids} == {"handed_over"}
    site.all_is_well()


def test_r15_a_provider_that_is_down_for_long_is_asked_rarely(site: Site) -> None:
    """503 for an hour: the pauses grow, so that the tries of an hour can be counted."""
    site.stub.behave(503)
    site.due(30)
    sent(site)
    burst = tried_of(site)
    for _ in range(12):
        site.try_again_now()
        sent(site, times=3)
    assert tried_of(site) - burst <= 12, "one on trial each time the gate opens"
    assert site.states() == {"approved": 30}


@pytest.mark.parametrize("status", [413, 400, 422])
def test_r15_what_is_refused_for_good_ends(site: Site, status: int) -> None:
    """This message alone, with the reason; the others of the batch go."""
    (bad, *others) = site.due(4)
    site.stub.behave(status, only=str(bad))
    sent(site, times=3)
    assert site.message(bad).state == "skipped"
    assert str(site.message(bad).reason).startswith("refused:")
    assert site.deliveries() == {"refused": 1, "accepted": 3}
    assert set(site.accepted()) == {str(one) for one in others}
    site.all_is_well()


@pytest.mark.parametrize("taken", [True, False])
def test_r15_an_error_after_the_message_was_read_is_unconfirmed(site: Site, taken: bool) -> None:
    """500 says nothing about whether it was taken: never again by itself."""
    (one,) = site.due(1)
    site.stub.behave(500, taken=taken)
    sent(site)
    site.stub.behave("accept")
    site.try_again_now()
    sent(site, times=3)
    assert [state for state, _ in site.deliveries_of(one)] == ["unconfirmed"]
    assert site.accepted() == ({str(one): 1} if taken else {})


def test_r15_five_hundred_errors_in_a_row_close_the_gate(site: Site) -> None:
    """Each of them leaves a message of which we don't know: it must not be many."""
    site.stub.behave(500)
    site.due(100)
    sent(site, times=5)
    assert gate_is_closed(site)
    assert site.deliveries()["unconfirmed"] <= 40
    assert site.states()["approved"] >= 60


@pytest.mark.parametrize("url", ["https://127.0.0.1:{port}", "http://nowhere.invalid", "http://127.0.0.1:1"])
def test_r15_nobody_there(site: Site, url: str) -> None:
    """No TLS, no such name, nobody listens: nothing was taken, so all of it waits, and goes when it is mended."""
    right = site.env["JUBILEE_SENDGRID_URL"]
    site.env["JUBILEE_SENDGRID_URL"] = url.format(port=site.stub.port)
    site.due(5)
    sent(site, times=3)
    assert site.states() == {"approved": 5}
    site.env["JUBILEE_SENDGRID_URL"] = right
    for _ in range(4):
        site.try_again_now()
        sent(site)
    site.all_is_well()
    assert len(site.accepted()) == 5


@pytest.mark.parametrize("what", ["no_id", "garbage"])
def test_r15_an_acceptance_that_says_little(site: Site, what: str) -> None:
    """202 without an id, or with a body that cannot be read, is a yes: its events carry our id."""
    (one,) = site.due(1)
    site.stub.behave(what)
    sent(site, times=2)
    assert [state for state, _ in site.deliveries_of(one)] == ["accepted"]
    site.all_is_well()


def test_r15_no_http_at_all(site: Site) -> None:
    """Nobody can tell what that means: unconfirmed."""
    (one,) = site.due(1)
    site.stub.behave("garbage", deep=True)
    sent(site, times=2)
    assert [state for state, _ in site.deliveries_of(one)] == ["unconfirmed"]
    site.all_is_well(unconfirmed=1)


def test_r15_one_provider_in_trouble_keeps_no_other_channel(site: Site) -> None:
    """Mail waits behind its gate; what goes another way goes."""
    site.env["JUBILEE_CHANNEL_ORDER"] = "email,postbox"
    site.stub.behave(503)
    site.due(5)
    (letter,) = site.due(1)
    with site.db.writing() as session:
        session.execute(update(Message).where(Message.id == letter).values(channel="postbox"))
    sent(site, times=2)
    assert site.message(letter).state == "closed"
    assert site.states() == {"approved": 5, "closed": 1}


def test_r16_a_provider_that_drips_or_never_answers(site: Site) -> None:
    """The wait ends, the silent one is unconfirmed (of the other we may have seen the status in time), and those beside
    them have gone."""
    (slow, silent, *others) = site.due(12)
    site.stub.behave("drip", only=str(slow))
    site.stub.behave("silent", only=str(silent))
    with site.worker():
        began = pause.monotonic()
        site.ring()
        site.sweep_until(lambda: site.deliveries()["accepted"] + site.deliveries()["unconfirmed"] == 12)
        assert pause.monotonic() - began < 60, "the channel's patience is 15 seconds, and a busy machine's more"
        more = site.due(2)
        site.sweep_until(lambda: all(site.deliveries_of(one) == [("accepted", None)] for one in more))
    assert [state for state, _ in site.deliveries_of(silent)] == ["unconfirmed"]
    assert set(site.accepted()) == {str(one) for one in (slow, *others, *more)}
    site.all_is_well(unconfirmed=2)


@pytest.mark.parametrize("what", ["accept_then_close", "reset"])
def test_r17_the_connection_breaks_after_the_text_went_out(site: Site, what: str) -> None:
    """Taken or not: the same to us, so it is unconfirmed and never sent again."""
    (one,) = site.due(1)
    site.stub.behave(what)
    sent(site)
    site.stub.behave("accept")
    site.end_leases()
    with site.here() as jubilee:
        rounds.settle(jubilee)
    site.try_again_now()
    sent(site, times=3)
    assert [state for state, _ in site.deliveries_of(one)] == ["unconfirmed"]
    site.all_is_well(unconfirmed=1)


def test_r17_it_hangs_up_an_idle_connection(site: Site) -> None:
    """Between two messages, as servers do: the next one goes over a new connection, and none is unclear."""
    site.due(1)
    with site.here() as jubilee:
        rounds.send(jubilee, "here")
        site.stub.stop()
        site.stub.start()
        site.due(1)
        rounds.send(jubilee, "here")
    assert site.deliveries() == {"accepted": 2}
    site.all_is_well()


def test_r24_each_of_a_batch_has_its_own_fate(site: Site) -> None:
    """Refused, unclear and accepted in one batch: one message a call, so one answer a message."""
    ids: list[UUID] = site.due(10)
    site.stub.behave(400, only=str(ids[2]))
    site.stub.behave(500, only=str(ids[5]))
    site.stub.behave("accept_then_close", only=str(ids[7]))
    sent(site, times=2)
    fates = [site.deliveries_of(one)[-1][0] for one in ids]
    wanted = ["accepted"] * 10
    wanted[2], wanted[5], wanted[7] = "refused", "unconfirmed", "unconfirmed"
    assert fates == wanted
    site.all_is_well(unconfirmed=2)
