"""What holds for every kind: hours, readers, limits, exceptions, each as a sentence. Pure."""

from datetime import time

from engine.definitions.schema import WEEKDAYS, ExceptionRule, TriggerDefinition
from triggers.summary.conditions import condition_words
from triggers.summary.wording import counted, listed, named, number, quoted

_DAYS = dict(zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))
_SHIFT = {
    "before": "on a day off it goes on the last working day before",
    "after": "on a day off it goes on the first working day after",
    "nearest": "on a day off it goes on the nearest working day",
}
# Who reads, and what follows from it, by policy and by what becomes of the unread.
_READ_ALWAYS = ("A person approves each", "none goes unread")
_BY_ITSELF = ("It goes by itself", "it need not be read by a person")
_READ = {
    ("person", "drop"): ("A person approves each", "what nobody reads in time is dropped"),
    ("person", "send"): ("A person is asked to read each", "what nobody reads in time goes as it was written"),
    ("auto", "drop"): _BY_ITSELF,
    ("auto", "send"): _BY_ITSELF,
}


def hours(definition: TriggerDefinition) -> str:
    """`at 9 to 11 in the customer's morning`."""
    start, end = definition.send.window_start, definition.send.window_end
    if start == end:
        return (
            "at any hour of the customer's day"
            if start == time(0)
            else f"at any hour, from {_clock(start)} to {_clock(end)} the next day"
        )
    return f"at {_clock(start)} to {_clock(end)} in the customer's {_part_of_day(start, end)}"


def goes(definition: TriggerDefinition) -> str:
    """Which day it goes, besides the hours."""
    send = definition.send
    parts = [_day(send.lead_days, send.delay_days)]
    if send.shift != "none":
        parts.append(_SHIFT[send.shift])
    if set(send.weekdays) != set(WEEKDAYS):
        parts.append(f"only on {listed([_DAYS[one] for one in WEEKDAYS if one in send.weekdays])}")
    if send.holidays == "skip":
        parts.append("never on a public holiday of the customer's country")
    return "; ".join(parts)


def expiry(definition: TriggerDefinition) -> str:
    """From when on it is too late."""
    days = definition.send.expires_after_days
    if days == 0:
        return "on that day or not at all"
    return f"too late {counted(days, 'day')} after that"


def kept_out(definition: TriggerDefinition) -> list[str]:
    """Who does not get it, though the moment is theirs."""
    found = [
        f"whoever {_who(rule)} ({'waits' if rule.then == 'hold' else 'is left out'})"
        for rule in definition.exceptions
        if rule.then != "alternative"
    ]
    if definition.holds_quiet_relationship:
        found.append("whoever did nothing with us for a year (waits)")
    if definition.control_share:
        share = number(round(definition.control_share * 100, 6))
        found.append(f"{share} % of customers by lot, so that its effect can be measured")
    return found


def alternatives(definition: TriggerDefinition) -> list[str]:
    """Where another template speaks."""
    return [
        f"where {condition_words(rule.when)}, {quoted(rule.template or '')} speaks instead"
        + (", and a person reads it first" if rule.must_read else "")
        for rule in definition.exceptions
        if rule.then == "alternative"
    ]


def written(definition: TriggerDefinition) -> str:
    """How long before."""
    days = definition.review.write_ahead_days
    if days == 0:
        return "written when it is due"
    return f"written {counted(days, 'working day')} ahead"


def unread(definition: TriggerDefinition) -> str:
    """What becomes of a draft that nobody read in time, or that nobody needs to read."""
    review = definition.review
    if review.policy == "auto":
        return f"it goes by itself below weight {review.must_read_weight}, and from there on unread it is dropped"
    goes = review.if_unreviewed == "send" and not _is_always_read(definition)
    return "unread it goes as it was written" if goes else "unread it is dropped"


def readers(definition: TriggerDefinition) -> str:
    """Who reads it, and what its weight implies."""
    review = definition.review
    always = _is_always_read(definition)
    said, follows = _READ_ALWAYS if always else _READ[review.policy, review.if_unreviewed]
    said += ", and a second person says that exactly this text is fine" if review.four_eyes else ""
    said += f"; drafts go to those with the skill {quoted(review.skill)}" if review.skill else ""
    rest = "at or above" if definition.weight >= review.must_read_weight else "below"
    border = f"{rest} the {review.must_read_weight} from which a person must read"
    return f"{said}. Its weight is {definition.weight} of 100, {border}: {follows}."


def _is_always_read(definition: TriggerDefinition) -> bool:
    return definition.review.four_eyes or definition.weight >= definition.review.must_read_weight


def legal(definition: TriggerDefinition) -> str:
    """What follows from its class."""
    if definition.legal_class == "service":
        return (
            "Service: the customer's own problem, without any offer. It goes without a recorded consent, "
            "and never against the customer's word."
        )
    return (
        "Marketing: it goes only to those whose consent is recorded and in force, and each can leave it with one click."
    )


def caps(definition: TriggerDefinition) -> str:
    """How much one customer hears."""
    limit = definition.caps
    return (
        f"A customer gets at most {counted(limit.messages, 'message')} of this family within "
        f"{counted(limit.days, 'day')}, this one included."
    )


def clash(definition: TriggerDefinition) -> str:
    """What becomes of two celebrations on one day."""
    if definition.family != "celebrate":
        return "It is no celebration, and celebrations of the same customer wait for it."
    if definition.clash == "merge":
        return "With another celebration of the same day it becomes one message."
    return "Of several celebrations of the same day only the weightiest goes; the others keep their reason."


def brake(definition: TriggerDefinition) -> str:
    """When it stops itself."""
    limits = definition.brake
    return (
        f"Above {number(limits.times_forecast)} times what is usual, or {number(limits.daily_ceiling)} moments "
        "on one day, it pauses itself and asks."
    )


def _who(rule: ExceptionRule) -> str:
    return f"is in the situation {quoted(rule.name)}: {condition_words(rule.when)}"


def _day(lead: int, delay: int) -> str:
    parts = [f"{counted(lead, 'day')} before"] if lead else []
    parts += [f"{counted(delay, 'day')} after"] if delay else []
    if not parts:
        return "on the day itself"
    return f"{' and '.join(parts)} the day itself" if len(parts) == 1 else f"{parts[0]} the day, then {parts[1]}"


def _clock(at: time) -> str:
    return str(at.hour) if not at.minute else f"{at:%H:%M}"


def _part_of_day(start: time, end: time) -> str:
    if end <= start:
        return "evening and night"
    if end <= time(12):
        return "morning"
    if start >= time(17):
        return "evening"
    return "afternoon" if start >= time(12) else "day"


def says(definition: TriggerDefinition) -> str:
    """Which template speaks."""
    return f"The template {quoted(definition.template)} speaks, as {quoted(definition.occasion)} to the customer."


def family(definition: TriggerDefinition) -> str:
    """What it is for, in a word."""
    return {"celebrate": "celebrates", "reassure": "reassures", "recover": "makes good"}[definition.family]


def title(definition: TriggerDefinition) -> str:
    """What it is called, with its lasting name."""
    return f"{definition.title} ({named(definition.name)})"
