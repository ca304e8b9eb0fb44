"""Reads template folders: one `template.yaml` and a text per channel, locale and variant. See `templates/README.md`.

Whatever becomes a template comes through here: folders on a disk, folders in an archive, and what was written in a
form, which is read as the folder it would be. It is read whole or not at all; what is wrong names its file, field and
line.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast, get_args

from engine.write.approved_words import FIELD, read_approved
from engine.write.document import Document, document_in, read_bytes, text_in
from engine.write.faults import Fault, Faulty, Findings
from engine.write.free_parts import free_parts
from engine.write.syntax import FactsUsed, facts_used
from engine.write.text_files import LINE, TemplateText, line_in, text_of

Family = Literal["celebrate", "reassure", "recover"]
FreePartRule = Literal["none", "suggested", "required"]
Files = Mapping[str, bytes]  # by their paths within the folder: en/email.1.md

DESCRIPTION = "template.yaml"
MOST_FILES = 400

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")
_FACT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,2}")


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
    """One folder, checked as a whole; raises `Faulty`, naming the file, the field and the line."""
    return read_template(path, files_under(path))


def files_under(path: Path) -> dict[str, bytes]:
    """The files of a folder on a disk. A folder within it that holds none stands there with a slash, to be refused."""
    found: dict[str, bytes] = {}
    for entry in _visible(path):
        inside = _visible(entry) if entry.is_dir() else [entry]
        found |= {file.relative_to(path).as_posix(): read_bytes(file) for file in inside if not file.is_dir()}
        found |= {f"{file.relative_to(path).as_posix()}/": b"" for file in inside if file.is_dir()}
        if not inside:
            found[f"{entry.name}/"] = b""
    return found


def read_template(place: Path, files: Files) -> TemplateFolder:
    """A folder as its files; `place` is where it lies or would lie, and its last part the template's name."""
    folder, about = read_parts(place, files)
    _check_whole(folder, about)
    return folder


def read_parts(place: Path, files: Files) -> tuple[TemplateFolder, Document]:
    """Each file read and checked for itself; what only the folder as a whole can tell is left to `read_template`."""
    found = Findings()
    if len(files) > MOST_FILES:
        raise Faulty([Fault(place, f"holds more than {MOST_FILES} files")])
    if DESCRIPTION not in files:
        raise Faulty([Fault(place / DESCRIPTION, "is missing")])
    texts: list[TemplateText] = []
    lines: dict[str, str] = {}
    for file in sorted(files):
        _take_file(found, place, file, files[file], texts, lines)
    about = found.take(lambda: document_in(text_in(files[DESCRIPTION], place / DESCRIPTION), place / DESCRIPTION))
    folder = _described(found, about, texts, lines) if about else None
    found.refuse()
    if about is None or folder is None:
        raise Faulty([Fault(place / DESCRIPTION, "cannot be read")])
    return folder, about


def _take_file(
    found: Findings, place: Path, file: str, data: bytes, texts: list[TemplateText], lines: dict[str, str]
) -> None:
    """Read one file into where it belongs; what has no place in a folder is a fault."""
    locale, slash, name = file.partition("/")
    path = place / file.rstrip("/")
    if any(part.startswith(".") for part in file.split("/")) or file in (DESCRIPTION, "README.md"):
        return
    if not slash or not _LOCALE.fullmatch(locale):
        said = "has no place in a template folder (a language is named en, de or pt-BR)"
        found.faults.append(Fault(place / locale if slash else path, said))
    elif name == LINE:
        if (line := found.take(lambda: line_in(text_in(data, path), path))) is not None:
            lines[locale] = line
    elif name:
        text = found.take(lambda: text_of(data, path, name, locale))
        texts += [text] if text is not None else []


def _described(
    found: Findings, about: Document, texts: list[TemplateText], lines: dict[str, str]
) -> TemplateFolder | None:
    """The folder, with every field of its description read; None where one of them is wrong."""
    approved = found.take(lambda: _approved(about, texts))
    name = found.take(lambda: _name(about, "name"))
    family = found.take(lambda: about.choice("family", get_args(Family)))
    occasion = found.take(lambda: _name(about, "occasion"))
    values = found.take(lambda: about.texts("values", fewest=1, most=7))
    feeling = found.take(lambda: about.number("feeling", -5, 5))
    needs = found.take(lambda: _facts(about, "needs"))
    may_use = found.take(lambda: _facts(about, "may_use")) if about.has("may_use") else ()
    free_part = found.take(lambda: about.choice("free_part", get_args(FreePartRule)))
    found.take(about.refuse_others)
    if found.faults:
        return None
    return TemplateFolder(
        name=name or "",
        family=cast(Family, family),
        occasion=occasion or "",
        values=values or (),
        feeling=feeling or 0,
        needs=needs or (),
        may_use=may_use or (),
        free_part=cast(FreePartRule, free_part),
        texts=tuple(sorted([*texts, *(approved or ())], key=lambda text: (text.locale, text.channel, text.variant))),
        lines=MappingProxyType(lines),
    )


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


def _visible(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))


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
    found = Findings()
    for check in (_check_name, _check_variants, _check_facts, _check_lines, _check_free_parts):
        found.take(lambda check=check: check(folder, about))  # type: ignore[misc]
    found.refuse()


def _check_name(folder: TemplateFolder, about: Document) -> None:
    if folder.name != about.path.parent.name:
        raise about.complaint("name", f"is {folder.name}, but the folder is called {about.path.parent.name}")
    if not folder.texts:
        raise about.complaint("name", "has no text in any language")


def _check_lines(folder: TemplateFolder, about: Document) -> None:
    locales = {text.locale for text in folder.texts}
    if folder.family == "celebrate" and locales != set(folder.lines):
        odd = ", ".join(sorted(locales ^ set(folder.lines)))
        raise about.complaint("family", f"a celebration has texts and a {LINE} in each language; see {odd}")
    if folder.family != "celebrate" and folder.lines:
        raise about.complaint("family", f"only celebrations are merged, so {LINE} would never be used")


def _check_variants(folder: TemplateFolder, about: Document) -> None:
    variants: dict[tuple[str, str], list[int]] = {}
    for text in folder.texts:
        variants.setdefault((text.locale, text.channel), []).append(text.variant)
    for (locale, channel), numbers in variants.items():
        if numbers != list(range(1, len(numbers) + 1)):
            raise about.complaint("name", f"{locale}/{channel}: variants count from 1 without a gap")


def _check_facts(folder: TemplateFolder, about: Document) -> None:
    used, needs, may_use = facts_in(folder), set(folder.needs), set(folder.may_use)
    found = Findings()
    for facts, field, message in (
        (needs & may_use, "may_use", "{} is listed under needs as well"),
        (used.needed - needs, "needs", "{} is printed by a text, so it must be listed here"),
        (used.optional - needs - may_use, "may_use", "{} is asked for by a text, so it must be listed here"),
        (needs - used.needed, "needs", "{} is printed by no text without asking"),
        (may_use - used.optional, "may_use", "{} is asked for by no text"),
    ):
        if facts:
            where = field if about.has(field) else "needs"
            found.faults += about.complaint(where, message.format(", ".join(sorted(facts)))).faults
    found.refuse()


def _check_free_parts(folder: TemplateFolder, about: Document) -> None:
    for text in folder.texts:
        hints = free_parts(text.body)
        where = f"wording {text.variant} of {text.channel} in {text.locale}"
        if folder.free_part == "none" and hints:
            raise about.complaint("free_part", f"is none, but {where} has a hint on line {hints[0].line} of its body")
        if folder.free_part == "required" and not hints:
            raise about.complaint("free_part", f"is required, but {where} has no hint to say where to write")
        if any("{" in part.hint for part in hints):
            raise about.complaint("free_part", f"{where}: a hint speaks to the agent and cannot hold a fact")
        if text.body.count("[[") != len(hints) or text.body.count("]]") != len(hints):
            raise about.complaint("free_part", f"{where}: a hint is written [[ hint: … ]], on one line")
