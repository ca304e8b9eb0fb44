"""Templates and missions as the plain values in which their versions are stored, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from engine.storage.base import Json
from engine.write.folders import TemplateFolder
from engine.write.mission import Mission, MissionValue
from engine.write.text_files import TemplateText


def body_of(folder: TemplateFolder) -> Json:
    """A whole folder, as a version holds it."""
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


def folder_from(body: Mapping[str, Any]) -> TemplateFolder:
    """The folder that a version holds."""
    return TemplateFolder(
        name=body["name"],
        family=body["family"],
        occasion=body["occasion"],
        values=tuple(body["values"]),
        feeling=body["feeling"],
        needs=tuple(body["needs"]),
        may_use=tuple(body["may_use"]),
        free_part=body["free_part"],
        texts=tuple(text_from(text) for text in body["texts"]),
        lines=MappingProxyType(dict(body["lines"])),
    )


def text_from(body: Mapping[str, Any]) -> TemplateText:
    """One stored text."""
    variables = tuple((name, source) for name, source in body.get("variables", ()))
    return TemplateText(**{**body, "variables": variables})


def hash_of(body: Json) -> str:
    """The same for the same words, whatever the order of the fields."""
    return sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def mission_body(mission: Mission) -> Json:
    """A mission, as a version holds it."""
    return asdict(mission)


def mission_from(body: Mapping[str, Any]) -> Mission:
    """The mission that a version holds."""
    return Mission(
        statement=body["statement"],
        values=tuple(MissionValue(**value) for value in body["values"]),
        words_to_use=tuple(body["words_to_use"]),
        words_to_avoid=tuple(body["words_to_avoid"]),
        signature_read_by_a_person=body["signature_read_by_a_person"],
        signature_read_by_no_one=body["signature_read_by_no_one"],
    )


def _text_body(text: TemplateText) -> Json:
    """As it is stored. Words that nobody approved look as they always did, so that their hash stays the same."""
    body = asdict(text)
    return body if text.template else {key: body[key] for key in body if key not in ("template", "variables")}
