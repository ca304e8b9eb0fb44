"""The SMTP sink's process: takes mail as a relay would and behaves as FOLDER/behave.json says. What it took is in
FOLDER/taken.log, one JSON object a line, written before the answer.

    python -P tests/servers/smtp_process.py PORT FOLDER
"""

import asyncio
import json
import os
import re
import sys
import time
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
PHRASES = {421: "try later, closing", 450: "mailbox busy", 550: "no such user", 451: "local error", 554: "not taken"}


class Sink:
    """Answers RCPT and DATA. A status applies to the command it was told for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = os.open(folder / "taken.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._read_at = -1
        self._rules: list[dict[str, Any]] = []

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        """The name is aiosmtpd's."""
        rule = self._rule("RCPT", address)
        if rule and rule["do"].isdigit():
            return await _complain(server, int(rule["do"]))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """The name is aiosmtpd's."""
        rule = self._rule("DATA", " ".join(envelope.rcpt_tos)) or {"do": "accept"}
        if rule["do"].isdigit():
            return await _complain(server, int(rule["do"]))
        if rule["do"] != "drop":
            self._note(envelope)
        if rule["do"] in ("drop", "accept_then_close"):
            server.transport.abort()
        if rule["do"] == "accept_then_hang":
            await asyncio.sleep(3_600)
        return "250 taken"

    def _rule(self, command: str, addresses: str) -> dict[str, Any] | None:
        told = self._folder / "behave.json"
        if told.exists() and (changed := told.stat().st_mtime_ns) != self._read_at:
            self._rules, self._read_at = json.loads(told.read_text()), changed
        for rule in reversed(self._rules):
            if rule["on"] == command and rule["left"] != 0 and rule["only"] in addresses:
                rule["left"] -= 1 if rule["left"] > 0 else 0
                return rule
        return None

    def _note(self, envelope: Any) -> None:
        head = message_from_bytes(envelope.content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        named = f"{head.get('X-Jubilee-Message', '')} {head.get('Message-ID', '')} {envelope.mail_from}"
        found = UUID.search(named)
        line = {
            "id": found.group() if found else "",
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "at": time.time(),
            "content": envelope.content.decode("utf-8", "replace") if (self._folder / "keep").exists() else "",
        }
        os.write(self._log, (json.dumps(line) + "\n").encode())


async def _complain(server: Any, status: int) -> str:
    said = f"{status} {PHRASES.get(status, 'no')}"
    if status == 421:  # says so and hangs up, as a server that is going down does
        await server.push(said)
        server.transport.close()
    return said


async def serve(port: int, folder: Path) -> None:
    """Listen until the process is ended."""
    sink = Sink(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(sink, enable_SMTPUTF8=True, data_size_limit=50_000_000, hostname="sink.test"), "127.0.0.1", port
    )
    (folder / "listening").write_text(str(os.getpid()))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
