"""What somebody should think about before the trigger goes live, read off a result. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from engine.backtest.results import BrakeDay, Effort, Result, Segment, TriggerResult

# Above this share of what was spotted, one hold decides what the trigger is.
MOSTLY = 0.5
# A segment where so many would have been reached at the average's pace is not passed over by chance.
BY_CHANCE = 5.0
# Of the customers that are shown: more cannot be written than the awkward ones explain.
UNWRITTEN = 0.3
_NAMED = 3


@dataclass(frozen=True, slots=True)
class RunWarning:
    """One sentence. `grave`: it should not go live like this."""

    sentence: str
    grave: bool = False


def warnings_of(result: Result) -> Sequence[RunWarning]:
    """The grave ones first."""
    found = [
        *(one for trigger in result.triggers for one in _of_trigger(trigger, result)),
        *_of_effort(result.effort),
        *_of_texts(result),
        *_of_coverage(result),
    ]
    return sorted(found, key=lambda one: not one.grave)


def passed_over(coverage: Sequence[Segment]) -> list[Segment]:
    """The segments that nobody was reached in, and that is no chance."""
    whole = {by: [one for one in coverage if one.by == by] for by in dict.fromkeys(one.by for one in coverage)}
    return [one for parts in whole.values() for one in parts if not one.touched and _expected(one, parts) >= BY_CHANCE]


def brake_words(day: BrakeDay) -> str:
    """Why the brake would have been pulled, as one says it of a day that is not today."""
    return day.reason.removeprefix("brake: ").replace(" today", " that day")


def segment_words(segment: Segment) -> str:
    """What a segment is called: French, less than one, DE."""
    if segment.by == "years with us" and segment.value == "0":
        return "less than one"
    if segment.by == "language":
        try:
            return Locale.parse(segment.value).get_display_name("en") or segment.value
        except (UnknownLocaleError, ValueError):
            return segment.value
    return segment.value


def _expected(segment: Segment, parts: Sequence[Segment]) -> float:
    customers = sum(one.customers for one in parts)
    return segment.customers * sum(one.touched for one in parts) / customers if customers else 0.0


def _of_trigger(one: TriggerResult, result: Result) -> Iterator[RunWarning]:
    if not one.spotted:
        yield RunWarning(f"{one.title} would have touched nobody at all on these days.", grave=not result.is_forecast)
        return
    if not one.sent:
        yield RunWarning(f"{one.title} was spotted {one.spotted:,} times, and no message would have gone.", grave=True)
    elif (hold := max(one.holds, key=lambda each: each.stopped, default=None)) and hold.stopped > MOSTLY * one.spotted:
        share = f"{100 * hold.stopped / one.spotted:.0f} %"
        yield RunWarning(f"{share} of what {one.title} spots is stopped by one thing: {hold.sentence}", grave=True)
    if one.brake:
        first = one.brake[0]
        days = "One day" if len(one.brake) == 1 else f"{len(one.brake):,} days"
        yield RunWarning(
            f"{days} would have pulled the brake of {one.title}, which pauses itself until somebody looks: "
            f"first {first.on:%-d %B %Y}, {brake_words(first)}.",
            grave=True,
        )


def _of_effort(effort: Effort) -> Iterator[RunWarning]:
    if effort.needed_hours and not effort.agents:
        yield RunWarning("Somebody has to read these messages, and nobody here may decide about them.", grave=True)
        return
    if effort.needed_hours > effort.available_hours:
        yield RunWarning(
            f"There is more to read than the team has hours: {effort.needed_hours:,.0f} needed, "
            f"{effort.available_hours:,.0f} available.",
            grave=True,
        )
        return
    if days := [day for day in effort.days if day.is_too_much]:
        worst = max(days, key=lambda day: day.needed_minutes - day.available_minutes)
        yield RunWarning(
            f"On {_many(len(days), 'day')} there is more to read than the team has hours; the worst is "
            f"{worst.on:%-d %B %Y}, with {worst.needed_minutes / 60:,.1f} hours needed and "
            f"{worst.available_minutes / 60:,.1f} there."
        )


def _of_texts(result: Result) -> Iterator[RunWarning]:
    unwritten = [one for one in result.samples if one.missing is not None]
    if unwritten:
        customers = _many(len(result.samples), "customer")
        yield RunWarning(
            f"Of the {customers} shown, the message for {len(unwritten)} could not be written: {unwritten[0].missing}",
            grave=len(unwritten) > UNWRITTEN * len(result.samples),
        )


def _of_coverage(result: Result) -> Iterator[RunWarning]:
    forgotten = passed_over(result.coverage)
    for by in dict.fromkeys(one.by for one in forgotten):
        those = [one for one in forgotten if one.by == by]
        named = ", ".join(f"{segment_words(one)} ({one.customers:,} customers)" for one in those[:_NAMED])
        more = f" and {len(those) - _NAMED} more" if len(those) > _NAMED else ""
        yield RunWarning(f"By {by}, nobody was reached in: {named}{more}.")


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
