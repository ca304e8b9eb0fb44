"""What every channel promises, whoever carries it: one suite over the whole table."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.channel_terms import TERMS
from engine.errors import JubileeError
from engine.send.channels import Channel
from engine.send.outgoing import Accepted, OutgoingMessage, Refused
from tests.engine.send.channels.doors import Behaviour, Door, ids, opened, outgoing
from tests.engine.send.channels.far_doors import SendGridDoor, SmsDoor, SmtpDoor, WebhookDoor, WhatsAppDoor
from tests.engine.send.channels.near_doors import CallDoor, InAppDoor, LetterDoor, PostboxDoor

DOORS: dict[str, type[Door]] = {
    "postbox": PostboxDoor,
    "letter": LetterDoor,
    "inapp": InAppDoor,
    "call": CallDoor,
    "email by SendGrid": SendGridDoor,
    "email by SMTP": SmtpDoor,
    "sms by Twilio": SmsDoor,
    "whatsapp by Twilio": WhatsAppDoor,
    "webhook": WebhookDoor,
}
FAR = [name for name, door in DOORS.items() if door.far]
NOBODY_KNOWS: tuple[Behaviour, ...] = ("hang", "close", "garbage", "drip", "failing")


@pytest.fixture(scope="module")
def stubs() -> Iterator[dict[str, Door]]:
    """Each stub is started when it is first wanted, and ended with the module."""
    started: dict[str, Door] = {}
    yield started
    for door in started.values():
        door.close()


@pytest.fixture
def get(stubs: dict[str, Door]) -> Callable[[str], Door]:
    """A door of the table whose stub accepts and has forgotten everything."""

    def fresh(name: str) -> Door:
        if name not in stubs:
            stubs[name] = DOORS[name]()
        stubs[name].behave("accept")
        stubs[name].forget()
        return stubs[name]

    return fresh


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, get: Callable[[str], Door]) -> Door:
    """Every channel in turn."""
    return get(request.param)


@pytest.fixture(params=FAR)
def far(request: pytest.FixtureRequest, get: Callable[[str], Door]) -> Door:
    """Every channel in turn that has a provider behind a network."""
    return get(request.param)


def outcome(channel: Channel, message: OutgoingMessage) -> Accepted | Refused | Exception:
    """What became of it."""
    try:
        return channel.send(message)
    except Exception as error:
        return error


def test_every_channel_is_in_the_table() -> None:
    """One that planning knows and that is not tried here would be a gap."""
    assert {door.name for door in DOORS.values()} == set(TERMS)


def test_a_message_is_accepted_once_and_our_id_goes_along(door: Door) -> None:
    """Receipts come back with it."""
    message = outgoing(door)
    with opened(door) as channel:
        answer = channel.send(message)
    assert isinstance(answer, Accepted)
    assert answer.provider_id
    assert door.accepted() == ids([message])


def test_it_says_what_the_send_path_must_know(door: Door) -> None:
    """Its name, how fast and how many at once."""
    with opened(door) as channel:
        assert channel.name == door.name
        assert channel.rate > 0
        assert channel.parallel >= 1


def test_four_threads_hand_over_each_message_exactly_once(door: Door) -> None:
    """Twenty at the same time, over shared connections."""
    messages = [outgoing(door, subject=f"number {number}") for number in range(20)]
    with opened(door) as channel, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(channel.send, messages))
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert sorted(door.accepted()) == sorted(ids(messages))


def test_a_closed_channel_holds_no_connection(door: Door) -> None:
    """As many open files as before, after handing over with several threads."""
    before = open_files()
    with opened(door) as channel, ThreadPoolExecutor(4) as pool:
        list(pool.map(channel.send, [outgoing(door) for _ in range(8)]))
    assert open_files() <= before


def open_files() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))


def test_a_healthy_channel_says_so(door: Door) -> None:
    """In a few words, and nothing is sent."""
    with opened(door) as channel:
        assert 0 < len(channel.check()) < 200
    assert door.accepted() == []


@pytest.mark.parametrize("name", [name for name, door in DOORS.items() if not door.keeps_all])
def test_what_it_cannot_find_it_does_not_make_up(get: Callable[[str], Door], name: str) -> None:
    """Nothing was handed over, so nobody has accepted it."""
    door = get(name)
    with opened(door) as channel:
        assert not isinstance(channel.find(outgoing(door).message_id), Accepted)


def test_a_refusal_for_good_is_final(far: Door) -> None:
    """The provider says no to this message."""
    far.behave("refuse_for_good")
    with opened(far) as channel:
        answer = outcome(channel, outgoing(far))
    assert isinstance(answer, Refused)
    assert answer.permanent
    assert answer.whose != "provider"


@pytest.mark.parametrize("name", [name for name in FAR if "refuse_for_now" not in DOORS[name].cannot])
def test_a_refusal_for_now_is_tried_again(get: Callable[[str], Door], name: str) -> None:
    """The provider says later to this message."""
    door = get(name)
    door.behave("refuse_for_now")
    with opened(door) as channel:
        answer = outcome(channel, outgoing(door))
    assert isinstance(answer, Refused)
    assert not answer.permanent


def test_an_overloaded_provider_is_left_alone_and_the_message_unharmed(far: Door) -> None:
    """No fault of the message: the gate closes, and no attempt is lost."""
    far.behave("overloaded")
    with opened(far) as channel:
        answer = outcome(channel, outgoing(far))
    assert isinstance(answer, Refused)
    assert (answer.whose, answer.permanent) == ("provider", False)


def test_a_provider_that_is_away_took_nothing(far: Door) -> None:
    """No connection, so nothing was sent, and the message waits unharmed."""
    channel = far.open_away()
    try:
        answer = outcome(channel, outgoing(far))
    finally:
        channel.close()
    assert isinstance(answer, Refused)
    assert (answer.whose, answer.permanent) == ("provider", False)


@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name in FAR for what in NOBODY_KNOWS if what not in DOORS[name].cannot]
)
def test_where_nobody_knows_the_delivery_is_unconfirmed(get: Callable[[str], Door], name: str, what: Behaviour) -> None:
    """It may have been taken: no refusal, which would send it again, and no answer that takes for ever."""
    far = get(name)
    far.behave(what)
    begun = time.monotonic()
    with opened(far) as channel:
        answer = outcome(channel, outgoing(far))
    assert isinstance(answer, Exception)
    assert not isinstance(answer, Refused)
    assert time.monotonic() - begun < 30, "what drips would take minutes, what is silent for ever"


def test_after_a_broken_answer_the_next_message_goes(far: Door) -> None:
    """A connection that broke is not used again."""
    message = outgoing(far)
    with opened(far) as channel:
        far.behave("close")
        outcome(channel, outgoing(far))
        far.behave("accept")
        far.forget()
        channel.send(message)
    assert far.accepted() == ids([message])


def test_a_wrong_key_loses_no_message(far: Door) -> None:
    """It is the installation's fault: messages wait until somebody mends it."""
    channel = far.open_with_wrong_key()
    try:
        answer = outcome(channel, outgoing(far))
    finally:
        channel.close()
    assert isinstance(answer, Refused)
    assert (answer.whose, answer.permanent) == ("provider", False)


@pytest.mark.parametrize("name", [name for name in FAR if DOORS[name].checks_key])
def test_a_wrong_key_is_named_by_its_variable(get: Callable[[str], Door], name: str) -> None:
    """So that whoever runs it knows where to look."""
    door = get(name)
    channel = door.open_with_wrong_key()
    try:
        with pytest.raises(JubileeError, match=door.key_variable):
            channel.check()
    finally:
        channel.close()


def test_a_provider_that_is_away_is_named_by_its_variable(far: Door) -> None:
    """Unreachable is said, with the place to look."""
    channel = far.open_away()
    try:
        with pytest.raises(JubileeError, match="JUBILEE_"):
            channel.check()
    finally:
        channel.close()


HOSTILE = {
    "a header after a line end": "Ada\r\nBcc: eve@evil.example",
    "a bare line feed": "Ada\nBcc: eve@evil.example",
    "a bare carriage return": "Ada\rBcc: eve@evil.example",
    "a NUL": "Ada\x00Bcc: eve@evil.example",
    "a folded line": "Ada\r\n\tX-Evil: yes",
    "line ends of other alphabets": "Ada\u2028Bcc: eve@evil.example\u0085X-Evil: yes",
    "a second mailbox": "Ada <ada@example.com>, Eve <eve@evil.example>",
    "a list": "Ada, eve@evil.example; eve2@evil.example",
    "quotes": 'Ada" <eve@evil.example>, "x',
    "an encoded mailbox": "=?utf-8?q?Ada=0D=0ABcc=3A_eve=40evil=2Eexample?=",
    "a reversed name": "Ada \u202egro.live@eve",
    "a lookalike": "Аda Lоvelace",  # the first letters are Cyrillic
    "a lone surrogate": "Ada \ud800",
    "an end of mail": "Ada\r\n.\r\nMAIL FROM:<eve@evil.example>",
    "an endless one": "Ada " * 3_000,
}


@pytest.mark.parametrize("place", ["recipient_name", "sender_name", "subject"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_word_makes_a_second_recipient_or_header(door: Door, place: str, hostile: str) -> None:
    """Whatever a customer or an agent is called, and whatever the subject says: it goes to the one, or not at all."""
    ordinary, message = outgoing(door), outgoing(door, **{place: HOSTILE[hostile]})
    with opened(door) as channel:
        channel.send(ordinary)
        wanted = door.sent()[0]
        door.forget()
        answer = outcome(channel, message)
    assert isinstance(answer, Accepted | Refused)
    for found in door.sent():
        assert found["to"] == wanted["to"]
        assert set(found["headers"]) <= set(wanted["headers"])


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com\r\nBcc: eve@evil.example",
        "ada@example.com\nRCPT TO:<eve@evil.example>",
        "ada@example.com, eve@evil.example",
        "ada@example.com;eve@evil.example",
        "ada@example.com eve@evil.example",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "ada@example.com>",
        "ada@example.com\x00",
        "@evil.example:ada@example.com",
        '"ada@example.com, eve"@evil.example',
        "ada",
        "ada@",
        "@example.com",
        "",
    ],
)
def test_an_address_that_is_not_one_reaches_nobody(get: Callable[[str], Door], address: str) -> None:
    """It is refused for good, as the address's fault, before the provider is asked."""
    for name in [name for name, door in DOORS.items() if door.name == "email"]:
        door = get(name)
        with opened(door) as channel:
            answer = outcome(channel, outgoing(door, address=address))
        assert isinstance(answer, Refused)
        assert (answer.permanent, answer.whose) == (True, "address")
        assert door.accepted() == []
