"""What the pages of templates and the mission show besides the words: versions, who saved them and why, who uses
them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.storage.models import Mission, Template, TemplateVersion
from engine.write.folders import TemplateFolder
from engine.write.hypothetical import triggers_using
from engine.write.store import templates_of
from engine.write.text_files import FORMATS

_COLUMNS = (
    TemplateVersion.id,
    TemplateVersion.number,
    TemplateVersion.author,
    TemplateVersion.reason,
    TemplateVersion.created_at,
    TemplateVersion.origin,
)


@dataclass(frozen=True, slots=True)
class Version:
    """One saved version of a template or of the mission."""

    id: UUID
    number: int
    author: str
    reason: str
    created_at: datetime
    by_person: bool = True


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """One template in the list. `used_by` are titles of triggers by name."""

    folder: TemplateFolder
    version: Version
    versions: int
    used_by: Mapping[str, str]

    @property
    def locales(self) -> Sequence[str]:
        """The languages, English first."""
        return sorted({text.locale for text in self.folder.texts}, key=lambda locale: (locale != "en", locale))

    @property
    def channels(self) -> Sequence[str]:
        """The channels that any language has a text for."""
        return [channel for channel in FORMATS if any(text.channel == channel for text in self.folder.texts)]

    def wordings(self, locale: str, channel: str) -> int:
        """How many variants there are."""
        return sum((text.locale, text.channel) == (locale, channel) for text in self.folder.texts)


def template_lines(session: Session) -> list[TemplateLine]:
    """Every template. Four statements, however many there are."""
    counted = (
        select(TemplateVersion.template_id, func.count().label("versions"))
        .group_by(TemplateVersion.template_id)
        .subquery()
    )
    rows = session.execute(
        select(*_COLUMNS, counted.c.versions)
        .join(Template, Template.version_id == TemplateVersion.id)
        .join(counted, counted.c.template_id == Template.id)
        .order_by(Template.family, Template.name)
    ).all()
    used = triggers_using(session)
    folders = templates_of(session, [row.id for row in rows])
    return [
        TemplateLine(folder, _version(row), row.versions, {one.name: one.title for one in used.get(folder.name, [])})
        for folder, row in zip(folders, rows, strict=True)
    ]


def versions_of(session: Session, name: str) -> list[Version]:
    """Every version of a template, newest first. Raises NotFound."""
    rows = session.execute(
        select(*_COLUMNS)
        .join(Template, Template.id == TemplateVersion.template_id)
        .where(Template.name == name)
        .order_by(TemplateVersion.number.desc())
    ).all()
    if not rows:
        raise NotFound(f"There is no template {name}.")
    return [_version(row) for row in rows]


def version_in_force(session: Session, name: str) -> Version:
    """The one that drafts are written from. Raises NotFound."""
    row = session.execute(
        select(*_COLUMNS).join(Template, Template.version_id == TemplateVersion.id).where(Template.name == name)
    ).first()
    if row is None:
        raise NotFound(f"There is no template {name}.")
    return _version(row)


def numbered(versions: Sequence[Version], number: int) -> Version:
    """The version of this number. Raises NotFound."""
    found = next((one for one in versions if one.number == number), None)
    if found is None:
        raise NotFound("There is no such version.")
    return found


def missions(session: Session) -> list[Version]:
    """Every version of the mission, newest first."""
    rows = session.execute(
        select(Mission.id, Mission.number, Mission.author, Mission.reason, Mission.created_at).order_by(
            Mission.number.desc()
        )
    )
    return [Version(row.id, row.number, row.author, row.reason, row.created_at) for row in rows]


def _version(row: Any) -> Version:
    return Version(row.id, row.number, row.author, row.reason, row.created_at, row.origin == "person")
