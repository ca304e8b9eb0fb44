"""What celebrations did for customers: counts by trigger and template, the effect, words, flags, quiet customers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from engine import clock
from engine.dates.zones import local_date
from engine.insight.bounded import bounded
from engine.insight.cases import Wanted
from engine.insight.counts import tallies, tally
from engine.insight.effect import LEAST
from engine.insight.effect_counts import effects
from engine.insight.flagged import flagged, last_flags
from engine.insight.outcomes import outcomes
from engine.insight.quiet import MOST_PAGES, quiet
from engine.insight.quiet import Wanted as WantedQuiet
from engine.insight.spans import OFFERED, Span
from engine.insight.words import LEAST_CUSTOMERS, changes
from web.insight_charts import DAYS_APART, REVIEW, WAYS, Part, over_time, time_to_approve
from web.insight_effect import effect_chart
from web.insight_span import Asked, AskedDays, bounds
from web.insight_words import WORDS
from web.pages import show
from web.place import Here, Place
from web.queries.insight import Counted, counted_templates, counted_triggers, known_template, summed, trigger_head
from web.visitors import SignedIn

router = APIRouter(prefix="/insight")
Years = Annotated[int, Query(ge=0, le=99)]
Days = Annotated[int, Query(ge=30, le=3_650)]
PageNumber = Annotated[int, Query(ge=1, le=MOST_PAGES)]


@router.get("")
def show_triggers(request: Request, place: Here, _: SignedIn, asked: AskedDays) -> Response:
    """Every trigger, and all of them over time."""
    return _overview(request, place, asked, "trigger", counted_triggers, WAYS)


@router.get("/templates")
def show_templates(request: Request, place: Here, _: SignedIn, asked: AskedDays) -> Response:
    """Every template, and how drafts were changed over time."""
    return _overview(request, place, asked, "template", counted_templates, REVIEW)


@router.get("/triggers/{name}")
def show_trigger(request: Request, place: Here, _: SignedIn, asked: AskedDays, name: str) -> Response:
    """One trigger, from what it spotted to what came after."""
    with place.db.reading() as session, bounded(session):
        span, today = _span(session, place, asked), _today(session, place)
        head = trigger_head(session, name)
        whole = tally(session, Wanted(span, "trigger", trigger_id=head.id))
        days = tallies(session, Wanted(span, "day", trigger_id=head.id))
        found, apart = effects(session, today=today, trigger=name)
    values = {"head": head, "title": head.title, "of": "trigger", "effects": found, "apart": apart}
    return _one(request, asked, span, values | _charts(span, whole, days))


@router.get("/templates/{name}")
def show_template(request: Request, place: Here, _: SignedIn, asked: AskedDays, name: str) -> Response:
    """One template, from what was written to what came after."""
    with place.db.reading() as session, bounded(session):
        span = _span(session, place, asked)
        known_template(session, name)
        whole = tally(session, Wanted(span, "template", template=name))
        days = tallies(session, Wanted(span, "day", template=name))
    values = {"head": {"name": name}, "title": name, "of": "template", "effects": [], "apart": []}
    return _one(request, asked, span, values | _charts(span, whole, days))


@router.get("/effect")
def show_effect(request: Request, place: Here, _: SignedIn) -> Response:
    """Against the control groups. There is no choice of days: each choice would be one more look."""
    with place.db.reading() as session, bounded(session):
        today = _today(session, place)
        found, apart = effects(session, today=today)
        named = outcomes(session)
    values = {
        "effects": found,
        "apart": apart,
        "outcomes": named,
        "chart": effect_chart(found),
        "tab": "effect",
        "least": LEAST,
    }
    return show(request, "insight_effect.html", values | WORDS)


@router.get("/words")
def show_words(
    request: Request, place: Here, _: SignedIn, asked: AskedDays, template: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """What agents change most in drafts."""
    with place.db.reading() as session, bounded(session):
        span = _span(session, place, asked)
        found = changes(session, span, template=template or None)
    values = {"found": found, "least": LEAST_CUSTOMERS, "template": template}
    return _page(request, "insight_words.html", "words", asked, span, values)


@router.get("/flags")
def show_flags(request: Request, place: Here, _: SignedIn, asked: AskedDays) -> Response:
    """What agents stopped, and whether marketing answered."""
    with place.db.reading() as session, bounded(session):
        span = _span(session, place, asked)
        begins, ends = bounds(span, place.settings.team_zone)
        rows, said = flagged(session, begins, ends), last_flags(session, begins, ends)
    return _page(request, "insight_flags.html", "flags", asked, span, {"rows": rows, "said": said})


@router.get("/quiet")
def show_quiet(
    request: Request, place: Here, _: SignedIn, years: Years = 3, days: Days = 365, page: PageNumber = 1
) -> Response:
    """Long-time customers who did nothing for long. Whoever may look customers up may see it."""
    with place.db.reading() as session, bounded(session):
        found, more = quiet(session, WantedQuiet(years, days), now=clock.now(session), page=page)
    values = {"found": found, "more": more, "page": page, "years": years, "days": days, "tab": "quiet"}
    return show(request, "insight_quiet.html", values | WORDS)


def _overview(
    request: Request,
    place: Place,
    asked: Asked,
    of: str,
    counted: Callable[[Session, Span], list[Counted]],
    parts: Sequence[Part],
) -> Response:
    with place.db.reading() as session, bounded(session):
        span = _span(session, place, asked)
        rows = counted(session, span)
        days = tallies(session, Wanted(span, "day"))
    values = {"rows": rows, "sums": summed(rows), "chart_of_all": over_time(span, days, parts), "of": of}
    return _page(request, "insight.html", f"{of}s", asked, span, values)


def _charts(span: Span, whole: Any, days: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "tally": whole,
        "ways": over_time(span, days, WAYS),
        "review": over_time(span, days, REVIEW),
        "steps": time_to_approve(whole),
    }


def _one(request: Request, asked: Asked, span: Span, values: Mapping[str, Any]) -> Response:
    return _page(request, "insight_one.html", f"{values['of']}s", asked, span, values)


def _page(request: Request, template: str, tab: str, asked: Asked, span: Span, values: Mapping[str, Any]) -> Response:
    told = {
        "tab": tab,
        "asked": asked,
        "span": span,
        "offered": OFFERED,
        "here": request.url.path,
        "by_week": span.days > DAYS_APART,
    }
    return show(request, template, {**told, **values, **WORDS})


def _span(session: Session, place: Place, asked: Asked) -> Span:
    return asked.span(clock.now(session), place.settings.team_zone)


def _today(session: Session, place: Place) -> date:
    return local_date(clock.now(session), place.settings.team_zone)
