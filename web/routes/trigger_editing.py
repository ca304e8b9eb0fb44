"""Building triggers: the form for a new one and for a change, what it says while one writes, and the same as a file."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.conditions import Condition, read_condition
from engine.conditions.counting import Counted, count_customers, may_be_counted
from engine.definitions.positions import Fault
from engine.definitions.reading import read_text
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definition_of
from engine.definitions.versions import ChangedMeanwhile, NameTaken, Retired, Save, newest, save_version, trigger_named
from engine.definitions.versions import put_back as put_version_back
from engine.definitions.writing import write_yaml
from engine.errors import Conflict, InvalidDefinition, InvalidInput
from engine.storage.models import Person, Trigger
from triggers.summary import in_a_sentence, summary
from triggers.table import KINDS
from web.comparing import compare_lines, compare_texts
from web.names import name_from, show_name
from web.pages import is_fragment, show
from web.place import Here, Place, Reading
from web.queries.publishing import nobody_has, unheard
from web.queries.speaking import choices, speaking
from web.queries.suggestions import suggestions
from web.queries.triggers import free_name, trigger_lines
from web.trigger_form import Form as TriggerForm
from web.trigger_form import read_form, spread
from web.trigger_form.beginnings import like, of_kind
from web.trigger_form.conditions import gather_condition
from web.trigger_form.form import press
from web.trigger_form.gathering import Fields, Gathering
from web.visitors import Auditing, Visitor, auditing

router = APIRouter(prefix="/triggers")
SAVE, LOOK = "save", "show"
MADE = "made in the console"


async def _fields(request: Request) -> dict[str, str]:
    """Everything that the form says, by field."""
    form = await request.form()
    return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}


Given = Annotated[dict[str, str], Depends(_fields)]


@router.get("/new", dependencies=[Depends(auditing)])
def begin(request: Request, session: Reading, place: Here, kind: str = "", copy_of: str = "") -> Response:
    """How to begin; then the form, empty or like another trigger."""
    if copy_of:
        trigger = trigger_named(session, copy_of)
        fields = like(definition_of(session, newest(session, trigger).id), KINDS)
        return _form(request, session, place, TriggerForm(fields), like=copy_of)
    if kind in KINDS:
        return _form(request, session, place, TriggerForm(of_kind(kind, KINDS)))
    return show(request, "trigger_new.html", {"triggers": trigger_lines(session)})


@router.post("/new")
def make(request: Request, place: Here, visitor: Auditing, fields: Given) -> Response:
    """Keep a new trigger as a draft. Its other buttons only change the form."""
    return _kept(request, place, visitor, fields, None)


@router.get("/{name}/edit", dependencies=[Depends(auditing)])
def edit(request: Request, session: Reading, place: Here, name: str) -> Response:
    """The newest version in a form."""
    trigger = trigger_named(session, name)
    if trigger.state == "retired":
        return _is_retired(name)
    last = newest(session, trigger)
    fields = spread(definition_of(session, last.id), KINDS) | {"expected": str(last.number)}
    return _form(request, session, place, TriggerForm(fields), trigger=trigger)


@router.post("/{name}/edit")
def change(request: Request, place: Here, visitor: Auditing, name: str, fields: Given) -> Response:
    """Keep a new version: of a draft at once, else proposed until it is published."""
    return _kept(request, place, visitor, fields | {"name": name}, name)


@router.post("/look-at", dependencies=[Depends(auditing)])
def look_at(request: Request, session: Reading, place: Here, fields: Given) -> Response:
    """What the form says at the moment: in words, how many customers, and which texts there are. Keeps nothing."""
    return show(request, "trigger_look.html", _look(session, place, fields, counting=True))


@router.get("/{name}/yaml", dependencies=[Depends(auditing)])
def show_yaml(request: Request, session: Reading, name: str) -> Response:
    """The newest version as a file, to be edited by those who like files better than forms."""
    trigger = trigger_named(session, name)
    if trigger.state == "retired":
        return _is_retired(name)
    last = newest(session, trigger)
    text = write_yaml(definition_of(session, last.id), KINDS)
    return _yaml(request, session, trigger, text, expected=last.number)


@router.post("/{name}/yaml")
def save_yaml(
    request: Request,
    place: Here,
    visitor: Auditing,
    name: str,
    text: Annotated[str, Form(max_length=100_000)] = "",
    expected: Annotated[int, Form()] = 0,
    reason: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """Keep what the file says; with faults the same text comes back, and nothing is kept."""
    with place.db.reading() as session:
        trigger = trigger_named(session, name)
        definition, faults = read_text(text, KINDS)
        if definition and definition.name != name:
            faults = [Fault(("name",), 1, f"must stay {name}; another name is another trigger")]
        if faults or definition is None:
            return _yaml(request, session, trigger, text, expected=expected, reason=reason, faults=faults)
    try:
        with place.db.writing() as session:
            save_version(session, definition, KINDS, _save(session, visitor, reason, expected))
    except (Conflict, InvalidInput) as error:
        with place.db.reading() as session:
            trigger = trigger_named(session, name)
            return _yaml(request, session, trigger, text, expected=expected, reason=reason, complaint=error)
    return RedirectResponse(f"/triggers/{name}?did=saved", 303)


@router.post("/{name}/versions")
def put_back(
    place: Here,
    visitor: Auditing,
    name: str,
    number: Annotated[int, Form(ge=1)],
    expected: Annotated[int, Form(ge=1)],
    reason: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """Keep what an old version says as a new one."""
    with place.db.writing() as session:
        trigger = trigger_named(session, name, lock=True)
        because = reason.strip() or f"put version {number} back"
        put_version_back(session, trigger, number, KINDS, _save(session, visitor, because, expected))
    return RedirectResponse(f"/triggers/{name}?did=saved", 303)


def _kept(request: Request, place: Place, visitor: Visitor, fields: dict[str, str], name: str | None) -> Response:
    """Do what the button says: save, or show the form again with what the button did to it."""
    button = fields.get("do", "")
    if button != SAVE:
        with place.db.reading() as session:
            trigger = trigger_named(session, name) if name else None
            shown, counting = TriggerForm(press(fields, button)), button == LOOK and not is_fragment(request)
            return _form(request, session, place, shown, trigger=trigger, counting=counting)
    definition, form = read_form(_named(fields), KINDS)
    wrong, status = dict(form.faults), 422
    if name and not fields.get("reason", "").strip():
        wrong["reason"] = "Say in a few words why it changes; it is kept with the version."
    theirs: TriggerDefinition | None = None
    if definition and not wrong:
        try:
            with place.db.writing() as session:
                expected = int(fields["expected"]) if name and fields.get("expected", "").isdigit() else 0
                because = fields.get("reason", "").strip() or MADE
                if not name and not fields.get("name", "").strip():
                    free = free_name(session, definition.name, definition.title)
                    definition = definition.model_copy(update={"name": free})
                save_version(session, definition, KINDS, _save(session, visitor, because, expected))
            return RedirectResponse(f"/triggers/{definition.name}?did=saved", 303)
        except ChangedMeanwhile:
            with place.db.reading() as session:
                last = newest(session, trigger_named(session, definition.name))
                theirs, status = definition_of(session, last.id), 409
                fields = fields | {"expected": str(last.number)}
        except Retired:
            status = 409
        except NameTaken:
            wrong["name"], status = "There is a trigger of this name already. Give this one another.", 409
            fields = fields | {"name": show_name(definition.name)}
        except InvalidDefinition as error:
            wrong["name"] = str(error)
    with place.db.reading() as session:
        trigger = trigger_named(session, name) if name else None
        shown = TriggerForm(fields, wrong)
        return _form(request, session, place, shown, trigger=trigger, theirs=theirs, mine=definition, status=status)


def _is_retired(name: str) -> Response:
    """Said before anything is typed."""
    return RedirectResponse(f"/triggers/{name}?did=is_retired", 303)


def _form(
    request: Request,
    session: Session,
    place: Place,
    form: TriggerForm,
    *,
    trigger: Trigger | None = None,
    like: str = "",
    theirs: TriggerDefinition | None = None,
    mine: TriggerDefinition | None = None,
    counting: bool = False,
    status: int = 200,
) -> Response:
    """The whole page. Customers are counted after it, by what looks at the form, or where somebody asks by a button."""
    last = newest(session, trigger) if trigger else None
    values = _look(session, place, form.fields, counting=counting) | {
        "form": form,
        "trigger": trigger,
        "newest": last,
        "like": like,
        "templates": choices(session),
        "suggestions": suggestions(session),
        "differs": compare_lines(summary(theirs), summary(mine)) if theirs and mine else (),
        "theirs": summary(theirs) if theirs else (),
    }
    return show(request, "trigger_form.html", values, status=status)


def _named(fields: Fields) -> dict[str, str]:
    """With a name, so that what a new one says can be told before it has one."""
    return {
        **fields,
        "name": fields.get("name", "").strip() or name_from(fields.get("title", ""), "trigger") or "new_one",
    }


def _look(session: Session, place: Place, fields: Fields, *, counting: bool) -> dict[str, Any]:
    """Beside the form: what it says, how many customers it is for, and what the template covers."""
    definition, form = read_form(_named(fields), KINDS)
    audience, may_count = _audience(form)
    return {
        "form": form,
        "sentence": in_a_sentence(definition) if definition else "",
        "lines": summary(definition) if definition else (),
        "missing": form.faults,
        "nobody_has": nobody_has(session, definition) if definition else "",
        "unheard": unheard(session, definition) if definition else (),
        "may_count": may_count,
        "counted": _counted(place, audience) if may_count and counting else None,
        "speaking": speaking(session, form("template").replace(" ", "_"), place.offered),
    }


def _audience(form: TriggerForm) -> tuple[Condition | None, bool]:
    """For whom it is, whatever is still missing elsewhere, and whether these can be counted beforehand."""
    gathering = Gathering(form.fields)
    plain = gather_condition(gathering, "audience", ("audience",))
    try:
        audience = read_condition(plain) if plain is not None else None
    except ValueError:
        return None, False
    return audience, not gathering.faults and may_be_counted(audience)


def _counted(place: Place, audience: Condition | None) -> Counted:
    """In a session of its own, as a statement that takes long is ended."""
    with place.db.reading() as session:
        return count_customers(session, audience)


def _yaml(
    request: Request,
    session: Session,
    trigger: Trigger,
    text: str,
    *,
    expected: int,
    reason: str = "",
    faults: Any = (),
    complaint: Exception | None = None,
) -> Response:
    last = newest(session, trigger)
    changed = isinstance(complaint, ChangedMeanwhile)
    values = {
        "trigger": trigger,
        "title": definition_of(session, last.id).title,
        "text": text.replace("\r\n", "\n"),
        "expected": last.number if changed else expected,
        "reason": reason,
        "faults": faults,
        "faulty": {fault.line for fault in faults},
        "complaint": "" if changed or complaint is None else str(complaint),
        "texts": compare_texts(write_yaml(definition_of(session, last.id), KINDS), text) if changed else (),
        "newest": last,
    }
    status = 409 if changed else 422 if faults or complaint else 200
    return show(request, "trigger_yaml.html", values, status=status)


def _save(session: Session, visitor: Visitor, reason: str, expected: int) -> Save:
    return Save(session.get_one(Person, visitor.id), reason, expected, clock.now(session))
