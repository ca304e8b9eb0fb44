"""The hours in which a channel may reach a customer: by the law for texts, their quiet hours and the trigger's days."""

from dataclasses import dataclass
from datetime import time
from functools import lru_cache

from engine.channel_terms import TERMS
from engine.dates.rules import ALL_DAY, ANY_TIME, NEVER, Hours, Rule, whole_week
from engine.dates.sensitive import SENSITIVE_DAY, DayRule
from engine.dates.text_law import LEGAL_HOURS, law_of

__all__ = [
    "ANY_TIME",
    "EVERY_DAY",
    "LEGAL_HOURS",
    "OTHER_WEEKDAY",
    "PUBLIC_HOLIDAY",
    "QUIET_HOURS",
    "Hours",
    "SendDays",
    "hours_for",
]

QUIET_HOURS = "quiet_hours"
OTHER_WEEKDAY = "other_weekday"
PUBLIC_HOLIDAY = "public_holiday"
_MIDNIGHT = 1440


@dataclass(frozen=True, slots=True)
class SendDays:
    """The days of the week (Monday is 0) on which a trigger sends, and whether it does on public holidays."""

    weekdays: frozenset[int] = frozenset(range(7))
    on_holidays: bool = True


EVERY_DAY = SendDays()


@lru_cache(maxsize=65_536)
def hours_for(
    channel: str,
    *,
    country: str | None,
    region: str | None,
    zone_guessed: bool,
    quiet: tuple[time, time] | None,
    days: SendDays = EVERY_DAY,
    law: str = "legal",
    closed: tuple[DayRule, ...] = (),
) -> Hours:
    """What a channel may use of the time of somebody who lives there. `law` is the setting JUBILEE_TEXT_HOURS.

    `closed` are the sensitive days on which this message does not go.

    The law binds texts and calls. Quiet hours, the trigger's days and sensitive ones bind all that arrives at once; a
    letter is heard by nobody, and its day is worked out in days.
    """
    terms = TERMS.get(channel)
    if terms is not None and terms.by_post:
        return ANY_TIME
    rules = _quiet(quiet) + _of_the_trigger(days, country, region)
    if closed:
        rules.append(Rule(SENSITIVE_DAY, whole_week(ALL_DAY), country=country, closed=closed))
    if terms is not None and terms.is_text_message:
        rules += law_of(law).rules(country, region, zone_guessed=zone_guessed)
    return Hours(tuple(rules)) if rules else ANY_TIME


def _quiet(quiet: tuple[time, time] | None) -> list[Rule]:
    """All hours but the quiet ones. From and until the same hour: always quiet, as such a window is always open."""
    if quiet is None:
        return []
    start, end = (at.hour * 60 + at.minute for at in quiet)
    loud = ((end, start),) if end <= start else ((0, start), (end, _MIDNIGHT))
    return [Rule(QUIET_HOURS, whole_week(tuple((a, b) for a, b in loud if a < b)))]


def _of_the_trigger(days: SendDays, country: str | None, region: str | None) -> list[Rule]:
    rules = []
    if len(days.weekdays) < 7:
        rules.append(Rule(OTHER_WEEKDAY, tuple(ALL_DAY if day in days.weekdays else NEVER for day in range(7))))
    if not days.on_holidays:
        place = f"{country}-{region}" if country and region and "-" not in country else country
        rules.append(Rule(PUBLIC_HOLIDAY, whole_week(ALL_DAY), NEVER, place))
    return rules
