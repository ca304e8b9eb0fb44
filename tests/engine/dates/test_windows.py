"""Local send windows over changes of the clocks and past midnight."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.dates.windows import Window, is_open, send_time, window_end
from engine.dates.zones import zone

at = datetime.fromisoformat
day = date.fromisoformat


def window(hours: str) -> Window:
    start, end = hours.split("-")
    return Window(time.fromisoformat(start), time.fromisoformat(end))


@pytest.mark.parametrize(
    ("on", "hours", "zone_name", "opens", "closes"),
    [
        # Berlin is UTC+1 in winter and +2 in summer.
        ("2026-11-22", "09:00-18:00", "Europe/Berlin", "2026-11-22T08:00Z", "2026-11-22T17:00Z"),
        ("2026-07-22", "09:00-18:00", "Europe/Berlin", "2026-07-22T07:00Z", "2026-07-22T16:00Z"),
        # Past midnight: from 21:00 of the day to 02:00 of the next.
        ("2026-11-22", "21:00-02:00", "Europe/Berlin", "2026-11-22T20:00Z", "2026-11-23T01:00Z"),
        # Past midnight over the gap: 22:00 - 1 h to 04:00 - 2 h, five hours instead of six.
        ("2026-03-28", "22:00-04:00", "Europe/Berlin", "2026-03-28T21:00Z", "2026-03-29T02:00Z"),
        # Past midnight over the fold: 22:00 - 2 h to 04:00 - 1 h, seven hours.
        ("2026-10-24", "22:00-04:00", "Europe/Berlin", "2026-10-24T20:00Z", "2026-10-25T03:00Z"),
        # The start lies in the gap 02:00-03:00: 03:00 - 2 h. The end lies in it: the same instant.
        ("2026-03-29", "02:30-10:00", "Europe/Berlin", "2026-03-29T01:00Z", "2026-03-29T08:00Z"),
        ("2026-03-29", "01:30-02:30", "Europe/Berlin", "2026-03-29T00:30Z", "2026-03-29T01:00Z"),
        # All of it lies in the gap: its 15 minutes follow the gap.
        ("2026-03-29", "02:15-02:30", "Europe/Berlin", "2026-03-29T01:00Z", "2026-03-29T01:15Z"),
        # Gaps at midnight: Havana's 8 March begins at 01:00 (+ 4 h), Nuuk's 28 March ends at 23:00 (01:00 UTC).
        ("2026-03-08", "00:00-00:30", "America/Havana", "2026-03-08T05:00Z", "2026-03-08T05:30Z"),
        ("2026-03-28", "23:15-23:45", "America/Nuuk", "2026-03-29T01:00Z", "2026-03-29T01:30Z"),
        # A whole day, in summer time, with 23 and with 25 hours.
        ("2026-07-22", "00:00-00:00", "Europe/Berlin", "2026-07-21T22:00Z", "2026-07-22T22:00Z"),
        ("2026-03-29", "00:00-00:00", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("2026-10-25", "00:00-00:00", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        # A whole day may begin at any hour.
        ("2026-11-22", "09:00-09:00", "UTC", "2026-11-22T09:00Z", "2026-11-23T09:00Z"),
        # Apia had no 30 December 2011: its window is that of the 31st, 09:00 - 14 h, and not a window at midnight.
        ("2011-12-30", "09:00-17:00", "Pacific/Apia", "2011-12-30T19:00Z", "2011-12-31T03:00Z"),
        # That of the 29th, past midnight, ends where the 29th ends: 24:00 + 10 h.
        ("2011-12-29", "21:00-02:00", "Pacific/Apia", "2011-12-30T07:00Z", "2011-12-30T10:00Z"),
    ],
)
def test_a_window_opens_and_closes(on: str, hours: str, zone_name: str, opens: str, closes: str) -> None:
    """The window that begins on a local date is one stretch of time, whatever the clocks do."""
    assert send_time(day(on), window(hours), zone_name) == at(opens)
    assert window_end(day(on), window(hours), zone_name) == at(closes)


@pytest.mark.parametrize(
    ("now", "hours", "zone_name", "opened"),
    [
        ("2026-11-22T07:59:59Z", "09:00-18:00", "Europe/Berlin", False),
        ("2026-11-22T08:00Z", "09:00-18:00", "Europe/Berlin", True),
        ("2026-11-22T16:59:59Z", "09:00-18:00", "Europe/Berlin", True),
        ("2026-11-22T17:00Z", "09:00-18:00", "Europe/Berlin", False),
        ("2026-11-22T17:00Z", "09:00-18:00", "America/New_York", True),  # noon there
        ("2026-11-23T00:59Z", "21:00-02:00", "Europe/Berlin", True),  # 01:59, of yesterday's window
        ("2026-11-23T01:00Z", "21:00-02:00", "Europe/Berlin", False),
        ("2026-11-23T20:00Z", "21:00-02:00", "Europe/Berlin", True),
        ("2026-11-23T03:00Z", "00:00-00:00", "Europe/Berlin", True),  # a whole day is always open
        ("2026-03-29T01:00Z", "02:15-02:30", "Europe/Berlin", True),  # the window that the gap moved
        ("2026-03-29T01:15Z", "02:15-02:30", "Europe/Berlin", False),
    ],
)
def test_a_window_is_open_or_not(now: str, hours: str, zone_name: str, opened: bool) -> None:
    """The start belongs to the window, the end does not; yesterday's window may still be open."""
    assert is_open(at(now), window(hours), zone_name) is opened


_CLOCKS_CHANGE = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/Havana", date(2026, 3, 8)),
    ("Africa/Cairo", date(2026, 10, 29)),
    ("America/Nuuk", date(2026, 3, 28)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("UTC", date(2026, 11, 22)),
]
windows = st.builds(Window, st.times(), st.times())


@given(change=st.sampled_from(_CLOCKS_CHANGE), days=st.integers(-2, 2), window=windows, later=st.integers(0, 30 * 60))
@example(("Pacific/Apia", date(2011, 12, 30)), 0, Window(time(9), time(17)), 0)
@example(("America/Nuuk", date(2026, 3, 28)), 0, Window(time(23, 15), time(23, 45)), 0)
def test_what_is_planned_into_a_window_finds_it_open(
    change: tuple[str, date], days: int, window: Window, later: int
) -> None:
    """Every date has a window, and each instant in it passes the check that is made again before sending."""
    zone_name, on = change[0], change[1] + timedelta(days=days)
    start = send_time(on, window, zone_name)
    assert is_open(start, window, zone_name)
    now = start + timedelta(minutes=later)
    assert is_open(now, window, zone_name) or now >= window_end(on, window, zone_name)


@given(window=windows, now=st.datetimes(at("2026-04-01"), at("2026-10-01"), timezones=st.just(UTC)))
def test_where_no_clock_changes_a_window_is_open_by_the_clock_on_the_wall(window: Window, now: datetime) -> None:
    """In the summer half year the answer is a comparison of local times."""
    clock = now.astimezone(zone("Europe/Berlin")).time()
    within = window.start <= clock < window.end
    if window.end <= window.start:
        within = clock >= window.start or clock < window.end
    assert is_open(now, window, "Europe/Berlin") is within
