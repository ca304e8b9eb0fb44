"""In-app: the company's own app shows the message. It lies with us until the app fetches it; no call leaves the house.

Switched on with JUBILEE_INAPP=on; what the app reads and answers is in docs/how-to/in-app.md.
"""

from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage
from engine.settings import PREFIX, Settings, read_environment

NAME = "inapp"


class InAppSettings(BaseSettings):
    """The settings of this channel, documented in docs/how-to/in-app.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    inapp: bool = Field(False, description="`on`: messages may go to the company's own app, which fetches them")


class InApp:
    """Taking a message is keeping it, and it is kept already: the recorded answer alone makes it visible to the app."""

    name = NAME
    rate = 1_000.0
    parallel = 1

    def send(self, message: OutgoingMessage) -> Accepted:
        """It lies ready for the app. Delivered it is when the app says that it was read."""
        return Accepted(provider_id=str(message.message_id))

    def find(self, message_id: UUID) -> Accepted | NotTaken:
        """Nothing can have been lost on the way: what was about to be handed over is here."""
        return Accepted(provider_id=str(message_id))

    def check(self) -> str:
        """What it does."""
        return "keeps messages for the company's app, which reads them with a key of the scope inapp"

    def close(self) -> None:
        """Nothing is open."""


def open_channel(_: Settings) -> InApp | None:
    """The channel, where it is switched on."""
    return InApp() if read_environment(InAppSettings).inapp else None
