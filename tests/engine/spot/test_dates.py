"""Moments from the calendar: who is due, once whatever is repeated, and never missing without a trace."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.spot.dates import spot_dates
from engine.storage.models import Customer, CustomerDate, Moment, Trigger
from engine.storage.session import Database
from tests.engine.spot.story import TEAM, Story, at, on

NOW = "2026-02-14 09:00"  # a Saturday
FIRST_ORDER = {"params": {"of": {"first_event": "order_completed"}, "years": [1, 2, 5]}}


@pytest.fixture
def story(session: Session) -> Story:
    return Story(session, at(NOW))


def spot(story: Story, *triggers: ActiveTrigger, post_days: int = 0) -> int:
    return spot_dates(story.session, triggers, now=story.now, team=TEAM, post_days=post_days)


def test_where_letters_go_moments_are_spotted_early_enough_for_the_post(story: Story) -> None:
    """Without letters the last birthday found is 28 February. Five working days are at most nineteen days (a week, two
    days, and long holidays): 19 March, and not the day after."""
    trigger = story.trigger()
    for birthday in ("1990-03-01", "1990-03-19", "1990-03-20"):
        story.customer(birthday, birthday=birthday)
    assert spot(story, trigger) == 0
    assert spot(story, trigger, post_days=5) == 2
    assert {moment.nominal_on for moment in story.moments()} == {on("2026-03-01"), on("2026-03-19")}


def test_a_birthday_makes_one_moment(story: Story) -> None:
    """With the year of the day as its key, two days to go late, and nothing that tells the age."""
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-02-14", zone="Europe/Berlin")
    assert spot(story, trigger) == 1
    [moment] = story.moments()
    assert (moment.customer_id, moment.trigger_id, moment.trigger_version_id) == (
        customer_id,
        trigger.id,
        trigger.version_id,
    )
    assert (moment.occurrence_key, moment.state, moment.reason) == ("2026", "spotted", None)
    assert (moment.nominal_on, moment.send_on) == (on("2026-02-14"), on("2026-02-14"))
    # Late by two days at most: until the end of 16 February in Berlin, 23:00 UTC.
    assert moment.expires_at == at("2026-02-16 23:00")
    assert moment.check_at == moment.spotted_at == story.now
    assert moment.weight == 30
    assert moment.facts == {
        "month": {"value": 2, "source": "birthday", "sayable": True},
        "day": {"value": 14, "source": "birthday", "sayable": True},
    }
    assert trigger.kind.tells(trigger.params) == dict.fromkeys(("month", "day", "birthday"), True)
    assert moment.id.version == 7


def test_a_second_scan_makes_nothing(story: Story) -> None:
    """The same day, and the next."""
    trigger = story.trigger()
    story.customer(birthday="1990-02-14")
    assert spot(story, trigger) == 1
    assert spot(story, trigger) == 0
    story.now += timedelta(days=1)
    assert spot(story, trigger) == 0


@pytest.mark.parametrize(
    ("birthday", "found"),
    [
        ("--02-14", True),  # the year is unknown: a birthday all the same
        ("1990-02-14", True),
        ("2026-02-14", False),  # the day itself, not its anniversary
        ("1990-02-13", True),  # yesterday: may still go, it expires after two days
        ("1990-02-12", True),
        ("1990-02-11", False),  # over since midnight, at the end of the 13th
        # Wednesday 18 February is three working days ahead, so its draft is begun now; ten days more are spotted early.
        ("1990-02-28", True),
        ("1990-03-01", False),
    ],
)
def test_who_is_in_the_open_window(story: Story, birthday: str, found: bool) -> None:
    """From the days whose expiry has not come to those that have to be written soon."""
    trigger = story.trigger()
    story.customer(birthday=birthday)
    assert spot(story, trigger) == int(found)


@pytest.mark.parametrize(
    ("now", "leap_day", "nominal_on"),
    [
        ("2026-02-20 09:00", "feb28", "2026-02-28"),
        ("2026-02-20 09:00", "mar1", "2026-03-01"),
        ("2028-02-20 09:00", "feb28", "2028-02-29"),
        ("2028-02-20 09:00", "mar1", "2028-02-29"),
    ],
)
def test_a_leap_day_is_never_dropped(story: Story, now: str, leap_day: str, nominal_on: str) -> None:
    """29 February 1996, in years with and without one, by both policies."""
    story.now = at(now)
    trigger = story.trigger(params={"of": {"date": "birthday"}, "every": "year", "leap_day": leap_day})
    story.customer(birthday="1996-02-29")
    spot(story, trigger)
    assert story.moments("nominal_on") == [on(nominal_on)]


def test_the_years_of_a_first_order(story: Story) -> None:
    """One and two years are listed, three are not; the number and the first day are in the facts."""
    trigger = story.trigger("first_order_anniversary", **FIRST_ORDER)
    for year in (2025, 2024, 2023):
        story.date(story.customer(f"of {year}"), f"{year}-02-14", name="first:order_completed")
    assert spot(story, trigger) == 2
    facts = sorted(story.moments("facts"), key=lambda facts: facts["years"]["value"])
    assert facts[0] == {
        "month": {"value": 2, "source": "first:order_completed", "sayable": True},
        "day": {"value": 14, "source": "first:order_completed", "sayable": True},
        "years": {"value": 1, "source": "first:order_completed", "sayable": True},
        "since": {"value": "2025-02-14", "source": "first:order_completed", "sayable": True},
    }
    assert facts[1]["years"]["value"] == 2
    assert trigger.kind.tells(trigger.params) == dict.fromkeys(facts[0], True)


def test_the_years_of_a_yearly_date(story: Story) -> None:
    """Worked out by the statement; unknown where the year is unknown, never 0 or 2026."""
    trigger = story.trigger("contract", params={"of": {"date": "contract_start"}, "every": "year"})
    story.date(story.customer("known"), "2019-02-14", name="contract_start")
    story.date(story.customer("unknown"), "--02-14", name="contract_start")
    spot(story, trigger)
    told = {(facts["years"]["value"], facts["since"]["value"]) for facts in story.moments("facts")}
    assert told == {(7, "2019-02-14"), (None, None)}


def test_month_ends(story: Story) -> None:
    """One month after 28, 29, 30 and 31 January is 28 February; the keys say the months."""
    trigger = story.trigger("monthly", params={"of": {"date": "start"}, "months": [1]})
    for day in (27, 28, 29, 30, 31):
        story.date(story.customer(str(day)), f"2026-01-{day}", name="start")
    spot(story, trigger)
    assert story.moments("nominal_on", "occurrence_key") == [
        (on("2026-02-27"), "months:1"),
        *[(on("2026-02-28"), "months:1")] * 4,
    ]


def test_a_thousand_days(story: Story) -> None:
    """2023-05-21 + 1000 days = 2026-02-14."""
    trigger = story.trigger("days", params={"of": {"first_event": "order_completed"}, "days": [1000]})
    story.date(story.customer(), "2023-05-21", name="first:order_completed")
    spot(story, trigger)
    assert story.moments("nominal_on", "occurrence_key") == [(on("2026-02-14"), "days:1000")]


def test_a_placeholder_is_never_greeted(story: Story) -> None:
    """1 January 1900 is what a program writes when it knows nothing."""
    story.now = at("2026-01-01 09:00")
    trigger = story.trigger()
    customer_id = story.customer()
    story.date(customer_id, "1900-01-01", placeholder="a common stand-in for an unknown date")
    assert spot(story, trigger) == 0


def test_the_erased_are_never_greeted(story: Story) -> None:
    """Nothing of them may be looked at again."""
    trigger = story.trigger()
    story.customer(birthday="1990-02-14", erased_at=story.now)
    assert spot(story, trigger) == 0


def test_a_customer_imported_after_the_scan_is_found_by_the_next(story: Story) -> None:
    """The window is searched again each time; today's birthday is not lost because the scan came first."""
    trigger = story.trigger()
    spot(story, trigger)
    story.customer("late", birthday="1990-02-14")
    assert spot(story, trigger) == 1


def test_days_that_were_missed_leave_a_trace(story: Story) -> None:
    """Down for five weeks: whoever had a birthday meanwhile has a moment, which will expire and say so.

    The scan of 14 February ends on the 28th (three working days and ten more). On 21 March birthdays of 1 March on are
    made up, although 15 March is over since the end of the 17th.
    """
    trigger = story.trigger()
    spot(story, trigger)
    story.now = at("2026-03-21 09:00")
    story.customer("missed", birthday="1990-03-15")
    story.customer("searched then", birthday="1990-02-20")  # imported since, when the day was long over
    assert spot(story, trigger) == 1
    [moment] = story.moments()
    assert (moment.nominal_on, moment.state) == (on("2026-03-15"), "spotted")
    assert moment.expires_at == at("2026-03-18 00:00")


def test_nothing_from_before_the_trigger_was_active(story: Story) -> None:
    """Its first local day counts: at 15:00 UTC it is the 14th in Berlin, and already the 15th in Auckland."""
    trigger = story.trigger()
    story.session.execute(update(Trigger).values(active_from=at("2026-02-14 15:00")))
    trigger = story.trigger()
    for zone in ("Europe/Berlin", "Pacific/Auckland"):
        for day in (13, 14, 15):
            story.customer(f"{zone} {day}", birthday=f"1990-02-{day}", zone=zone)
    spot(story, trigger)
    rows = story.session.execute(select(Customer.external_id).join(Moment, Moment.customer_id == Customer.id))
    assert sorted(rows.scalars()) == ["Europe/Berlin 14", "Europe/Berlin 15", "Pacific/Auckland 15"]


def test_it_is_sent_on_a_working_day_of_the_country(story: Story) -> None:
    """14 February 2026 is a Saturday: the Friday before in Germany, Thursday in Egypt, where Friday is free too."""
    story.now = at("2026-02-10 09:00")
    trigger = story.trigger(send={"shift": "before"})
    story.customer("de", birthday="1990-02-14", country="DE")
    story.customer("eg", birthday="1990-02-14", country="EG")
    story.customer("nowhere", birthday="1990-02-14")
    spot(story, trigger)
    rows = story.session.execute(select(Customer.external_id, Moment.send_on).join(Moment))
    assert dict(rows.all()) == {"de": on("2026-02-13"), "eg": on("2026-02-12"), "nowhere": on("2026-02-13")}


def test_lead_and_delay(story: Story) -> None:
    """Seven days before, one after; the key stays the year of the day itself, also across New Year."""
    story.now = at("2026-12-22 09:00")
    early = story.trigger("early", send={"lead_days": 7})
    late = story.trigger("late", send={"delay_days": 1})
    story.customer(birthday="1990-01-02")
    spot(story, early, late)
    assert story.moments("occasion", "occurrence_key", "nominal_on", "send_on") == [
        ("early", "2027", on("2027-01-02"), on("2026-12-26")),
        ("late", "2027", on("2027-01-02"), on("2027-01-03")),
    ]


def test_the_expiry_follows_the_zone(story: Story) -> None:
    """The end of 16 February: 10:00 UTC on Kiritimati (+14), noon of the 17th in UTC on Niue (-11) minus one hour."""
    trigger = story.trigger()
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        story.customer(zone, birthday="1990-02-14", zone=zone)
    spot(story, trigger)
    rows = story.session.execute(select(Customer.zone, Moment.expires_at).join(Moment))
    assert dict(rows.all()) == {
        "Pacific/Kiritimati": at("2026-02-16 10:00"),
        "Pacific/Niue": at("2026-02-17 11:00"),
    }


def test_a_corrected_birthday_moves_the_moment(story: Story) -> None:
    """It was typed wrong, nothing has been planned: the same moment stands on the right day."""
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-02-18")
    spot(story, trigger)
    story.date(customer_id, "1990-02-20")
    assert spot(story, trigger) == 1
    assert story.moments("occurrence_key", "nominal_on", "send_on", "state") == [
        ("2026", on("2026-02-20"), on("2026-02-20"), "spotted")
    ]
    [moment] = story.moments()
    assert moment.facts["day"]["value"] == 20
    assert moment.expires_at == at("2026-02-23 00:00")


def test_a_moment_cancelled_by_a_correction_returns_on_the_right_day(story: Story) -> None:
    """Cancelled as no longer true, nothing handed over; cancelled for another reason it stays cancelled."""
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-02-18")
    other = story.customer("other", birthday="1990-02-18")
    spot(story, trigger)
    for moment in story.moments():
        story.end(moment, "cancelled", "date_changed" if moment.customer_id == customer_id else "by_hand")
    story.date(customer_id, "1990-02-20")
    story.date(other, "1990-02-20")
    assert spot(story, trigger) == 1
    assert story.moments("nominal_on", "state", "reason") == [
        (on("2026-02-18"), "cancelled", "by_hand"),
        (on("2026-02-20"), "spotted", None),
    ]


def test_a_corrected_birthday_does_not_greet_twice_in_a_year(story: Story) -> None:
    """Handed over in February, corrected to March: the year has had its greeting."""
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-02-14")
    spot(story, trigger)
    story.hand_over(story.moments()[0])
    story.date(customer_id, "1990-02-20")
    assert spot(story, trigger) == 0
    assert story.moments("nominal_on", "state") == [(on("2026-02-14"), "closed")]


@pytest.mark.parametrize(
    ("corrected", "state", "reason"),
    [
        ("1990-01-05", "skipped", "celebrated_recently"),  # 2026-12-28 to 2027-01-05: 8 days
        ("1990-06-28", "skipped", "celebrated_recently"),  # 182 days
        ("1990-06-29", "spotted", None),  # 183 days: half a year is over
    ],
)
def test_a_corrected_birthday_does_not_greet_twice_across_new_year(
    story: Story, corrected: str, state: str, reason: str | None
) -> None:
    """The keys differ (2026, 2027), so the nearness of the last one handed over decides, and says so."""
    story.now = at("2026-12-28 09:00")
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-12-28")
    spot(story, trigger)
    story.hand_over(story.moments()[0])
    story.date(customer_id, corrected)
    story.now = at(f"2027{corrected[4:]} 09:00")
    spot(story, trigger)
    assert story.moments("occurrence_key", "state", "reason")[1:] == [("2027", state, reason)]


def test_a_moment_moved_too_near_to_the_last_greeting_does_not_follow(story: Story) -> None:
    """Spotted for 29 June, 183 days after; corrected to the 28th, 182 days: it stays, and is no longer true."""
    story.now = at("2026-12-28 09:00")
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-12-28")
    spot(story, trigger)
    story.hand_over(story.moments()[0])
    story.date(customer_id, "1990-06-29")
    story.now = at("2027-06-25 09:00")
    assert spot(story, trigger) == 1
    story.date(customer_id, "1990-06-28")
    assert spot(story, trigger) == 0
    assert story.moments("nominal_on", "state")[1:] == [(on("2027-06-29"), "spotted")]


def test_a_greeting_that_is_only_approved_keeps_nobody_waiting(story: Story) -> None:
    """It may still be stopped; only what was handed over counts."""
    story.now = at("2026-12-28 09:00")
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-12-28")
    spot(story, trigger)
    story.hand_over(story.moments()[0], state="approved")
    story.date(customer_id, "1990-01-05")
    spot(story, trigger)
    assert ("2027", "spotted") in story.moments("occurrence_key", "state")


def test_a_greeting_that_never_went_out_keeps_nobody_waiting(story: Story) -> None:
    """Only what was handed over counts."""
    story.now = at("2026-12-28 09:00")
    trigger = story.trigger()
    customer_id = story.customer(birthday="1990-12-28")
    spot(story, trigger)
    story.end(story.moments()[0], "expired", "too_late")
    story.date(customer_id, "1990-01-05")
    spot(story, trigger)
    assert ("2027", "spotted") in story.moments("occurrence_key", "state")


def test_two_scans_at_once_make_one_moment_each(db: Database) -> None:
    """The UNIQUE key decides, whoever comes first; nobody is locked out."""
    with db.writing() as session:
        story = Story(session, at(NOW))
        trigger = story.trigger()
        for n in range(200):
            story.customer(f"c{n}", birthday=f"19{n % 80 + 10}-02-{n % 10 + 14}")
    made: list[Any] = []
    ready = threading.Barrier(3)

    def scan() -> None:
        ready.wait()
        try:
            with db.writing() as session:
                made.append(spot_dates(session, [trigger], now=at(NOW), team=TEAM))
        except Exception as error:
            made.append(error)

    threads = [threading.Thread(target=scan) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 0, 200]
    with db.reading() as session:
        assert len(session.scalars(select(Moment.id)).all()) == 200


def test_many_zones_are_more_than_one_statement_can_hold(story: Story) -> None:
    """180 zones times 20 days are rows for two statements; everybody is found all the same."""
    trigger = story.trigger()
    zones = sorted(zone for zone in _zones() if zone.startswith(("America/", "Europe/", "Africa/")))
    for zone in zones:
        story.customer(zone, birthday="1990-02-14", zone=zone)
    assert len(zones) * 20 > 4_000
    assert spot(story, trigger) == len(zones)


def _zones() -> set[str]:
    import zoneinfo

    return zoneinfo.available_timezones()


def test_what_it_costs_follows_the_number_due(db: Database) -> None:
    """The index over name, month_day and year is used, for a birthday and for a listed year."""
    with db.writing() as session:
        story = Story(session, at(NOW))
        triggers = [story.trigger(), story.trigger("first_order_anniversary", **FIRST_ORDER)]
        people = [
            {"id": i, "external_id": str(i), "bucket": 1, "created_at": story.now, "updated_at": story.now}
            for i in _ids(3_000)
        ]
        session.execute(Customer.__table__.insert(), people)
        session.execute(
            CustomerDate.__table__.insert(),
            [
                {
                    "customer_id": row["id"], "name": name, "year": 1960 + n % 66, "month": n % 12 + 1,
                    "day": n % 25 + 1, "month_day": (n % 12 + 1) * 100 + n % 25 + 1, "source": "test",
                }
                for n, row in enumerate(people)
                for name in ("birthday", "first:order_completed")
            ],
        )  # fmt: skip
    plans = explained(db, triggers)
    assert len(plans) == 2
    for plan in plans:
        assert "ix_customer_dates_anniversary (name=? AND month_day=?" in plan or "Index Cond: ((name = " in plan, plan
        assert "SCAN customer" not in plan, plan
    assert "year=?" in plans[1] or "AND (year = " in plans[1], plans[1]


def _ids(count: int) -> list[Any]:
    from engine.ids import new_id

    return [new_id() for _ in range(count)]


def explained(db: Database, triggers: list[ActiveTrigger]) -> list[str]:
    """How the database means to carry out each INSERT of a scan."""
    from sqlalchemy import event

    plans: list[str] = []
    with db.writing() as session:
        connection = session.connection()
        if not db.is_sqlite:
            connection.exec_driver_sql("ANALYZE")
            # Three thousand rows are read faster whole; what is asked here is whether the index can answer.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "

        def look(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
            if "INSERT INTO moments" in statement:
                rows = conn.connection.driver_connection.execute(explain + statement, parameters).fetchall()
                plans.append("\n".join(str(row[-1]) for row in rows))

        event.listen(connection, "before_cursor_execute", look)
        spot_dates(session, triggers, now=at(NOW), team=TEAM)
    return plans
