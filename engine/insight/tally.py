"""What was counted of one trigger, one template or one day: plain numbers, and the shares that follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

# Within how long a draft was approved after it was written; the rest took longer.
STEPS: Sequence[timedelta] = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(days=1),
    timedelta(days=3),
)
SCORES = ("csat", "nps", "ces")


@dataclass(frozen=True, slots=True)
class Score:
    """What customers answered when they were asked. `average` is theirs; `net` of an NPS: promoters less detractors, in
    hundredths."""

    answers: int = 0
    average: float | None = None
    net: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Moments up to `written`, messages from there on; each counted once under its key, whatever happened twice.

    `held` were held at some time by at least one name; `holds` and `endings` say by which, and why they ended. `quick`
    are how many a person approved within each of STEPS, of `approved`. `unsubscribed` asked to hear less within a
    fortnight, `complained` said so to their provider, `unhappy` wrote back and sounded so.
    """

    spotted: int = 0
    held: int = 0
    control: int = 0
    skipped: int = 0
    expired: int = 0
    cancelled: int = 0
    waiting: int = 0
    written: int = 0
    approved: int = 0
    edited: int = 0
    quick: Sequence[int] = (0,) * len(STEPS)
    sent: int = 0
    delivered: int = 0
    came_back: int = 0
    unknown: int = 0
    answered: int = 0
    unhappy: int = 0
    read: int = 0
    clicked: int = 0
    complained: int = 0
    unsubscribed: int = 0
    holds: Mapping[str, int] = field(default_factory=dict)
    endings: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, Score] = field(default_factory=dict)

    @property
    def half_within(self) -> timedelta | None:
        """The first of STEPS within which at least half were approved; None where it took longer, or none was."""
        if not self.approved:
            return None
        return next((step for step, count in zip(STEPS, self.quick, strict=True) if count * 2 >= self.approved), None)

    @property
    def edited_share(self) -> float | None:
        """Of those that a person approved."""
        return _share(self.edited, self.approved)

    @property
    def answered_share(self) -> float | None:
        """Of those that went out."""
        return _share(self.answered, self.sent)

    @property
    def delivered_share(self) -> float | None:
        """Of those that went out."""
        return _share(self.delivered, self.sent)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
