"""Every fact that a message can be given, in words: what it is, an example, where it comes from, whether it may be
said.

Marketing reads this beside the texts. A test makes every fact that can arise and looks for it here.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from engine.kinds import Plain
from engine.write.facts import NO_YEAR

Sayable = Literal["yes", "no", "asked"]  # asked: the trigger says whether it may be said

CUSTOMER, MOMENT, PROBLEM, HOUSE = "The customer", "The moment", "The problem", "Us"
GROUPS = (CUSTOMER, MOMENT, PROBLEM, HOUSE)


@dataclass(frozen=True, slots=True)
class KnownFact:
    """One fact by its name. `pattern` where it stands for many, whose names end or are told alike."""

    name: str
    says: str
    example: Plain
    group: str
    source: str
    sayable: Sayable = "yes"
    pattern: str | None = None
    filters: Sequence[str] = ()


_DATE, _NUMBER, _WORDS = ("date", "month", "weekday"), ("number", "ordinal"), ("sentence", "clause")
_COUNTED = "the number that the moment's trigger counts"

VOCABULARY: Sequence[KnownFact] = (
    KnownFact("customer.first_name", "What the customer wants to be called.", "Ada", CUSTOMER, "the customer's record"),
    KnownFact(
        "first_order_month",
        "The month of the first order. Print it with | month: its day says nothing.",
        date(2021, 3, 1),
        CUSTOMER,
        "the first order",
        filters=("month",),
    ),
    KnownFact(
        "birthday",
        "The day of a date that comes round every year, under the date's own name. Its year says nothing: print it "
        "with | date only.",
        date(NO_YEAR, 2, 14),
        MOMENT,
        "the customer's dates, for anniversaries of them",
        filters=("date",),
    ),
    KnownFact("years", "How many years together.", 5, MOMENT, "anniversaries by years", filters=_NUMBER),
    KnownFact(
        "months", "How many months together on this day.", 18, MOMENT, "anniversaries by months", filters=_NUMBER
    ),
    KnownFact("days", "How many days together.", 1_000, MOMENT, "anniversaries by days", filters=_NUMBER),
    KnownFact(
        "since", "The day it all began, with its year.", date(2021, 3, 14), MOMENT, "anniversaries", filters=_DATE
    ),
    KnownFact("month", "The day's month, as a number. Print the date itself.", 2, MOMENT, "anniversaries"),
    KnownFact("day", "The day in its month. Print the date itself.", 14, MOMENT, "anniversaries"),
    KnownFact(
        "order_count", "The number of orders that was reached.", 10, MOMENT, "milestones of orders", filters=_NUMBER
    ),
    KnownFact(
        "…_count",
        f"{_COUNTED[0].upper()}{_COUNTED[1:]}, named after what is counted: review_count.",
        25,
        MOMENT,
        "milestones",
        "asked",
        pattern=r"[a-z][a-z0-9_]*_count",
        filters=_NUMBER,
    ),
    KnownFact("amount", "A sum or a largest value. Never said.", 50_000, MOMENT, "milestones of amounts", "no"),
    KnownFact(
        "a trait's name",
        "The mark that a trait passed. Never said.",
        500,
        MOMENT,
        "milestones of traits",
        "no",
    ),
    KnownFact(
        "reached_on",
        "The day of the mark. Never said.",
        date(2026, 5, 30),
        MOMENT,
        "milestones",
        "no",
    ),
    *(
        KnownFact(
            f"{unit}s_in_a_row",
            f"For how many {unit}s running, without a gap.",
            6,
            MOMENT,
            "streaks",
            "asked",
            filters=_NUMBER,
        )
        for unit in ("day", "week", "month")
    ),
    KnownFact("streak_length", "The length of a streak as older triggers kept it.", 6, MOMENT, "streaks", "asked"),
    KnownFact("streak_unit", "What a streak counts, as older triggers kept it.", "month", MOMENT, "streaks", "no"),
    KnownFact(
        "also",
        "What else there is to celebrate that day, a line for each: {% for line in also %}{{ line }} {% endfor %}",
        None,
        MOMENT,
        "moments of the same day",
    ),
    KnownFact(
        "what_happened",
        "What went wrong, as a clause in the past tense.",
        "the parcel came without the lamp shade",
        PROBLEM,
        "the problem's record",
        filters=_WORDS,
    ),
    KnownFact(
        "what_we_did",
        "What was done about it, as a clause in the past tense.",
        "we sent the shade by courier",
        PROBLEM,
        "the problem's record",
        filters=_WORDS,
    ),
    KnownFact(
        "next_step",
        "What happens next, if there is something.",
        "the workshop looks at the packing",
        PROBLEM,
        "the problem's record",
        filters=_WORDS,
    ),
    KnownFact(
        "next_news_on",
        "The day of the next news: on that day there must be some.",
        date(2026, 6, 4),
        PROBLEM,
        "the problem's record",
        filters=_DATE,
    ),
    KnownFact("owner", "Who looks after it.", "Tom", PROBLEM, "the problem's record"),
    KnownFact(
        "problem_began_on", "The day it began.", date(2026, 5, 20), PROBLEM, "the problem's record", filters=_DATE
    ),
    KnownFact(
        "resolved_on", "The day it was solved.", date(2026, 5, 28), PROBLEM, "the problem's record", filters=_DATE
    ),
    KnownFact("outage_on", "The day of the outage.", date(2026, 5, 30), PROBLEM, "an outage's record", filters=_DATE),
    KnownFact(
        "what_was_refunded",
        "What was paid back, in words and not as an amount.",
        "the second lamp",
        PROBLEM,
        "a refund's record",
        filters=_WORDS,
    ),
    KnownFact("refunded_on", "The day of the refund.", date(2026, 5, 28), PROBLEM, "a refund's record", filters=_DATE),
    KnownFact("category", "What kind of problem it is. Never said.", "delivery", PROBLEM, "the problem's record", "no"),
    KnownFact("severity", "How grave it is. Never said.", "minor", PROBLEM, "the problem's record", "no"),
    KnownFact("serious", "Whether a person has to write. Never said.", False, PROBLEM, "the trigger's rule", "no"),
    KnownFact("repeated", "Whether it happened before. Never said.", False, PROBLEM, "earlier problems", "no"),
    KnownFact("reopened", "How often it came back. Never said.", 0, PROBLEM, "the problem's record", "no"),
    KnownFact("quiet_since", "Since when it has stayed solved. Never said.", "2026-05-28", PROBLEM, "events", "no"),
    KnownFact("call_due_at", "By when somebody calls. Never said.", "2026-05-30", PROBLEM, "the trigger's rule", "no"),
    KnownFact("news_number", "The how-manieth news it is. Never said.", 2, PROBLEM, "the trigger's rule", "no"),
    KnownFact("company.name", "Our company's name.", "Loom & Lantern", HOUSE, "the settings"),
    KnownFact("sender.team", "The team's name.", "the care team", HOUSE, "the settings"),
    KnownFact(
        "sender.name",
        "Who approved the message. Only where the free part is required: nobody's name stands under what they did not "
        "read.",
        "Robin",
        HOUSE,
        "whoever approves",
    ),
    KnownFact("mission.signature", "How the mission says that we sign.", None, HOUSE, "the mission"),
    KnownFact("mission.statement", "What the mission says we want to be.", None, HOUSE, "the mission"),
)
_BY_NAME = {fact.name: fact for fact in VOCABULARY}


def described(name: str, *, dates: Collection[str] = (), traits: Collection[str] = ()) -> KnownFact | None:
    """What is known of the fact of this name, where customers have these dates and traits. None: nothing makes it."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in dates:
        return _BY_NAME["birthday"]
    if name in traits:
        return _BY_NAME["a trait's name"]
    return next((fact for fact in VOCABULARY if fact.pattern and re.fullmatch(fact.pattern, name)), None)
