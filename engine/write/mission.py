"""The customer-experience mission: what the company wants to be for its customers, in words that drafts use.

Read from YAML as a seed; once stored it is versioned, and the value here is what a version holds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.write.document import Document, read_document
from engine.write.sandbox import render
from engine.write.syntax import check_template, facts_used

_NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")
_SIGNING_FACTS = frozenset({"sender.name", "sender.team", "company.name"})


@dataclass(frozen=True, slots=True)
class MissionValue:
    """One of the three to seven things we stand for, and what it looks like when somebody does it."""

    name: str
    looks_like: str


@dataclass(frozen=True, slots=True)
class Mission:
    """The mission as templates, the tone check and the coverage page see it."""

    statement: str
    values: tuple[MissionValue, ...]
    words_to_use: tuple[str, ...]
    words_to_avoid: tuple[str, ...]
    signature_read_by_a_person: str
    signature_read_by_no_one: str


def read_mission(path: Path) -> Mission:
    """The mission in `path`; raises `Faulty`, naming the file, the field and the line."""
    return mission_in(read_document(path))


def mission_in(about: Document) -> Mission:
    """The mission that a description says."""
    values = tuple(_value(part) for part in about.parts("values", fewest=3, most=7))
    signature = about.part("signature")
    mission = Mission(
        statement=about.text("statement", longest=1_000),
        values=values,
        words_to_use=about.texts("words_to_use", longest=60),
        words_to_avoid=about.texts("words_to_avoid", longest=60),
        signature_read_by_a_person=_signature(signature, "read_by_a_person"),
        signature_read_by_no_one=_signature(signature, "read_by_no_one"),
    )
    signature.refuse_others()
    about.refuse_others()
    _check_whole(mission, about, signature)
    return mission


def sign(mission: Mission, facts: Mapping[str, object], *, read_by_a_person: bool, locale: str = "en") -> str:
    """The value of `mission.signature`: a person's name only under what that person has read.

    `facts` holds `sender` (name, team) and `company` (name); raises `MissingFact` where the form needs one that is not.
    """
    form = mission.signature_read_by_a_person if read_by_a_person else mission.signature_read_by_no_one
    return render(form, facts, channel_format="text", locale=locale, name="the mission's signature")


def _value(part: Document) -> MissionValue:
    value = MissionValue(part.text("name"), part.text("looks_like", longest=300))
    if not _NAME.fullmatch(value.name):
        raise part.complaint("name", "must be a name in small letters, as in keeps_its_word")
    part.refuse_others()
    return value


def _signature(part: Document, field: str) -> str:
    form = part.text(field)
    if problems := check_template(form):
        raise part.complaint(field, problems[0].message)
    facts = facts_used(form)
    if odd := sorted((facts.needed | facts.optional) - _SIGNING_FACTS):
        raise part.complaint(field, f"{odd[0]} cannot stand in a signature; {', '.join(sorted(_SIGNING_FACTS))} can")
    return form


def _check_whole(mission: Mission, about: Document, signature: Document) -> None:
    names = [value.name for value in mission.values]
    if len(set(names)) < len(names):
        raise about.complaint("values", "names a value twice")
    if both := sorted({w.lower() for w in mission.words_to_use} & {w.lower() for w in mission.words_to_avoid}):
        raise about.complaint("words_to_avoid", f"{both[0]!r} is among the words to use as well")
    unread = facts_used(mission.signature_read_by_no_one)
    if "sender.name" in unread.needed | unread.optional:
        raise signature.complaint("read_by_no_one", "no one's name stands under a text they did not read")
