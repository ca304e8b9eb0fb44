"""Reads template folders: one `template.yaml` and a text per channel, locale and variant. See `templates/README.md`.

Folders only seed the database. A folder is read whole or not at all; what is wrong names its file, field and line.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast, get_args

from engine.errors import InvalidDefinition
from engine.write.approved_words import FIELD, read_approved
from engine.write.document import Document, read_document, read_text
from engine.write.free_parts import free_parts
from engine.write.syntax import FactsUsed, check_template, facts_used

Family = Literal["celebrate", "reassure", "recover"]
FreePartRule = Literal["none", "suggested", "required"]

# What is written for a channel: Markdown where it can be laid out, plain text elsewhere.
FORMATS = {"email": "md", "inapp": "md", "letter": "md", "sms": "txt", "whatsapp": "txt", "call": "txt"}
DESCRIPTION = "template.yaml"
LINE = "line.txt"

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")
_FACT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,2}")
_FILE = re.compile(r"([a-z]+)\.([1-9][0-9]?)\.(md|txt)")


@dataclass(frozen=True, slots=True)
class TemplateText:
    """One wording for one channel and locale. `subject` is for email and letters only.

    Where the provider approved the words beforehand, `template` is its own id of them, and `variables` are the names of
    their blanks with what fills each.
    """

    channel: str
    locale: str
    variant: int
    subject: str | None
    body: str
    template: str | None = None
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateFolder:
    """All that is said about one occasion. `needs` must be known or the draft stops; `may_use` may be missing.

    `lines` holds, per locale, the one sentence that speaks of this moment inside the message of another one.
    """

    name: str
    family: Family
    occasion: str
    values: tuple[str, ...]
    feeling: int
    needs: tuple[str, ...]
    may_use: tuple[str, ...]
    free_part: FreePartRule
    texts: tuple[TemplateText, ...]
    lines: Mapping[str, str]


def read_all(root: Path) -> list[TemplateFolder]:
    """Every template folder under `root`, by name. A folder without a `template.yaml`, such as `layout`, is none."""
    return [read_template_folder(folder) for folder in template_folders(root)]


def template_folders(root: Path) -> list[Path]:
    """The folders of `root` that hold a template, by name."""
    return [found.parent for found in sorted(root.glob(f"*/{DESCRIPTION}"))]


def read_template_folder(path: Path) -> TemplateFolder:
    """One folder, checked as a whole; raises `InvalidDefinition` naming the file, the field and the line."""
    about = read_document(path / DESCRIPTION)
    texts: list[TemplateText] = []
    lines: dict[str, str] = {}
    for place in _locales(path):
        for file in _files(place):
            if file.name == LINE:
                lines[place.name] = _read_line(file)
            else:
                texts.append(_read_text(file, place.name))
    texts += _approved(about, texts)
    folder = TemplateFolder(
        name=_name(about, "name"),
        family=cast(Family, about.choice("family", get_args(Family))),
        occasion=_name(about, "occasion"),
        values=about.texts("values", fewest=1, most=7),
        feeling=about.number("feeling", -5, 5),
        needs=_facts(about, "needs"),
        may_use=_facts(about, "may_use") if about.has("may_use") else (),
        free_part=cast(FreePartRule, about.choice("free_part", get_args(FreePartRule))),
        texts=tuple(sorted(texts, key=lambda text: (text.locale, text.channel, text.variant))),
        lines=MappingProxyType(lines),
    )
    about.refuse_others()
    _check_whole(folder, about)
    return folder


def _approved(about: Document, written: Iterable[TemplateText]) -> list[TemplateText]:
    """The words that WhatsApp approved, as texts. In one language there are either these or free ones, so that it is
    always clear what an agent reads."""
    free = {text.locale for text in written if text.channel == FIELD}
    found: list[TemplateText] = []
    for words in read_approved(about):
        if words.locale in free:
            raise about.complaint(FIELD, f"there are free texts for WhatsApp in {words.locale} already")
        variant = 1 + sum(text.locale == words.locale for text in found)
        found.append(TemplateText(FIELD, words.locale, variant, None, words.body, words.template, words.variables))
    return found


def facts_in(folder: TemplateFolder) -> FactsUsed:
    """The facts that the folder's texts and lines name, all together."""
    sources = [part for text in folder.texts for part in (text.subject, text.body) if part]
    used = [facts_used(source) for source in (*sources, *folder.lines.values())]
    needed = frozenset[str]().union(*(facts.needed for facts in used))
    return FactsUsed(needed, frozenset[str]().union(*(facts.optional for facts in used)) - needed)


def _locales(path: Path) -> list[Path]:
    found = []
    for entry in _visible(path):
        if entry.is_dir() and _LOCALE.fullmatch(entry.name):
            found.append(entry)
        elif entry.name not in (DESCRIPTION, "README.md"):
            raise InvalidDefinition(f"{entry}: has no place in a template folder (a language is named en, de or pt-BR)")
    return found


def _files(place: Path) -> list[Path]:
    found = _visible(place)
    for file in found:
        parts = _FILE.fullmatch(file.name)
        if file.name != LINE and (parts is None or FORMATS.get(parts[1]) != parts[3] or not file.is_file()):
            known = ", ".join(f"{channel}.1.{ending}" for channel, ending in FORMATS.items())
            raise InvalidDefinition(
                f"{file}: has no place here. Texts are named {known}; the line for merging is {LINE}"
            )
    return found


def _visible(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))


def _read_text(file: Path, locale: str) -> TemplateText:
    channel, variant, _ = file.name.split(".")
    source = read_text(file)
    subject, body, first_line = None, source, 1
    if channel in ("email", "letter"):
        head, _, body = source.partition("\n\n")
        subject, first_line = head.removeprefix("Subject:").strip(), head.count("\n") + 3
        if not head.startswith("Subject:") or "\n" in head or not subject:
            raise InvalidDefinition(f"{file}: line 1: must be “Subject: …” with an empty line after it")
        _check(file, subject, 1)
        if free_parts(subject):
            raise InvalidDefinition(f"{file}: line 1: a hint cannot stand in the subject")
    if not body.strip():
        raise InvalidDefinition(f"{file}: line {first_line}: there is no text")
    _check(file, body, first_line)
    return TemplateText(channel, locale, int(variant), subject, body.strip())


def _read_line(file: Path) -> str:
    line = read_text(file).strip()
    if not line or "\n" in line or free_parts(line):
        raise InvalidDefinition(f"{file}: line 1: must be one sentence on one line, without a hint")
    _check(file, line, 1)
    return line


def _check(file: Path, source: str, first_line: int) -> None:
    problems = check_template(source)
    if problems:
        said = [f"{file}: line {problem.line + first_line - 1}: {problem.message}" for problem in problems]
        raise InvalidDefinition("\n".join(said))


def _name(about: Document, field: str) -> str:
    value = about.text(field)
    if not _NAME.fullmatch(value):
        raise about.complaint(field, "must be a name in small letters, as in order_milestone")
    return value


def _facts(about: Document, field: str) -> tuple[str, ...]:
    facts = about.texts(field)
    for fact in facts:
        if not _FACT.fullmatch(fact):
            raise about.complaint(field, f"{fact!r} is not the name of a fact, as in customer.first_name")
    return facts


def _check_whole(folder: TemplateFolder, about: Document) -> None:
    """What only the folder as a whole can tell: its name, its variants, its facts, its lines and its free parts."""
    if folder.name != about.path.parent.name:
        raise about.complaint("name", f"is {folder.name}, but the folder is called {about.path.parent.name}")
    if not folder.texts:
        raise about.complaint("name", "has no text in any language")
    _check_variants(folder, about)
    _check_facts(folder, about)
    locales = {text.locale for text in folder.texts}
    if folder.family == "celebrate" and locales != set(folder.lines):
        odd = ", ".join(sorted(locales ^ set(folder.lines)))
        raise about.complaint("family", f"a celebration has texts and a {LINE} in each language; see {odd}")
    if folder.family != "celebrate" and folder.lines:
        raise about.complaint("family", f"only celebrations are merged, so {LINE} would never be used")
    _check_free_parts(folder, about)


def _check_variants(folder: TemplateFolder, about: Document) -> None:
    variants: dict[tuple[str, str], list[int]] = {}
    for text in folder.texts:
        variants.setdefault((text.locale, text.channel), []).append(text.variant)
    for (locale, channel), numbers in variants.items():
        if numbers != list(range(1, len(numbers) + 1)):
            raise about.complaint("name", f"{locale}/{channel}: variants count from 1 without a gap")


def _check_facts(folder: TemplateFolder, about: Document) -> None:
    used = facts_in(folder)
    both = set(folder.needs) & set(folder.may_use)
    _complain_of(both, about, "may_use", "{} is listed under needs as well")
    _complain_of(used.needed - set(folder.needs), about, "needs", "{} is printed by a text, so it must be listed here")
    listed = set(folder.needs) | set(folder.may_use)
    _complain_of(used.optional - listed, about, "may_use", "{} is asked for by a text, so it must be listed here")
    _complain_of(set(folder.needs) - used.needed, about, "needs", "{} is printed by no text without asking")
    _complain_of(set(folder.may_use) - used.optional, about, "may_use", "{} is asked for by no text")


def _complain_of(facts: Iterable[str], about: Document, field: str, message: str) -> None:
    if found := sorted(facts):
        raise about.complaint(field if about.has(field) else "needs", message.format(", ".join(found)))


def _check_free_parts(folder: TemplateFolder, about: Document) -> None:
    for text in folder.texts:
        hints = free_parts(text.body)
        where = f"{text.locale}/{text.channel}.{text.variant}"
        if folder.free_part == "none" and hints:
            raise about.complaint("free_part", f"is none, but {where} has a hint on line {hints[0].line} of its body")
        if folder.free_part == "required" and not hints:
            raise about.complaint("free_part", f"is required, but {where} has no hint to say where to write")
        if any("{" in part.hint for part in hints):
            raise about.complaint("free_part", f"{where}: a hint speaks to the agent and cannot hold a fact")
        if text.body.count("[[") != len(hints) or text.body.count("]]") != len(hints):
            raise about.complaint("free_part", f"{where}: a hint is written [[ hint: … ]], on one line")
