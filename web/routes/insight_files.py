"""Insight's tables to take away. Counts are for everybody; names for those who answer for what goes out."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from engine import clock
from engine.dates.zones import local_date
from engine.insight import tables
from engine.insight.bounded import bounded
from engine.insight.effect_counts import effects
from engine.insight.flagged import flagged
from engine.insight.quiet import MOST_PAGES, Quiet, Wanted, quiet
from engine.insight.spans import Span
from engine.insight.words import changes
from engine.people.audit import Doer, record
from engine.storage.models import Person
from web.insight_files import As, as_file
from web.insight_span import AskedDays, bounds
from web.place import Here, Place
from web.queries.insight import counted_templates, counted_triggers
from web.visitors import Auditing, SignedIn

router = APIRouter(prefix="/insight")
Which = Literal["triggers", "templates", "holds", "endings", "effect", "words", "flags"]


@router.get("/export")
def export(
    place: Here,
    _: SignedIn,
    asked: AskedDays,
    table: Annotated[Which, Query()] = "triggers",
    form: Annotated[As, Query(alias="as")] = "csv",
) -> Response:
    """One of the tables that hold no customer."""
    with place.db.reading() as session, bounded(session):
        span = asked.span(clock.now(session), place.settings.team_zone)
        made = TABLES[table](session, place, span)
    return as_file(made, f"jubilee-{table}-{span.first}-{span.last}", form)


@router.post("/quiet/export")
def export_quiet(
    place: Here,
    visitor: Auditing,
    years: Annotated[int, Form(ge=0, le=99)] = 3,
    days: Annotated[int, Form(ge=30, le=3_650)] = 365,
    form: Annotated[As, Form(alias="as")] = "csv",
) -> Response:
    """The whole list, with names. A POST, as it is itself something that somebody did."""
    with place.db.writing() as session:
        person, now = session.get_one(Person, visitor.id), clock.now(session)
        record(session, Doer(person.name, person.id), "export_quiet", person, now=now, years=years, days=days)
    found: list[Quiet] = []
    for page in range(1, MOST_PAGES + 1):
        with place.db.reading() as session, bounded(session):
            some, more = quiet(session, Wanted(years, days), now=now, page=page)
        found += some
        if not more:
            break
    return as_file(tables.of_quiet(found), f"jubilee-quiet-{now:%Y-%m-%d}", form)


def _triggers(session: Session, _place: Place, span: Span) -> tables.Table:
    return tables.of_tallies("trigger", [(one.name, one.tally) for one in counted_triggers(session, span)])


def _templates(session: Session, _place: Place, span: Span) -> tables.Table:
    return tables.of_tallies("template", [(one.name, one.tally) for one in counted_templates(session, span)])


def _holds(session: Session, _place: Place, span: Span) -> tables.Table:
    return tables.of_names("trigger", "hold", [(one.name, one.tally.holds) for one in counted_triggers(session, span)])


def _endings(session: Session, _place: Place, span: Span) -> tables.Table:
    found = counted_triggers(session, span)
    return tables.of_names("trigger", "reason", [(one.name, one.tally.endings) for one in found])


def _effect(session: Session, place: Place, _span: Span) -> tables.Table:
    return tables.of_effects(*effects(session, today=local_date(clock.now(session), place.settings.team_zone)))


def _words(session: Session, _place: Place, span: Span) -> tables.Table:
    return tables.of_changes(changes(session, span))


def _flags(session: Session, place: Place, span: Span) -> tables.Table:
    return tables.of_flags(flagged(session, *bounds(span, place.settings.team_zone)))


TABLES: dict[str, Callable[[Session, Place, Span], tables.Table]] = {
    "triggers": _triggers,
    "templates": _templates,
    "holds": _holds,
    "endings": _endings,
    "effect": _effect,
    "words": _words,
    "flags": _flags,
}
