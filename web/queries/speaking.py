"""Which texts a template has: for each channel that is offered the languages, and what becomes of everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered, text_kind
from engine.errors import NotFound
from engine.storage.models import Template
from engine.write.store import template_in_force
from engine.write.variants import LAST_RESORT


@dataclass(frozen=True, slots=True)
class Spoken:
    """One channel: the languages it is spoken in, and of which kind the text is that it carries."""

    channel: str
    kind: str | None
    locales: Sequence[str]


@dataclass(frozen=True, slots=True)
class Speaking:
    """One template. `others`: what a customer gets whose channel or language it has not."""

    name: str
    channels: Sequence[Spoken]
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One template that may be chosen."""

    name: str
    family: str
    occasion: str


def choices(session: Session) -> Sequence[Choice]:
    """Every template, by name."""
    rows = session.execute(
        select(Template.name, Template.family, Template.occasion)
        .where(Template.version_id.is_not(None))
        .order_by(Template.name)
    )
    return [Choice(*row) for row in rows]


def speaking(session: Session, name: str, offered: Offered) -> Speaking | None:
    """What the template of this name covers here; None where there is none."""
    try:
        folder, _ = template_in_force(session, name)
    except NotFound:
        return None
    kinds = sorted({text.channel for text in folder.texts})
    channels = []
    for channel in offered.names:
        kind = text_kind(channel, kinds)
        locales = sorted({text.locale for text in folder.texts if text.channel == kind})
        channels.append(Spoken(channel, kind, locales))
    return Speaking(name, channels, list(_others(channels)))


def _others(channels: Sequence[Spoken]) -> Sequence[str]:
    said = []
    if silent := [one.channel for one in channels if one.kind is None]:
        said.append(
            f"It has no text for {', '.join(silent)}: who would get it there gets it by the next channel of theirs "
            "that it has one for, and where there is none the draft asks."
        )
    spoken = [one for one in channels if one.kind is not None]
    if spoken and all(LAST_RESORT in one.locales for one in spoken):
        said.append("In any other language it is written in English.")
    elif spoken:
        said.append("In a language that it does not have, and without English, the draft waits and asks.")
    return said
