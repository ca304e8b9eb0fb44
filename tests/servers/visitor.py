"""A visitor by HTTP who keeps a cookie, takes compressed answers and asks for everything that a page asks for."""

import gzip
import http.client
import re
import socket
import time
from collections.abc import Mapping
from html import unescape
from typing import Self
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
NEXT = re.compile(r'href="/queue\?after=([^"&]+)"')
ASSETS = re.compile(r'<(?:link|script|iframe|img)\b[^>]*?\b(?:href|src)="(/[^"]*)"')
DOCTYPE = b"<!doctype html"


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Visitor:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._cookie = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def wait_for(self, path: str) -> None:
        """Until the server answers, for half a minute at most."""
        ends = time.monotonic() + 30
        while True:
            try:
                self._ask(path)
                return
            except OSError:
                self._http.close()
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)

    def sign_in(self, email: str, password: str) -> None:
        """By the form, as people do."""
        page = self._text("/sign-in")
        found = TOKEN.search(page)
        assert found, "the sign-in page holds no form"
        form = urlencode({"csrf_token": unescape(found[1]), "email": email, "password": password})
        status, _, _ = self._ask("/sign-in", form)
        assert status == 303, status

    def walk(self, path: str, *, pages: int) -> str:
        """The place of the page that so many steps of "show more" lead to."""
        place = ""
        for _ in range(pages):
            found = NEXT.search(self._text(f"{path}?after={place}" if place else path))
            if not found:
                break
            place = unescape(found[1])
        return place

    def timed(self, path: str) -> float:
        """Milliseconds of one request."""
        began = time.perf_counter()
        status, _, _ = self._ask(path)
        took = (time.perf_counter() - began) * 1000
        assert status == 200, (path, status)
        return took

    def finds_page(self, path: str) -> bool:
        """Whether a whole page answers there, not data, nor a letter for a frame, where no script may run or look.

        No more than its beginning is waited for: a stream of news never ends.
        """
        self._http.request("GET", path, headers={"cookie": self._cookie})
        answer = self._http.getresponse()
        html = answer.status == 200 and (answer.getheader("content-type") or "").startswith("text/html")
        whole = html and answer.read(len(DOCTYPE)).lower() == DOCTYPE
        answer.close()
        self._http.close()
        return whole and "sandbox" not in (answer.getheader("content-security-policy") or "")

    def first_visit(self, path: str) -> int:
        """Bytes of the page and of all it asks for, each once, with their headers."""
        found = dict.fromkeys(unescape(one) for one in ASSETS.findall(self._text(path)))
        return sum(self._bytes(one) for one in (path, *found))

    def _bytes(self, path: str) -> int:
        _, headers, body = self._ask(path)
        return len(body) + sum(len(name) + len(value) + 4 for name, value in headers.items())

    def _text(self, path: str) -> str:
        _, headers, body = self._ask(path)
        return (gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body).decode()

    def _ask(self, path: str, form: str | None = None) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"accept-encoding": "gzip", "cookie": self._cookie}
        if form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._sent(path, form, headers)
        except http.client.RemoteDisconnected:  # it was idle for too long: a new connection, once
            self._http.close()
            answer = self._sent(path, form, headers)
        body = answer.read()
        told = {name.lower(): value for name, value in answer.getheaders()}
        if "set-cookie" in told:
            self._cookie = told["set-cookie"].partition(";")[0]
        return answer.status, told, body

    def _sent(self, path: str, form: str | None, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        self._http.request("GET" if form is None else "POST", path, form, dict(headers))
        return self._http.getresponse()
