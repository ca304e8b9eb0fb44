"""When it is whose turn in an opening, on which day a letter goes, and what is said of a message that may not go."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dates.hours import ANY_TIME, SendDays, hours_for
from engine.dates.openings import TURNS, Intent, Slot, closed_by, is_open, posting_day, slots, spoiled_by, turn
from engine.dates.windows import Window

WEDNESDAY = date(2026, 6, 3)
MORNING = Window(time(9), time(11))


def at(text: str) -> datetime:
    """`06-03 07:00` of 2026, in UTC. Berlin is two hours ahead in June: nine o'clock there is 07:00."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def intent(quiet: tuple[time, time] | None = None, days: SendDays | None = None, **fields: object) -> Intent:
    rules = hours_for("sms", country="DE", region=None, zone_guessed=False, quiet=quiet, days=days or SendDays())
    values = {"send_on": WEDNESDAY, "window": MORNING, "zone": "Europe/Berlin", "expires_at": at("06-05 22:00")}
    return Intent(**values | {"hours": rules} | fields)  # type: ignore[arg-type]


# --- turns

OPENING = Slot(WEDNESDAY, at("06-03 07:00"), at("06-03 09:00"))


@pytest.mark.parametrize(
    ("bucket", "spread", "goes"),
    [
        # 30 groups in 30 minutes: one a minute
        (0, 30, "06-03 07:00"),
        (1, 30, "06-03 07:01"),
        (29, 30, "06-03 07:29"),
        (30, 30, "06-03 07:00"),
        # 240 minutes do not fit into an opening of 120: its first half is used, two minutes a group
        (29, 240, "06-03 07:58"),
        (17, 0, "06-03 07:00"),
    ],
)
def test_the_messages_of_one_opening_go_in_turn(bucket: int, spread: int, goes: str) -> None:
    """By the customer's bucket, in as many groups as there are turns."""
    assert turn(OPENING, bucket, timedelta(minutes=spread)) == at(goes)


def test_whoever_comes_late_does_not_queue() -> None:
    """An opening that has begun is used at once."""
    begun = next(slots(intent(), after=at("06-03 07:10")))
    assert turn(begun, 29, timedelta(minutes=30)) == at("06-03 07:10")
    ahead = next(slots(intent(), after=at("06-03 06:00")))
    assert turn(ahead, 29, timedelta(minutes=30)) == at("06-03 07:29")


@given(st.integers(0, 2**31 - 1), st.integers(0, 240), st.integers(1, 200))
def test_a_turn_never_leaves_the_first_half_of_its_opening(bucket: int, spread: int, minutes: int) -> None:
    """However short the opening and however long the spread, and everybody of a group goes together."""
    opening = Slot(WEDNESDAY, at("06-03 07:00"), at("06-03 07:00") + timedelta(minutes=minutes))
    goes = turn(opening, bucket, timedelta(minutes=spread))
    assert opening.at <= goes < opening.until
    assert goes - opening.at <= min(timedelta(minutes=spread), (opening.until - opening.at) / 2)
    assert goes == turn(opening, bucket % TURNS, timedelta(minutes=spread))


# --- expiry


def test_an_opening_ends_with_the_expiry() -> None:
    """What expires at ten has one hour, and the turns are those of that hour."""
    only = list(slots(intent(expires_at=at("06-03 08:00")), after=at("06-03 06:00")))
    assert [(slot.at, slot.until) for slot in only] == [(at("06-03 07:00"), at("06-03 08:00"))]
    assert turn(only[0], 29, timedelta(minutes=60)) == at("06-03 07:29")


def test_days_without_hours_are_passed_over() -> None:
    """Wednesday and Thursday are no days of the trigger: Friday; and where it expires before, there is none."""
    fridays = SendDays(weekdays=frozenset({4}))
    assert [slot.on.day for slot in slots(intent(days=fridays), after=at("06-01 00:00"))] == [5]
    assert list(slots(intent(days=fridays, expires_at=at("06-04 22:00")), after=at("06-01 00:00"))) == []


# --- names


@pytest.mark.parametrize(
    ("now", "quiet", "days", "name"),
    [
        ("06-03 06:59", None, None, "outside_window"),
        ("06-03 09:00", None, None, "outside_window"),
        ("06-02 08:00", None, None, "outside_window"),  # its day has not come
        ("06-03 08:00", (time(22), time(10, 30)), None, "quiet_hours"),
        ("06-03 08:00", None, SendDays(weekdays=frozenset({4})), "other_weekday"),
    ],
)
def test_what_may_not_go_now_says_what_keeps_it(
    now: str, quiet: tuple[time, time] | None, days: SendDays | None, name: str
) -> None:
    """The window first: hours are only asked where the trigger would send."""
    found = intent(quiet, days)
    assert not is_open(found, now=at(now))
    assert closed_by(found, now=at(now)) == name


def test_what_its_hours_leave_nothing_says_which() -> None:
    """Quiet until noon and a window that closes at eleven; but what is simply too late was spoiled by nothing."""
    never = intent((time(20), time(12)))
    assert list(slots(never, after=at("06-01 00:00"))) == []
    assert spoiled_by(never, after=at("06-01 00:00")) == "quiet_hours"
    assert spoiled_by(never, after=at("06-05 09:00")) is None
    law = replace(intent(), window=Window(time(21), time(23)))
    assert spoiled_by(law, after=at("06-01 00:00")) == "legal_hours"


# --- letters


@pytest.mark.parametrize(
    ("arrives", "lead", "country", "posted"),
    [
        # Wednesday 3 June, three working days: Tuesday, Monday, Friday
        ("2026-06-03", 3, "DE", "2026-05-29"),
        # 26 May 2026 is a Tuesday and the day before it Whit Monday: Friday, Thursday, Wednesday
        ("2026-05-26", 3, "DE", "2026-05-20"),
        # in Poland that Monday is a working day: Monday, Friday, Thursday
        ("2026-05-26", 3, "PL", "2026-05-21"),
        # a Sunday: the last working day before it
        ("2026-06-07", 0, "DE", "2026-06-05"),
        # 29 February 2028, a Tuesday: Monday
        ("2028-02-29", 1, "DE", "2028-02-28"),
        # nobody knows the country: Monday to Friday
        ("2026-05-26", 1, None, "2026-05-25"),
    ],
)
def test_a_letter_goes_so_many_working_days_before_its_day(
    arrives: str, lead: int, country: str | None, posted: str
) -> None:
    """Of the customer's country, so that it is there on the day or before it."""
    assert posting_day(date.fromisoformat(arrives), lead, country) == date.fromisoformat(posted)


def test_a_letter_has_one_day_to_go_and_keeps_the_day_it_is_about() -> None:
    """From the window's beginning to the end of that local day; a day later it would be late."""
    letter = intent(post_on=date(2026, 5, 29), hours=ANY_TIME)
    found = list(slots(letter, after=at("05-01 00:00")))
    assert [(slot.on, slot.at, slot.until) for slot in found] == [(WEDNESDAY, at("05-29 07:00"), at("05-29 22:00"))]
    assert list(slots(letter, after=at("05-29 22:00"))) == []
