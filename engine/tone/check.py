"""The one question other rooms ask: what would hurt in this text? Runs every rule of the locale, sorts the answers."""

from bisect import bisect, insort
from collections.abc import Iterable, Iterator

from engine.tone.case import Case, Spot
from engine.tone.checks import CHECKS
from engine.tone.checks.limits import places_of
from engine.tone.finding import Finding, Severity
from engine.tone.reading import read, without_hints
from engine.tone.rulebook import Rule, Rulebook, rulebook_for
from engine.tone.setting import ToneContext

_GRAVITY: dict[Severity, int] = {"note": 0, "warn": 1, "block": 2}


def check_tone(text: str, context: ToneContext) -> list[Finding]:
    """Findings for a plain text, sorted by where they start; the same text and context always give the same answer.

    Only the first letters of an overlong text are read (how many is a rule), and a finding says so.
    """
    book = rulebook_for(context.locale)
    length = next((rule for rule in book.rules if rule.check == "length"), None)
    limit = int(length.number("letters")) if length else len(text)
    case = Case(read(without_hints(text[:limit])), context, book)
    found = [_finding(text, rule, spot) for rule in book.rules if _applies(rule, case) for spot in _spots(rule, case)]
    if length and len(text) > limit:
        found.append(_finding(text, length, Spot(limit, len(text))))
    return sorted(_without_repeats(found), key=lambda each: (each.start, each.end, each.category, each.rule))


def words_said(text: str, words: Iterable[str]) -> list[str]:
    """Those of the words and phrases that a text says, found as `check_tone` finds the words to avoid."""
    flat = read(without_hints(text)).flat
    return [word for word in words if places_of(word, flat)]


def _applies(rule: Rule, case: Case) -> bool:
    if case.context.family not in rule.families or (rule.serious_only and not case.context.serious):
        return False
    return rule.check != "foreign_number" or not _counts_with_words(case.book)


def _counts_with_words(book: Rulebook) -> bool:
    """A language whose rules know what is counted needs no guess about bare digits."""
    return any(rule.check == "contradicting_number" for rule in book.rules)


def _spots(rule: Rule, case: Case) -> Iterator[Spot]:
    if rule.check:
        yield from CHECKS[rule.check](case, rule)
        return
    for span in case.matches(case.book.phrases[rule.id]):
        if case.allows(rule, span):
            yield case.spot(*span)


def _finding(text: str, rule: Rule, spot: Spot) -> Finding:
    said = text[spot.start : spot.end]
    return Finding(
        start=spot.start,
        end=spot.end,
        text=said,
        category=rule.category,
        severity="note" if spot.note else rule.severity,
        reason=rule.reason.replace("{known}", spot.known).replace("{said}", said[:80]),
        better=rule.better,
        rule=rule.id,
    )


def _without_repeats(found: list[Finding]) -> list[Finding]:
    """One remark per category and place: of those that overlap, the gravest, then the longest, stays."""
    kept: dict[str, list[tuple[int, int]]] = {}
    stay: list[Finding] = []
    for finding in sorted(found, key=lambda finding: (-_GRAVITY[finding.severity], finding.start - finding.end)):
        spans = kept.setdefault(finding.category, [])
        place = bisect(spans, (finding.start, finding.end))
        taken_before = place > 0 and spans[place - 1][1] > finding.start
        if not taken_before and (place == len(spans) or spans[place][0] >= finding.end):
            insort(spans, (finding.start, finding.end))
            stay.append(finding)
    return stay
