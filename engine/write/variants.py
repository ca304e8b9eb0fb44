"""Chooses the wording: the customer's language, and the variant they have not had, or had longest ago. Pure."""

from collections.abc import Collection, Sequence
from hashlib import sha256
from uuid import UUID

from engine.write.folders import TemplateFolder
from engine.write.text_files import TemplateText

LAST_RESORT = "en"


def locale_of(folder: TemplateFolder, channel: str, wanted: str) -> str | None:
    """The language to write in: de-AT, else de, else en; None where the template has none of them for the channel."""
    return best_locale({text.locale for text in folder.texts if text.channel == channel}, wanted)


def best_locale(offered: Collection[str], wanted: str) -> str | None:
    """The same where these are offered."""
    chain = (wanted, wanted.partition("-")[0], LAST_RESORT)
    return next((locale for locale in chain if locale in offered), None)


def choose_variant(offered: Sequence[int], received: Sequence[int], message_id: UUID) -> int:
    """The one of `offered` that was received longest ago; `received` is newest first. The message's id settles ties,
    so that asking again gives the same answer and customers are spread over the variants.
    """

    def freshness(variant: int) -> tuple[int, bytes]:
        ago = received.index(variant) if variant in received else len(received)
        return -ago, sha256(message_id.bytes + bytes([variant])).digest()

    return min(offered, key=freshness)


def texts_of(folder: TemplateFolder, locale: str, variant: int) -> list[TemplateText]:
    """One text for each channel that has any in this language: the variant, or where there are fewer, in turn."""
    by_channel: dict[str, list[TemplateText]] = {}
    for text in folder.texts:
        if text.locale == locale:
            by_channel.setdefault(text.channel, []).append(text)
    return [texts[(variant - 1) % len(texts)] for texts in by_channel.values()]
