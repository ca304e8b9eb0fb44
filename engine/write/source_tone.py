"""The tone check of a template's text as its author writes it, by the same rules as every draft. Facts and tags count
as blanks; what only a customer's own facts can tell is left to the check of the draft.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from engine.tone import Family, ToneContext, check_tone, words_said
from engine.write.folders import TemplateFolder
from engine.write.signing import masked
from engine.write.text_files import TemplateText
from engine.write.tone_of import Row, rows_of

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_FACT = re.compile(r"\{\{\s*([a-z_.]+)")
# Of everybody, or of us: none of them says anything about this customer in particular.
_OF_EVERYONE = ("customer.first_name", "sender.", "company.", "mission.")
_NEEDS_FACTS = ("wrong_fact", "unfilled_template")
# What was done stands in the fact, as the problem's record tells it.
_ACTS = {"what_we_did", "next_step", "next_news_on", "what_was_refunded", "refunded_on"}


def check_source(
    text: TemplateText, others: Sequence[TemplateText], *, family: Family, words_to_avoid: Sequence[str]
) -> list[Row]:
    """The findings in subject and body, their spans within each; `others` are variants that should not say the same."""
    near = tuple(_bare(other.subject, other.body) for other in others)
    return [dict(row) for row in _checked(text, near, family, tuple(words_to_avoid))]


def words_in(folder: TemplateFolder, words: Sequence[str]) -> list[str]:
    """Those of the words that any of its texts or lines says."""
    sources = [f"{text.subject or ''}\n\n{text.body}" for text in folder.texts]
    return words_said(_blanked("\n\n".join([*sources, *folder.lines.values()])), words)


@lru_cache(maxsize=512)
def _checked(text: TemplateText, near: tuple[str, ...], family: Family, avoid: tuple[str, ...]) -> tuple[Row, ...]:
    subject, body = _blanked(text.subject or ""), _blanked(text.body)
    whole = f"{subject}\n\n{body}" if subject else body
    context = ToneContext(
        family=family, locale=text.locale, names=(), words_to_avoid=avoid, earlier_texts=near, serious=False
    )
    told = _told_by_facts(text)
    found = [finding for finding in check_tone(whole, context) if finding.category not in told]
    return tuple(rows_of(found, subject))


def _bare(subject: str | None, body: str) -> str:
    return _blanked(f"{subject}\n\n{body}" if subject else body)


def _blanked(source: str) -> str:
    """As long as before, line ends where they were, so that what is found has the same place."""
    return masked(_TAG.sub(lambda tag: re.sub(r"[^\n]", " ", tag[0]), source))


def _told_by_facts(text: TemplateText) -> set[str]:
    """Categories that would miss in the text what its facts will say."""
    facts = {name for name in _FACT.findall(f"{text.subject or ''} {text.body}") if not name.startswith(_OF_EVERYONE)}
    told = set(_NEEDS_FACTS)
    if facts:
        told.add("no_concrete_fact")
    if facts & _ACTS:
        told.add("no_action_in_recovery")
    return told
