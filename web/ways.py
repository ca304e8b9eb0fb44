"""Which text of a message goes by which channel, as its page says it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.review.views import MessageView
from web.phrases import by_channel


@dataclass(frozen=True, slots=True)
class TextInTurn:
    """One text that may go, and the line that says when: "Goes by e-mail", "If that is refused: by SMS"."""

    name: str
    line: str
    first: bool


def wordings(view: MessageView) -> Sequence[TextInTurn]:
    """The texts of the message in the order in which they would go; each once, with all channels that carry it."""
    channels: dict[str, list[str]] = {}
    for way in view.ways:
        channels.setdefault(way.text, []).append(way.channel)
    if not channels and view.texts:
        channels[view.text] = [view.item.channel]
    return [TextInTurn(name, _line(names, place), place == 0) for place, (name, names) in enumerate(channels.items())]


def _line(channels: Sequence[str], place: int) -> str:
    first, *others = [by_channel(channel) for channel in channels]
    also = f", then in the same words {' and '.join(others)}" if others else ""
    return f"Goes {first}{also}" if place == 0 else f"If that is refused: {first}{also}"
