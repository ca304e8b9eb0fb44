"""Which channel a message takes, and why: what the customer wished for, then the company's order. Pure, for one
customer; `engine/plan/channels.py` decides the same for a set, and a property test compares the two.
"""

from collections.abc import Collection
from dataclasses import dataclass

from engine.channel_terms import Offered

WISHED_FOR_OCCASION = "wished_for_occasion"
WISHED = "wished"
COMPANY_ORDER = "company_order"
FALLBACK = "fallback"
# Chosen because the customer asked for it.
BY_WISH = (WISHED_FOR_OCCASION, WISHED)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a customer said: the channel for this occasion, the one they prefer, and their own order of several."""

    for_occasion: str | None = None
    preferred: str | None = None
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One channel, and why it has its place in the order."""

    channel: str
    reason: str


def ranked(wishes: Wishes, offered: Offered) -> list[Choice]:
    """The channels that come into question, the best first. The `others` only where the customer asks for them."""
    own = [name.strip() for name in (wishes.order or "").split(",")]
    wanted = [
        *((name, WISHED_FOR_OCCASION) for name in [wishes.for_occasion] if name in offered.names),
        *((name, WISHED) for name in [wishes.preferred, *own] if name in offered.names),
        *((name, COMPANY_ORDER) for name in offered.order),
    ]
    first: dict[str, Choice] = {}
    for name, reason in wanted:
        if name:
            first.setdefault(name, Choice(name, reason))
    return list(first.values())


def choose(wishes: Wishes, usable: Collection[str], offered: Offered) -> Choice:
    """The best channel that may be used; where none may, the best, so that what holds the moment speaks of it."""
    order = ranked(wishes, offered) or [Choice(offered.default, COMPANY_ORDER)]
    return next((choice for choice in order if choice.channel in usable), order[0])


def fallback(channel: str, reason: str) -> str:
    """Why a message goes by another channel than `channel`, as it is stored."""
    return f"{FALLBACK}:{channel}:{reason}"
