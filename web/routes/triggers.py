"""Looking at triggers: the list, one of them, its versions side by side, its file, and all of them as an archive."""

import io
import zipfile
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from engine import clock
from engine.definitions.schema import TriggerDefinition
from engine.definitions.states import shown_in_shadow, waiting
from engine.definitions.store import definition_of, definitions_of
from engine.definitions.unspoken import unspoken
from engine.definitions.versions import newest, proposed, trigger_named, version_numbered, versions_of
from engine.definitions.writing import write_yaml
from engine.storage.models import Person, Trigger, TriggerVersion
from triggers.summary import in_a_sentence, summary
from triggers.table import KINDS
from web.comparing import compare_lines, compare_texts
from web.pages import show
from web.place import Here, Reading
from web.queries.publishing import answers_of, waits_for_second
from web.queries.speaking import speaking
from web.queries.triggers import became, few_wait, holds_of, in_force, newest_versions, trigger_lines

router = APIRouter(prefix="/triggers")
ARCHIVE = "triggers.zip"


@router.get("")
def show_triggers(request: Request, session: Reading) -> Response:
    """Every trigger, what it says in a sentence, and how much of it waits."""
    return show(request, "triggers.html", {"triggers": trigger_lines(session)})


@router.get("/all.zip")
def export_all(session: Reading) -> Response:
    """The newest version of every trigger as a file. Taken in again it changes nothing: what is proposed stays so."""
    held = newest_versions(session)
    known = definitions_of(session, [version.id for _, version in held])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for trigger, version in held:
            if definition := known.get(version.id):
                archive.writestr(f"{trigger.name}.yaml", _file(trigger, version, definition))
    headers = {"content-disposition": f'attachment; filename="{ARCHIVE}"'}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


@router.get("/{name}")
def show_trigger(request: Request, session: Reading, place: Here, name: str, did: str = "") -> Response:
    """What it says, what it does, and what waits to be published."""
    trigger = trigger_named(session, name)
    definition, wanted = in_force(session, trigger), proposed(session, trigger)
    then = definition_of(session, wanted.id) if wanted else None
    last = newest(session, trigger)
    now = session.get(TriggerVersion, trigger.version_id)
    asks, stand = waits_for_second(session, trigger), became(session, trigger)
    values = {
        "trigger": trigger,
        "definition": definition,
        "sentence": in_a_sentence(definition) if definition else "",
        "lines": summary(definition) if definition else (),
        "version": now,
        "newest": last,
        "proposed": wanted,
        "differs": compare_lines(summary(definition), summary(then)) if definition and then else (),
        "asks": asks,
        "asked_by": session.get(Person, asks.asked_by) if asks else None,
        "answers": answers_of(session, trigger, now.id if now else None),
        "became": stand,
        "holds": holds_of(session, trigger),
        "waiting": waiting(session, trigger) if few_wait(stand) else None,
        "shadow": shown_in_shadow(session, trigger),
        "speaking": speaking(session, definition.template, place.offered) if definition else None,
        "unspoken": unspoken(session, definition) if definition and trigger.state != "retired" else (),
        "versions": versions_of(session, trigger, limit=5),
        "did": did,
        "now": clock.now(session),
    }
    return show(request, "trigger.html", values)


@router.get("/{name}/versions")
def show_versions(
    request: Request,
    session: Reading,
    name: str,
    number: Annotated[int | None, Query(ge=1)] = None,
    than: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Its versions, and what changed in one of them against another, by default against the one before."""
    trigger = trigger_named(session, name)
    chosen = version_numbered(session, trigger, number) if number else newest(session, trigger)
    before = version_numbered(session, trigger, than or max(chosen.number - 1, 1))
    old, new = definition_of(session, before.id), definition_of(session, chosen.id)
    values = {
        "trigger": trigger,
        "title": new.title,
        "versions": versions_of(session, trigger),
        "chosen": chosen,
        "before": before,
        "newest": newest(session, trigger),
        "differs": compare_lines(summary(old), summary(new)),
        "texts": compare_texts(write_yaml(old, KINDS), write_yaml(new, KINDS)),
        "lines": summary(new),
    }
    return show(request, "trigger_versions.html", values)


@router.get("/{name}/file")
def export_one(session: Reading, name: str) -> Response:
    """Its newest version as the file that `jubilee triggers apply` reads."""
    trigger = trigger_named(session, name)
    version = newest(session, trigger)
    text = _file(trigger, version, definition_of(session, version.id))
    headers = {"content-disposition": f'attachment; filename="{trigger.name}.yaml"'}
    return Response(text, media_type="application/yaml", headers=headers)


def _file(trigger: Trigger, version: TriggerVersion, definition: TriggerDefinition) -> str:
    """What a version says, below a remark that says which one it is."""
    stands = {"draft": "a draft", "retired": "retired"}.get(trigger.state, "in force")
    said = stands if version.id == trigger.version_id else "proposed and not in force"
    return f"# Version {version.number}, {said}.\n{write_yaml(definition, KINDS)}"
