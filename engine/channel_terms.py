"""The channels that Jubilee knows, one line each, and what planning must know of them before anything is sent: which of
a message's texts they carry, whether they need an address, whose hours bind them, how long they are on their way.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.dates.sensitive import DayRule

POSTBOX = "postbox"
EMAIL_TEXT = "email"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for a channel whoever provides it.

    `texts` are the kinds of text it can carry, the best first. `real`: what it carries leaves the house, so that
    redirect mode, the ramp and the gate apply. `addressed`: a customer needs a contact point of its name.
    `is_text_message`: the hours that the law sets for calls and texts bind it. `by_post`: counted in days, not hours.
    """

    texts: tuple[str, ...]
    real: bool = True
    addressed: bool = True
    is_text_message: bool = False
    by_post: bool = False


TERMS: Mapping[str, Terms] = {
    "email": Terms(("email",)),
    "sms": Terms(("sms",), is_text_message=True),
    "whatsapp": Terms(("whatsapp", "sms"), is_text_message=True),
    "inapp": Terms(("inapp", "email"), real=False),
    "webhook": Terms(("webhook", "email"), addressed=False),
    "letter": Terms(("letter", "email"), by_post=True),
    "call": Terms(("call", "email"), real=False, is_text_message=True),
    POSTBOX: Terms(("email",), real=False, addressed=False),
}


@dataclass(frozen=True, slots=True)
class Offered:
    """The channels of this installation. `order` is the company's, for customers who stated no wish that can be met;
    the `others` are used only for those who ask for them.

    `lead_days` are the working days that letters are on their way, `text_hours` is the law that binds texts (see
    engine/dates/text_law.py), and `spread_minutes` how long the messages of one opening take to go. `sensitive` are the
    sensitive days as they stand, once they have been asked for (engine/calendar/day_rules.py). `unpaused`: it is known
    that there is no "not now" that could hold anything.
    """

    order: tuple[str, ...] = (POSTBOX,)
    others: tuple[str, ...] = ()
    lead_days: int = 0
    text_hours: str = "legal"
    spread_minutes: int = 0
    sensitive: tuple[DayRule, ...] | None = None
    unpaused: bool = False

    @property
    def holding(self) -> tuple[DayRule, ...]:
        """The sensitive days on which what would go waits."""
        return tuple(day for day in self.sensitive or () if day.effect == "hold")

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the company's order."""
        return (*self.order, *self.others)

    @property
    def default(self) -> str:
        """The company's first choice."""
        return self.names[0]


def text_kind(channel: str, kinds: Collection[str]) -> str | None:
    """Which of these kinds of text the channel carries; None where it can carry none of them."""
    return next((kind for kind in TERMS[channel].texts if kind in kinds), None)
