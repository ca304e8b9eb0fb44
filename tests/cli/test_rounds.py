"""How long a demonstrated day lasts: until the team has begun its next one. It does not pass for real customers."""

import sqlite3
from datetime import UTC, datetime, time

import pytest

from cli.commands.rounds import hours_until_morning
from engine import clock
from engine.dates.team import TeamHours
from engine.settings import settings
from tests.cli.conftest import Terminal

LONDON = TeamHours(zone="UTC", start=time(9))
NEW_YORK = TeamHours(zone="America/New_York", start=time(9))


@pytest.mark.parametrize(
    ("team", "now", "hours"),
    [
        (LONDON, "2026-11-22 05:10", 28),  # to 09:10 on the 23rd
        (LONDON, "2026-11-23 09:10", 24),  # from one morning to the next
        (LONDON, "2026-11-23 09:00", 24),
        (LONDON, "2026-11-23 23:59", 10),  # to 09:59, as only whole hours are gone
        (LONDON, "2026-11-24 00:00", 33),  # it is the 24th already, so the 25th is meant
        (NEW_YORK, "2026-11-23 03:00", 11),  # 22:00 of the 22nd there; 09:00 there is 14:00
        (NEW_YORK, "2026-03-07 14:00", 23),  # the night in which clocks go forward: 09:00 is 13:00 on the 8th
    ],
)
def test_a_day_lasts_until_the_team_has_begun_the_next_one(team: TeamHours, now: str, hours: int) -> None:
    """Counted in real hours, in the team's zone."""
    assert hours_until_morning(datetime.fromisoformat(now).replace(tzinfo=UTC), team) == hours


@pytest.mark.parametrize("real", ["customers", "channels"])
def test_no_day_goes_by_for_real_customers(ready: Terminal, monkeypatch: pytest.MonkeyPatch, real: str) -> None:
    """The clock does not go back, and what nobody read in time is dropped; whoever wants it must say so."""
    if real == "channels":
        monkeypatch.setenv("JUBILEE_LIVE", "true")
        settings.cache_clear()
    else:
        path = ready.home / "c.csv"
        path.write_text("id,first_name\nC1,Ana\n", encoding="utf-8")
        ready.run("import", "customers", str(path))
    said = ready.run("demo", "tomorrow", code=1).stderr
    assert ("JUBILEE_LIVE" if real == "channels" else "not of the sample") in said
    assert "--really" in said
    with sqlite3.connect(ready.home / "home" / "jubilee.db") as database:
        assert database.execute("SELECT * FROM installation WHERE name = ?", (clock.HOURS_AHEAD,)).fetchall() == []
    ready.run("demo", "tomorrow", "--really")
