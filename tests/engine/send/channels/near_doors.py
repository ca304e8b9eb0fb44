"""The channels that stay in the house: folders, and those that the database itself carries."""

import json
import tempfile
from pathlib import Path
from typing import Any

from engine.send.channels import Channel
from engine.send.channels.call import Call
from engine.send.channels.inapp import InApp
from engine.send.channels.letter import Letters
from engine.send.channels.postbox import Postbox
from engine.send.outgoing import Accepted, OutgoingMessage
from tests.engine.send.channels.doors import Door


class FolderDoor(Door):
    """A channel over a folder of its own, with a file for each message."""

    far = False
    ending = ""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()
        self.folder = Path(self._home.name) / "0"

    def files(self) -> list[Path]:
        """What lies there."""
        return sorted(self.folder.glob(f"[!.]*.{self.ending}"))

    def accepted(self) -> list[str]:
        return [path.stem for path in self.files()]

    def forget(self) -> None:
        self.folder = self.folder.with_name(str(int(self.folder.name) + 1))

    def close(self) -> None:
        self._home.cleanup()


class PostboxDoor(FolderDoor):
    """Letters as JSON."""

    name = "postbox"
    ending = "json"

    def open(self) -> Channel:
        return Postbox(self.folder)

    def sent(self) -> list[dict[str, Any]]:
        letters = [json.loads(path.read_text()) for path in self.files()]
        return [{"to": [letter["address"]], "headers": list(letter), "whole": json.dumps(letter)} for letter in letters]


class LetterDoor(FolderDoor):
    """Letters as PDF."""

    name = "letter"
    address = "Loom Street 1; 10115 Berlin"
    ending = "pdf"

    def open(self) -> Channel:
        return Letters(self.folder, company="Acme", postal_address="High Street 1, 10117 Berlin")

    def sent(self) -> list[dict[str, Any]]:
        assert all(path.read_bytes().startswith(b"%PDF") for path in self.files())
        return [{"to": [], "headers": [], "whole": ""} for _ in self.files()]


class KeptDoor(Door):
    """A channel whose message lies in the database: what it accepted is its whole work, so the door writes it down."""

    far = False
    keeps_all = True
    kind: type[InApp] | type[Call]

    def __init__(self) -> None:
        self._taken: list[OutgoingMessage] = []

    def open(self) -> Channel:
        taken = self._taken

        class Remembering(self.kind):  # type: ignore[name-defined, misc]
            """The channel, with a list."""

            def send(self, message: OutgoingMessage) -> Accepted:
                answer: Accepted = super().send(message)
                taken.append(message)
                return answer

        opened: Channel = Remembering()
        return opened

    def accepted(self) -> list[str]:
        return [str(message.message_id) for message in self._taken]

    def sent(self) -> list[dict[str, Any]]:
        return [{"to": [message.address], "headers": [], "whole": repr(message)} for message in self._taken]

    def forget(self) -> None:
        self._taken.clear()

    def close(self) -> None:
        self._taken.clear()


class InAppDoor(KeptDoor):
    """The company's own app."""

    name = "inapp"
    kind = InApp


class CallDoor(KeptDoor):
    """A task for an agent."""

    name = "call"
    address = "+4915112345678"
    kind = Call
