"""What celebrations did, for the command line: the table of triggers that the page Insight shows."""

from typing import Annotated

import typer

from cli.output import AsJson, out, show
from cli.place import opened
from engine import clock
from engine.dates.zones import local_date
from engine.insight.bounded import bounded
from engine.insight.spans import MOST_DAYS, last_days
from engine.insight.tables import of_tallies
from web.insight_words import half_within, percent, score_brief
from web.queries.insight import Counted, counted_triggers

Days = Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days back, today among them.")]


def insight(days: Days = 90, as_json: AsJson = False) -> None:
    """Count what became of the moments of the last days, trigger by trigger, and what customers did after."""
    with opened() as jubilee, jubilee.db.reading() as session, bounded(session, seconds=600):
        span = last_days(days, today=local_date(clock.now(session), jubilee.settings.team_zone))
        rows = counted_triggers(session, span)
    columns = ("trigger", "spotted", "held", "written", "edited", "half read within", "sent", "answered", "hear less")
    records = of_tallies("trigger", [(row.name, row.tally) for row in rows]).records()
    show((*columns, "complaints", "CSAT", "NPS"), [_cells(row) for row in rows], records, as_json)
    if not as_json:
        said = f"Moments due from {span.first} to {span.last}. What came after need not have come from it."
        out.print(said, markup=False, soft_wrap=not out.is_terminal)


def _cells(row: Counted) -> tuple[str, ...]:
    tally = row.tally
    counts = (f"{count:,}" for count in (tally.spotted, tally.held, tally.written))
    said = (percent(tally.edited_share), half_within(tally), f"{tally.sent:,}", percent(tally.answered_share))
    after = (f"{tally.unsubscribed:,}", f"{tally.complained:,}")
    return (row.name, *counts, *said, *after, *(score_brief(name, tally.scores.get(name)) for name in ("csat", "nps")))
