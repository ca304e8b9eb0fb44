"""Which nominal dates are spotted now: from the last that could still be sent to the last that has to be written."""

from datetime import UTC, date, datetime, timedelta

from engine.dates.team import TeamHours
from engine.dates.workdays import subtract_working_days
from engine.definitions.schema import TriggerDefinition

# Local dates run from 12 hours behind UTC to 14 ahead.
_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)
# Spotted some days before writing begins, so that a weekend without workers takes no time from the team.
_EARLY = timedelta(days=10)
# The furthest a working-day shift moves: the long holidays of Lunar New Year or Golden Week, with weekends.
_FURTHEST_SHIFT = timedelta(days=10)
# Days missed are made up so far back. They end expired, with their reason; beyond it the long standstill is the reason.
_CATCH_UP = timedelta(days=60)
_ONE_DAY = timedelta(days=1)


def open_window(
    definition: TriggerDefinition, scanned_through: date | None, *, now: datetime, team: TeamHours, post_days: int = 0
) -> tuple[date, date]:
    """The first and last nominal date to search, in any zone. Days after `scanned_through` are never left out.

    `post_days` are the working days that a letter is on its way: where letters go, all is spotted so much earlier.
    """
    send = definition.send
    from_send_day = timedelta(days=send.lead_days - send.delay_days)
    shift = timedelta(0) if send.shift == "none" else _FURTHEST_SHIFT
    earliest_today = (now.astimezone(UTC) - _BEHIND).date()
    latest_today = (now.astimezone(UTC) + _AHEAD).date()
    first = earliest_today - timedelta(days=send.expires_after_days) + from_send_day - shift
    if scanned_through is not None and scanned_through < first:
        first = max(scanned_through + _ONE_DAY, first - _CATCH_UP)
    last_send_day = _written_from(latest_today, definition.review.write_ahead_days, team) + _EARLY
    return first, last_send_day + _on_its_way(post_days) + from_send_day + shift


def _on_its_way(post_days: int) -> timedelta:
    """As many days as so many working days can be in any country, long holidays included."""
    return timedelta(days=post_days * 7 // 5 + 2) + _FURTHEST_SHIFT if post_days else timedelta(0)


def _written_from(today: date, write_ahead_days: int, team: TeamHours) -> date:
    """The last day to send on whose draft has to be begun today or before."""
    day = today
    while subtract_working_days(day + _ONE_DAY, write_ahead_days, team.country) <= today:
        day += _ONE_DAY
    return day
