"""Templates and missions in the database. Folders seed them; what a person edited is never overwritten."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.ids import new_id
from engine.storage.base import Json
from engine.storage.models import Mission as MissionRow
from engine.storage.models import Template, TemplateVersion
from engine.storage.upsert import insert_into
from engine.write.folders import TemplateFolder, TemplateText
from engine.write.mission import Mission, MissionValue

SEED_AUTHOR = "jubilee"
_KEPT = 1_000
_folders: dict[UUID, TemplateFolder] = {}
_missions: dict[UUID, Mission] = {}


def seed_templates(session: Session, folders: Sequence[TemplateFolder], *, now: datetime) -> list[str]:
    """Store folders that are new, or changed since they were stored; answer with their names.

    Where a person saved the current version it stays, whatever the folder says.
    """
    return [folder.name for folder in folders if _seed(session, folder, now=now)]


def seed_mission(session: Session, mission: Mission, *, now: datetime) -> bool:
    """Store it as the first mission; nothing where there is one already."""
    row = {"id": new_id(), "number": 1, "body": asdict(mission), "author": SEED_AUTHOR, "created_at": now}
    if session.scalar(select(func.count()).select_from(MissionRow)):
        return False
    made = insert_into(session, MissionRow).values(row).on_conflict_do_nothing().returning(MissionRow.id)
    return session.scalar(made) is not None


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
    if version_id not in _folders:
        body = session.scalar(select(TemplateVersion.body).where(TemplateVersion.id == version_id))
        if body is None:
            raise NotFound(f"There is no template version {version_id}.")
        _keep(_folders, version_id, _folder_from(body))
    return _folders[version_id]


def mission_of(session: Session, mission_id: UUID) -> Mission:
    """What a version of the mission says; read once in a process."""
    if mission_id not in _missions:
        body = session.scalar(select(MissionRow.body).where(MissionRow.id == mission_id))
        if body is None:
            raise NotFound(f"There is no mission version {mission_id}.")
        _keep(_missions, mission_id, _mission_from(body))
    return _missions[mission_id]


def _seed(session: Session, folder: TemplateFolder, *, now: datetime) -> bool:
    body = _body_of(folder)
    body_hash = sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    values = {"id": new_id(), "name": folder.name, "family": folder.family, "occasion": folder.occasion}
    session.execute(
        insert_into(session, Template)
        .values(values | {"created_at": now})
        .on_conflict_do_nothing(index_elements=["name"])
    )
    template = session.scalars(select(Template).where(Template.name == folder.name).with_for_update()).one()
    current = session.get(TemplateVersion, template.version_id) if template.version_id else None
    if current is not None and (current.origin == "person" or current.body_hash == body_hash):
        return False
    last = session.scalar(select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template.id))
    version = TemplateVersion(
        id=new_id(),
        template_id=template.id,
        number=(last or 0) + 1,
        body=body,
        body_hash=body_hash,
        origin="folder",
        author=SEED_AUTHOR,
        created_at=now,
    )
    session.add(version)
    template.version_id, template.family, template.occasion = version.id, folder.family, folder.occasion
    session.flush()
    return True


def _body_of(folder: TemplateFolder) -> Json:
    return {
        "name": folder.name,
        "family": folder.family,
        "occasion": folder.occasion,
        "values": list(folder.values),
        "feeling": folder.feeling,
        "needs": list(folder.needs),
        "may_use": list(folder.may_use),
        "free_part": folder.free_part,
        "texts": [_text_body(text) for text in folder.texts],
        "lines": dict(folder.lines),
    }


def _text_body(text: TemplateText) -> Json:
    """As it is stored. Words that nobody approved look as they always did, so that their hash stays the same."""
    body = asdict(text)
    return body if text.template else {key: body[key] for key in body if key not in ("template", "variables")}


def _text_from(body: Mapping[str, Any]) -> TemplateText:
    variables = tuple((name, source) for name, source in body.get("variables", ()))
    return TemplateText(**{**body, "variables": variables})


def _folder_from(body: Mapping[str, Any]) -> TemplateFolder:
    return TemplateFolder(
        name=body["name"],
        family=body["family"],
        occasion=body["occasion"],
        values=tuple(body["values"]),
        feeling=body["feeling"],
        needs=tuple(body["needs"]),
        may_use=tuple(body["may_use"]),
        free_part=body["free_part"],
        texts=tuple(_text_from(text) for text in body["texts"]),
        lines=MappingProxyType(dict(body["lines"])),
    )


def _mission_from(body: Mapping[str, Any]) -> Mission:
    return Mission(
        statement=body["statement"],
        values=tuple(MissionValue(**value) for value in body["values"]),
        words_to_use=tuple(body["words_to_use"]),
        words_to_avoid=tuple(body["words_to_avoid"]),
        signature_read_by_a_person=body["signature_read_by_a_person"],
        signature_read_by_no_one=body["signature_read_by_no_one"],
    )


def _keep(kept: dict[UUID, Any], key: UUID, value: object) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
