"""In-app: the company's own app shows the message. It lies with us until the app fetches it; no call leaves the house.

Switched on with JUBILEE_INAPP=on; what the app reads and answers is in docs/how-to/in-app.md.
"""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.send.channels.kept import Kept
from engine.settings import PREFIX, Settings, read_environment

NAME = "inapp"


class InAppSettings(BaseSettings):
    """The settings of this channel, documented in docs/how-to/in-app.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    inapp: bool = Field(False, description="`on`: messages may go to the company's own app, which fetches them")


class InApp(Kept):
    """An accepted delivery lies ready for the app. It is delivered when the app says that it was read."""

    name = NAME

    def check(self) -> str:
        """What it does."""
        return "keeps messages for the company's app, which reads them with a key of the scope inapp"


def open_channel(_: Settings) -> InApp | None:
    """The channel, where it is switched on."""
    return InApp() if read_environment(InAppSettings).inapp else None
