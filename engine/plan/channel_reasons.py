"""Why a message goes by its channel, in plain words."""

from collections.abc import Mapping

from engine.plan.choosing import COMPANY_ORDER, FALLBACK, WISHED, WISHED_FOR_OCCASION
from engine.plan.reasons import REASONS

NOT_OFFERED = "not_offered"
NO_TEXT = "no_text"

_SENTENCES: Mapping[str, str] = {
    WISHED_FOR_OCCASION: "The customer asked for this channel for this occasion.",
    WISHED: "The customer prefers this channel.",
    COMPANY_ORDER: "It is the first in the company's order by which the customer may be reached.",
}
_BARRED: Mapping[str, str] = {
    NOT_OFFERED: "The channel is not offered any more.",
    NO_TEXT: "The template has no text for it in the customer's language.",
}


def channel_sentence(reason: str | None) -> str:
    """Why this channel, as it is stored on a message; empty where nothing is known of it."""
    if reason is None:
        return ""
    if not reason.startswith(f"{FALLBACK}:"):
        return _SENTENCES.get(reason, reason)
    _, channel, why = (*reason.split(":", 2), "", "")[:3]
    return f"It could not go by {channel}: {_why(why)}"


def _why(name: str) -> str:
    if name in _BARRED:
        return _BARRED[name]
    if name in REASONS:
        return REASONS[name].sentence
    return name if name.endswith((".", "!", "?")) else f"{name}."
