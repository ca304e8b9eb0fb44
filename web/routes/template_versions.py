"""What was saved of a template: its versions, what changed with each, putting one back; and folders down and up."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import InvalidInput
from engine.people.audit import Doer, record
from engine.storage.models import Template
from engine.write.archives import packed, unpacked
from engine.write.bringing_in import bring_in, checked_sheaf
from engine.write.standing import all_templates, coverage
from engine.write.store import mission_in_force, save_template, template_in_force, template_of
from web.pages import show
from web.phrases import words
from web.place import Here, Place, Reading
from web.queries.voice import numbered, template_lines, versions_of
from web.template_changes import changes_between, first_state
from web.template_form import form_of
from web.visitors import Auditing, Visitor

router = APIRouter(prefix="/templates")
PUT_BACK = "put_back_template"
LARGEST = 900_000


@router.get("/all.zip")
def all_as_folders(session: Reading) -> Response:
    """Every template and the mission, as an archive of folders."""
    return _archive(packed(all_templates(session), mission_in_force(session)[0]), "templates.zip")


@router.post("/import-zip")
async def take_in(
    request: Request, place: Here, visitor: Auditing, archive: UploadFile, reason: Annotated[str, Form()] = ""
) -> Response:
    """Check everything in an archive, and store it, or nothing of it."""
    data = await archive.read(LARGEST + 1)
    return await run_in_threadpool(_taken_in, request, place, visitor, data, reason)


@router.get("/{name}/folder.zip")
def as_folder(session: Reading, name: str) -> Response:
    """One template as an archive with its folder."""
    return _archive(packed([template_in_force(session, name)[0]]), f"{name}.zip")


@router.get("/{name}/versions")
def show_versions(request: Request, session: Reading, name: str) -> Response:
    """All versions, with what the newest changed."""
    newest = versions_of(session, name)[0]
    return show_version(request, session, name, newest.number)


@router.get("/{name}/versions/{number}")
def show_version(request: Request, session: Reading, name: str, number: int) -> Response:
    """What one version changed against the one before it."""
    versions = versions_of(session, name)
    chosen = numbered(versions, number)
    before = next((one for one in versions if one.number < number), None)
    new = form_of(template_of(session, chosen.id), 0)
    old = form_of(template_of(session, before.id), 0) if before else None
    values = {
        "title": f"the template “{words(name)}”",
        "home": f"/templates/{name}",
        "versions": versions,
        "chosen": chosen,
        "before": before,
        "changes": changes_between(old, new) if old else first_state(new),
    }
    return show(request, "voice_versions.html", values)


@router.post("/{name}/versions/{number}/restore")
def put_back(place: Here, visitor: Auditing, name: str, number: int, version: Annotated[int, Form(ge=1)]) -> Response:
    """Make an earlier version the newest one; it goes through every check again."""
    with place.db.writing() as session:
        now, reason = clock.now(session), f"Version {number} put back"
        folder = template_of(session, numbered(versions_of(session, name), number).id)
        doer = Doer(visitor.name, visitor.id)
        made = save_template(session, folder, author=doer.actor, reason=reason, expected=version, now=now)
        template = session.scalars(select(Template).where(Template.name == name)).one()
        record(session, doer, PUT_BACK, template, now=now, was=number, version=made)
    return RedirectResponse(f"/templates/{name}?did=back", status_code=303)


def _taken_in(request: Request, place: Place, visitor: Visitor, data: bytes, reason: str) -> Response:
    brought, complaint = None, ""
    try:
        if len(data) > LARGEST:
            raise InvalidInput(f"The archive is larger than {LARGEST:,} bytes.")
        wanted = checked_sheaf(unpacked(data))
        with place.db.writing() as session:
            brought = bring_in(
                session,
                wanted,
                doer=Doer(visitor.name, visitor.id),
                reason=" ".join(reason.split())[:300] or "Taken in from an archive",
                now=clock.now(session),
            )
    except InvalidInput as error:
        complaint = str(error)
    with place.db.reading() as session:
        lines = template_lines(session)
        covered = coverage(mission_in_force(session)[0], [line.folder for line in lines])
    values = {"lines": lines, "coverage": covered, "brought": brought, "complaint": complaint}
    return show(request, "templates.html", values, status=422 if complaint else 200)


def _archive(data: bytes, name: str) -> Response:
    return Response(
        data, media_type="application/zip", headers={"content-disposition": f'attachment; filename="{name}"'}
    )
