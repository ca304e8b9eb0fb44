"""The mission: what it says, how the templates stand to it, and the drafts that were written under an earlier one."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.errors import InvalidInput, JubileeError
from engine.people.audit import Doer, record
from engine.storage.models import Mission as MissionRow
from engine.write.bodies import mission_from
from engine.write.checking import check_mission
from engine.write.faults import Fault
from engine.write.new_mission import bring_into_force
from engine.write.sources import source_of_mission
from engine.write.standing import (
    all_templates,
    coverage,
    forbidden,
    waiting_from_other_mission,
    write_anew_under_mission,
)
from engine.write.store import SavedMeanwhile, mission_in_force, mission_of, newest_mission
from web.errors import status_of
from web.mission_form import (
    FEWEST,
    MOST,
    GivenMission,
    MissionForm,
    ValueLine,
    faults_by_field,
    form_of_mission,
    reshaped,
    source_of_form,
)
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.voice import missions, numbered
from web.template_changes import Change, mission_changes
from web.visitors import Auditing, SignedIn, Visitor

router = APIRouter(prefix="/mission")
SAVE, PUT_BACK, ANEW = "save_mission", "put_back_mission", "write_anew"
LONGEST_REASON = 300


@router.get("")
def show_mission(request: Request, place: Here, visitor: SignedIn, did: str = "") -> Response:
    """The mission as it stands."""
    with place.db.reading() as session:
        form = form_of_mission(mission_in_force(session)[0], newest_mission(session))
    return _page(request, place, visitor, form, did=did)


@router.post("")
def keep_mission(
    request: Request,
    place: Here,
    visitor: Auditing,
    form: GivenMission,
    do: Annotated[str, Form(max_length=20)] = "save",
) -> Response:
    """Keep it as the mission in force, or the page with one value more or less."""
    if do != "save":
        return _page(request, place, visitor, reshaped(form, do), unsaved=True)
    try:
        faults = _save(place, visitor, form)
    except SavedMeanwhile:
        return _both(request, place, visitor, form)
    except JubileeError as error:
        return _page(request, place, visitor, form, complaint=str(error), unsaved=True, status=status_of(error))
    if faults:
        said = "Nothing was saved: some things cannot stay as they are. Each is told beside its field."
        found = faults_by_field(faults)
        return _page(request, place, visitor, form, complaint=said, faults=found, unsaved=True, status=422)
    return RedirectResponse("/mission?did=saved", status_code=303)


@router.post("/anew")
def write_drafts_anew(place: Here, visitor: Auditing, version: Annotated[int, Form(ge=1)]) -> Response:
    """Have the drafts that nobody has touched written again under the mission in force."""
    with place.db.writing() as session:
        if newest_mission(session) != version:
            raise SavedMeanwhile(version)
        _, mission_id = mission_in_force(session)
        now = clock.now(session)
        count = write_anew_under_mission(session, mission_id, now=now)
        row = session.get_one(MissionRow, mission_id)
        record(session, Doer(visitor.name, visitor.id), ANEW, row, now=now, drafts=count)
    return RedirectResponse("/mission?did=anew", status_code=303)


@router.get("/mission.yaml")
def as_file(session: Reading) -> Response:
    """The mission as a file, as it lies beside template folders."""
    return Response(
        source_of_mission(mission_in_force(session)[0]),
        media_type="application/yaml",
        headers={"content-disposition": 'attachment; filename="mission.yaml"'},
    )


@router.get("/versions")
def show_versions(request: Request, session: Reading) -> Response:
    """All versions, with what the newest changed."""
    return show_version(request, session, newest_mission(session))


@router.get("/versions/{number}")
def show_version(request: Request, session: Reading, number: int) -> Response:
    """What one version changed against the one before it."""
    versions = missions(session)
    chosen = numbered(versions, number)
    before = next((one for one in versions if one.number < number), None)
    after = mission_of(session, chosen.id)
    values = {
        "title": "the mission",
        "home": "/mission",
        "versions": versions,
        "chosen": chosen,
        "before": before,
        "changes": mission_changes(mission_of(session, before.id) if before else None, after),
    }
    return show(request, "voice_versions.html", values)


@router.post("/versions/{number}/restore")
def put_back(place: Here, visitor: Auditing, number: int, version: Annotated[int, Form(ge=1)]) -> Response:
    """Make an earlier version the newest one."""
    with place.db.writing() as session:
        now, reason = clock.now(session), f"Version {number} put back"
        mission = mission_of(session, numbered(missions(session), number).id)
        doer = Doer(visitor.name, visitor.id)
        made = bring_into_force(session, mission, author=doer.actor, reason=reason, expected=version, now=now)
        row = session.scalars(select(MissionRow).where(MissionRow.number == made)).one()
        record(session, doer, PUT_BACK, row, now=now, was=number, version=made)
    return RedirectResponse("/mission?did=back", status_code=303)


def _save(place: Place, visitor: Visitor, form: MissionForm) -> list[Fault]:
    """Nothing, or what is wrong with it."""
    body, faults = check_mission(source_of_form(form))
    if body is None:
        return faults
    reason = " ".join(form.reason.split())[:LONGEST_REASON]
    if not reason:
        raise InvalidInput("Why? A few words for whoever reads the versions later; nothing was saved without them.")
    with place.db.writing() as session:
        now, doer = clock.now(session), Doer(visitor.name, visitor.id)
        number = bring_into_force(
            session, mission_from(body), author=doer.actor, reason=reason, expected=form.version, now=now
        )
        if number != form.version:
            row = session.scalars(select(MissionRow).where(MissionRow.number == number)).one()
            record(session, doer, SAVE, row, now=now, version=number, reason=reason)
    return []


def _both(request: Request, place: Place, visitor: Visitor, form: MissionForm) -> Response:
    """Who comes second sees what is in force now beside what they wrote, and goes on from there."""
    body, _ = check_mission(source_of_form(form))
    with place.db.reading() as session:
        theirs = missions(session)[0]
        changes: list[Change] = mission_changes(mission_of(session, theirs.id), mission_from(body)) if body else []
    mine = replace(form, version=theirs.number)
    return _page(
        request, place, visitor, mine, unsaved=True, status=409, theirs={"version": theirs, "changes": changes}
    )


def _page(
    request: Request, place: Place, visitor: Visitor, form: MissionForm, *, status: int = 200, **more: Any
) -> Response:
    """The page with every word of the form."""
    with place.db.reading() as session:
        mission, mission_id = mission_in_force(session)
        folders = all_templates(session)
        rows = [*form.values, *[ValueLine()] * (FEWEST - len(form.values))]
        values = {
            "form": replace(form, values=rows),
            "mission": mission,
            "version": missions(session)[0],
            "coverage": coverage(mission, folders),
            "forbidden": forbidden(mission, folders),
            "waiting": waiting_from_other_mission(session, mission_id),
            "most": MOST,
            "faults": {},
            "did": "",
            "complaint": "",
            "unsaved": False,
            "theirs": None,
            "editable": visitor.may_audit,
        }
    return show(request, "mission.html", values | more, status=status)
