"""Who has how much to read by which day: only of days for which hours are still there."""

from datetime import date
from uuid import uuid4

import pytest

from engine.calendar.coming import Count
from engine.calendar.load import loads
from engine.dates.team import TeamHours

THURSDAY, FRIDAY, SATURDAY, SUNDAY = (date(2026, 6, 4 + number) for number in range(4))
TEAM = TeamHours("Europe/Berlin", country="DE")
TRIGGER, AGENT = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("today", "read_by"),
    [
        (THURSDAY, FRIDAY),  # the last working day before the Saturday on which it goes
        (FRIDAY, FRIDAY),
        (SATURDAY, SATURDAY),  # nobody read it on Friday: it goes today
        (SUNDAY, None),  # it was to go yesterday; no hours of a day that is over are shown
    ],
)
def test_reading_is_counted_for_today_and_later(today: date, read_by: date | None) -> None:
    """What goes on a Saturday is read by Friday, and by today once that is over."""
    counts = [Count(SATURDAY, TRIGGER, 3, "in_review", AGENT), Count(SATURDAY, TRIGGER, 9, "approved", AGENT)]
    found = [(one.on, one.drafts, one.minutes) for one in loads(counts, {TRIGGER: "celebrate"}, TEAM, today=today)]
    assert found == ([(read_by, 3, 12)] if read_by else [])
