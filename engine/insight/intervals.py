"""The difference of two shares, with its confidence interval. Pure.

Wilson's score interval for one share and, made of two of them, Newcombe's hybrid score interval for their difference
(R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven methods,
Statistics in Medicine 17 (1998), 873-890, method 10). It holds at small counts and shares near 0 and 1, where the
textbook interval fails. Checked against the examples of that paper.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """Between 0 and 1; 0 of none is 0."""
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """What the data say (`value`), and from where to where the truth may well lie."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether no difference at all is implausible."""
        return self.low > 0 or self.high < 0


def wilson(share: Share, *, level: float = LEVEL) -> tuple[float, float]:
    """The score interval of one share; of nothing it is everything."""
    if not share.whole:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    p, n = share.value, share.whole
    middle = p + z * z / (2 * n)
    width = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    over = 1 + z * z / n
    return max(0.0, (middle - width) / over), min(1.0, (middle + width) / over)


def difference(one: Share, other: Share, *, level: float = LEVEL) -> Interval:
    """How much more often it happened in `one` than in `other`."""
    low_one, high_one = wilson(one, level=level)
    low_other, high_other = wilson(other, level=level)
    value = one.value - other.value
    below = sqrt((one.value - low_one) ** 2 + (high_other - other.value) ** 2)
    above = sqrt((high_one - one.value) ** 2 + (other.value - low_other) ** 2)
    return Interval(value, value - below, value + above)
