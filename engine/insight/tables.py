"""Every table of insight as columns and rows of plain values: for files, and for the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.insight.effect import Apart, Effect
from engine.insight.flagged import Flagged
from engine.insight.quiet import Quiet
from engine.insight.tally import SCORES, Tally
from engine.insight.words import Changes

Cell = str | int | float | bool | None
COUNTS = (
    "spotted",
    "held",
    "control",
    "skipped",
    "expired",
    "cancelled",
    "waiting",
    "written",
    "approved",
    "edited",
    "sent",
    "delivered",
    "came_back",
    "unknown",
    "read",
    "clicked",
    "answered",
    "unhappy",
    "complained",
    "unsubscribed",
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one shape."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def records(self) -> list[dict[str, Cell]]:
        """As JSON has them."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def of_tallies(first: str, found: Sequence[tuple[str, Tally]]) -> Table:
    """What was counted, a line for each. The minutes are the step within which half were approved."""
    scores = [f"{name}_{what}" for name in SCORES for what in ("answers", "average")]
    columns = (first, *COUNTS, "half_approved_within_minutes", *scores, "nps_net")
    return Table(columns, [(name, *_cells(tally)) for name, tally in found])


def of_names(first: str, what: str, found: Sequence[tuple[str, Mapping[str, int]]]) -> Table:
    """Holds or endings by their name, a line for each."""
    rows = [(name, reason, count) for name, reasons in found for reason, count in sorted(reasons.items())]
    return Table((first, what, "moments"), rows)


def of_effects(found: Sequence[Effect], apart: Sequence[Apart]) -> Table:
    """The last reading that was due, or how many are missing; shares and their difference between 0 and 1."""
    columns = (
        *("trigger", "outcome", "good", "within_days", "reading", "through"),
        *("treated", "treated_happened", "control", "control_happened"),
        *("difference", "low", "high", "verdict", "needed_in_each_group", "about_on"),
    )
    rows: list[Sequence[Cell]] = [_effect(one) for one in found]
    rows += [(one.trigger, *(None,) * 12, one.why, None, None) for one in apart]
    return Table(columns, rows)


def of_changes(found: Changes) -> Table:
    """What agents change most."""
    rows = [(one.kind, one.old, one.new, one.customers, ", ".join(one.templates)) for one in found.shown]
    return Table(("kind", "old", "new", "customers", "templates"), rows)


def of_flags(found: Sequence[Flagged]) -> Table:
    """What was stopped, and what became of it."""
    columns = ("trigger", "template", "raised", "open", "changed", "kept", "skipped", "answered_within_hours")
    return Table(columns, [_flagged(one) for one in found])


def of_quiet(found: Sequence[Quiet]) -> Table:
    """With names: for those who may have them."""
    rows = [(one.external_id, one.name, one.years, one.silent_days, _at(one)) for one in found]
    return Table(("customer", "name", "years", "silent_days", "last_active_at"), rows)


def _cells(tally: Tally) -> list[Cell]:
    within = tally.half_within
    scores: list[Cell] = []
    for name in SCORES:
        score = tally.scores.get(name)
        scores += [score.answers, round(score.average or 0, 2)] if score else [0, None]
    nps = tally.scores.get("nps")
    net = round(nps.net) if nps and nps.net is not None else None
    return [*(getattr(tally, name) for name in COUNTS), within and round(within.total_seconds() / 60), *scores, net]


def _effect(one: Effect) -> Sequence[Cell]:
    about = one.about_on.isoformat() if one.about_on else None
    said: tuple[Cell, ...] = (one.trigger, one.outcome, one.good, one.within_days)
    if one.reading is None:
        return (*said, None, None, one.treated, None, one.control, *(None,) * 4, "not_enough_data", one.needed, about)
    due = one.reading
    groups = (due.treated.customers, due.treated.happened, due.control.customers, due.control.happened)
    numbers = (round(number, 5) for number in (due.interval.value, due.interval.low, due.interval.high))
    return (*said, due.number, due.through.isoformat(), *groups, *numbers, due.verdict, one.needed, about)


def _flagged(one: Flagged) -> Sequence[Cell]:
    hours = None if one.answered_within is None else round(one.answered_within.total_seconds() / 3_600, 1)
    return (one.trigger, one.template, one.raised, one.open, one.changed, one.kept, one.skipped, hours)


def _at(one: Quiet) -> str | None:
    return one.last_active_at.isoformat() if one.last_active_at else None
