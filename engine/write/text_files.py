"""Reads the texts of a template folder, each for itself: what one wording may look like, and the line for merging."""

import re
from dataclasses import dataclass
from pathlib import Path

from engine.write.document import text_in
from engine.write.faults import EMPTY, Fault, Faulty, Findings
from engine.write.free_parts import free_parts
from engine.write.syntax import check_template

# What is written for a channel: Markdown where it can be laid out, plain text elsewhere.
FORMATS = {"email": "md", "inapp": "md", "letter": "md", "sms": "txt", "whatsapp": "txt", "call": "txt"}
LINE = "line.txt"
WITH_SUBJECT = ("email", "letter")

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


def text_of(data: bytes, path: Path, name: str, locale: str) -> TemplateText:
    """The text of the file `name`, which tells channel and variant: email.1.md. Raises `Faulty`, naming the line."""
    parts = _FILE.fullmatch(name)
    if parts is None or FORMATS.get(parts[1]) != parts[3]:
        known = ", ".join(f"{channel}.1.{ending}" for channel, ending in FORMATS.items())
        raise Faulty([Fault(path, f"has no place here. Texts are named {known}; the line for merging is {LINE}")])
    return _text_in(text_in(data, path), path, parts[1], locale, int(parts[2]))


def _text_in(source: str, path: Path, channel: str, locale: str, variant: int) -> TemplateText:
    subject, body, first_line = None, source, 1
    found = Findings()
    if channel in WITH_SUBJECT:
        head, _, body = source.partition("\n\n")
        subject, first_line = head.removeprefix("Subject:").strip(), head.count("\n") + 3
        if not head.startswith("Subject:") or "\n" in head or not subject:
            raise Faulty([Fault(path, "must be “Subject: …” with an empty line after it", 1)])
        found.faults += _problems(path, subject, 1)
        if free_parts(subject):
            found.faults.append(Fault(path, "a hint cannot stand in the subject", 1))
    if not body.strip():
        found.faults.append(Fault(path, EMPTY, first_line))
    found.faults += _problems(path, body, first_line)
    found.refuse()
    return TemplateText(channel, locale, variant, subject, body.strip())


def line_in(source: str, path: Path) -> str:
    """The one sentence for merging; raises `Faulty`."""
    line = source.strip()
    if not line:
        raise Faulty([Fault(path, EMPTY, 1)])
    if "\n" in line or free_parts(line):
        raise Faulty([Fault(path, "must be one sentence on one line, without a hint", 1)])
    if faults := _problems(path, line, 1):
        raise Faulty(faults)
    return line


def _problems(path: Path, source: str, first_line: int) -> list[Fault]:
    return [Fault(path, problem.message, problem.line + first_line - 1) for problem in check_template(source)]
