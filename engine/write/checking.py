"""Checks what was written in a form as the folder it would be: every fault at once, and the facts its texts name.

Plain values in and out, so that it can be done in a child process (engine/confined.py).
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.confined import confined
from engine.write.bodies import body_of, mission_body
from engine.write.document import document_in, text_in
from engine.write.faults import Fault, Faulty
from engine.write.folders import DESCRIPTION, Files, read_parts, read_template
from engine.write.mission import mission_in
from engine.write.sources import description_of, listed_facts

Checked = tuple[dict[str, Any] | None, list[Fault]]


def check_files(name: str, files: Files, *, lists_follow: bool = False) -> Checked:
    """The body of the template that these files make, or why they make none. In a child: it is the author's own words.

    `lists_follow`: `needs` and `may_use` are taken from the texts. Raises `Stopped`.
    """
    given = {path: data.decode(errors="surrogatepass") for path, data in files.items()}
    answer = confined(f"{__name__}:check", {"name": name, "files": given, "lists_follow": lists_follow})
    return answer["body"], _faults(answer)


def check_mission(source: str) -> Checked:
    """The body of the mission that this YAML says, or why it says none."""
    answer = confined(f"{__name__}:check_source", source)
    return answer["body"], _faults(answer)


def check(values: dict[str, Any]) -> dict[str, Any]:
    """What the child does for a template."""
    files = {path: text.encode(errors="surrogatepass") for path, text in values["files"].items()}
    place = Path(values["name"])
    try:
        if values["lists_follow"]:
            files[DESCRIPTION] = _following(place, files).encode()
        return {"body": body_of(read_template(place, files)), "faults": []}
    except Faulty as faulty:
        return {"body": None, "faults": [_told(fault) for fault in faulty.faults]}


def check_source(source: str) -> dict[str, Any]:
    """What the child does for a mission."""
    path = Path("mission.yaml")
    try:
        return {"body": mission_body(mission_in(document_in(text_in(source.encode(), path), path))), "faults": []}
    except Faulty as faulty:
        return {"body": None, "faults": [_told(fault) for fault in faulty.faults]}


def _following(place: Path, files: Files) -> str:
    """The description with the lists that the texts want."""
    folder, _ = read_parts(place, files)
    needs, may_use = listed_facts(folder)
    return description_of(replace(folder, needs=tuple(needs), may_use=tuple(may_use)))


def _told(fault: Fault) -> dict[str, Any]:
    return {"path": str(fault.path), "message": fault.message, "line": fault.line, "field": fault.field}


def _faults(answer: dict[str, Any]) -> list[Fault]:
    return [Fault(Path(one["path"]), one["message"], one["line"], one["field"]) for one in answer["faults"]]
