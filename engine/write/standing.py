"""How the templates stand to the mission and to what waits: which values they express, and which drafts were written
before the mission or a template was changed. Those are written anew only where somebody asks for it and nobody has
touched them; what was approved never changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from engine.storage.models import Flag, Message, Revision, SecondRead, Template
from engine.write.folders import TemplateFolder
from engine.write.mission import Mission
from engine.write.revisions import in_force
from engine.write.source_tone import words_in
from engine.write.store import templates_of


@dataclass(frozen=True, slots=True)
class Coverage:
    """Value -> the templates that name it, for the mission's values in their order; and names the mission does not
    have.
    """

    expressed: Mapping[str, Sequence[str]]
    unknown: Mapping[str, Sequence[str]]

    @property
    def silent(self) -> Sequence[str]:
        """Values of the mission that no template expresses."""
        return [value for value, templates in self.expressed.items() if not templates]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Drafts that wait in older words: those nobody has touched, and those that people work on."""

    untouched: int
    touched: int
    approved: int

    @property
    def all(self) -> int:
        """Those that can still be changed."""
        return self.untouched + self.touched


def all_templates(session: Session) -> list[TemplateFolder]:
    """Every template in force, by name: two statements, however many there are."""
    ids = session.scalars(
        select(Template.version_id).where(Template.version_id.is_not(None)).order_by(Template.name)
    ).all()
    return templates_of(session, [one for one in ids if one is not None])


def coverage(mission: Mission, folders: Sequence[TemplateFolder]) -> Coverage:
    """Which values the templates express. Pure."""
    names = [value.name for value in mission.values]
    named = {value for folder in folders for value in folder.values}

    def by(value: str) -> Sequence[str]:
        return [folder.name for folder in folders if value in folder.values]

    return Coverage({name: by(name) for name in names}, {name: by(name) for name in sorted(named - set(names))})


def forbidden(mission: Mission, folders: Sequence[TemplateFolder]) -> Mapping[str, Sequence[str]]:
    """Template -> the words to avoid that its texts or lines say: what is written with these cannot go. Pure."""
    said = {folder.name: words_in(folder, mission.words_to_avoid) for folder in folders}
    return {name: words for name, words in said.items() if words}


def waiting_from_other_mission(session: Session, mission_id: UUID) -> Waiting:
    """What was written under another mission than this one and has not gone."""
    return _waiting(session, Revision.mission_id != mission_id)


def waiting_from_other_version(session: Session, template: str, version_id: UUID) -> Waiting:
    """The same of drafts of a template."""
    return _waiting(session, and_(Message.template == template, Revision.template_version_id != version_id))


def write_anew_under_mission(session: Session, mission_id: UUID, *, now: datetime) -> int:
    """Have the untouched drafts from other missions written again; how many."""
    return _write_anew(session, Revision.mission_id != mission_id, now=now)


def write_anew_from_version(session: Session, template: str, version_id: UUID, *, now: datetime) -> int:
    """The same for the drafts of a template."""
    older = and_(Message.template == template, Revision.template_version_id != version_id)
    return _write_anew(session, older, now=now)


def _untouched() -> ColumnElement[bool]:
    """Nobody wrote in it, noted, asked or stopped anything about it. Who has it open is asked besides."""
    asked = select(SecondRead.id).where(SecondRead.message_id == Message.id, SecondRead.number == Message.number)
    stopped = select(Flag.id).where(Flag.message_id == Message.id)
    return and_(
        Message.state == "in_review",
        Message.edited.is_(False),
        Revision.author_id.is_(None),
        Message.owner_note.is_(None),
        ~asked.exists(),
        ~stopped.exists(),
    )


def _waiting(session: Session, older: ColumnElement[bool]) -> Waiting:
    untouched = _untouched()
    row = session.execute(
        select(
            func.count().filter(untouched),
            func.count().filter(Message.state == "in_review"),
            func.count().filter(Message.state == "approved"),
        )
        .select_from(Message)
        .join(Revision, in_force())
        .where(Message.state.in_(("in_review", "approved")), older)
    ).one()
    return Waiting(row[0], row[1] - row[0], row[2])


def _write_anew(session: Session, older: ColumnElement[bool], *, now: datetime) -> int:
    """In one statement: back to the writer, who finds them with the next round. What somebody has open stays."""
    free = or_(Message.taken_until.is_(None), Message.taken_until <= now)
    ids = select(Message.id).join(Revision, in_force()).where(_untouched(), free, older)
    done = session.execute(
        update(Message)
        .where(Message.id.in_(ids), Message.state == "in_review", Message.edited.is_(False), free)
        .values(state="draft", write_at=now, version=Message.version + 1)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(done)
