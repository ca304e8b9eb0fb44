"""One question over HTTP: it ends whatever the other side does, and tells whether anything was sent."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime

import pytest

from engine.send import exchange
from engine.send.exchange import Answer, Line, NoAnswer, NotReached, Patience

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LONGEST = 20.0  # of a second or less, on a busy machine; what is not left in time takes much longer
Conversation = Callable[[socket.socket], None]


@contextmanager
def listening(talk: Conversation) -> Iterator[tuple[str, list[int]]]:
    """A server that talks so on each connection, and the list of the connections it had."""
    seen: list[int] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                line, place = server.accept()
            except OSError:
                return
            seen.append(place[1])
            threading.Thread(target=talk_and_close, args=(line,), daemon=True).start()

    def talk_and_close(line: socket.socket) -> None:
        with line, suppress(OSError):
            talk(line)

    threading.Thread(target=accept, daemon=True).start()
    with server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)


def heard(line: socket.socket) -> bytes:
    """One request; empty when the other side hung up."""
    said = b""
    while b"\r\n\r\n" not in said:
        piece = line.recv(4096)
        if not piece:
            return b""
        said += piece
    return said


def ask(url: str, seconds: float = 10.0) -> Answer:
    with closing(Line(url, patience=Patience(10.0, seconds))) as line:
        return line.ask("POST", "/x", {}, b"hello")


def test_a_connection_is_used_again() -> None:
    """Making one costs more than the question."""

    def politely(line: socket.socket) -> None:
        while heard(line):
            line.sendall(OK)

    with listening(politely) as (url, seen), closing(Line(url)) as line:
        assert [line.ask("GET", "/", {}).body for _ in range(3)] == [b"ok"] * 3
        assert len(seen) == 1


def test_a_connection_that_was_hung_up_is_not_used_again() -> None:
    """Else every question after a quiet hour would be one that nobody knows the end of."""

    hung_up = threading.Event()

    def once(line: socket.socket) -> None:
        heard(line)
        line.sendall(OK)
        line.close()
        hung_up.set()

    with listening(once) as (url, seen), closing(Line(url)) as line:
        line.ask("GET", "/", {})
        assert hung_up.wait(20)
        assert line.ask("GET", "/", {}).status == 200
        assert len(seen) == 2


def test_a_connection_that_rested_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something on the way may have forgotten it, and nobody would hear the question."""
    monkeypatch.setattr(exchange, "LONGEST_REST", 0.0)

    def politely(line: socket.socket) -> None:
        while heard(line):
            line.sendall(OK)

    with listening(politely) as (url, seen), closing(Line(url)) as line:
        assert [line.ask("GET", "/", {}).body for _ in range(2)] == [b"ok"] * 2
        assert len(seen) == 2


def test_no_connection_means_that_nothing_was_sent() -> None:
    """A port where nobody listens, and a name that does not exist."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotReached):
        ask(f"http://127.0.0.1:{port}")
    with pytest.raises(NotReached):
        ask("http://nobody.invalid")


def test_a_server_that_does_not_speak_tls_was_not_reached() -> None:
    """The message never left."""
    with listening(lambda line: line.sendall(OK)) as (url, _), pytest.raises(NotReached):
        ask(url.replace("http:", "https:"))


def test_an_answer_that_drips_is_cut_at_the_end_of_our_patience() -> None:
    """A timeout of the socket alone would begin anew with every byte."""

    def drip(line: socket.socket) -> None:
        heard(line)
        for byte in OK * 100:
            line.sendall(bytes([byte]))
            time.sleep(0.1)

    began = time.monotonic()
    with listening(drip) as (url, _), pytest.raises(NoAnswer):
        ask(url, 0.5)
    assert time.monotonic() - began < LONGEST


@pytest.mark.parametrize(
    "answer", [b"", b"\x00\xff no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok"]
)
def test_half_an_answer_is_none(answer: bytes) -> None:
    """Closed without a word, garbage, and a body that is cut short."""

    def badly(line: socket.socket) -> None:
        heard(line)
        line.sendall(answer)

    with listening(badly) as (url, _), pytest.raises(NoAnswer):
        ask(url)


def test_a_server_that_never_answers_is_left() -> None:
    """At the end of our patience."""
    with listening(lambda line: time.sleep(LONGEST)) as (url, _), pytest.raises(NoAnswer):
        ask(url, 0.3)


def test_a_server_that_takes_in_a_question_in_sips_is_left() -> None:
    """The time is for sending, too: what the other side does not read must not hold a thread."""

    def sip(line: socket.socket) -> None:
        while line.recv(200_000):
            time.sleep(0.2)

    began = time.monotonic()
    with listening(sip) as (url, _), closing(Line(url, patience=Patience(1.0, 0.5))) as line, pytest.raises(NoAnswer):
        line.ask("POST", "/x", {}, b"x" * 50_000_000)
    assert time.monotonic() - began < LONGEST


@pytest.mark.parametrize("path", ["/x\r\nX-More: 1", "/x HTTP/1.1", "/x\n"])
def test_a_head_holds_no_line_more_than_ours(path: str) -> None:
    """Whatever made its way into a path or a header, the other side reads one question."""
    heads: list[bytes] = []
    with listening(lambda line: heads.append(heard(line))) as (url, _), closing(Line(url)) as line:
        with pytest.raises(NoAnswer):
            line.ask("GET", path, {})
        with pytest.raises(NoAnswer):
            line.ask("GET", "/", {"X-Some": path.replace(" ", "\n")})
    assert [head for head in heads if head] == []


def test_an_answer_that_says_it_is_the_last_is_the_last() -> None:
    """`Connection: close`: a question sent into that connection would be one that nobody knows the end of."""

    def last(line: socket.socket) -> None:
        while heard(line):
            line.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    with listening(last) as (url, seen), closing(Line(url)) as line:
        assert [line.ask("GET", "/", {}).body for _ in range(2)] == [b"ok"] * 2
        assert len(seen) == 2


def test_an_endless_answer_is_read_only_to_its_beginning() -> None:
    """Nobody can fill our memory."""

    def endless(line: socket.socket) -> None:
        heard(line)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(b"x" * 65_536)

    with listening(endless) as (url, _):
        assert len(ask(url).body) == 64 * 1024


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1000000000", 86_400.0),
        ("9" * 400, None),
        ("Mon, 02 Mar 2026 12:01:30 GMT", 90.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("", None),
    ],
)
def test_the_wait_that_was_asked_for(said: str, seconds: float | None) -> None:
    """Seconds or a date; never in the past, never more than a day, and nonsense says nothing."""
    assert Answer(429, {"retry-after": said}, b"").retry_after(now=NOW) == seconds
