"""Signatures: no one's name stands under a text they did not read.

A draft carries marks where its sender will stand, and they are filled when it is approved: with the name of the person
who approves, or with the team's where the policy does. What a customer wrote cannot forge a mark: doubled square
brackets in values are broken up when they are escaped.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from engine.write.escape import escape
from engine.write.free_parts import free_parts, without_hints
from engine.write.mission import Mission, sign
from engine.write.text_files import FORMATS

SIGNATURE = "[[ signature ]]"
SENDER = "[[ sender ]]"

Text = Mapping[str, str | None]
Texts = Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who stands under a text. Without a person it is the team, and the text was read by no one."""

    person: str | None
    team: str
    company: str


@dataclass(frozen=True, slots=True)
class Stamps:
    """Stand-ins for the sender while a template is rendered; values with brackets would not survive escaping."""

    signature: str
    sender: str

    def to_marks(self, text: str) -> str:
        """`text` with marks where the stand-ins were printed."""
        return text.replace(self.signature, SIGNATURE).replace(self.sender, SENDER)


def new_stamps() -> Stamps:
    """Stand-ins that nobody can know beforehand, so that no customer's name can pass for one."""
    return Stamps(f"signature{secrets.token_hex(12)}", f"sender{secrets.token_hex(12)}")


def signature_of(mission: Mission, signer: Signer, locale: str) -> str:
    """The line under the text, as the mission words it."""
    facts = {"sender": {"name": signer.person, "team": signer.team}, "company": {"name": signer.company}}
    return sign(mission, facts, read_by_a_person=signer.person is not None, locale=locale)


def signed(texts: Texts, mission: Mission, signer: Signer, locale: str) -> dict[str, dict[str, str | None]]:
    """The texts as they go: every mark filled, no hint left."""
    signature = signature_of(mission, signer, locale)
    return {channel: _signed(channel, text, signature, signer.person or signer.team) for channel, text in texts.items()}


def needs_a_person(text: Text) -> bool:
    """Whether the text speaks in the name of somebody, and not only under the signature."""
    return SENDER in (text.get("body") or "") or SENDER in (text.get("subject") or "")


def masked(text: str) -> str:
    """`text` with blanks for marks and hints, letter by letter, so that what is found in it has the same place."""
    for mark in (SIGNATURE, SENDER):
        text = text.replace(mark, " " * len(mark))
    for part in free_parts(text):
        text = text[: part.start] + " " * (part.end - part.start) + text[part.end :]
    return text


def _signed(channel: str, text: Text, signature: str, sender: str) -> dict[str, str | None]:
    plain = FORMATS.get(channel) == "txt"
    body = without_hints(text.get("body") or "")
    for mark, name in ((SIGNATURE, signature), (SENDER, sender)):
        body = body.replace(mark, escape(name, "text" if plain else "markdown"))
    subject = text.get("subject")
    if subject is not None:
        subject = subject.replace(SIGNATURE, signature).replace(SENDER, sender)
    return {**text, "subject": subject, "body": body}
