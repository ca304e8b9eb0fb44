"""What the tone check answers with: a span of the text, a category, how grave it is, why, and a better direction."""

from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["note", "warn", "block"]

Category = Literal[
    "hollow_empathy",
    "non_apology",
    "blame_dodging",
    "status_cliche",
    "policy_wall",
    "calming_order",
    "pity",
    "minimiser",
    "over_apology_promise",
    "fake_intimacy",
    "selling_in_care",
    "pressure_to_buy",
    "over_formal",
    "unfilled_template",
    "assumption",
    "no_concrete_fact",
    "no_action_in_recovery",
    "celebration_in_serious_recovery",
    "wrong_fact",
    "shouting",
    "sameness",
]

CATEGORIES: tuple[Category, ...] = get_args(Category)


@dataclass(frozen=True)
class Finding:
    """One remark. `start` and `end` index the text as it was given; a remark on the whole text spans all of it.

    `rule` is the id of the rule in the YAML that made it: finer than the category, for counting and for tests.
    """

    start: int
    end: int
    text: str
    category: Category
    severity: Severity
    reason: str
    better: str
    rule: str = ""
