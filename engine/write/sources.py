"""Writes templates and missions out as the files they could be read from: what is exported, and what is stored, is read
again by the same checks (engine/write/folders.py), so that there is one way in.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from engine.write.approved_words import FIELD
from engine.write.document import document_in
from engine.write.folders import DESCRIPTION, Files, TemplateFolder, facts_in, read_template
from engine.write.mission import Mission, mission_in
from engine.write.text_files import FORMATS, LINE, WITH_SUBJECT, TemplateText

MISSION = "mission.yaml"


def checked_template(folder: TemplateFolder) -> TemplateFolder:
    """The same folder, having passed everything that a folder on a disk must pass. Raises `Faulty`."""
    return read_template(Path(folder.name), files_of(folder))


def checked_mission(mission: Mission) -> Mission:
    """The same mission, having passed everything that a file must pass. Raises `Faulty`."""
    return mission_in(document_in(source_of_mission(mission), Path(MISSION)))


def files_of(folder: TemplateFolder) -> Files:
    """The files of the folder, by their paths within it."""
    files = {DESCRIPTION: description_of(folder).encode()}
    for text in folder.texts:
        if text.template is None:
            files[file_of(text.locale, text.channel, text.variant)] = source_of(text.channel, text.subject, text.body)
    return files | {f"{locale}/{LINE}": f"{line}\n".encode() for locale, line in folder.lines.items()}


def file_of(locale: str, channel: str, variant: int) -> str:
    """Where a text stands in its folder: en/email.1.md."""
    return f"{locale}/{channel}.{variant}.{FORMATS[channel]}"


def source_of(channel: str, subject: str | None, body: str) -> bytes:
    """The file of one text."""
    head = f"Subject: {subject or ''}\n\n" if channel in WITH_SUBJECT else ""
    return f"{head}{body}\n".encode(errors="surrogatepass")


def description_of(folder: TemplateFolder) -> str:
    """The folder's `template.yaml`."""
    fields: dict[str, Any] = {
        "name": folder.name,
        "family": folder.family,
        "occasion": folder.occasion,
        "values": list(folder.values),
        "feeling": folder.feeling,
        "needs": list(folder.needs),
        "may_use": list(folder.may_use),
        "free_part": folder.free_part,
    }
    if not folder.may_use:
        del fields["may_use"]
    if approved := [_approved(text) for text in folder.texts if text.template is not None]:
        fields[FIELD] = approved
    return said_in_yaml(fields)


def said_in_yaml(fields: Mapping[str, Any]) -> str:
    """Plain values as YAML that people like to read."""
    return yaml.safe_dump(dict(fields), sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)


def source_of_mission(mission: Mission) -> str:
    """The mission's file."""
    fields = {
        "statement": mission.statement,
        "values": [{"name": value.name, "looks_like": value.looks_like} for value in mission.values],
        "words_to_use": list(mission.words_to_use),
        "words_to_avoid": list(mission.words_to_avoid),
        "signature": {
            "read_by_a_person": mission.signature_read_by_a_person,
            "read_by_no_one": mission.signature_read_by_no_one,
        },
    }
    return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=110)


def listed_facts(folder: TemplateFolder) -> tuple[Sequence[str], Sequence[str]]:
    """`needs` and `may_use` as the texts want them: what is listed already stays in its order."""
    used = facts_in(folder)
    return _in_order(folder.needs, used.needed), _in_order(folder.may_use, used.optional)


def _in_order(listed: Sequence[str], used: frozenset[str]) -> Sequence[str]:
    return [*(name for name in listed if name in used), *sorted(used - set(listed))]


def _approved(text: TemplateText) -> dict[str, Any]:
    """The words with their blanks again, where the facts stand that fill them."""
    words = text.body
    for print_ in dict.fromkeys(print_ for _, print_ in text.variables):
        blanks = [name for name, filled in text.variables if filled == print_]
        for blank in blanks[:-1]:
            words = words.replace(print_, f"{{{{\0{blank}\0}}}}", 1)
        words = words.replace(print_, f"{{{{\0{blanks[-1]}\0}}}}")
    fields: dict[str, Any] = {"locale": text.locale, "template": text.template, "text": words.replace("\0", "")}
    if text.variables:
        fields["variables"] = {
            name: print_.removeprefix("{{").removesuffix("}}").strip() for name, print_ in text.variables
        }
    return fields
