"""The team's deadline and the day from which it has the draft, over weekends, holidays and changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dates.team import TeamHours, after_team_hours, deadline_before, write_from
from engine.dates.workdays import is_working_day
from engine.dates.zones import UnknownZone, zone

at = datetime.fromisoformat

BERLIN = TeamHours("Europe/Berlin", country="DE")
NEW_YORK = TeamHours("America/New_York", country="US")
CAIRO = TeamHours("Africa/Cairo", country="EG")
NIGHTS = TeamHours("UTC", time(22), time(6))
HAIFA_NIGHTS = TeamHours("Asia/Jerusalem", time(22), time(6), "IL")
ROUND_THE_CLOCK = TeamHours("UTC", time(0), time(0))


@pytest.mark.parametrize(
    ("team", "send_at", "deadline"),
    [
        # 23 November 2026 is a Monday. Berlin is UTC+1: 16:00 there is 15:00 UTC.
        (BERLIN, "2026-11-23T08:00Z", "2026-11-20T15:00Z"),  # Monday 09:00 -> Friday 16:00
        (BERLIN, "2026-11-23T08:59Z", "2026-11-20T15:00Z"),  # 09:59: the hour from 09:00 is not over
        (BERLIN, "2026-11-23T09:00Z", "2026-11-23T08:00Z"),  # 10:00 -> 09:00
        (BERLIN, "2026-11-23T09:30Z", "2026-11-23T08:30Z"),  # 10:30 -> 09:30
        (BERLIN, "2026-11-23T16:00Z", "2026-11-23T15:00Z"),  # 17:00 -> 16:00
        (BERLIN, "2026-11-23T19:00Z", "2026-11-23T15:00Z"),  # 20:00 -> 16:00
        (BERLIN, "2026-11-22T12:00Z", "2026-11-20T15:00Z"),  # Sunday -> Friday
        # Tuesday 7 April 09:00 (UTC+2), after Easter from Friday 3 to Monday 6 -> Thursday 2 April 16:00.
        (BERLIN, "2026-04-07T07:00Z", "2026-04-02T14:00Z"),
        # Monday 30 March 09:00 is already summer time (- 2 h); Friday 27 March 16:00 was not (- 1 h).
        (BERLIN, "2026-03-30T07:00Z", "2026-03-27T15:00Z"),
        # A customer in Berlin at 09:00 on Monday: 03:00 in New York, so Friday 16:00 there, + 5 h.
        (NEW_YORK, "2026-11-23T08:00Z", "2026-11-20T21:00Z"),
        # Friday 27 November, 10:00 in New York (+ 5 h), the day after Thanksgiving, is worked: 09:00.
        (NEW_YORK, "2026-11-27T15:00Z", "2026-11-27T14:00Z"),
        (NEW_YORK, "2026-11-27T14:00Z", "2026-11-25T21:00Z"),  # at 09:00: over Thanksgiving to Wednesday 16:00
        # Egypt works from Sunday to Thursday: Sunday 22 November 09:00 (UTC+2) -> Thursday 19 November 16:00.
        (CAIRO, "2026-11-22T07:00Z", "2026-11-19T14:00Z"),
        # A night team: Tuesday 03:00 lies in Monday's night; Sunday noon after Friday's night, over at 06:00.
        (NIGHTS, "2026-11-24T03:00Z", "2026-11-24T02:00Z"),
        (NIGHTS, "2026-11-22T12:00Z", "2026-11-21T05:00Z"),
        # On Friday 27 March 2026 at 02:00 (+2) Israel goes to 03:00 (+3). 03:30 - 3 h = 00:30 UTC; an hour before
        # it is 23:30 UTC. (On the clock alone 02:30 would come out, which does not exist.)
        (HAIFA_NIGHTS, "2026-03-27T00:30Z", "2026-03-26T23:30Z"),
        # A team that works round the clock from Monday to Friday.
        (ROUND_THE_CLOCK, "2026-11-23T00:30Z", "2026-11-20T23:00Z"),
        (ROUND_THE_CLOCK, "2026-11-23T01:00Z", "2026-11-23T00:00Z"),
    ],
)
def test_the_deadline_is_the_last_full_working_hour_before_the_send(
    team: TeamHours, send_at: str, deadline: str
) -> None:
    """The team still has a whole hour of its own time when the deadline strikes."""
    assert deadline_before(at(send_at), team) == at(deadline)


def test_the_deadline_is_the_same_instant_however_the_send_is_written() -> None:
    """A send time in local form, right after a gap, gives the deadline of the same send time in UTC."""
    send_at = at("2026-03-27T00:30Z")
    found = deadline_before(send_at.astimezone(zone("Asia/Jerusalem")), HAIFA_NIGHTS)
    assert found == deadline_before(send_at, HAIFA_NIGHTS)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("team", "send_at", "days", "expected"),
    [
        (BERLIN, "2026-11-23T08:00Z", 3, "2026-11-18T08:00Z"),  # Monday - 3: Friday, Thursday, Wednesday 09:00
        (BERLIN, "2026-11-22T08:00Z", 3, "2026-11-18T08:00Z"),  # Sunday - 3: the same
        (BERLIN, "2026-11-26T08:00Z", 3, "2026-11-23T08:00Z"),  # Thursday - 3: Monday
        (BERLIN, "2026-04-07T08:00Z", 3, "2026-03-31T07:00Z"),  # Tuesday - 3 over Easter: 2 and 1 April, 31 March
        (BERLIN, "2026-03-30T07:00Z", 1, "2026-03-27T08:00Z"),  # back into winter time: 09:00 - 1 h
        (NEW_YORK, "2026-11-27T15:00Z", 3, "2026-11-23T14:00Z"),  # Wednesday, Tuesday, Monday; not Thanksgiving
        (NEW_YORK, "2026-11-24T03:00Z", 1, "2026-11-20T14:00Z"),  # there it is still Monday 22:00: Friday
        (BERLIN, "2026-11-23T11:00Z", 0, "2026-11-23T08:00Z"),  # noon, no days ahead: this morning
        (BERLIN, "2026-11-23T07:00Z", 0, "2026-11-20T08:00Z"),  # 08:00, before the team comes in: Friday
        (BERLIN, "2026-11-23T08:30Z", 0, "2026-11-20T08:00Z"),  # 09:30: the deadline was on Friday
        (BERLIN, "2026-11-22T11:00Z", 0, "2026-11-20T08:00Z"),  # a Sunday: Friday
    ],
)
def test_the_draft_is_written_some_team_days_ahead(team: TeamHours, send_at: str, days: int, expected: str) -> None:
    """On the morning of the working day that lies so many of the team's working days before the send."""
    assert write_from(at(send_at), days, team) == at(expected)


@given(
    send_at=st.datetimes(at("2024-01-01"), at("2028-12-31"), timezones=st.just(UTC)),
    days=st.integers(0, 5),
    team=st.sampled_from([BERLIN, NEW_YORK, CAIRO, NIGHTS, HAIFA_NIGHTS, ROUND_THE_CLOCK]),
)
def test_there_is_always_time_between_the_draft_and_the_send(send_at: datetime, days: int, team: TeamHours) -> None:
    """The draft comes before the deadline, the deadline an hour before the send, and the team is at work then."""
    deadline = deadline_before(send_at, team)
    assert write_from(send_at, days, team) <= deadline <= send_at - timedelta(hours=1)
    local = deadline.astimezone(zone(team.zone))
    began_on = local.date() - timedelta(days=1) if local.time() < team.start else local.date()
    assert is_working_day(began_on, team.country)


def test_the_team_works_at_least_an_hour() -> None:
    """Otherwise there would never be a deadline."""
    with pytest.raises(ValueError, match="shorter than an hour"):
        TeamHours(start=time(9), end=time(9, 59))


def test_the_team_has_a_zone_that_exists() -> None:
    """A mistake in the settings is told when they are read."""
    with pytest.raises(UnknownZone, match="Europe/Atlantis"):
        TeamHours("Europe/Atlantis")


def test_the_team_works_nine_to_five_in_utc_unless_told() -> None:
    """The default: Wednesday 12:00 leaves until 11:00, and 09:00 is the draft's hour."""
    send_at = datetime.combine(date(2026, 11, 25), time(12), UTC)
    assert deadline_before(send_at, TeamHours()) == at("2026-11-25T11:00Z")
    assert write_from(send_at, 0, TeamHours()) == at("2026-11-25T09:00Z")


@pytest.mark.parametrize(
    ("team", "now", "hours", "then"),
    [
        # 23 November 2026 is a Monday. Berlin works from 9 to 17, which is 8 to 16 UTC.
        (BERLIN, "2026-11-23T09:00Z", 2, "2026-11-23T11:00Z"),
        (BERLIN, "2026-11-23T15:00Z", 2, "2026-11-24T09:00Z"),  # an hour today, an hour tomorrow
        (BERLIN, "2026-11-23T08:00Z", 8, "2026-11-23T16:00Z"),
        (BERLIN, "2026-11-21T12:00Z", 4, "2026-11-23T12:00Z"),  # a Saturday counts nothing
        (BERLIN, "2026-12-24T15:00Z", 2, "2026-12-28T09:00Z"),  # nor does Christmas, nor the weekend after it
        (NIGHTS, "2026-11-24T01:00Z", 6, "2026-11-24T23:00Z"),  # five hours of this night, one of the next
        (BERLIN, "2026-11-23T09:00Z", 0, "2026-11-23T09:00Z"),
    ],
)
def test_so_many_hours_of_work_from_now(team: TeamHours, now: str, hours: int, then: str) -> None:
    """Only hours in which the team works count."""
    assert after_team_hours(at(now), hours, team) == at(then)
