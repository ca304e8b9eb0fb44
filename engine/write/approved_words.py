"""Words that a provider approved beforehand: what `template.yaml` says of them, read and checked.

WhatsApp takes nothing else once 24 hours have passed since the customer wrote. The words are given as they were
approved, with their blanks, so that an agent sees what will be read; what fills a blank is a fact, as in any text.
"""

import re
from dataclasses import dataclass

from engine.write.document import Document
from engine.write.syntax import check_template

FIELD = "whatsapp"
LONGEST = 1_024  # characters that WhatsApp approves

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BLANK = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,16})\s*\}\}")
_PRINT = re.compile(r"[a-z][a-z0-9_.]*(\s*\|\s*[a-z]+)*")
# Not known, or not wanted, when the words are approved: who signs, and what else is merged into a message.
_UNSUITED = ("mission.", "sender.", "also")


@dataclass(frozen=True, slots=True)
class ApprovedWords:
    """One approved template. `body` is a text of ours that says the same; `variables` are what fills each blank, by its
    name, as a text of ours would print it."""

    locale: str
    template: str
    body: str
    variables: tuple[tuple[str, str], ...]


def read_approved(about: Document) -> list[ApprovedWords]:
    """Those that the description names, if any. Raises InvalidDefinition with file, field and line."""
    return [_read(part) for part in about.parts(FIELD, fewest=1, most=40)] if about.has(FIELD) else []


def _read(part: Document) -> ApprovedWords:
    locale, template = part.text("locale"), part.text("template")
    if not _LOCALE.fullmatch(locale):
        raise part.complaint("locale", "is named en, de or pt-BR")
    if not _ID.fullmatch(template):
        raise part.complaint("template", "must be the provider's own id of the template, as in HX0123")
    words = part.text("text", longest=LONGEST)
    blanks = list(dict.fromkeys(_BLANK.findall(words)))
    if any(mark in _BLANK.sub("", words) for mark in ("{{", "}}", "{%", "{#", "[[", "]]")):
        raise part.complaint("text", "must be the approved words, with blanks such as {{1}} and no others")
    variables = _variables(part, blanks)
    part.refuse_others()
    body = _BLANK.sub(lambda blank: variables[blank[1]], words)
    return ApprovedWords(locale, template, body, tuple(variables.items()))


def _variables(part: Document, blanks: list[str]) -> dict[str, str]:
    """Blank -> how a text of ours prints what fills it."""
    if not part.has("variables"):
        if blanks:
            raise part.complaint("text", f"has the blank {{{{{blanks[0]}}}}}, and there are no variables to fill it")
        return {}
    filled = part.part("variables")
    prints = {name: _print(filled, name) for name in filled.fields}
    for name in blanks:
        if name not in prints:
            raise part.complaint("variables", f"the text has the blank {{{{{name}}}}}, which nothing fills")
    for name in prints:
        if name not in blanks:
            raise filled.complaint(name, f"the text has no blank {{{{{name}}}}}")
    return {name: prints[name] for name in blanks}


def _print(filled: Document, name: str) -> str:
    fact = filled.text(name)
    if not _PRINT.fullmatch(fact):
        raise filled.complaint(name, "must be a fact, perhaps through filters, as in order_count | ordinal")
    if fact.startswith(_UNSUITED):
        raise filled.complaint(name, f"{fact} cannot fill a blank: approved words are the same whoever sends them")
    printed = f"{{{{ {fact} }}}}"
    if problems := check_template(printed):
        raise filled.complaint(name, problems[0].message)
    return printed
