"""A template as its form carries it: every text and every field just as they were typed, so that nothing is lost
whatever is wrong with them; and the folder that they make. Pure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import Depends, Request

from engine.errors import InvalidInput
from engine.write.approved_words import FIELD as APPROVED
from engine.write.faults import EMPTY, Fault
from engine.write.folders import DESCRIPTION, TemplateFolder
from engine.write.sources import description_of, file_of, said_in_yaml, source_of
from engine.write.text_files import FORMATS, LINE, WITH_SUBJECT, TemplateText
from web.names import read_name, stored_name

Key = tuple[str, str, int]  # locale, channel, variant
FAMILIES = ("celebrate", "reassure", "recover")
FREE_PARTS = ("none", "suggested", "required")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_KEY = re.compile(r"([a-z]{2,3}(?:-[A-Z]{2})?)\.([a-z]+)\.([1-9][0-9]?)")
_SPLIT = re.compile(r"[\s,]+")
MOST_WORDINGS = 9


@dataclass(frozen=True, slots=True)
class Words:
    """One text of the form."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """What stands in the form. `version` is the number of the version that its author began from, 0 for a new one."""

    name: str = ""
    family: str = "celebrate"
    occasion: str = ""
    values: Sequence[str] = ()
    feeling: str = "2"
    needs: str = ""
    may_use: str = ""
    free_part: str = "suggested"
    approved: str = ""
    lists_follow: bool = True
    texts: Mapping[Key, Words] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    reason: str = ""

    @property
    def stored_name(self) -> str:
        """What it is kept as: the name itself, or one made of the words that were typed; empty where there are none."""
        return stored_name(self.name, "template")

    @property
    def locales(self) -> Sequence[str]:
        """The languages of its texts, English first."""
        found = {locale for locale, _, _ in self.texts} | set(self.lines)
        return sorted(found, key=lambda locale: (locale != "en", locale))

    def channels(self, locale: str) -> Sequence[str]:
        """The channels that have a text in this language, in the order in which channels are listed everywhere."""
        return [channel for channel in FORMATS if any(key[:2] == (locale, channel) for key in self.texts)]

    def missing(self, locale: str) -> Sequence[str]:
        """The channels that could be added."""
        there = self.channels(locale)
        return [channel for channel in FORMATS if channel not in there]

    def wordings(self, locale: str, channel: str) -> Sequence[tuple[Key, Words]]:
        """The variants of a text, in their order."""
        return [(key, self.texts[key]) for key in sorted(self.texts) if key[:2] == (locale, channel)]

    def text(self, key: Key) -> TemplateText | None:
        """One text as a template would hold it, unchecked."""
        words = self.texts.get(key)
        if words is None:
            return None
        locale, channel, variant = key
        return TemplateText(channel, locale, variant, words.subject if channel in WITH_SUBJECT else None, words.body)


def key_of(said: str) -> Key | None:
    """`en.email.1` as a key; None for anything else."""
    found = _KEY.fullmatch(said)
    return (found[1], found[2], int(found[3])) if found and found[2] in FORMATS else None


def said_key(key: Key) -> str:
    """The key as fields and addresses carry it."""
    return ".".join(str(part) for part in key)


def form_of(folder: TemplateFolder, version: int) -> TemplateForm:
    """The form of a stored template."""
    free = replace(folder, texts=tuple(text for text in folder.texts if text.template is None))
    whole = description_of(folder)
    return TemplateForm(
        name=folder.name,
        family=folder.family,
        occasion=folder.occasion,
        values=folder.values,
        feeling=str(folder.feeling),
        needs="\n".join(folder.needs),
        may_use="\n".join(folder.may_use),
        free_part=folder.free_part,
        approved=whole[len(description_of(free)) :].partition("\n")[2] if free.texts != folder.texts else "",
        texts={(text.locale, text.channel, text.variant): Words(text.subject or "", text.body) for text in free.texts},
        lines=dict(folder.lines),
        version=version,
    )


def files_of_form(form: TemplateForm) -> dict[str, bytes]:
    """The folder's files as the form would have them: read by the same checks as any folder."""
    feeling = form.feeling.strip()
    fields: dict[str, Any] = {
        "name": form.stored_name,
        "family": form.family,
        "occasion": form.occasion.strip(),
        "values": list(form.values),
        "feeling": int(feeling) if re.fullmatch(r"[+-]?[0-9]{1,3}", feeling) else feeling,
        "needs": [] if form.lists_follow else _listed(form.needs),
        "may_use": [] if form.lists_follow else _listed(form.may_use),
        "free_part": form.free_part,
    }
    description = said_in_yaml(fields) + (f"{APPROVED}:\n{form.approved}\n" if form.approved.strip() else "")
    files = {DESCRIPTION: description.encode(errors="surrogatepass")}
    for (locale, channel, variant), words in form.texts.items():
        files[file_of(locale, channel, variant)] = source_of(channel, words.subject, words.body)
    if form.family == "celebrate":
        files |= {f"{locale}/{LINE}": line.encode(errors="surrogatepass") for locale, line in form.lines.items()}
    return files


def reshaped(form: TemplateForm, act: str, language: str = "", copied: str = "") -> TemplateForm:
    """The form after a button was pressed that adds or takes away a wording, a channel or a language."""
    do, _, place = act.partition(":")
    if do == "add" and (key := key_of(f"{place}.1")):
        number = len(form.wordings(key[0], key[1])) + 1
        return _with(form, {(key[0], key[1], number): Words("", "")} if number <= MOST_WORDINGS else {})
    if do == "remove" and (gone := key_of(place)):
        return _without(form, gone)
    if do == "drop" and place in form.locales:
        texts = {key: words for key, words in form.texts.items() if key[0] != place}
        return replace(form, texts=texts, lines={one: line for one, line in form.lines.items() if one != place})
    if do == "language":
        return _with_language(form, language.strip(), copied)
    return form


def _with_language(form: TemplateForm, language: str, copied: str) -> TemplateForm:
    """Raises InvalidInput where it is no language, or there already."""
    if not _LANGUAGE.fullmatch(language):
        raise InvalidInput("A language is named like en, de or pt-BR.")
    if language in form.locales:
        raise InvalidInput(f"There are texts in {language} already.")
    texts = {(language, *key[1:]): words for key, words in form.texts.items() if copied and key[0] == copied}
    made = _with(form, texts or {(language, "email", 1): Words("", "")})
    return replace(made, lines={**form.lines, language: form.lines.get(copied, "")})


def _with(form: TemplateForm, texts: Mapping[Key, Words]) -> TemplateForm:
    lines = {**{locale: "" for locale, _, _ in texts}, **form.lines}
    return replace(form, texts={**form.texts, **texts}, lines=lines)


def _without(form: TemplateForm, gone: Key) -> TemplateForm:
    """Later wordings move up, as they count without a gap."""
    texts: dict[Key, Words] = {}
    for (locale, channel, variant), words in form.texts.items():
        same = (locale, channel) == gone[:2]
        if not same or variant != gone[2]:
            texts[locale, channel, variant - 1 if same and variant > gone[2] else variant] = words
    left = {locale for locale, _, _ in texts}
    return replace(form, texts=texts, lines={one: line for one, line in form.lines.items() if one in left})


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults by what they are about: a text, a line for merging, a field of the description, or the whole."""

    texts: Mapping[str, Sequence[str]]
    fields: Mapping[str, Sequence[str]]
    whole: Sequence[str]

    @property
    def locales(self) -> frozenset[str]:
        """The languages in which a text has one."""
        return frozenset(name.partition(".")[0] for name in self.texts)

    def __bool__(self) -> bool:
        return bool(self.texts or self.fields or self.whole)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(len(said) for said in (*self.texts.values(), *self.fields.values(), self.whole))


NO_FAULTS = Faults({}, {}, ())


def sorted_faults(faults: Iterable[Fault]) -> Faults:
    """Each beside what it is about, with lines counted as they stand in the text box."""
    texts: dict[str, list[str]] = {}
    fields: dict[str, list[str]] = {}
    whole: list[str] = []
    for fault in faults:
        parts = fault.path.parts
        name = parts[-1]
        if len(parts) == 3 and name == LINE:
            texts.setdefault(f"{parts[1]}.line", []).append(_capital(fault.message))
        elif len(parts) == 3 and (key := key_of(f"{parts[1]}.{name.rpartition('.')[0]}")):
            texts.setdefault(said_key(key), []).append(_beside_text(fault, key[1]))
        elif fault.field:
            field, _, within = fault.field.partition("[")
            of = within.partition("].")[2]  # of which part of a list: `text` of a block of words
            fields.setdefault(field.partition(".")[0], []).append(
                _capital(f"{of}: {fault.message}" if of else fault.message)
            )
        else:
            whole.append(str(fault))
    return Faults(texts, fields, whole)


def _beside_text(fault: Fault, channel: str) -> str:
    if channel not in WITH_SUBJECT:
        return (
            f"Line {fault.line}: {fault.message}" if fault.line and fault.message != EMPTY else _capital(fault.message)
        )
    if fault.line == 1 and fault.message.startswith("must be"):
        return "A subject is missing."
    if fault.line == 1:
        return f"In the subject: {fault.message}"
    if fault.message == EMPTY:
        return _capital(fault.message)
    return f"Line {max(1, fault.line - 2)}: {fault.message}"


def _capital(message: str) -> str:
    return message[:1].upper() + message[1:]


def _listed(said: str) -> list[str]:
    return [name for name in _SPLIT.split(said) if name]


async def _form(request: Request) -> TemplateForm:
    """What was sent. A text is `text.<locale>.<channel>.<variant>.subject|body`, a line `line.<locale>`."""
    sent = await request.form()
    texts: dict[Key, dict[str, str]] = {}
    lines: dict[str, str] = {}
    for name, value in sent.items():
        if not isinstance(value, str):
            continue
        kind, _, rest = name.partition(".")
        place, _, part = rest.rpartition(".")
        if kind == "line" and _LANGUAGE.fullmatch(rest):
            lines[rest] = _plain(value)
        elif kind == "text" and part in ("subject", "body") and (key := key_of(place)):
            texts.setdefault(key, {})[part] = _plain(value)

    def said(name: str, default: str = "") -> str:
        value = sent.get(name, default)
        return _plain(value) if isinstance(value, str) else default

    version = said("version", "0")
    return TemplateForm(
        name=said("name"),
        family=said("family", "celebrate"),
        occasion=read_name(said("occasion")),
        values=[one for one in sent.getlist("values") if isinstance(one, str)],
        feeling=said("feeling"),
        needs=said("needs"),
        may_use=said("may_use"),
        free_part=said("free_part"),
        approved=said("approved"),
        lists_follow=said("lists_follow") == "yes",
        texts={key: Words(words.get("subject", ""), words.get("body", "")) for key, words in texts.items()},
        lines=lines,
        version=int(version) if version.isdecimal() and len(version) < 9 else 0,
        reason=said("reason"),
    )


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


GivenTemplate = Annotated[TemplateForm, Depends(_form)]
