"""What a local date and hour mean as an instant: gaps, folds, midnights that do not exist, dates that were left out."""

import os
import subprocess
import sys
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from pathlib import Path

import pytest
import tzdata  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from engine.dates.zones import UnknownZone, day_bounds, first_instant, local_date, zone, zone_data_version

at = datetime.fromisoformat


@pytest.mark.parametrize(
    ("on", "clock", "zone_name", "expected"),
    [
        # An ordinary hour: Berlin is UTC+1 in November, 09:00 - 1 h.
        ("2026-11-22", "09:00", "Europe/Berlin", "2026-11-22T08:00Z"),
        # Gap: at 02:00 (+1) the clocks go to 03:00 (+2). The first instant after it is 03:00 - 2 h = 01:00 UTC.
        ("2026-03-29", "01:59", "Europe/Berlin", "2026-03-29T00:59Z"),
        ("2026-03-29", "02:00", "Europe/Berlin", "2026-03-29T01:00Z"),
        ("2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:00Z"),
        ("2026-03-29", "02:59:59.5", "Europe/Berlin", "2026-03-29T01:00Z"),
        ("2026-03-29", "03:00", "Europe/Berlin", "2026-03-29T01:00Z"),
        # Fold: at 03:00 (+2) back to 02:00 (+1). 02:30 is 00:30 UTC and again 01:30 UTC; the first counts.
        ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30Z"),
        ("2026-10-25", "03:00", "Europe/Berlin", "2026-10-25T02:00Z"),
        # A gap of half an hour: 02:00 (+10:30) becomes 02:30 (+11). 02:30 - 11 h = 15:30 UTC the day before.
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:30Z"),
        # Gaps at midnight: the day begins at 01:00. Havana 01:00 + 4 h; Beirut and Cairo 01:00 - 3 h.
        ("2026-03-08", "00:00", "America/Havana", "2026-03-08T05:00Z"),
        ("2026-03-08", "00:30", "America/Havana", "2026-03-08T05:00Z"),
        ("2026-03-29", "00:30", "Asia/Beirut", "2026-03-28T22:00Z"),
        ("2026-04-24", "00:30", "Africa/Cairo", "2026-04-23T22:00Z"),
        # A gap that ends the day: Nuuk jumps from 23:00 (-2) to 24:00 (-1). 24:00 + 1 h = 01:00 UTC.
        ("2026-03-28", "23:30", "America/Nuuk", "2026-03-29T01:00Z"),
        # A fold at midnight: Havana went from 01:00 (-4) back to 00:00 (-5). 00:30 + 4 h is the first.
        ("2025-11-02", "00:30", "America/Havana", "2025-11-02T04:30Z"),
        # A date left out: after 29 December (-10) came 31 December (+14). 24:00 of the 29th + 10 h = 10:00 UTC.
        ("2011-12-29", "23:59", "Pacific/Apia", "2011-12-30T09:59Z"),
        ("2011-12-30", "00:00", "Pacific/Apia", "2011-12-30T10:00Z"),
        ("2011-12-30", "09:00", "Pacific/Apia", "2011-12-30T10:00Z"),
        ("2011-12-31", "09:00", "Pacific/Apia", "2011-12-30T19:00Z"),
    ],
)
def test_the_first_instant_of_a_local_time(on: str, clock: str, zone_name: str, expected: str) -> None:
    """An hour inside a gap means the end of the gap, an hour inside a fold its first occurrence."""
    found = first_instant(date.fromisoformat(on), time.fromisoformat(clock), zone_name)
    assert found == at(expected)
    assert found.tzinfo is UTC


_CLOCKS_CHANGE = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2025, 11, 2)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 29)),
    ("America/Nuuk", date(2026, 3, 28)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kiritimati", date(1994, 12, 31)),
    ("America/St_Johns", date(2005, 10, 30)),  # back from 00:01 to 23:01 of the day before
]


@given(
    change=st.sampled_from(_CLOCKS_CHANGE),
    days=st.integers(-1, 1),
    minute=st.integers(0, 24 * 60 - 1),
)
def test_the_first_instant_is_what_watching_the_clock_shows(change: tuple[str, date], days: int, minute: int) -> None:
    """Watching a wall clock minute by minute, the answer is the first minute at which it has reached that time."""
    zone_name, day = change
    wanted = datetime.combine(day, time.min) + timedelta(days=days, minutes=minute)
    watched = wanted.replace(tzinfo=UTC) - timedelta(hours=15)  # no zone is further ahead than 14 hours
    while watched.astimezone(zone(zone_name)).replace(tzinfo=None) < wanted:
        watched += timedelta(minutes=1)
    assert first_instant(wanted.date(), wanted.time(), zone_name) == watched


@pytest.mark.parametrize(
    ("on", "zone_name", "start", "end"),
    [
        ("2026-11-22", "UTC", "2026-11-22T00:00Z", "2026-11-23T00:00Z"),  # 24 h
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),  # 23 h
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),  # 25 h
        ("2026-03-29", "Asia/Beirut", "2026-03-28T22:00Z", "2026-03-29T21:00Z"),  # 23 h, begins at 01:00
        ("2026-10-29", "Africa/Cairo", "2026-10-28T21:00Z", "2026-10-29T22:00Z"),  # 25 h, 23:00 comes twice
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z"),  # 0 h
    ],
)
def test_a_local_day_lasts_as_long_as_its_clocks_say(on: str, zone_name: str, start: str, end: str) -> None:
    """Days of 23, 24, 25 and no hours have their true bounds."""
    assert day_bounds(date.fromisoformat(on), zone_name) == (at(start), at(end))


@pytest.mark.parametrize(
    "zone_name", ["Europe/Berlin", "America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Nuuk"]
)
def test_the_days_of_a_year_follow_each_other_without_gap_or_overlap(zone_name: str) -> None:
    """Each day of 2026 begins where the last one ended, and its first and last second carry its date."""
    _, expected_start = day_bounds(date(2025, 12, 31), zone_name)
    for n in range(365):
        on = date(2026, 1, 1) + timedelta(days=n)
        start, end = day_bounds(on, zone_name)
        assert start == expected_start
        assert local_date(start, zone_name) == local_date(end - timedelta(seconds=1), zone_name) == on
        expected_start = end


@pytest.mark.parametrize(
    ("instant", "zone_name", "expected"),
    [
        ("2026-11-22T22:59Z", "Europe/Berlin", "2026-11-22"),  # 23:59
        ("2026-11-22T23:00Z", "Europe/Berlin", "2026-11-23"),  # 24:00
        ("2026-11-22T10:00Z", "Pacific/Kiritimati", "2026-11-23"),  # 10:00 + 14 h
        ("2026-11-22T10:59Z", "Pacific/Pago_Pago", "2026-11-21"),  # 10:59 - 11 h
        ("2011-12-30T09:59Z", "Pacific/Apia", "2011-12-29"),
        ("2011-12-30T10:00Z", "Pacific/Apia", "2011-12-31"),  # there was no 30th
        ("2026-11-22T23:30-05:00", "UTC", "2026-11-23"),  # an instant may be given in any zone
    ],
)
def test_the_local_date_of_an_instant(instant: str, zone_name: str, expected: str) -> None:
    """One instant has different dates in different zones."""
    assert local_date(at(instant), zone_name) == date.fromisoformat(expected)


def test_an_instant_without_a_zone_is_refused() -> None:
    """A naive time would silently be read in the zone of the machine."""
    with pytest.raises(ValueError, match="must be aware"):
        local_date(datetime(2026, 11, 22, 12), "Europe/Berlin")  # noqa: DTZ001 - naive on purpose


@pytest.mark.parametrize(
    ("old", "new"),
    [("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata"), ("America/Godthab", "America/Nuuk")],
)
def test_a_renamed_zone_keeps_its_hours_under_both_names(old: str, new: str) -> None:
    """Customers stored under the old name are greeted at the same instant."""
    for on in (date(2026, 1, 15), date(2026, 7, 15)):
        assert first_instant(on, time(9), old) == first_instant(on, time(9), new)


@pytest.mark.parametrize(
    "name", ["Mars/Phobos", "", "Europe", "Europe/", "../zone.tab", "/etc/localtime", "tzdata.zi", "Factory"]
)
def test_an_unknown_zone_is_named(name: str) -> None:
    """Whatever is wrong with the name, the error is the same and repeats it."""
    with pytest.raises(UnknownZone) as refused:
        zone(name)
    assert repr(name) in str(refused.value)


def test_a_mistyped_zone_is_answered_with_the_likely_one() -> None:
    """The person who mends an import sees what was meant."""
    with pytest.raises(UnknownZone, match="did you mean 'Europe/Berlin'"):
        zone("europe/berlin")


def test_a_zone_that_changed_has_its_new_hours() -> None:
    """British Columbia gave up changing its clocks in 2026: 09:00 in December is 09:00 + 7 h, no longer + 8 h."""
    assert first_instant(date(2025, 12, 15), time(9), "America/Vancouver") == at("2025-12-15T17:00Z")
    assert first_instant(date(2026, 12, 15), time(9), "America/Vancouver") == at("2026-12-15T16:00Z")


def test_the_zone_data_comes_from_the_wheel_and_not_from_the_system(tmp_path: Path) -> None:
    """With "system files" that put Berlin into Tokyo's time, Berlin stays where it is, also for zones loaded before."""
    system_file = tmp_path / "Europe" / "Berlin"
    system_file.parent.mkdir()
    system_file.write_bytes(resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes())
    program = (
        "from zoneinfo import ZoneInfo; from datetime import date, datetime, time, UTC\n"
        "noon = datetime(2026, 1, 15, 12, tzinfo=UTC); early = ZoneInfo('Europe/Berlin')\n"
        "from engine.dates.zones import first_instant, zone_data_version\n"
        "print(noon.astimezone(early).hour, noon.astimezone(ZoneInfo('Europe/Berlin')).hour, "
        "first_instant(date(2026, 1, 15), time(12), 'Europe/Berlin').hour, zone_data_version())"
    )
    environment = {**os.environ, "PYTHONTZPATH": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    # The early one shows that the false file was in reach: 12 + 9. Afterwards 12 + 1, and 12:00 there is 11:00 UTC.
    assert answer.stdout.split() == ["21", "13", "11", tzdata.IANA_VERSION]


def test_the_version_is_not_claimed_once_something_else_is_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system's files were put back, the version is unknown instead of wrong."""
    assert zone_data_version() == tzdata.IANA_VERSION
    monkeypatch.setattr(zoneinfo, "TZPATH", ("/usr/share/zoneinfo",))
    assert zone_data_version() == "unknown (files in /usr/share/zoneinfo)"
