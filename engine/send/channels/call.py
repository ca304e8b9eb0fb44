"""Calls: the message is a task for an agent, with its text as talking points. No call leaves the house by itself.

Switched on with JUBILEE_CALL=on; the open tasks and what came of them are in `engine.send.calls`.
"""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.send.channels.kept import Kept
from engine.settings import PREFIX, Settings, read_environment

NAME = "call"


class CallSettings(BaseSettings):
    """The settings of this channel, documented in docs/how-to/calls.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    call: bool = Field(False, description="`on`: messages may become calls that agents make")


class Call(Kept):
    """An accepted delivery is the open task. It is delivered when an agent says that they reached the customer."""

    name = NAME

    def check(self) -> str:
        """What it does."""
        return "keeps calls to make on the page Calls"


def open_channel(_: Settings) -> Call | None:
    """The channel, where it is switched on."""
    return Call() if read_environment(CallSettings).call else None
