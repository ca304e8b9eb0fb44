"""Templates: the list, and the page on which one is written, looked at and saved."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.confined import warm_up
from engine.errors import InvalidInput, JubileeError
from engine.people.audit import Doer, record
from engine.send.switch import sending_stopped
from engine.send.trial import prepare_template_test, send_test
from engine.storage.models import Person, Template
from engine.write.bodies import folder_from
from engine.write.checking import check_files
from engine.write.standing import coverage, waiting_from_other_version, write_anew_from_version
from engine.write.store import SavedMeanwhile, mission_in_force, save_template, template_in_force
from web.errors import status_of
from web.pages import show
from web.phrases import sentence_case
from web.place import Here, Place, Reading
from web.queries.finding import search
from web.queries.voice import template_lines, version_in_force
from web.template_changes import changes_between
from web.template_form import (
    GivenTemplate,
    TemplateForm,
    Words,
    files_of_form,
    form_of,
    reshaped,
    sorted_faults,
)
from web.template_look import UNNAMED, Look, Looking, ground_now, ground_of, may_see_customers, of_template, see
from web.template_page import page_values, signer_of
from web.visitors import Auditing, SignedIn, Visitor

router = APIRouter(prefix="/templates")
SAVE = "save_template"
NEW = f"/templates/{UNNAMED}"
LONGEST_REASON = 300
_FOUND = 8
Act = Annotated[str, Form(max_length=100)]


@router.get("")
def show_templates(request: Request, session: Reading) -> Response:
    """Every template: what it speaks of, in which languages and channels, who uses it."""
    lines = template_lines(session)
    covered = coverage(mission_in_force(session)[0], [line.folder for line in lines])
    return show(request, "templates.html", {"lines": lines, "coverage": covered, "brought": None, "complaint": ""})


@router.get("/new-template")
def begin_template(request: Request, place: Here, visitor: SignedIn, look: Looking, of: str = "") -> Response:
    """An empty page, or a copy of another template to go on from."""
    warm_up()
    with place.db.reading() as session:
        form = _first_form(session, of)
    return _page(request, place, visitor, form, look, new=True, fresh=not of)


@router.post("/new-template")
def keep_new_template(
    request: Request,
    place: Here,
    visitor: Auditing,
    form: GivenTemplate,
    look: Looking,
    do: Act = "save",
    language: Act = "",
    copied: Act = "",
) -> Response:
    """Keep the first version of a template, or the page with one thing more or less on it."""
    return _done(request, place, visitor, form, look, do, language, copied, new=True)


@router.get("/{name}")
def show_template(
    request: Request, place: Here, visitor: SignedIn, name: str, look: Looking, did: str = ""
) -> Response:
    """The template as it stands."""
    warm_up()
    with place.db.reading() as session:
        form = form_of(template_in_force(session, name)[0], version_in_force(session, name).number)
    return _page(request, place, visitor, form, look, did=did)


@router.post("/{name}")
def keep_template(
    request: Request,
    place: Here,
    visitor: Auditing,
    name: str,
    form: GivenTemplate,
    look: Looking,
    do: Act = "save",
    language: Act = "",
    copied: Act = "",
) -> Response:
    """Keep what was written as the newest version, or the page with one thing more or less on it."""
    form = of_template(place, form, name)
    return _done(request, place, visitor, form, look, do, language, copied, new=False)


@router.post("/{name}/test")
def send_oneself_a_test(
    request: Request, place: Here, visitor: Auditing, name: str, form: GivenTemplate, look: Looking
) -> Response:
    """Send the text as it stands on the page, for a customer who is made up, to one's own address."""
    form = of_template(place, form, name)
    try:
        ground, now = ground_now(place, visitor, form, look)
        seen = see(ground, form, look, place, signer_of(visitor), now=now)
        if seen.message is None:
            raise InvalidInput(f"A test cannot be made of this: {seen.cannot}")
        with place.db.writing() as session:
            template = session.scalars(select(Template).where(Template.name == name)).one()
            outgoing = prepare_template_test(
                session,
                seen.message,
                template,
                made_up=ground.whom.made_up,
                person=session.get_one(Person, visitor.id),
                now=clock.now(session),
            )
            stopped = not place.settings.sending or sending_stopped(session)
        tested = send_test(place.settings, outgoing, stopped=stopped)
    except JubileeError as error:
        return _page(request, place, visitor, form, look, complaint=str(error), status=status_of(error))
    if tested.channel == "postbox":
        return RedirectResponse(f"/postbox/{outgoing.message_id}", status_code=303)
    return RedirectResponse(f"/templates/{name}?did=tested", status_code=303)


@router.post("/{name}/anew")
def write_drafts_anew(place: Here, visitor: Auditing, name: str, version: Annotated[int, Form(ge=1)]) -> Response:
    """Have the drafts that nobody has touched written again from the version in force."""
    with place.db.writing() as session:
        if version_in_force(session, name).number != version:
            raise SavedMeanwhile(version)
        _, version_id = template_in_force(session, name)
        now = clock.now(session)
        count = write_anew_from_version(session, name, version_id, now=now)
        template = session.scalars(select(Template).where(Template.name == name)).one()
        record(session, Doer(visitor.name, visitor.id), "write_anew", template, now=now, drafts=count)
    return RedirectResponse(f"/templates/{name}?did=anew", status_code=303)


def _done(
    request: Request,
    place: Place,
    visitor: Visitor,
    form: TemplateForm,
    look: Look,
    do: str,
    language: str,
    copied: str,
    *,
    new: bool,
) -> Response:
    if do != "save":
        try:
            shaped = reshaped(form, do, language, copied)
            return _page(request, place, visitor, shaped, look, new=new, unsaved=True)
        except InvalidInput as error:
            return _page(request, place, visitor, form, look, new=new, complaint=str(error), status=422)
    try:
        _save(place, visitor, form)
    except SavedMeanwhile:
        return _both(request, place, visitor, form, look, new=new)
    except JubileeError as error:
        return _page(
            request, place, visitor, form, look, new=new, complaint=str(error), unsaved=True, status=status_of(error)
        )
    return RedirectResponse(f"/templates/{form.stored_name}?did=saved", status_code=303)


class FaultsFound(InvalidInput):
    """Nothing was saved: some things cannot stay as they are. Each is told beside what it is about."""


def _save(place: Place, visitor: Visitor, form: TemplateForm) -> None:
    reason = " ".join(form.reason.split())
    body, faults = check_files(form.stored_name or "new", files_of_form(form), lists_follow=form.lists_follow)
    if body is None:
        raise FaultsFound if sorted_faults(faults) else InvalidInput("Nothing was saved.")
    if not reason:
        raise InvalidInput("Why? A few words for whoever reads the versions later; nothing was saved without them.")
    with place.db.writing() as session:
        now = clock.now(session)
        number = save_template(
            session,
            folder_from(body),
            author=visitor.name,
            reason=reason[:LONGEST_REASON],
            expected=form.version,
            now=now,
        )
        template = session.scalars(select(Template).where(Template.name == body["name"])).one()
        if number != form.version:
            doer = Doer(visitor.name, visitor.id)
            record(session, doer, SAVE, template, now=now, version=number, reason=reason[:LONGEST_REASON])


def _both(request: Request, place: Place, visitor: Visitor, form: TemplateForm, look: Look, *, new: bool) -> Response:
    """Who comes second sees what is in force now beside what they wrote, and goes on from there."""
    name = form.stored_name
    with place.db.reading() as session:
        theirs, version = template_in_force(session, name)[0], version_in_force(session, name)
    if new:
        said = f"There is a template “{sentence_case(name)}” already. Give this one a name of its own."
        return _page(request, place, visitor, form, look, new=True, complaint=said, unsaved=True, status=409)
    changes = changes_between(form_of(theirs, 0), form)
    mine = replace(form, version=version.number)
    return _page(
        request, place, visitor, mine, look, unsaved=True, status=409, theirs={"version": version, "changes": changes}
    )


def _page(
    request: Request,
    place: Place,
    visitor: Visitor,
    form: TemplateForm,
    look: Look,
    *,
    status: int = 200,
    new: bool = False,
    fresh: bool = False,
    **more: Any,
) -> Response:
    """The page with every word of the form. What is read of the database is read before the child is asked."""
    with place.db.reading() as session:
        ground, now = ground_of(session, form, look, visitor), clock.now(session)
        found = search(session, look.q, limit=_FOUND)[:_FOUND] if look.q and may_see_customers(visitor) else []
        stored = None if new else version_in_force(session, form.name)
        waiting = waiting_from_other_version(session, form.name, stored.id) if stored else None
    values = page_values(place, visitor, form, look, ground, now=now, fresh=fresh) | {
        "new": new,
        "action": NEW if new else f"/templates/{form.name}",
        "found": found,
        "searched": bool(look.q),
        "may_search": may_see_customers(visitor),
        "version": stored,
        "waiting": waiting,
        "did": "",
        "complaint": "",
        "unsaved": False,
        "theirs": None,
    }
    return show(request, "template.html", values | more, status=status)


def _first_form(session: Session, of: str) -> TemplateForm:
    if of:
        copied = form_of(template_in_force(session, of)[0], 0)
        return replace(copied, name=f"{sentence_case(of)} copy")
    begun = "Hello {{ customer.first_name }},\n\n\n\n{{ mission.signature }}"
    return TemplateForm(texts={("en", "email", 1): Words("", begun)}, lines={"en": ""})
