"""The channels. The whole contract is: send or raise. Adding one is one module here, one line in `OPENERS` and one in
`engine/channel_terms.py`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from engine.channel_terms import POSTBOX, Offered
from engine.errors import InvalidInput, JubileeError
from engine.send.channels import call, inapp, letter, postbox, sendgrid, sms, smtp, webhook, whatsapp
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage
from engine.settings import Settings


class Channel(Protocol):
    """A way to reach customers. It knows its own configuration and the message; never a session, never a model.

    Several threads may send at once. `rate` is how many messages a second all workers together may hand over, and
    `parallel` how many one worker hands over at the same time.
    """

    name: str
    rate: float
    parallel: int

    def send(self, message: OutgoingMessage) -> Accepted:
        """Hand over. Raises Refused where nothing was taken; any other error leaves the delivery unconfirmed."""

    def find(self, message_id: UUID) -> Accepted | NotTaken | None:
        """What the provider knows of this message; None where it cannot be asked."""

    def check(self) -> str:
        """What `jubilee doctor` says of it, in a few words: asks the provider, sends nothing. Raises JubileeError with
        what is wrong and which variable to look at."""

    def close(self) -> None:
        """Let go of connections."""


Channels = Mapping[str, Channel]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one channel's provider says of itself; `fault` where something is wrong."""

    channel: str
    said: str
    fault: bool = False


# Each answers None where its configuration is absent, and raises InvalidInput, with the variable, where it is wrong.
OPENERS: tuple[Callable[[Settings], Channel | None], ...] = (
    sendgrid.open_channel,
    smtp.open_channel,
    sms.open_channel,
    whatsapp.open_channel,
    webhook.open_channel,
    letter.open_channel,
    inapp.open_channel,
    call.open_channel,
)


def open_channels(settings: Settings) -> Channels:
    """The channels this installation offers: those that are configured, in the company's order, then those that are
    used only for customers who ask for them. The postbox stands in where there is no other."""
    opened: dict[str, Channel] = {}
    for channel in _configured(settings):
        if channel.name in opened:
            raise InvalidInput(f"two providers are configured for the channel {channel.name}: configure one of them")
        opened[channel.name] = channel
    if not opened or POSTBOX in settings.order:
        opened[POSTBOX] = postbox.open_channel(settings)
    listed = [name for name in settings.order if name in opened]
    return {name: opened[name] for name in (*listed, *(name for name in opened if name not in listed))}


def offered(channels: Channels, settings: Settings) -> Offered:
    """These channels as planning knows them. Where none is in the company's order, all are."""
    order = tuple(name for name in settings.order if name in channels) or tuple(channels)
    return Offered(
        order,
        tuple(name for name in channels if name not in order),
        lead_days=max((getattr(channel, "lead_days", 0) for channel in channels.values()), default=0),
        text_hours=settings.text_hours,
        spread_minutes=settings.spread_minutes,
    )


def ask(channels: Channels) -> Iterator[Answer]:
    """What each channel's provider answers now; nothing is sent."""
    for name, channel in channels.items():
        try:
            yield Answer(name, channel.check())
        except JubileeError as error:
            yield Answer(name, str(error), fault=True)
        except Exception as error:  # a library's own, which must not hide the other answers
            yield Answer(name, f"cannot be asked: {type(error).__name__}: {error}", fault=True)


def close(channels: Channels) -> None:
    """Let go of all of their connections."""
    for channel in channels.values():
        channel.close()


def _configured(settings: Settings) -> Iterator[Channel]:
    for opener in OPENERS:
        if (channel := opener(settings)) is not None:
            yield channel
