"""Triggers from files: pasted or uploaded, several at once or in an archive. A broken one is answered with its faults,
and not kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from engine import clock
from engine.definitions.positions import Fault
from engine.definitions.reading import read_text
from engine.definitions.versions import Save, newest, save_version, trigger_named
from engine.errors import InvalidInput, JubileeError, NotFound
from engine.storage.models import Person
from engine.write.archives import NotAnArchive, files_in
from triggers.table import KINDS
from web.pages import show
from web.place import Here, Place
from web.visitors import Auditing, Visitor, auditing

router = APIRouter(prefix="/triggers")
PASTED = "what you pasted"
REASON = "from a file"
MOST = 100
LARGEST = 900_000  # one file as it comes
ZIP = b"PK"


@dataclass(frozen=True, slots=True)
class File:
    """One file as it came. Without a text, `wrong` says why."""

    name: str
    text: str | None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: kept as a trigger, or its faults, beside its text."""

    file: File
    trigger: str | None = None
    said: str = ""
    faults: Sequence[Fault] = ()


async def _files(request: Request) -> list[File]:
    form = await request.form()
    found = [File(PASTED, text)] if isinstance(text := form.get("text"), str) and text.strip() else []
    uploads = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
    for one in uploads[:MOST]:
        if one.filename:
            found += _read(one.filename, await one.read(LARGEST + 1))
    await form.close()
    return found[:MOST]


def _read(name: str, data: bytes) -> list[File]:
    """The file itself, or what it holds where it is an archive."""
    if len(data) > LARGEST:
        return [File(name, None, f"is larger than {LARGEST:,} bytes")]
    if not data.startswith(ZIP):
        return [_decoded(name, data)]
    try:
        inside = files_in(data)
    except NotAnArchive:
        return [File(name, None, "is no archive that can be read")]
    except InvalidInput as error:
        return [File(name, None, str(error))]
    if len(inside) > MOST:
        return [File(name, None, f"holds more than {MOST} files")]
    return [_decoded(f"{name}: {each}", text) for each, text in sorted(inside.items())]


@router.get("/from-files", dependencies=[Depends(auditing)])
def ask(request: Request) -> Response:
    """Where to paste or choose."""
    return show(request, "trigger_files.html", {"outcomes": (), "text": "", "complaint": ""})


@router.post("/from-files")
def keep(request: Request, place: Here, visitor: Auditing, files: Annotated[list[File], Depends(_files)]) -> Response:
    """Keep each file that is well, in a transaction of its own; nothing of a broken one."""
    outcomes = [_keep(place, visitor, file) for file in files]
    broken = [one for one in outcomes if one.trigger is None]
    pasted = next((one.file.text for one in broken if one.file.name == PASTED), "")
    complaint = "" if files else "Paste a trigger, or choose at least one file."
    status = 422 if broken or not files else 200
    values = {"outcomes": outcomes, "text": pasted, "complaint": complaint}
    return show(request, "trigger_files.html", values, status=status)


def _keep(place: Place, visitor: Visitor, file: File) -> Outcome:
    if file.text is None:
        return Outcome(file, faults=[Fault((), 1, file.wrong)])
    definition, faults = read_text(file.text, KINDS)
    if faults or definition is None:
        return Outcome(file, faults=faults)
    try:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            try:
                before = newest(session, trigger_named(session, definition.name, lock=True)).number
            except NotFound:
                before = 0
            version = save_version(session, definition, KINDS, Save(person, REASON, before, now))
            state = trigger_named(session, definition.name).state
    except JubileeError as error:
        return Outcome(file, faults=[Fault((), 1, str(error))])
    return Outcome(file, definition.name, _said(before, version.number, state))


def _said(before: int, number: int, state: str) -> str:
    if not before:
        return "is kept as a draft"
    if number == before:
        return "says what was kept already"
    return f"is kept as version {number}" + ("" if state == "draft" else ", proposed until you publish it")


def _decoded(name: str, raw: bytes) -> File:
    try:
        return File(name, raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return File(name, None, "is not UTF-8 text")
