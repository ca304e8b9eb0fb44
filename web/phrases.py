"""How the pages say times and names: pure, in the reader's words, never in HTML."""

from calendar import month_name
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from babel import Locale, UnknownLocaleError

from engine.dates import zones
from engine.plan.reasons import ending, sentence
from engine.record.wishes import way_words
from engine.review.reasons import say_ordinal
from engine.review.views import COUNTED
from engine.send.segments import segments_of
from engine.storage.models import CustomerDate
from engine.write.facts import NO_YEAR
from web.names import show_name

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def day(at: datetime | date, zone: str = "UTC") -> str:
    """Tue 3 Jun 2026, on the calendar of `zone`."""
    on = at.astimezone(zones.zone(zone)).date() if isinstance(at, datetime) else at
    return f"{on:%a} {on.day} {on:%b} {on.year}"


def short_day(on: date) -> str:
    """Tue 3 Jun."""
    return f"{on:%a} {on.day} {on:%b}"


def instant(at: datetime, zone: str = "UTC") -> str:
    """Tue 3 Jun 2026, 09:00, on the clock of `zone`."""
    return f"{day(at, zone)}, {clock(at, zone)}"


def brief(at: datetime, zone: str = "UTC") -> str:
    """3 Jun 2026, 09:00, on the clock of `zone`."""
    return instant(at, zone).partition(" ")[2]


def clock(at: datetime, zone: str = "UTC") -> str:
    """09:00, on the clock of `zone`."""
    return f"{at.astimezone(zones.zone(zone)):%H:%M}"


def relative(at: datetime, now: datetime) -> str:
    """In 4 hours, 2 days ago; one unit, rounded to the nearest."""
    seconds = (at - now).total_seconds()
    for size, name in _STEPS:
        count = round(abs(seconds) / size)
        if count >= 1 and abs(seconds) >= 0.9 * size:
            many = f"{count} {name}{'s' if count != 1 else ''}"
            return f"in {many}" if seconds > 0 else f"{many} ago"
    return "now"


def urgency(at: datetime, now: datetime) -> str:
    """How near a deadline is, as the name of a style: late, soon, today or calm."""
    left = at - now
    if left <= timedelta(0):
        return "late"
    if left <= timedelta(hours=2):
        return "soon"
    return "today" if left <= timedelta(hours=12) else "calm"


def words(name: str) -> str:
    """`order_milestone` as people read it: order milestone."""
    return name.replace("_", " ")


def sentence_case(name: str) -> str:
    """`order_milestone` as the beginning of a line: Order milestone."""
    said = words(name)
    return said[:1].upper() + said[1:]


def language(code: str) -> str:
    """`de` and `de-at` as German; what no language is called by stays as it is."""
    try:
        return Locale.parse(code.replace("_", "-").partition("-")[0]).get_display_name("en") or code
    except (UnknownLocaleError, ValueError):
        return code


def place_name(zone: str) -> str:
    """`America/New_York` as people say it: New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def heaviness(weight: int) -> str:
    """How much a moment matters, in a word."""
    return "heavy" if weight >= 60 else "middling" if weight >= 40 else "light"


def plural(count: int, one: str, many: str = "") -> str:
    """1 order, 3 orders, 2,500 orders."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def many(count: int) -> str:
    """2, 999, 1,000+: what was counted only so far."""
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"


def field_path(field: Sequence[str | int]) -> str:
    """`params.thresholds (2nd)`: people count from one."""
    return "".join(f" ({say_ordinal(part + 1)})" if isinstance(part, int) else f".{part}" for part in field).lstrip(".")


def capital(text: str) -> str:
    """The text as the beginning of a line."""
    return text[:1].upper() + text[1:]


def isolated(text: str) -> str:
    """For places that know no elements, such as titles: letters that turn the direction do so up to its end only."""
    return f"\u2068{text}\u2069"


def hold_words(name: str) -> str:
    """What a hold means, as a sentence."""
    return sentence(name)


def reason_words(reason: str) -> str:
    """Why something ended: a stored name as a sentence, or what a person wrote."""
    return capital(ending(reason))


def fact_words(name: str) -> str:
    """`customer.first_name` as agents read it: First name."""
    return capital(words(name.removeprefix("customer.").replace(".", ", ")))


def fact_value(value: object, day_of_year: bool = False, month_only: bool = False) -> str:
    """A fact's value: yes, no, a number with separators, a date as people say it, or the text itself."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    try:
        on = date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if month_only:
        return f"{on:%B %Y}"
    return f"{on.day} {on:%B}" if day_of_year and on.year == NO_YEAR else f"{on.day} {on:%B %Y}"


def source_words(source: str) -> str:
    """Where a fact comes from: `first:order_completed` is the first order completed."""
    return words(source.replace("first:", "the first ").replace(":", ", "))


def partial_date(date_of: CustomerDate) -> str:
    """17 April 1990; without the year where it is unknown."""
    said = f"{date_of.day} {month_name[date_of.month]}"
    return f"{said} {date_of.year}" if date_of.year else said


def metric_words(metric: str) -> str:
    """`count:order_completed-order_refunded` as people read it: Count of order completed, less order refunded."""
    how, _, what = metric.partition(":")
    return capital(words(f"{how} of {what.replace('-', ', less ')}" if what else how))


_BY = {
    "email": "by e-mail",
    "sms": "by SMS",
    "whatsapp": "by WhatsApp",
    "inapp": "in the app",
    "letter": "by letter",
    "call": "by a phone call",
    "webhook": "by webhook",
    "postbox": "to the postbox",
}


def by_channel(channel: str) -> str:
    """By e-mail, in the app."""
    return _BY.get(channel, f"by {channel}")


def segments(text: str) -> str:
    """What a text message costs, and which letters make it cost more than it need."""
    counted = segments_of(text)
    parts = "1 text message" if counted.count == 1 else f"{counted.count} text messages, sent as one"
    said = f"{parts} ({counted.encoding}): {counted.left} more characters fit."
    if counted.costly:
        letters = " ".join(counted.costly[:8]) + (" …" if len(counted.costly) > 8 else "")
        said += f" Only 70 fit instead of 160 because of {letters}"
    return said


FILTERS: Mapping[str, Callable[..., Any]] = {
    "day": day,
    "short_day": short_day,
    "instant": instant,
    "brief": brief,
    "clock": clock,
    "relative": relative,
    "urgency": urgency,
    "words": words,
    "sentence_case": sentence_case,
    "show_name": show_name,
    "language": language,
    "place_name": place_name,
    "heaviness": heaviness,
    "plural": plural,
    "many": many,
    "capital": capital,
    "field_path": field_path,
    "isolated": isolated,
    "hold_words": hold_words,
    "reason_words": reason_words,
    "fact_words": fact_words,
    "fact_value": fact_value,
    "source_words": source_words,
    "date_words": lambda name: capital(source_words(name)),
    "partial_date": partial_date,
    "metric_words": metric_words,
    "segments": segments,
    "by_channel": by_channel,
    "way_words": way_words,
}
