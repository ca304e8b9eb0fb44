"""Backtests and forecasts: asking for one, watching it run, and what it found."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from engine import clock
from engine.backtest.claims import KEEP, KEEP_SAMPLES
from engine.backtest.kept import (
    OPEN,
    Mode,
    ask_rehearsal,
    definitions_of,
    rehearsal_named,
    result_of,
    stop_rehearsal,
    warnings_of,
)
from engine.dates.zones import local_date
from engine.errors import Conflict, InvalidInput, NotFound
from engine.imports.report import harmless
from engine.people.audit import Doer, record
from engine.storage.models import Person, Rehearsal
from web import rehearsal_words
from web.pages import is_fragment, show
from web.place import Here, Place, Reading
from web.queries.rehearsals import ahead_of, candidates, runs, version_named
from web.visitors import Auditing, SignedIn

router = APIRouter(prefix="/rehearsals")
_ONE_DAY, _LONGEST_NAME = timedelta(days=1), 60
A_YEAR, A_MONTH = 365, 30
MODES: Mapping[str, Mode] = {"backtest": "backtest", "forecast": "forecast"}
ROWS = {"days": rehearsal_words.day_rows, "totals": rehearsal_words.total_rows}


class Asked(BaseModel):
    """The form; empty fields say nothing. Days are counted back from yesterday, or on from today."""

    trigger: Annotated[str, Form(max_length=_LONGEST_NAME)] = ""
    version: str = ""
    mode: str = "backtest"
    days: str = ""
    first: str = ""
    last: str = ""

    def span(self, today: date) -> tuple[date, date]:
        """The first and the last day. Raises InvalidInput."""
        ahead = self.mode == "forecast"
        try:
            if self.first or self.last:
                last = date.fromisoformat(self.last) if self.last else today - _ONE_DAY
                return date.fromisoformat(self.first) if self.first else last - (A_YEAR - 1) * _ONE_DAY, last
            days = int(self.days or (A_MONTH if ahead else A_YEAR))
            if ahead:
                return today, today + (days - 1) * _ONE_DAY
            return today - days * _ONE_DAY, today - _ONE_DAY
        except (ValueError, OverflowError) as error:
            raise InvalidInput("Days are whole numbers, and dates are written like 2026-03-14.") from error

    @property
    def number(self) -> int | None:
        """The version that is meant; None: the newest. Raises InvalidInput."""
        if not self.version:
            return None
        if not self.version.isdigit() or len(self.version) > 9:
            raise InvalidInput("Versions are counted 1, 2, 3.")
        return int(self.version)


@router.get("")
def show_runs(request: Request, session: Reading, trigger: str = "", mode: str = "backtest") -> Response:
    """The runs that are kept, and the form to ask for one; a link may fill it in."""
    return _list(request, session, Asked(trigger=trigger[:_LONGEST_NAME], mode=mode))


@router.post("")
def ask(request: Request, place: Here, visitor: Auditing, asked: Annotated[Asked, Form()]) -> Response:
    """Ask for a run, and go to its page."""
    try:
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            today = local_date(now, place.settings.team_zone)
            first, last = asked.span(today)
            definition = version_named(session, asked.trigger, asked.number)
            days = {"first": first, "last": last, "today": today}
            made = ask_rehearsal(session, _mode(asked.mode), [definition], **days, person=person, now=now)
            found = made.id
    except (InvalidInput, NotFound, Conflict) as error:
        with place.db.reading() as session:
            return _list(request, session, asked, str(error), 409 if isinstance(error, Conflict) else 422)
    return RedirectResponse(f"/rehearsals/{found}", status_code=303)


@router.get("/{rehearsal_id}")
def show_run(request: Request, session: Reading, place: Here, rehearsal_id: UUID) -> Response:
    """How far it is, or what it found."""
    return _run(request, session, place, rehearsal_named(session, rehearsal_id))


@router.get("/{rehearsal_id}/progress")
def show_progress(request: Request, session: Reading, place: Here, rehearsal_id: UUID) -> Response:
    """What an open page asks every two seconds: the part that says how far it is. When it is over the page is loaded
    anew."""
    rehearsal = rehearsal_named(session, rehearsal_id)
    if not is_fragment(request):
        return RedirectResponse(f"/rehearsals/{rehearsal_id}", status_code=303)
    if rehearsal.state not in OPEN:
        return Response(headers={"hx-refresh": "true"})
    return _run(request, session, place, rehearsal, "rehearsal_progress.html")


@router.post("/{rehearsal_id}/stop")
def stop(place: Here, visitor: Auditing, rehearsal_id: UUID) -> Response:
    """End it, whoever asked for it."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        stop_rehearsal(session, rehearsal_id, person=person, now=now)
    return RedirectResponse(f"/rehearsals/{rehearsal_id}", status_code=303)


@router.post("/{rehearsal_id}/export")
def export(
    place: Here, visitor: SignedIn, rehearsal_id: UUID, what: Annotated[Literal["days", "totals"], Form()] = "days"
) -> Response:
    """Its counts as CSV. A POST, as it is itself something that somebody did; no customer is in it."""
    with place.db.writing() as session:
        rehearsal = rehearsal_named(session, rehearsal_id)
        result = result_of(session, rehearsal)
        if result is None:
            raise InvalidInput("This run has nothing that could be exported.")
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        record(session, Doer(person.name, person.id), "export_rehearsal", rehearsal, now=now, what=what)
        name = f"{rehearsal.mode}-{what}-{rehearsal.first_on}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(_csv(ROWS[what](result)), media_type="text/csv; charset=utf-8", headers=headers)


def _mode(mode: str) -> Mode:
    if mode not in MODES:
        raise InvalidInput("A run looks back (backtest) or ahead (forecast).")
    return MODES[mode]


def _list(request: Request, session: Session, asked: Asked, complaint: str = "", status: int = 200) -> Response:
    values = {
        "runs": runs(session),
        "candidates": candidates(session),
        "asked": asked,
        "complaint": complaint,
        "now": clock.now(session),
        "keep_days": KEEP.days,
    }
    return show(request, "rehearsals.html", values, status=status)


def _run(
    request: Request, session: Session, place: Place, rehearsal: Rehearsal, template: str = "rehearsal.html"
) -> Response:
    result = result_of(session, rehearsal)
    asked_by = session.get_one(Person, rehearsal.asked_by)
    waits = rehearsal.state == "waiting"
    values = {
        "run": rehearsal,
        "names": rehearsal.names.split(),
        "titles": _titles(rehearsal),
        "asked_by": asked_by.name,
        "is_open": rehearsal.state in OPEN,
        "ahead": ahead_of(session, rehearsal) if waits else 0,
        "now": clock.now(session),
        "part": rehearsal_words.PARTS.get(rehearsal.part, rehearsal.part),
        "keep_samples": KEEP_SAMPLES.days,
        "result": result,
        "words": rehearsal_words,
        "warnings": warnings_of(result) if result else (),
        "team_zone": place.settings.team_zone,
    }
    return show(request, template, values)


def _titles(rehearsal: Rehearsal) -> Sequence[str]:
    try:
        return [one.title for one in definitions_of(rehearsal)]
    except InvalidInput:
        return rehearsal.names.split()


def _csv(rows: Iterable[Sequence[object]]) -> str:
    page = io.StringIO()
    csv.writer(page).writerows([[harmless(str(cell)) for cell in row] for row in rows])
    return page.getvalue()
