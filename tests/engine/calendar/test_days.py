"""Sensitive days in planning and sending: by the customer's own date, for the messages they speak of."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.calendar.day_rules import rule_of
from engine.calendar.days import WantedDay, add_day, change_day, remove_day
from engine.calendar.suggestions import suggestions
from engine.channel_terms import Offered
from engine.dates.team import TeamHours
from engine.definitions.store import active_triggers
from engine.errors import Conflict, InvalidInput, NotAllowed
from engine.plan.holds import HoldView, holds_of
from engine.plan.planning import plan_due
from engine.plan.times import recompute_send_times, zone_data_changed
from engine.storage.models import Message, SensitiveDay
from engine.storage.session import Database
from tests.engine.builders import NOW, make_customer, make_moment, make_trigger
from tests.engine.people.staff import make_person
from tests.engine.send.approved import Ending, approve, approved, message, open_holds
from triggers.table import KINDS

TODAY = NOW.date()


def keep(session: Session, **fields: Any) -> SensitiveDay:
    values: dict[str, Any] = {"countries": [], "families": ["celebrate"], "occasions": [], "effect": "hold"}
    values |= {"name": "a day of silence", "created_at": NOW, "changed_at": NOW}
    values |= {} if {"month", "holiday"} & fields.keys() else {"on_date": TODAY}
    day = SensitiveDay(**(values | fields))
    session.add(day)
    session.flush()
    return day


@pytest.mark.parametrize(
    ("zone", "country", "at", "until"),
    [
        # 1 June in Berlin is over at 22:00 UTC; on Kiritimati (UTC+14) it was over at 10:00, in Pago Pago (UTC-11) it
        # begins at 11:00 and ends at 11:00 the next day.
        ("Europe/Berlin", "DE", NOW, datetime(2026, 6, 1, 22, tzinfo=UTC)),
        ("Pacific/Kiritimati", "KI", NOW, None),
        ("Pacific/Kiritimati", "KI", datetime(2026, 5, 31, 10, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("Pacific/Pago_Pago", "AS", NOW, datetime(2026, 6, 2, 11, tzinfo=UTC)),
        ("Pacific/Pago_Pago", "AS", NOW - timedelta(hours=2), None),
        ("Europe/Berlin", None, NOW, datetime(2026, 6, 1, 22, tzinfo=UTC)),
    ],
)
def test_it_holds_from_midnight_to_midnight_of_the_customer(
    session: Session, zone: str, country: str | None, at: datetime, until: datetime | None
) -> None:
    """Not of the team, and not of UTC."""
    keep(session)
    moment = make_moment(session, make_customer(session, zone=zone, country=country), make_trigger(session))
    held = holds_of(session, [moment.id], now=at).get(moment.id, [])
    assert held == ([HoldView("sensitive_day", "a day of silence", until)] if until else [])


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({}, {"birthday", "years"}),
        ({"countries": ["DE"]}, {"birthday", "years"}),
        ({"countries": ["AT"]}, set()),
        ({"occasions": ["birthday"]}, {"birthday"}),
        ({"families": ["recover"]}, {"solved"}),
        ({"families": ["celebrate", "recover"]}, {"birthday", "years", "solved"}),
        ({"month": 6, "day": 1}, {"birthday", "years"}),
        ({"month": 6, "day": 2}, set()),
        ({"active": False}, set()),
        ({"effect": "shift"}, set()),
    ],
)
def test_whom_and_what_it_holds(session: Session, fields: dict[str, Any], held: set[str]) -> None:
    """By country, family and occasion; one that shifts is no hold, and one that is switched off is nothing."""
    keep(session, **fields)
    customer = make_customer(session)
    kind = {"class": "service", "family": "recover", "kind": "recovery", "params": {"kinds": ["ticket"]}}
    triggers = [
        make_trigger(session),
        make_trigger(session, occasion="years"),
        make_trigger(session, occasion="solved", **kind),
    ]
    moments = {trigger.occasion: make_moment(session, customer, trigger) for trigger in triggers}
    found = holds_of(session, [one.id for one in moments.values()], now=NOW)
    by_day = {one for one, holds in found.items() if "sensitive_day" in {hold.name for hold in holds}}
    assert {name for name, one in moments.items() if one.id in by_day} == held


def test_an_approved_message_waits_until_the_day_is_over(db: Database) -> None:
    """It goes the next day in its hours, and is not looked at before; or it expires by that name."""
    with db.writing() as session:
        keep(session)
        ids = [approve(session, make_customer(session), expires_at=NOW + timedelta(days=n)).id for n in (3, 0.5)]
    ending = Ending(db)
    ending.send()
    assert ending.calls == []
    assert open_holds(db, ids[0]) == {"sensitive_day"}
    assert message(db, ids[0]).send_at == datetime(2026, 6, 2, 11, tzinfo=UTC)  # 13:00 in Berlin
    assert (message(db, ids[1]).state, message(db, ids[1]).reason) == ("expired", "held:sensitive_day")
    ending.pass_time(days=1)
    assert ending.send() == 1


def test_a_day_that_shifts_is_planned_around(session: Session) -> None:
    """The moment of that day makes a message of the next; one without another day ends by the name of the day."""
    on = TODAY + timedelta(days=1)
    keep(session, on_date=on, effect="shift")
    trigger = make_trigger(session, review={"write_ahead_days": 3})
    kept = make_moment(session, make_customer(session), trigger, nominal_on=on)
    over = datetime(2026, 6, 2, 22, tzinfo=UTC)
    lost = make_moment(session, make_customer(session), trigger, nominal_on=on, expires_at=over)
    plan_due(session, active_triggers(session, KINDS), now=NOW, team=TeamHours())
    assert [one.send_on for one in session.scalars(select(Message))] == [on + timedelta(days=1)]
    session.refresh(kept)
    session.refresh(lost)
    assert (kept.state, lost.state, lost.reason) == ("planned", "expired", "sensitive_day")


def test_a_new_day_moves_what_was_planned_for_it(db: Database) -> None:
    """By the next round; and what a round has not seen is put off when it would go."""
    seen, unseen = approved(db, expires_at=NOW + timedelta(days=3)), approved(db, expires_at=NOW + timedelta(days=3))
    with db.writing() as session:
        recompute_send_times(session, now=NOW)
        wanted = WantedDay("a day", effect="shift", on=TODAY)
        add_day(session, wanted, person=make_person(session, role="marketing"), now=NOW)
        assert zone_data_changed(session)
    ending = Ending(db)
    assert ending.send() == 0
    with db.writing() as session:
        assert recompute_send_times(session, now=NOW, channels=Offered()) == 2
    for one in (seen, unseen):
        assert message(db, one).send_at == datetime(2026, 6, 2, 11, tzinfo=UTC)


def test_two_who_change_one_day_do_not_undo_each_other(session: Session) -> None:
    """The second is told; agents change none."""
    kim, agent = make_person(session, role="marketing"), make_person(session, email="a@x.org")
    day = add_day(session, WantedDay("a day", on=TODAY), person=kim, now=NOW)
    change_day(session, day.id, WantedDay("a day", on=TODAY, active=False), version=1, person=kim, now=NOW)
    with pytest.raises(Conflict):
        change_day(session, day.id, WantedDay("a day", on=TODAY), version=1, person=kim, now=NOW)
    with pytest.raises(Conflict):
        remove_day(session, day.id, version=1, person=kim, now=NOW)
    with pytest.raises(NotAllowed):
        remove_day(session, day.id, version=2, person=agent, now=NOW)
    remove_day(session, day.id, version=2, person=kim, now=NOW)


def test_every_suggestion_can_be_added_and_names_its_source() -> None:
    """And is a day that comes: a name that no calendar knows would never hold anything."""
    for one in suggestions():
        assert one.source
        assert one.columns()["effect"] == "hold"
        rule = SensitiveDay(**one.columns())
        for country in one.countries or [None]:
            assert len(list(rule_of(rule).dates(date(2026, 1, 1), date(2026, 12, 31), country))) == 1, one.name


def test_a_name_that_turns_what_stands_beside_it_is_refused() -> None:
    """A day in Arabic is named as it is."""
    assert WantedDay(name="عيد الفطر\u200f", on=TODAY).columns()["name"] == "عيد الفطر\u200f"
    with pytest.raises(InvalidInput, match=r"In the name there is a letter .*U\+202E"):
        WantedDay(name="a day\u202e of silence", on=TODAY).columns()
