"""One text in its setting, with everything the checks ask of it worked out at most once."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache

from engine.tone.counting import DateSaid, Number, Token, find_dates, find_numbers, split_tokens
from engine.tone.known import Known, counted, known_facts, stems
from engine.tone.phrase import Phrase
from engine.tone.reading import Reading, read
from engine.tone.rulebook import Rule, Rulebook
from engine.tone.setting import ToneContext

_SHORT_FACT_WORDS = 3
_NAME_PARTS = re.compile(r"[\s\-.'’]+")


@dataclass(frozen=True)
class Spot:
    """Where a check fired, in the original text. `known` is what the facts say, for the reason."""

    start: int
    end: int
    known: str = ""
    note: bool = False


@lru_cache(maxsize=10_000)
def fold_name(name: str) -> tuple[str, ...]:
    """A name as its parts, without accents and capitals: 'José-Luis' and 'Jose Luis' are one person's."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return tuple(part for part in _NAME_PARTS.split(plain.casefold()) if part)


@dataclass(frozen=True)
class Case:
    """What a check is given. Places are flat unless they are a `Spot`."""

    reading: Reading
    context: ToneContext
    book: Rulebook

    def words(self, name: str) -> tuple[str, ...]:
        return self.book.words.get(name, ())

    def spot(self, start: int, end: int, *, known: str = "", note: bool = False) -> Spot:
        first, last = self.reading.span(start, end)
        return Spot(first, last, known, note)

    def whole(self) -> Spot:
        return Spot(0, len(self.reading.text))

    # what the text says ------------------------------------------------------------------------------------------

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return split_tokens(self.reading)

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        return find_numbers(self.tokens, self.book.numbers, self.book.ordinals)

    @cached_property
    def dates(self) -> tuple[DateSaid, ...]:
        return find_dates(self.reading, self.tokens, self.book.words)

    def sentence_text(self, number: int) -> str:
        start, end = self.reading.sentences[number]
        return self.reading.flat[start:end]

    @cached_property
    def _says(self) -> dict[tuple[int, tuple[str, ...]], bool]:
        return {}

    def sentence_says(self, position: int, words: tuple[str, ...]) -> bool:
        """Whether the sentence around a place holds one of these words; asked once for each sentence."""
        number = self.reading.sentence_at(position)
        if (number, words) not in self._says:
            sentence = self.sentence_text(number)
            self._says[number, words] = any(find_words(sentence, word) for word in words)
        return self._says[number, words]

    def matches(self, phrases: tuple[Phrase, ...]) -> list[tuple[int, int]]:
        """Flat spans of phrases, in order."""
        found = [
            match.span()
            for phrase in phrases
            if phrase.may_be_in(self.reading.words)
            for match in phrase.regex.finditer(self.reading.flat)
        ]
        return sorted(found)

    # what is known -----------------------------------------------------------------------------------------------

    @cached_property
    def facts(self) -> tuple[Known, ...]:
        return known_facts(self.context.facts)

    @cached_property
    def customer_names(self) -> tuple[str, ...]:
        """The names as given, and those among the facts."""
        held = (fact.value for fact in self.facts if fact.name in self.words("name_facts"))
        return (*self.context.names, *(value for value in held if isinstance(value, str)))

    @cached_property
    def name_parts(self) -> frozenset[str]:
        return frozenset(part for name in self.customer_names for part in fold_name(name))

    @cached_property
    def concrete_facts(self) -> tuple[Known, ...]:
        """Facts that are more than a name, the company or a setting."""
        return tuple(
            fact
            for fact in self.facts
            if fact.name not in self.words("not_concrete")
            and fact.name.split("_")[0] not in self.words("not_about_the_customer")
            and not (isinstance(fact.value, str) and set(fold_name(fact.value)) <= self.name_parts)
        )

    @cached_property
    def canon(self) -> dict[str, str]:
        """Words for the same thing, to the one that stands for them."""
        return {
            word: words[0] for name, words in self.book.words.items() if name.startswith("synonym_") for word in words
        }

    @cached_property
    def counts(self) -> dict[str, set[Decimal]]:
        """What the facts count, and how many."""
        found: dict[str, set[Decimal]] = {}
        for fact in self.facts:
            if isinstance(fact.value, Decimal):
                for noun in counted(fact.name, self.book.words, self.canon):
                    found.setdefault(noun, set()).add(fact.value)
        return found

    @cached_property
    def common_words(self) -> frozenset[str]:
        return frozenset(self.words("common_words"))

    @cached_property
    def fact_stems(self) -> frozenset[str]:
        return frozenset[str]().union(
            *(stems(fact.value, self.common_words) for fact in self.facts if isinstance(fact.value, str))
        )

    @cached_property
    def _sentence_stems(self) -> tuple[frozenset[str], ...]:
        return tuple(stems(self.sentence_text(i), self.common_words) for i in range(len(self.reading.sentences)))

    def fact_places(self, fact: Known, *, shared_words: int = 2) -> list[tuple[int, int]]:
        """Where the text says a fact. A long text counts as said where a sentence shares enough of its words."""
        value = fact.value
        if isinstance(value, Decimal):
            return [(n.start, n.end) for n in self.numbers if n.value == value]
        if isinstance(value, date):
            said = DateSaid(0, 0, value.year, value.month, value.day)
            return [(d.start, d.end) for d in self.dates if d.shares_with(said)]
        if len(value.split()) <= _SHORT_FACT_WORDS:
            return find_words(self.reading.flat, read(value).flat) or self._month_places(value)
        wanted = stems(value, self.common_words)
        enough = min(shared_words, len(wanted)) or 1
        spans = self.reading.sentences
        return [spans[i] for i, held in enumerate(self._sentence_stems) if len(held & wanted) >= enough]

    def _month_places(self, value: str) -> list[tuple[int, int]]:
        """'March 2024' is said by 'March'."""
        months = [index for index, month in enumerate(self.words("months"), 1) if month in value.lower().split()]
        return [(d.start, d.end) for d in self.dates if d.month in months]

    # sentences that are more than words --------------------------------------------------------------------------

    @cached_property
    def done(self) -> list[tuple[int, int]]:
        """Where the text says that something was done."""
        named = self.book.named
        by_name = [span for span in self.matches(named["action_by_name"]) if self._follows_a_name(span[0])]
        spoiled = [span for span in self.matches(named["sending"]) if not self._spoiled(span, "sending_spoilers")]
        plain = self.matches(named["action_done"]) + by_name + spoiled
        return [span for span in plain if not self._spoiled(span, "done_spoilers") and not self._denied(span[0])]

    @cached_property
    def under_way(self) -> list[tuple[int, int]]:
        """Where the text says what is being done or comes next."""
        return [span for span in self.matches(self.book.named["action_now"]) if not self._denied(span[0])]

    def _before(self, position: int) -> str:
        """The flat text of the same sentence before a place."""
        start, _ = self.reading.sentences[self.reading.sentence_at(position)]
        return self.reading.flat[max(start, position - 30) : position]

    def _denied(self, position: int) -> bool:
        last = " ".join(self._before(position).split()[-2:])
        return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", last) for word in self.words("negations"))

    def _spoiled(self, span: tuple[int, int], words: str) -> bool:
        _, end = self.reading.sentences[self.reading.sentence_at(span[0])]
        after = " ".join(self.reading.flat[span[1] : min(end, span[1] + 60)].split()[:5])
        return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", after) for word in self.words(words))

    def _follows_a_name(self, position: int) -> bool:
        before = self._before(position).split()
        if not before or before[-1] in self.words("not_doers"):
            return False
        start = self.reading.flat.rfind(before[-1], 0, position)
        return self.reading.text[self.reading.origin[start]].isupper()

    @cached_property
    def grounded(self) -> frozenset[int]:
        """Numbers of the sentences that hold a fact or an action of this customer's story."""
        places = [place for fact in self.concrete_facts for place in self.fact_places(fact)]
        said = [(n.start, n.end) for n in self.numbers if n.value != 1]
        days = [(t.start, t.end) for t in self.tokens if t.core in self.words("weekdays")]
        dates = [(d.start, d.end) for d in self.dates]
        spans = [*places, *said, *days, *dates, *self.done, *self.under_way]
        return frozenset(self.reading.sentence_at(start) for start, _ in spans)

    @cached_property
    def apologies(self) -> list[tuple[int, int]]:
        return self.matches(self.book.named["apology"])

    def allows(self, rule: Rule, span: tuple[int, int]) -> bool:
        """Whether the condition of a rule holds for one of its matches."""
        if rule.only_if == "no_fact_or_action_near":
            sentence = self.reading.sentence_at(span[0])
            return not {sentence, sentence + 1} & self.grounded
        if rule.only_if == "not_in_facts":
            return not stems(self.reading.flat[span[0] : span[1]], self.common_words) & self.fact_stems
        return True


def find_words(flat: str, wanted: str) -> list[tuple[int, int]]:
    """Every place of a word or phrase that is not part of a longer word (in scripts that have word edges)."""
    found: list[tuple[int, int]] = []
    at = flat.find(wanted) if wanted.strip() else -1
    while at >= 0:
        end = at + len(wanted)
        if not (_joined(flat[at - 1 : at] if at else "", wanted[0]) or _joined(wanted[-1], flat[end : end + 1])):
            found.append((at, end))
        at = flat.find(wanted, end)
    return found


def _joined(left: str, right: str) -> bool:
    return bool(left and right) and _has_edges(left) and _has_edges(right)


def _has_edges(letter: str) -> bool:
    return letter.isdigit() or letter.lower() != letter.upper()
