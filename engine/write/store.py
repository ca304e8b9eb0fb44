"""Templates and missions in the database. Folders seed them; what a person edited is never overwritten by a folder.

A version never changes once it is stored, and what was written from one keeps it: a new version alters no message.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidDefinition, NotFound
from engine.ids import new_id
from engine.remembering import remember
from engine.storage.models import Mission as MissionRow
from engine.storage.models import Template, TemplateVersion
from engine.storage.upsert import insert_into
from engine.write.bodies import body_of, folder_from, hash_of, mission_body, mission_from
from engine.write.folders import TemplateFolder
from engine.write.mission import Mission
from engine.write.sources import checked_mission, checked_template

SEED_AUTHOR = "jubilee"
_KEPT = 1_000
_folders: dict[UUID, TemplateFolder] = {}
_missions: dict[UUID, Mission] = {}


class SavedMeanwhile(Conflict):
    """Somebody else saved this while you were writing. Nothing of yours is lost; look at both and save again."""

    def __init__(self, number: int) -> None:
        """`number` is the version in force now."""
        super().__init__()
        self.number = number


def seed_templates(session: Session, folders: Sequence[TemplateFolder], *, now: datetime) -> list[str]:
    """Store folders that are new, or changed since they were stored; answer with their names.

    Where a person saved the current version it stays, whatever the folder says.
    """
    return [folder.name for folder in folders if _seed(session, folder, now=now)]


def seed_mission(session: Session, mission: Mission, *, now: datetime) -> bool:
    """Store it as the first mission; nothing where there is one already."""
    if session.scalar(select(func.count()).select_from(MissionRow)):
        return False
    return _add_mission(session, mission, 1, author=SEED_AUTHOR, reason="", now=now)


def save_template(
    session: Session, folder: TemplateFolder, *, author: str, reason: str, expected: int, now: datetime
) -> int:
    """Keep it as the template's newest version, in force from now on, if it says something new; the number in force.

    `expected` is the number of the version that its author began from, 0 for a new template: who comes second hears of
    it. Raises `Faulty` where a folder on a disk would be refused, `InvalidDefinition`, `SavedMeanwhile`.
    """
    folder = checked_template(folder)
    template = _held(session, folder, now=now)
    current = session.get(TemplateVersion, template.version_id) if template.version_id else None
    if (current.number if current else 0) != expected:
        raise SavedMeanwhile(current.number if current else 0)
    if template.family != folder.family:
        raise InvalidDefinition(f"The template {template.name} stays in its family, {template.family}.")
    if current is not None and current.body_hash == hash_of(body_of(folder)):
        return current.number
    return _add_version(session, template, folder, "person", author=author, reason=reason, now=now)


def save_mission(session: Session, mission: Mission, *, author: str, reason: str, expected: int, now: datetime) -> int:
    """Keep it as the mission in force, if it says something new; the number in force. The same rules as for
    templates.
    """
    mission = checked_mission(mission)
    number = newest_mission(session)
    if number == expected and number and mission_in_force(session)[0] == mission:
        return number
    if number != expected or not _add_mission(session, mission, number + 1, author=author, reason=reason, now=now):
        raise SavedMeanwhile(newest_mission(session))
    return number + 1


def newest_mission(session: Session) -> int:
    """The number of the mission in force; 0 where there is none."""
    return session.scalar(select(func.max(MissionRow.number))) or 0


def template_in_force(session: Session, name: str) -> tuple[TemplateFolder, UUID]:
    """The template of this name as it stands now, and the id of that version. Raises NotFound."""
    version_id = session.scalar(select(Template.version_id).where(Template.name == name))
    if version_id is None:
        raise NotFound(f"There is no template {name}.")
    return template_of(session, version_id), version_id


def mission_in_force(session: Session) -> tuple[Mission, UUID]:
    """The newest mission, and the id of that version. Raises NotFound where none was ever stored."""
    mission_id = session.scalar(select(MissionRow.id).order_by(MissionRow.number.desc()).limit(1))
    if mission_id is None:
        raise NotFound("There is no mission yet.")
    return mission_of(session, mission_id), mission_id


def template_of(session: Session, version_id: UUID) -> TemplateFolder:
    """What a version says. Versions never change, so each is read once in a process."""
    folder = _folders.get(version_id)
    if folder is None:
        body = session.scalar(select(TemplateVersion.body).where(TemplateVersion.id == version_id))
        if body is None:
            raise NotFound(f"There is no template version {version_id}.")
        folder = remember(_folders, version_id, folder_from(body), most=_KEPT)
    return folder


def templates_of(session: Session, version_ids: Sequence[UUID]) -> list[TemplateFolder]:
    """What these versions say, in their order; what this process has not read yet in one statement."""
    new = [one for one in version_ids if one not in _folders]
    rows = session.execute(select(TemplateVersion.id, TemplateVersion.body).where(TemplateVersion.id.in_(new)))
    read = {row.id: folder_from(row.body) for row in rows} if new else {}
    found = [read.get(one) or template_of(session, one) for one in version_ids]
    for version_id, folder in read.items():
        remember(_folders, version_id, folder, most=_KEPT)
    return found


def mission_of(session: Session, mission_id: UUID) -> Mission:
    """What a version of the mission says; read once in a process."""
    mission = _missions.get(mission_id)
    if mission is None:
        body = session.scalar(select(MissionRow.body).where(MissionRow.id == mission_id))
        if body is None:
            raise NotFound(f"There is no mission version {mission_id}.")
        mission = remember(_missions, mission_id, mission_from(body), most=_KEPT)
    return mission


def _seed(session: Session, folder: TemplateFolder, *, now: datetime) -> bool:
    template = _held(session, folder, now=now)
    current = session.get(TemplateVersion, template.version_id) if template.version_id else None
    if current is not None and (current.origin == "person" or current.body_hash == hash_of(body_of(folder))):
        return False
    _add_version(session, template, folder, "folder", author=SEED_AUTHOR, reason="", now=now)
    return True


def _held(session: Session, folder: TemplateFolder, *, now: datetime) -> Template:
    """The template's row, made where it is missing, and locked."""
    values = {"id": new_id(), "name": folder.name, "family": folder.family, "occasion": folder.occasion}
    session.execute(
        insert_into(session, Template)
        .values(values | {"created_at": now})
        .on_conflict_do_nothing(index_elements=["name"])
    )
    return session.scalars(
        select(Template).where(Template.name == folder.name).with_for_update().execution_options(populate_existing=True)
    ).one()


def _add_version(
    session: Session,
    template: Template,
    folder: TemplateFolder,
    origin: str,
    *,
    author: str,
    reason: str,
    now: datetime,
) -> int:
    last = session.scalar(select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template.id))
    body = body_of(folder)
    version = TemplateVersion(
        id=new_id(),
        template_id=template.id,
        number=(last or 0) + 1,
        body=body,
        body_hash=hash_of(body),
        origin=origin,
        author=author,
        reason=reason,
        created_at=now,
    )
    session.add(version)
    template.version_id, template.family, template.occasion = version.id, folder.family, folder.occasion
    session.flush()
    return version.number


def _add_mission(session: Session, mission: Mission, number: int, *, author: str, reason: str, now: datetime) -> bool:
    """False where somebody else stored this number first: the database decides."""
    row = {
        "id": new_id(),
        "number": number,
        "body": mission_body(mission),
        "author": author,
        "reason": reason,
        "created_at": now,
    }
    made = insert_into(session, MissionRow).values(row).on_conflict_do_nothing().returning(MissionRow.id)
    return session.scalar(made) is not None
