"""Which hours a channel may use of a customer's time: tables of days with the arithmetic, and a check by the minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dates.hours import ANY_TIME, Hours, SendDays, hours_for
from engine.dates.openings import Intent, is_open, slots
from engine.dates.windows import Window
from engine.dates.zones import zone as zone_of

NIGHT = (time(22), time(7))
MINUTE = timedelta(minutes=1)


def hours(channel: str = "sms", **where: object) -> Hours:
    known = {"country": "DE", "region": None, "zone_guessed": False, "quiet": None}
    return hours_for(channel, **known | where)  # type: ignore[arg-type]


def opens(on: str, rules: Hours, *, zone: str = "Europe/Berlin", window: str = "00:00-00:00") -> list[str]:
    """The openings of one local day, as the clocks there show them: `08:00-20:00`; a second day is not shown."""
    start, end = (time.fromisoformat(at) for at in window.split("-"))
    day = date.fromisoformat(on)
    midnight = datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
    intent = Intent(day, Window(start, end), zone, midnight + timedelta(days=9), rules)
    found = [slot for slot in slots(intent, after=midnight - timedelta(hours=1)) if slot.on == day]
    clock = ZoneInfo(zone)
    return [f"{slot.at.astimezone(clock):%H:%M}-{slot.until.astimezone(clock):%H:%M}" for slot in found]


# 2026: 3 June is a Wednesday, 6 June a Saturday, 7 June a Sunday. Windows are the whole day.
@pytest.mark.parametrize(
    ("on", "where", "expected"),
    [
        # no row of Germany: the default of senders of texts
        ("2026-06-03", {}, ["08:00-20:00"]),
        # France: not on Sundays, nor on 14 July (a Tuesday)
        ("2026-06-06", {"country": "FR"}, ["08:00-20:00"]),
        ("2026-06-07", {"country": "FR"}, []),
        ("2026-07-14", {"country": "FR"}, []),
        # Texas: Sunday from noon on
        ("2026-06-03", {"country": "US", "region": "TX"}, ["09:00-21:00"]),
        ("2026-06-07", {"country": "US", "region": "TX"}, ["12:00-21:00"]),
        ("2026-06-07", {"country": "US-TX"}, ["12:00-21:00"]),
        # Rhode Island: shorter on both days of the weekend
        ("2026-06-03", {"country": "US", "region": "RI"}, ["09:00-18:00"]),
        ("2026-06-06", {"country": "US", "region": "RI"}, ["10:00-17:00"]),
        ("2026-06-07", {"country": "US", "region": "RI"}, ["10:00-17:00"]),
        # New York has no row of its own: that of the country
        ("2026-06-03", {"country": "US", "region": "NY"}, ["08:00-21:00"]),
        # nobody knows the state: what all of them allow. Kentucky begins at 10, Rhode Island ends at 18 and at 17
        ("2026-06-03", {"country": "US"}, ["10:00-18:00"]),
        ("2026-06-06", {"country": "US"}, ["10:00-17:00"]),
        ("2026-06-07", {"country": "US"}, ["12:00-17:00"]),
        # a state that does not exist is one that nobody knows
        ("2026-06-03", {"country": "US", "region": "XX"}, ["10:00-18:00"]),
        # nobody knows the country: what all rows allow, and France allows no Sunday
        ("2026-06-03", {"country": None}, ["10:00-18:00"]),
        ("2026-06-07", {"country": None}, []),
        # switched off: one row, so that Rhode Island is as the rest of the country; all of them
        ("2026-06-06", {"country": "US", "region": "RI", "law": "legal,-US-RI"}, ["08:00-21:00"]),
        ("2026-06-06", {"country": "US", "law": "legal,-US-RI"}, ["10:00-20:00"]),
        ("2026-06-07", {"country": "US", "law": "legal,-US-RI"}, ["12:00-20:00"]),
        ("2026-06-07", {"country": "US", "region": "TX", "law": "off"}, ["00:00-00:00"]),
    ],
)
def test_the_hours_of_texts_by_law(on: str, where: dict[str, object], expected: list[str]) -> None:
    """By weekday, by state, and the strictest where it is not known which row holds."""
    assert opens(on, hours(**where)) == expected


@pytest.mark.parametrize("channel", ["email", "inapp", "webhook", "postbox", "letter"])
def test_the_law_of_texts_does_not_bind_other_channels(channel: str) -> None:
    """A mail lies there until somebody looks."""
    assert hours(channel, country="US") == ANY_TIME


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "call"])
def test_the_law_of_texts_binds_what_rings(channel: str) -> None:
    """Calls are what it was made for."""
    assert opens("2026-06-07", hours(channel, country="US", region="TX")) == ["12:00-21:00"]


def test_a_letter_disturbs_nobody_at_night() -> None:
    """Quiet hours and the days of the trigger do not hold up the post."""
    days = SendDays(weekdays=frozenset({0}), on_holidays=False)
    assert hours("letter", quiet=NIGHT, days=days) == ANY_TIME


@pytest.mark.parametrize(
    ("quiet", "window", "expected"),
    [
        # quiet 22-7 leaves 7-22; a window past midnight keeps its evening, and its end on the next morning is cut off
        (NIGHT, "00:00-00:00", ["07:00-22:00"]),
        (NIGHT, "09:00-11:00", ["09:00-11:00"]),
        (NIGHT, "21:00-08:00", ["21:00-22:00", "07:00-08:00"]),
        (NIGHT, "23:00-06:00", []),
        # a nap: the window opens twice
        ((time(12), time(14)), "11:00-15:00", ["11:00-12:00", "14:00-15:00"]),
        # a window past midnight that nothing interrupts is one opening
        ((time(12), time(14)), "22:00-02:00", ["22:00-02:00"]),
        # from midnight on, and up to midnight
        ((time(0), time(9)), "08:00-10:00", ["09:00-10:00"]),
        ((time(20), time(0)), "19:00-21:00", ["19:00-20:00"]),
    ],
)
def test_quiet_hours_may_cross_midnight(quiet: tuple[time, time], window: str, expected: list[str]) -> None:
    """They bind every channel that arrives at once."""
    assert opens("2026-06-03", hours("email", quiet=quiet), window=window) == expected


def test_law_and_quiet_hours_hold_together() -> None:
    """8-20 by law, and quiet until 10."""
    assert opens("2026-06-03", hours(quiet=(time(22), time(10)))) == ["10:00-20:00"]


@pytest.mark.parametrize(
    ("on", "days", "expected"),
    [
        ("2026-06-06", SendDays(weekdays=frozenset(range(5))), []),  # a Saturday
        ("2026-06-05", SendDays(weekdays=frozenset(range(5))), ["09:00-11:00"]),
        ("2026-12-25", SendDays(on_holidays=False), []),  # Christmas, in Germany too
        ("2026-12-24", SendDays(on_holidays=False), ["09:00-11:00"]),  # no public holiday there
        ("2028-02-29", SendDays(on_holidays=False), ["09:00-11:00"]),  # a Tuesday like others
    ],
)
def test_the_days_of_a_trigger(on: str, days: SendDays, expected: list[str]) -> None:
    """Its days of the week, and whether it sends on public holidays of the customer's country."""
    assert opens(on, hours("email", days=days), window="09:00-11:00") == expected


@pytest.mark.parametrize(
    ("country", "skipped"),
    [("DE", False), ("DE-BY", True), (None, False)],
)
def test_holidays_are_those_of_where_the_customer_lives(country: str | None, skipped: bool) -> None:
    """6 January 2026, a Tuesday, is a holiday in Bavaria; nobody knows the holidays of nowhere."""
    found = opens("2026-01-06", hours("email", country=country, days=SendDays(on_holidays=False)))
    assert found == ([] if skipped else ["00:00-00:00"])


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        # Winter, Wednesday 14 January: 10-18 in all states by all clocks. New York (UTC-5): 15:00-23:00 UTC; Honolulu
        # and Adak (UTC-10): 20:00-04:00 UTC. Both: 20:00-23:00 UTC, which is 15:00-18:00 in New York
        ("2026-01-14", ["15:00-18:00"]),
        # Summer, Wednesday 3 June: New York (UTC-4) 14:00-22:00 UTC, Honolulu (UTC-10 all year) 20:00-04:00 UTC
        ("2026-06-03", ["16:00-18:00"]),
        # Sunday: New York 12-17 is 16:00-21:00 UTC, Honolulu's noon is 22:00 UTC
        ("2026-06-07", []),
    ],
)
def test_a_guessed_zone_asks_every_clock_of_the_country(on: str, expected: list[str]) -> None:
    """A text is allowed when it is allowed wherever they may live."""
    assert opens(on, hours(country="US", zone_guessed=True), zone="America/New_York") == expected


def test_a_guessed_zone_asks_every_clock_of_a_known_state() -> None:
    """El Paso is an hour behind Dallas: 9-21 in both is 10-21 in Dallas, and Sunday's noon is 13:00 there."""
    rules = hours(country="US", region="TX", zone_guessed=True)
    assert opens("2026-06-03", rules, zone="America/Chicago") == ["10:00-21:00"]
    assert opens("2026-06-07", rules, zone="America/Chicago") == ["13:00-21:00"]


@pytest.mark.parametrize(
    ("on", "zone", "quiet", "expected"),
    [
        # Berlin, 29 March 2026: 02:00 -> 03:00. Quiet until 02:30, which does not exist: 03:00, the first instant after
        ("2026-03-29", "Europe/Berlin", (time(22), time(2, 30)), ["03:00-22:00"]),
        # Berlin, 25 October 2026: 03:00 -> 02:00. Quiet until 02:30: 02:30-03:00, then 02:00-02:30 again is quiet again
        ("2026-10-25", "Europe/Berlin", (time(22), time(2, 30)), ["02:30-02:00", "02:30-22:00"]),
        # Havana, 8 March 2026, and Beirut, 29 March: midnight does not exist, the day begins at 01:00
        ("2026-03-08", "America/Havana", (time(22), time(0, 30)), ["01:00-22:00"]),
        ("2026-03-29", "Asia/Beirut", (time(22), time(0, 30)), ["01:00-22:00"]),
        # Cairo, 24 April 2026: the same
        ("2026-04-24", "Africa/Cairo", (time(22), time(0, 30)), ["01:00-22:00"]),
        # Apia has no 30 December 2011: its window is the next day's
        ("2011-12-30", "Pacific/Apia", NIGHT, ["09:00-11:00"]),
    ],
)
def test_quiet_hours_where_the_clocks_change(on: str, zone: str, quiet: tuple[time, time], expected: list[str]) -> None:
    """A skipped hour is skipped, and an hour that comes twice is judged twice by what the clock shows."""
    window = "09:00-11:00" if zone == "Pacific/Apia" else "00:00-00:00"
    assert opens(on, hours("email", country=None, quiet=quiet), zone=zone, window=window) == expected


def test_an_hour_inside_a_fold_is_its_first_occurrence() -> None:
    """02:30 of 25 October 2026 in Berlin is 00:30 and 01:30 UTC; a quiet night until then ends at the first."""
    intent = Intent(
        date(2026, 10, 25),
        Window(time(0), time(6)),
        "Europe/Berlin",
        datetime(2026, 10, 26, tzinfo=UTC),
        hours("email", quiet=(time(23), time(2, 30))),
    )
    first = next(slots(intent, after=datetime(2026, 10, 24, 20, tzinfo=UTC)))
    assert (first.at, first.until) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
    )


def test_the_name_of_what_forbids_an_instant() -> None:
    """The first rule that does not allow it, the customer's own wish before the law."""
    rules = hours(country="FR", quiet=NIGHT, days=SendDays(weekdays=frozenset(range(6))))
    at = {"02:00": "quiet_hours", "07:30": "legal_hours", "12:00": None}
    for hour, name in at.items():
        local = datetime.combine(date(2026, 6, 3), time.fromisoformat(hour), ZoneInfo("Europe/Paris"))
        assert rules.forbidden_by(local.astimezone(UTC), "Europe/Paris") == name
    sunday = datetime(2026, 6, 7, 10, tzinfo=UTC)
    assert rules.forbidden_by(sunday, "Europe/Paris") == "other_weekday"


# --- what the finder answers, beside a check that looks at the clock and knows nothing of spans

ZONES = st.sampled_from(
    (
        *("Europe/Berlin", "America/New_York", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Asia/Kolkata"),
        *("Australia/Lord_Howe", "Pacific/Chatham", "America/St_Johns", "UTC", "Pacific/Apia"),
    )
)
QUARTERS = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
QUIET = st.one_of(st.none(), st.tuples(QUARTERS, QUARTERS).filter(lambda pair: pair[0] != pair[1]))
DAYS = st.builds(SendDays, st.frozensets(st.integers(0, 6), min_size=1), st.booleans())
NOWS = st.integers(0, 358 * 1440).map(lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + minute * MINUTE)
LAW = {  # (country, region) -> hours of Monday to Friday, Saturday, Sunday, a holiday; None: as any day
    ("DE", None): ((8, 20), (8, 20), (8, 20), None),
    ("FR", None): ((8, 20), (8, 20), (0, 0), (0, 0)),
    ("US", "TX"): ((9, 21), (9, 21), (12, 21), None),
    ("US", "RI"): ((9, 18), (10, 17), (10, 17), None),
    ("US", None): ((10, 18), (10, 17), (12, 17), None),
}
PLACES = st.sampled_from(sorted(LAW, key=str))


def naively_allowed(
    at: datetime, intent: Intent, place: tuple[str, str | None], quiet: tuple[time, time] | None, days: SendDays
) -> bool:
    """Whether the clock on the wall, the calendar and the table allow this minute."""
    local = at.astimezone(zone_of(intent.zone))
    minute = local.hour * 60 + local.minute
    holiday = local.date() in holidays.country_holidays(place[0], years=local.year)
    if local.weekday() not in days.weekdays or (holiday and not days.on_holidays):
        return False
    if quiet is not None:
        start, end = (hour.hour * 60 + hour.minute for hour in quiet)
        if start <= minute < end or (start > end and (minute >= start or minute < end)):
            return False
    week, saturday, sunday, on_holiday = LAW[place]
    opens, closes = {5: saturday, 6: sunday}.get(local.weekday(), week)
    if holiday and on_holiday is not None:
        opens, closes = on_holiday
    return opens * 60 <= minute < closes * 60


@given(ZONES, PLACES, QUIET, DAYS, NOWS, QUARTERS, QUARTERS, st.integers(0, 20), st.integers(1, 6))
def test_every_answer_is_allowed_by_the_clock_on_the_wall(
    zone: str,
    place: tuple[str, str | None],
    quiet: tuple[time, time] | None,
    days: SendDays,
    now: datetime,
    start: time,
    end: time,
    ahead: int,
    lasts: int,
) -> None:
    """In its hours and its window, before its expiry, not before it was asked for, one after the other; and between two
    answers nothing is left out that the window and the clock allow."""
    country, region = place
    rules = hours_for("sms", country=country, region=region, zone_guessed=False, quiet=quiet, days=days)
    on = (now + timedelta(hours=ahead)).date()
    intent = Intent(on, Window(start, end), zone, now + timedelta(days=lasts), rules)
    plain = Intent(on, Window(start, end), zone, now + timedelta(days=lasts))
    found = list(slots(intent, after=now))
    before = now
    for slot in found:
        assert before <= slot.at < slot.until <= intent.expires_at
        for at in (slot.at, slot.until - MINUTE if slot.until - MINUTE >= slot.at else slot.at):
            assert naively_allowed(at, intent, place, quiet, days)
            assert is_open(plain, now=at)
            assert is_open(intent, now=at)
        before = slot.until
    for minutes in range(0, lasts * 1440, 37):
        at = now + timedelta(minutes=minutes)
        allowed = is_open(plain, now=at) and naively_allowed(at, intent, place, quiet, days)
        assert any(slot.at <= at < slot.until for slot in found) == allowed


@given(ZONES, QUIET, NOWS, st.integers(1, 600))
def test_asking_later_never_answers_earlier(
    zone: str, quiet: tuple[time, time] | None, now: datetime, later: int
) -> None:
    """The first opening moves on with the time of asking, and stays the same until it has begun."""
    rules = hours_for("sms", country="FR", region=None, zone_guessed=False, quiet=quiet)
    intent = Intent(now.date(), Window(time(9), time(11)), zone, now + timedelta(days=5), rules)
    first = next(slots(intent, after=now), None)
    second = next(slots(intent, after=now + later * MINUTE), None)
    if first is None:
        assert second is None
    elif second is not None:
        assert second.at >= first.at
        assert second.at == first.at or now + later * MINUTE > first.at
