"""What each kind of trigger looks for, in plain words: one function for each, from its checked parameters. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from babel.numbers import get_currency_precision

from engine.definitions.schema import TriggerDefinition
from triggers.kinds.anniversary import AnniversaryParams, is_birth
from triggers.kinds.milestone import Correction, MilestoneParams, Where
from triggers.kinds.recovery import RecoveryParams
from triggers.kinds.streak import StreakParams
from triggers.summary.wording import counted, listed, named, number, ordinal
from triggers.table import KINDS

_PROBLEMS = {"ticket": "a ticket", "refund": "a refund", "outage": "an outage"}
_FEB29 = {"feb28": "28 February", "mar1": "1 March"}


def looks_for(definition: TriggerDefinition) -> str:
    """When it speaks, as the beginning of a sentence: `On the yearly anniversary of ..., in years 1, 5 and 10`."""
    params = KINDS[definition.kind].params.model_validate(definition.params)
    return _WORDS[definition.kind](params)


def leap_day(definition: TriggerDefinition) -> str | None:
    """Where 29 February goes, for what comes every year."""
    if definition.kind != "anniversary":
        return None
    params = AnniversaryParams.model_validate(definition.params)
    if not (params.every or params.years):
        return None
    return f"29 February is kept on {_FEB29[params.leap_day]} in other years."


def _anniversary(params: AnniversaryParams) -> str:
    original = f"their first {_event(params.of.first_event)}" if params.of.first_event else _date(params.of.date)
    if params.years:
        years = listed([str(one) for one in params.years])
        return f"On the yearly anniversary of {original}, in year{'s' if len(params.years) > 1 else ''} {years}"
    if params.months or params.days:
        unit, counts = ("month", params.months) if params.months else ("day", params.days or ())
        said = listed([f"{one:,}" for one in counts], "or")
        return f"{said} {unit}{'' if counts == (1,) else 's'} after {original}"
    return f"Every year on {original}" if is_birth(params.of.date) else f"On every yearly anniversary of {original}"


def _date(name: str | None) -> str:
    return f"their {named(name or '')}"


def _event(name: str | None) -> str:
    """`order_completed` is an order to people."""
    return (name or "").removesuffix("_completed").replace("_", " ")


def _milestone(params: MilestoneParams) -> str:
    return _reached(params) + _only(params.where) + _less(params.corrections)


def _reached(params: MilestoneParams) -> str:
    what = named(params.event or params.trait or "")
    of = named((params.property or "").removesuffix("_minor"))
    of += f" in {params.currency}" if params.currency else ""
    match params.aggregate:
        case "first":
            return f"On the first {_event(params.event)}"
        case "count":
            if params.every:
                return f"On every {ordinal(params.every)} {_event(params.event)}"
            marks = listed([ordinal(one) for one in params.thresholds or ()], "or")
            return f"On the {marks} {_event(params.event)}"
        case "sum":
            return f"When the sum of {of} over all “{what}” {_marks(params)}"
        case "max":
            return f"When the largest {of} of any “{what}” {_marks(params)}"
        case "distinct":
            return f"When the number of different values of {of} in “{what}” {_marks(params)}"
    return f"When their “{what}” {_marks(params)}"


def _marks(params: MilestoneParams) -> str:
    if params.every:
        return f"reaches a multiple of {_amount(params.every, params)}"
    return f"reaches {listed([_amount(one, params) for one in params.thresholds or ()], 'or')}"


def _amount(value: int, params: MilestoneParams) -> str:
    """Whole cents are told as money."""
    if not params.currency or not (params.property or "").endswith("_minor"):
        return number(value)
    digits = get_currency_precision(params.currency)
    return f"{value / 10**digits:,.{digits}f} {params.currency}"


def _only(where: Where | None) -> str:
    if where is None:
        return ""
    values = where.one_of or (where.equals,)
    return f", counting only where {named(where.property)} is {listed([_plain(value) for value in values], 'or')}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int) else f"“{value}”"


def _less(corrections: tuple[Correction, ...]) -> str:
    said = [f"each “{named(one.event)}” takes off {_taken(one)}{_only(one.where)}" for one in corrections]
    return f"; {listed(said)}" if said else ""


def _taken(correction: Correction) -> str:
    if correction.subtracts == 1:
        return "one"
    return f"its {named(str(correction.subtracts).removesuffix('_minor'))}"


def _streak(params: StreakParams) -> str:
    unit = params.unit
    lengths = listed([f"{one:,}" for one in params.lengths], "or")
    said = f"When there was at least one {_event(params.event)} in each of {lengths} {unit}s in a row"
    if params.outages:
        outages = counted(len(params.outages), "outage")
        said += f"; {outages} of ours {'breaks' if len(params.outages) == 1 else 'break'} none"
    return said


def _recovery(params: RecoveryParams) -> str:
    what = listed([_PROBLEMS[one] for one in params.kinds], "or")
    about = f" about {listed([named(one) for one in params.categories], 'or')}" if params.categories else ""
    if params.when == "settled":
        quiet = counted(params.settling_days, "day")
        return f"When {what}{about} was resolved and nothing disturbed the customer for {quiet}"
    return (
        f"While {what}{about} is open: after {counted(params.after_days or 0, 'day')}, then every "
        f"{counted(params.every_days or 0, 'day')}, {counted(params.at_most or 0, 'time')} at most"
    )


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "anniversary": _anniversary,
    "milestone": _milestone,
    "streak": _streak,
    "recovery": _recovery,
}
