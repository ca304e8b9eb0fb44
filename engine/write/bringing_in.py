"""Takes template folders and a mission in, all of them or none: everything is checked before anything is stored, by the
checks that a form goes through, and each becomes the newest version of what it changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.people.audit import Doer, record
from engine.storage.models import Mission as MissionRow
from engine.storage.models import Template, TemplateVersion
from engine.write.archives import Sheaf
from engine.write.bodies import folder_from, mission_from
from engine.write.checking import check_files, check_mission
from engine.write.faults import Faulty, Findings
from engine.write.folders import TemplateFolder
from engine.write.mission import Mission
from engine.write.new_mission import bring_into_force
from engine.write.store import newest_mission, save_template

IMPORT_TEMPLATE, IMPORT_MISSION = "import_template", "import_mission"
MISSION = "mission"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one template, or of the mission."""

    name: str
    became: Literal["new", "changed", "same"]
    version: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be stored, having passed every check."""

    folders: Sequence[TemplateFolder]
    mission: Mission | None = None


def checked_sheaf(sheaf: Sheaf) -> Wanted:
    """Everything in it, checked. Raises `Faulty` with the faults of all, each with its file and line."""
    found, folders, mission = Findings(), [], None
    for name, files in sorted(sheaf.templates.items()):
        body, faults = check_files(name, files)
        found.faults += faults
        folders += [folder_from(body)] if body else []
    if sheaf.mission is not None:
        body, faults = check_mission(sheaf.mission.decode(errors="replace"))
        found.faults += faults
        mission = mission_from(body) if body else None
    found.refuse()
    return Wanted(folders, mission)


def bring_in(session: Session, wanted: Wanted, *, doer: Doer, reason: str, now: datetime) -> list[Brought]:
    """Store it, and say what became of each. What says nothing new makes no version."""
    brought = [_template(session, folder, doer=doer, reason=reason, now=now) for folder in wanted.folders]
    if wanted.mission is not None:
        before = newest_mission(session)
        number = bring_into_force(session, wanted.mission, author=doer.actor, reason=reason, expected=before, now=now)
        row = session.scalars(select(MissionRow).where(MissionRow.number == number)).one()
        if number != before:
            record(session, doer, IMPORT_MISSION, row, now=now, reason=reason)
        brought.append(Brought(MISSION, _became(before, number), number))
    return brought


def _template(session: Session, folder: TemplateFolder, *, doer: Doer, reason: str, now: datetime) -> Brought:
    before = session.scalar(
        select(TemplateVersion.number)
        .join(Template, Template.version_id == TemplateVersion.id)
        .where(Template.name == folder.name)
    )
    try:
        number = save_template(session, folder, author=doer.actor, reason=reason, expected=before or 0, now=now)
    except Faulty:
        raise
    except InvalidInput as error:
        raise InvalidInput(f"{folder.name}/template.yaml: {error}") from None
    if number != before:
        template = session.scalars(select(Template).where(Template.name == folder.name)).one()
        record(session, doer, IMPORT_TEMPLATE, template, now=now, reason=reason, version=number)
    return Brought(folder.name, _became(before or 0, number), number)


def _became(before: int, number: int) -> Literal["new", "changed", "same"]:
    return "same" if before == number else "changed" if before else "new"
