"""The local postbox: keeps what would have been sent, one file a message, and shows it like a mailbox.

A file is named after our message id and made exclusively, so that even two workers cannot post a message twice.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from engine.private import own_file, own_folder
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage
from engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as the postbox keeps it."""

    message_id: UUID
    address: str
    recipient_name: str
    sender_name: str
    subject: str
    text: str
    html: str
    occasion: str


class Postbox:
    """A folder of JSON files. It can always say whether it took a message."""

    name = "postbox"
    rate = 1_000.0
    parallel = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: OutgoingMessage) -> Accepted:
        """Post the letter, durably, before saying so. One that is there already was this one."""
        own_folder(self._folder)
        body = {**asdict(message), "message_id": str(message.message_id), "delivery_id": str(message.delivery_id)}
        draft = self._folder / f".{message.message_id}.{uuid4().hex}"
        own_file(draft)
        with draft.open("w", encoding="utf-8", errors="replace") as file:
            json.dump(body, file, ensure_ascii=False, default=str)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self._path(message.message_id))
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return Accepted(provider_id=str(message.delivery_id), delivered=True)

    def find(self, message_id: UUID) -> Accepted | NotTaken:
        """Whether the letter is there."""
        letter = self._read(message_id)
        return Accepted(provider_id=letter["delivery_id"], delivered=True) if letter else NotTaken()

    def check(self) -> str:
        """Where the letters lie."""
        return f"keeps letters in {self._folder}"

    def close(self) -> None:
        """Nothing is open."""

    def forget(self, message_id: UUID) -> None:
        """Remove the letter, if there is one: its customer asked to be erased."""
        self._path(message_id).unlink(missing_ok=True)

    def letter(self, message_id: UUID) -> Letter | None:
        """One letter as it was posted."""
        found = self._read(message_id)
        if found is None:
            return None
        fields = {name: found[name] for name in Letter.__slots__ if name != "message_id"}
        return Letter(message_id=message_id, **fields)

    def posted(self) -> Iterator[tuple[UUID, datetime]]:
        """Every letter's message id and when it was posted, in no order."""
        for path in self._folder.glob("[!.]*.json"):
            yield UUID(path.stem), datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _path(self, message_id: UUID) -> Path:
        return self._folder / f"{message_id}.json"

    def _read(self, message_id: UUID) -> dict[str, str] | None:
        try:
            return dict(json.loads(self._path(message_id).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None


def open_channel(settings: Settings) -> Postbox:
    """The postbox in the home folder; it needs no configuration."""
    return Postbox(settings.postbox)
