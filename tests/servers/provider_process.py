"""The provider stub's process: speaks HTTP/1.1 as SendGrid, Twilio and a plain webhook do, and behaves as it was last
told to. A program of its own, of the standard library alone, so that it starts in an instant and bounds no benchmark.

    python -P tests/servers/provider_process.py PORT FOLDER

What it took is in FOLDER/requests.log, one JSON object a line, written before the answer.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

KEPT = 1_000
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TAKING = {"accept", "accept_then_hang", "accept_then_close", "garbage", "no_id", "drip"}


@dataclass
class Stub:
    """What the stub was told to do, and where it writes down what it did."""

    log: int
    rules: list[dict[str, Any]] = field(default_factory=list)
    received: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    number: int = 0

    def rule_for(self, path: str, identity: str, body: str) -> dict[str, Any]:
        """The newest rule that fits; one for the next N requests is used up by them."""
        for rule in reversed(self.rules):
            if rule["left"] != 0 and (not rule["only"] or rule["only"] in f"{path} {identity} {body}"):
                rule["left"] -= 1 if rule["left"] > 0 else 0
                return rule
        return {"do": "accept", "taken": None}

    def note(self, kind: str, identity: str, did: str, taken: bool) -> None:
        """Written before anything is answered; O_APPEND makes a line whole, and it outlives this process."""
        line = {"id": identity, "kind": kind, "did": did, "taken": taken, "at": time.time()}
        os.write(self.log, (json.dumps(line) + "\n").encode())


class Conversation(asyncio.Protocol):
    """One connection, kept alive; requests come one after the other."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._read = b""
        self._transport: Any = None
        self._dripping: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        if self._dripping:
            self._dripping.cancel()

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._read[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            wanted = end + 4 + int(headers.get("content-length", 0))
            if len(self._read) < wanted:
                return
            body, self._read = self._read[end + 4 : wanted], self._read[wanted:]
            method, path, _ = first.split(" ", 2)
            self._handle(method, path, headers, body.decode("utf-8", "replace"))

    def _handle(self, method: str, path: str, headers: dict[str, str], body: str) -> None:
        if path.startswith("/_"):
            self._control(path, body)
            return
        kind = _kind_of(path)
        identity, sandboxed = _identity(kind, headers, body)
        rule = self._stub.rule_for(path, identity, body)
        did = str(rule["do"])
        asked = method == "GET"
        taken = rule["taken"] if rule["taken"] is not None else did in TAKING
        taken = bool(taken) and not sandboxed and not asked
        self._stub.number += 1
        self._stub.received.append({"method": method, "path": path, "headers": headers, "body": body, "id": identity})
        self._stub.note("asked" if asked else kind, identity, did, taken)
        if did == "accept" and asked:
            self._answer(200, json.dumps({"scopes": ["mail.send"], "status": "active"}), {})
        elif sandboxed and did == "accept":
            self._answer(200, "", {})
        else:
            self._behave(kind, did, rule)

    def _behave(self, kind: str, did: str, rule: dict[str, Any]) -> None:
        if did in ("accept_then_hang", "silent"):
            return
        if did == "accept_then_close":
            self._transport.close()
        elif did == "reset":
            self._transport.abort()
        elif did == "garbage":
            self._transport.write(b"\x00\xff this is no HTTP at all\r\n\r\n" if rule.get("deep") else _garbage(kind))
        elif did == "drip":
            self._dripping = asyncio.ensure_future(self._drip(_accepted(kind, self._stub.number)))
        elif did == "no_id":
            status, said, _ = _accepted(kind, self._stub.number)
            self._answer(status, "{}" if said else "", {})
        elif did == "accept":
            self._answer(*_accepted(kind, self._stub.number))
        else:
            said = rule["body"] if rule["body"] is not None else _complaint(kind, int(did))
            retry = {} if rule["retry_after"] is None else {"Retry-After": str(rule["retry_after"])}
            self._answer(int(did), said, retry)

    async def _drip(self, answer: tuple[int, str, dict[str, str]]) -> None:
        for byte in _written(*answer):
            self._transport.write(bytes([byte]))
            await asyncio.sleep(1)

    def _control(self, path: str, body: str) -> None:
        if path == "/_behave":
            rule = json.loads(body)
            if rule.pop("anew"):
                self._stub.rules.clear()
            self._stub.rules.append(rule)
        said = json.dumps({"pid": os.getpid()} if path == "/_pid" else list(self._stub.received))
        if path == "/_forget":
            self._stub.received.clear()
        self._answer(200, said, {})

    def _answer(self, status: int, body: str, headers: dict[str, str]) -> None:
        self._transport.write(_written(status, body, headers))


def _kind_of(path: str) -> str:
    if path.startswith("/v3/"):
        return "sendgrid"
    return "twilio" if path.startswith("/2010-04-01/") else "webhook"


def _identity(kind: str, headers: dict[str, str], body: str) -> tuple[str, bool]:
    """Our message id as the provider would give it back, and whether this was sandbox mode."""
    if kind == "twilio":
        callback = parse_qs(body).get("StatusCallback", [""])[0]
        found = UUID.search(callback) or UUID.search(body)
        return found.group() if found else "", False
    try:
        said = json.loads(body)
    except ValueError:
        return "", False
    if kind == "sendgrid":
        inner = (said.get("personalizations") or [{}])[0].get("custom_args", {})
        identity = {**said.get("custom_args", {}), **inner}.get("message_id", "")
        sandbox = said.get("mail_settings", {}).get("sandbox_mode", {}).get("enable", False)
        return str(identity), bool(sandbox)
    data = said.get("data", said) if isinstance(said, dict) else {}
    known = data.get("message_id") if isinstance(data, dict) else None
    return str(known or headers.get("webhook-id", "")), False


def _accepted(kind: str, number: int) -> tuple[int, str, dict[str, str]]:
    if kind == "sendgrid":
        return 202, "", {"X-Message-Id": f"stub-{number}"}
    if kind == "twilio":
        sid = f"SM{number:032x}"
        said = {"sid": sid, "status": "queued", "num_segments": "1", "error_code": None, "error_message": None}
        return 201, json.dumps(said), {"Content-Type": "application/json"}
    return 200, "ok", {}


def _complaint(kind: str, status: int) -> str:
    if kind == "twilio":
        code = {401: 20003, 429: 20429}.get(status, 20000 + status)
        return json.dumps({"code": code, "message": HTTPStatus(status).phrase, "status": status})
    return json.dumps({"errors": [{"message": HTTPStatus(status).phrase, "field": None, "help": None}]})


def _garbage(kind: str) -> bytes:
    status = 201 if kind == "twilio" else 202 if kind == "sendgrid" else 200
    return _written(status, '{"sid": "SM1", "st\x00\x01<html>', {"Content-Type": "application/json"})


def _written(status: int, body: str, headers: dict[str, str]) -> bytes:
    content = body.encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def serve(port: int, folder: Path) -> None:
    """Listen until the process is ended."""
    log = os.open(folder / "requests.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    stub = Stub(log)
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(stub), "127.0.0.1", port, backlog=1_000
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
