"""Commands that say what triggers would have done, and what they will do: nothing is sent, and nothing is stored."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.output import AsJson, err, out, say_json, show
from cli.place import opened
from engine import clock
from engine.backtest.rehearsal import Subjects, Watcher
from engine.backtest.results import Result, Segment, TriggerResult
from engine.backtest.run import backtest, forecast
from engine.dates.zones import local_date
from engine.definitions.reading import read_definition
from engine.errors import InvalidInput
from engine.rounds import Jubilee
from triggers.table import KINDS

_A_YEAR = timedelta(days=365)
_ONE_DAY = timedelta(days=1)
_WHAT = {"everybody": "Whom it may touch", "days": "The days", "counting": "Counting"}

Names = Annotated[
    list[str], typer.Argument(help="Triggers by name, or YAML files of them: a draft need not be applied first.")
]
From = Annotated[str | None, typer.Option("--from", help="The first day, YYYY-MM-DD; a year ago if not given.")]
To = Annotated[str | None, typer.Option("--to", help="The last day; yesterday if not given.")]
Days = Annotated[int, typer.Option("--days", help="How many days to look ahead.", min=1, max=366)]


def run_backtest(names: Names, first: From = None, last: To = None, as_json: AsJson = False) -> None:
    """Say what triggers would have done on days that are over. Nothing is sent, and nothing is stored."""

    def rehearse(jubilee: Jubilee, subjects: Subjects, now: datetime, watcher: Watcher) -> Result:
        today = local_date(now, jubilee.team.zone)
        to = _day(last, "--to") or today - _ONE_DAY
        since = _day(first, "--from") or to - _A_YEAR + _ONE_DAY
        return backtest(jubilee.house, subjects, since, to, today=today, voice=jubilee.voice, watcher=watcher)

    _run(names, rehearse, as_json)


def run_forecast(names: Names, days: Days = 30, as_json: AsJson = False) -> None:
    """Say what triggers will do in the days to come, as far as it can be known. Nothing is sent or stored."""
    _run(
        names,
        lambda jubilee, subjects, now, watcher: forecast(
            jubilee.house, subjects, days, now=now, voice=jubilee.voice, watcher=watcher
        ),
        as_json,
    )


Rehearse = Callable[[Jubilee, Subjects, datetime, Watcher], Result]


def _run(names: Sequence[str], rehearse: Rehearse, as_json: bool) -> None:
    subjects = [read_definition(Path(name), KINDS) if _is_file(name) else name for name in names]
    with opened() as jubilee:
        with jubilee.db.reading() as session:
            now = clock.now(session)
        with _watched() as watcher:
            result = rehearse(jubilee, subjects, now, watcher)
    if as_json:
        say_json(result)
    else:
        _tell(result)


@contextmanager
def _watched() -> Iterator[Watcher]:
    """A line for each part of the run, on standard error; Ctrl-C ends it and leaves nothing behind."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        tasks = {name: bar.add_task(what, total=None) for name, what in _WHAT.items()}
        yield Watcher(lambda name, done, of: bar.update(tasks[name], completed=done, total=of))


def _is_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) or "/" in name


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{option} {text!r} is not a day such as 2026-03-14") from None


def _tell(result: Result) -> None:
    tense = "From today on" if result.is_forecast else "In the past"
    _say(f"{tense}, {result.first:%-d %B %Y} to {result.last:%-d %B %Y}, among {result.customers:,} customers:")
    columns = ("trigger", "spotted", "would go", "stopped", "control", "ended", "under way")
    rows = [_counts(one) for one in result.triggers]
    rows += [_counts(one, "(with it) ") for one in result.others if one.spotted]
    show(columns, rows, [], as_json=False)
    for one in result.triggers:
        _tell_holds(one)
    _tell_meetings(result)
    _tell_effort(result)
    _say("\nWho is reached:")
    segments = [_reached(one) for one in result.coverage]
    show(("by", "", "customers", "spotted", "would hear", "share"), segments, [], as_json=False)
    _tell_samples(result)
    if result.erased:
        _say(f"\n{result.erased:,} customers were erased since; nothing is kept of them that could be replayed.")


def _counts(one: TriggerResult, prefix: str = "") -> tuple[str, ...]:
    numbers = (one.spotted, one.sent, one.stopped, one.control, one.ended, one.under_way)
    return (f"{prefix}{one.name}", *(f"{number:,}" for number in numbers))


def _tell_holds(one: TriggerResult) -> None:
    if one.holds:
        _say(f"\nWhat stops {one.name}:")
        rows = [(hold.name, f"{hold.stopped:,}", f"{hold.waited:,}", hold.sentence) for hold in one.holds]
        show(("hold", "stopped", "waited", ""), rows, [], as_json=False)
    busiest = max(one.days, key=lambda day: day.sent, default=None)
    if busiest and busiest.sent:
        _say(f"The most on one day: {busiest.sent:,} on {busiest.on:%-d %B %Y}.")
    for day in one.brake[:3]:
        _say(f"On {day.on:%-d %B %Y} the trigger would have paused itself: {day.reason}.")
    if len(one.brake) > 3:
        _say(f"And on {len(one.brake) - 3} more days.")


def _tell_meetings(result: Result) -> None:
    if result.clashes:
        _say("\nWhere triggers meet on one customer's day:")
        rows = [(clash.winner, clash.loser, f"{clash.merged:,}", f"{clash.lost:,}") for clash in result.clashes]
        show(("leads", "meets", "one message", "lost its day"), rows, [], as_json=False)


def _tell_effort(result: Result) -> None:
    effort = result.effort
    said = f"\nTo read: {effort.needed_hours:,.0f} hours of reading, {effort.available_hours:,.0f} available"
    _say(f"{said} ({effort.agents:,} who may decide, {effort.minutes_each} minutes for a celebration).")
    too_much = [day for day in effort.days if day.is_too_much]
    if too_much:
        worst = max(too_much, key=lambda day: day.needed_minutes - day.available_minutes)
        _say(
            f"On {len(too_much):,} days it is more than the team has; the worst is {worst.on:%-d %B %Y}: "
            f"{worst.needed_minutes / 60:,.1f} hours needed, {worst.available_minutes / 60:,.1f} there."
        )


def _tell_samples(result: Result) -> None:
    _say("\nSome of the customers:")
    for one in result.samples:
        why = f" ({', '.join(one.why)})" if one.why else ""
        _say(f"\n{one.name or 'no name'}, {one.customer}{why}: {one.trigger}, {one.on:%-d %B %Y}. {one.outcome}")
        if one.missing is not None:
            _say(f"  It could not be written: {one.missing}")
        for line in [one.subject, "", *(one.body or "").splitlines()] if one.body else []:
            _say(f"  {line or ''}".rstrip())


def _reached(one: Segment) -> tuple[str, ...]:
    counts = (f"{number:,}" for number in (one.customers, one.spotted, one.touched))
    return (one.by, one.value, *counts, _share(one.touched, one.customers))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=not out.is_terminal)
