"""The audit trail: who did what to which thing, and when. For those who answer for it."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from engine import clock
from engine.errors import InvalidInput
from engine.imports.report import harmless
from engine.people.audit import Doer, record
from engine.storage.models import Person
from web.audit_words import ACTIONS, SUBJECTS, TAKING, action_words, actor_words, detail_words, subject_words
from web.pages import show
from web.place import Here, Place, Reading
from web.queries.audit import PAGE, Entry, Key, Wanted, doers, entries
from web.visitors import Auditing, auditing

router = APIRouter(prefix="/audit", dependencies=[Depends(auditing)])
ITSELF = "itself"
COLUMNS = ("at", "person_id", "actor", "action", "subject", "subject_id", "detail")
ROWS_AT_ONCE = 1_000
# Far from where a calendar ends, so that every zone has its midnights.
FIRST, LAST = date(1970, 1, 1), date(2999, 12, 31)


class Filters(BaseModel):
    """The filter form; empty fields say nothing."""

    person: str = ""
    subject: str = ""
    of: str = ""
    action: str = ""
    day: str = ""
    taking: str = ""

    def wanted(self, zone: str, *, whole: bool = False) -> Wanted:
        """Taking and giving back only where that is asked for, or the trail is wanted whole. Raises InvalidInput where
        a field holds what no form of ours would send."""
        try:
            return Wanted(
                person_id=UUID(self.person) if self.person not in ("", ITSELF) else None,
                by_itself=self.person == ITSELF,
                subject=self.subject.strip(),
                subject_id=UUID(self.of) if self.of else None,
                action=self.action.strip(),
                on=_day(self.day) if self.day else None,
                zone=zone,
                without=() if self.taking or whole else TAKING,
            )
        except ValueError as error:
            raise InvalidInput("Nothing in the trail can be found by that.") from error


def _day(text: str) -> date:
    on = date.fromisoformat(text)
    if not FIRST <= on <= LAST:
        raise ValueError(f"{on} is no day of ours")
    return on


@router.get("")
def show_trail(
    request: Request,
    session: Reading,
    visitor: Auditing,
    filters: Annotated[Filters, Query()],
) -> Response:
    """One page of it, the newest first."""
    before = request.query_params.get("before", "")
    key = Key.read(before)
    if before and key is None:
        raise InvalidInput("There is no such place in the trail.")
    people = doers(session)
    names = {str(one.id): one.name for one in people}
    found = entries(session, filters.wanted(visitor.zone), before=key, limit=PAGE + 1)
    values = {
        "entries": found[:PAGE],
        "more": str(found[PAGE - 1].key) if len(found) > PAGE else "",
        "filters": filters,
        "query": {name: value for name, value in filters if value},
        "people": people,
        "actions": sorted(ACTIONS.items(), key=lambda one: one[1]),
        "subjects": sorted(SUBJECTS.items(), key=lambda one: one[1]),
        "action_words": action_words,
        "subject_words": subject_words,
        "actor_words": actor_words,
        "detail_words": lambda detail: detail_words(detail, names, visitor.zone),
        "before": before,
    }
    return show(request, "audit.html", values)


@router.post("/export")
def export(place: Here, visitor: Auditing, filters: Annotated[Filters, Form()]) -> Response:
    """The same as CSV, whole. A POST, as it is itself something that somebody did."""
    wanted = filters.wanted(visitor.zone, whole=True)
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        said = {name: value for name, value in filters if value}
        record(session, Doer(person.name, person.id), "export_audit", person, now=now, filters=said)
    headers = {"content-disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(_rows(place, wanted), media_type="text/csv; charset=utf-8", headers=headers)


def _rows(place: Place, wanted: Wanted) -> Iterator[str]:
    """Piece by piece, so that a long trail is never held as a whole, nor a connection while it is read."""
    yield _csv([COLUMNS])
    before: Key | None = None
    while True:
        with place.db.reading() as session:
            found = entries(session, wanted, before=before, limit=ROWS_AT_ONCE)
        if not found:
            return
        yield _csv([_cells(one) for one in found])
        before = found[-1].key


def _cells(one: Entry) -> tuple[str, ...]:
    detail = json.dumps(one.detail, ensure_ascii=False) if one.detail else ""
    person = str(one.person_id or "")
    return (one.at.isoformat(), person, one.actor, one.action, one.subject, str(one.subject_id), detail)


def _csv(rows: list[tuple[str, ...]]) -> str:
    page = io.StringIO()
    csv.writer(page).writerows([[harmless(cell) for cell in row] for row in rows])
    return page.getvalue()
