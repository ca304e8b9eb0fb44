"""Reads how the text greets: a gap where the name should be, a stand-in for a known name, somebody else's name."""

import re
from collections.abc import Iterator

from engine.tone.case import Case, Spot, fold_name
from engine.tone.counting import Token
from engine.tone.rulebook import Rule

_GAP = re.compile(r"[ \t]{0,20}\w{1,30}(?: \w{1,30})?[ \t]{1,20},")
_DOUBLE = re.compile(r",[ \t]{1,5}[,!]")
_SENTENCES_WITH_GREETINGS = 2


def empty_greeting(case: Case, _rule: Rule) -> Iterator[Spot]:
    """A first line like 'Dear ,', 'Dear,' or 'Hi !', and a comma with nothing before the next mark."""
    text = case.reading.text
    line = re.search(r"\S", text)
    if line:
        start = text.rfind("\n", 0, line.start()) + 1
        gap = _GAP.match(text, start)
        if gap:
            yield Spot(line.start(), gap.end())
        elif case.book.language:
            yield from _bare(case)
    for match in _DOUBLE.finditer(text):
        yield Spot(match.start(), match.end())


def _bare(case: Case) -> Iterator[Spot]:
    """'Dear' needs a name; other greetings only must not stand apart from their mark."""
    for greeting in case.words("greetings"):
        match = re.match(rf"{re.escape(greeting)}( ?)[,!:.\n]", case.reading.flat)
        if match and (greeting == "dear" or match.group(1)):
            yield case.spot(0, match.end())


def fallback_name(case: Case, _rule: Rule) -> Iterator[Spot]:
    """'Hi friend,' where the customer's name is known."""
    if not case.name_parts:
        return
    for _, tokens in _greeted(case):
        said = " ".join(token.core for token in tokens)
        for fallback in case.words("fallback_names"):
            if said == fallback or (tokens and tokens[0].core == fallback):
                yield case.spot(tokens[0].start, tokens[0].end)
                return


def greeting_name(case: Case, _rule: Rule) -> Iterator[Spot]:
    """A capitalised name in the greeting of which no part is the customer's."""
    if not case.name_parts:
        return
    for _, tokens in _greeted(case):
        names = _names(case, tokens)
        said = {part for token in names for part in fold_name(case.reading.text[slice(*_original(case, token))])}
        if names and not said & case.name_parts:
            yield case.spot(names[0].start, names[-1].end, known=", ".join(case.customer_names))


def _original(case: Case, token: Token) -> tuple[int, int]:
    return case.reading.span(token.start, token.end)


def _greeted(case: Case) -> Iterator[tuple[str, list[Token]]]:
    """For each greeting that opens one of the first sentences: the words after it, up to the next mark."""
    for start, _ in case.reading.sentences[:_SENTENCES_WITH_GREETINGS]:
        first = next((place for place, token in enumerate(case.tokens) if token.start >= start), None)
        if first is None:
            continue
        for greeting in case.words("greetings"):
            words = greeting.split()
            tokens = case.tokens[first : first + len(words)]
            if [token.core for token in tokens] == words:
                yield greeting, _up_to_a_mark(case, first + len(words))
                break


def _up_to_a_mark(case: Case, place: int) -> list[Token]:
    following: list[Token] = []
    before = case.tokens[place - 1]
    if before.ends and case.reading.flat[before.end : before.end + 1] != ",":
        return following
    for token in case.tokens[place : place + 6]:
        between = case.reading.text[case.reading.origin[before.end - 1] : case.reading.origin[token.start]]
        if "\n" in between:
            break
        following.append(token)
        before = token
        if token.ends:
            break
    return following


def _names(case: Case, tokens: list[Token]) -> list[Token]:
    names: list[Token] = []
    for token in tokens:
        capital = case.reading.text[case.reading.origin[token.start]].isupper()
        if case.reading.flat[max(0, token.start - 1) : token.start] in tuple("[{<%$"):
            break
        if token.core in case.words("titles"):
            continue
        if not capital or token.core in case.words("not_names"):
            break
        names.append(token)
    return names
