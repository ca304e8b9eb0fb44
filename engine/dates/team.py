"""The working hours of the team that reviews messages: until when they decide, and from when they have the draft."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from engine.dates.windows import Window, send_time, window_end
from engine.dates.workdays import is_working_day, subtract_working_days
from engine.dates.zones import local_date, zone

_ONE_HOUR = timedelta(hours=1)
_DAYS_LOOKED = 120


@dataclass(frozen=True, slots=True)
class TeamHours:
    """When the team works: local hours on the working days of its country. The hours may cross midnight."""

    zone: str = "UTC"
    start: time = time(9)
    end: time = time(17)
    country: str | None = None

    def __post_init__(self) -> None:
        zone(self.zone)
        if self.window.length < _ONE_HOUR:
            raise ValueError(f"the team's day from {self.start} to {self.end} is shorter than an hour")

    @property
    def window(self) -> Window:
        return Window(self.start, self.end)


def deadline_before(send_at: datetime, team: TeamHours) -> datetime:
    """The start, in UTC, of the team's last full working hour that is over when the message has to go.

    For a team that works from 9 to 17 in the zone of the examples: send Monday 09:00 -> Friday 16:00; Monday 10:00 ->
    Monday 09:00; Monday 10:30 -> Monday 09:30; Monday 20:00 -> Monday 16:00; Sunday -> Friday 16:00.
    """
    return _last_hour_before(send_at, team)[1]


def write_from(send_at: datetime, team_days: int, team: TeamHours) -> datetime:
    """The start, in UTC, of the working day that lies `team_days` working days of the team before the send.

    Never later than the start of the day on which the deadline falls: with 0 days and a send before the team comes in,
    that is the working day before.
    """
    day = subtract_working_days(local_date(send_at, team.zone), team_days, team.country)
    return min(send_time(day, team.window, team.zone), _last_hour_before(send_at, team)[0])


def after_team_hours(now: datetime, hours: float, team: TeamHours) -> datetime:
    """The instant, in UTC, at which the team has worked so many hours from now on.

    For a team that works from 9 to 17: 2 hours after Monday 16:00 is Tuesday 10:00; 4 hours after Saturday is Monday
    13:00. What has its deadline before this instant has less than so many working hours left.
    """
    left, at = timedelta(hours=hours), now.astimezone(UTC)
    day = local_date(now, team.zone) - timedelta(days=1)  # hours that cross midnight may have begun yesterday
    for _ in range(_DAYS_LOOKED):
        if is_working_day(day, team.country):
            at = max(at, send_time(day, team.window, team.zone))
            open_for = window_end(day, team.window, team.zone) - at
            if open_for >= left:
                return at + left
            left -= max(open_for, timedelta(0))
        day += timedelta(days=1)
    raise ValueError(f"the team does not work {hours} hours within {_DAYS_LOOKED} days")


@lru_cache(maxsize=16_384)
def _last_hour_before(send_at: datetime, team: TeamHours) -> tuple[datetime, datetime]:
    """(start of the working day, start of its last full hour that ends at or before `send_at`)"""
    day: date = subtract_working_days(local_date(send_at, team.zone), 0, team.country)
    send_at = send_at.astimezone(UTC)  # taking an hour off a local time would ignore a change of the clocks
    while True:
        opens = send_time(day, team.window, team.zone)
        last_hour = min(send_at, window_end(day, team.window, team.zone)) - _ONE_HOUR
        if last_hour >= opens:
            return opens, last_hour
        day = subtract_working_days(day, 1, team.country)
