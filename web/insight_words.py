"""How insight's pages say numbers: shares, times, scores. Pure; None is "not known", never nought."""

from datetime import timedelta

from engine.insight.effect import Effect, Reading
from engine.insight.tally import STEPS, Score, Tally

_STEP_WORDS = ("15 minutes", "an hour", "4 hours", "a day", "3 days")
NOTHING = "–"


def percent(share: float | None, digits: int = 0) -> str:
    """12 %; a share of nothing is not known. What is not nought is not said as 0 %."""
    if share is None:
        return NOTHING
    said = f"{100 * share:.{digits}f}"
    return f"{'<1' if share and float(said) == 0 and not digits else said}\N{NO-BREAK SPACE}%"


def points(difference: float) -> str:
    """+2.1 points, with a true minus."""
    said = f"{100 * difference:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if said in ("+0.0", "\N{MINUS SIGN}0.0") else said


def half_within(tally: Tally) -> str:
    """The time within which half of the drafts were approved."""
    if not tally.approved:
        return NOTHING
    step = tally.half_within
    return _STEP_WORDS[STEPS.index(step)] if step is not None else "longer than 3 days"


def score_words(name: str, score: Score | None) -> str:
    """4.2 of 5, from 12 answers; an NPS with what is left when detractors are taken from promoters."""
    if score is None or score.average is None:
        return NOTHING
    answers = f"{score.answers:,} {'answer' if score.answers == 1 else 'answers'}"
    if name == "nps" and score.net is not None:
        return f"{_signed(score.net)} from {answers}"
    of = " of 5" if name == "csat" else ""
    return f"{score.average:.1f}{of} from {answers}"


def score_brief(name: str, score: Score | None) -> str:
    """4.2 (12): for a narrow column."""
    if score is None or score.average is None:
        return NOTHING
    said = _signed(score.net or 0) if name == "nps" else f"{score.average:.1f}"
    return f"{said} ({score.answers:,})"


def took(span: timedelta | None) -> str:
    """3 hours, 2 days: a mean that is no more exact than that."""
    if span is None:
        return NOTHING
    hours = span.total_seconds() / 3_600
    if hours < 1:
        return "under an hour"
    count, name = (round(hours), "hour") if hours < 36 else (round(hours / 24), "day")
    return f"{count} {name}{'' if count == 1 else 's'}"


def verdict_words(effect: Effect, reading: Reading) -> str:
    """What the reading says and no more, as a sentence."""
    name, verdict = effect.outcome, reading.verdict
    if verdict == "unclear":
        return f"No difference can be seen. {name} may be {_range(reading)} in a hundred of those we wrote to."
    if verdict == "perhaps":
        return f"Perhaps a difference, not enough for a verdict. {name} may be {_range(reading)} in a hundred."
    how = "more" if verdict == "more" else "less"
    good = (verdict == "more") == effect.good
    return f"{name} is {how} frequent among those we wrote to{', as hoped' if good else ', which nobody hoped for'}."


def _signed(net: float) -> str:
    """+26, or 0, with a true minus."""
    return f"{net:+.0f}".replace("-", "\N{MINUS SIGN}") if round(net) else "0"


def _range(reading: Reading) -> str:
    low, high = reading.interval.low, reading.interval.high
    least, most = sorted((abs(100 * low), abs(100 * high))) if low * high > 0 else (abs(100 * low), abs(100 * high))
    words = ["fewer" if end < 0 else "more" for end in (low, high)]
    first = f"{least:.1f}" if words[0] == words[1] else f"{least:.1f} {words[0]}"
    return f"between {first} and {most:.1f} {words[1]}"


WORDS = {
    "percent": percent,
    "points": points,
    "half_within": half_within,
    "score_words": score_words,
    "score_brief": score_brief,
    "took": took,
    "verdict_words": verdict_words,
}
