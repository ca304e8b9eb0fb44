"""The facts of a message: where each comes from, and which of them a template may see."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.kinds import Fact
from engine.storage.models import Message
from engine.write.facts import fact_from, facts_of, facts_of_moment, sayable_values, to_json
from engine.write.material import gather
from tests.engine.builders import make_customer, make_message, make_moment, make_problem, make_trigger
from tests.engine.write.desk import COMPANY, TEAM, birthday, fact, first_order, orders, solved


def facts(session: Session, message: Message) -> dict[str, Fact]:
    return facts_of(gather(session, [message])[message.id], company=COMPANY, team=TEAM)


def of_problem(session: Session, zone: str = "UTC", **fields: Any) -> dict[str, Fact]:
    customer = make_customer(session, zone=zone)
    trigger = make_trigger(session, family="recover", kind="recovery", params={"kinds": ["ticket"]})
    problem = make_problem(session, customer, **fields)
    stale = {"what_we_did": fact("what was believed when it was spotted")}
    moment = make_moment(session, customer, trigger, facts=stale, problem_id=problem.id)
    return facts(session, make_message(session, moment))


def test_everyone_has_a_name_a_company_and_a_team(session: Session) -> None:
    """Each with its source, each sayable."""
    known = facts(session, birthday(session, make_customer(session, first_name="Ada")))
    assert known["customer.first_name"] == Fact("Ada", "customer record", sayable=True)
    assert known["company.name"] == Fact(COMPANY, "settings", sayable=True)
    assert known["sender.team"] == Fact(TEAM, "settings", sayable=True)


def test_a_birthday_is_a_day_without_a_year(session: Session) -> None:
    """The year of birth would be an age, so the date carries a leap year that says nothing."""
    assert facts(session, birthday(session))["birthday"] == Fact(date(2000, 2, 14), "birthday", sayable=True)


def test_a_leap_day_is_a_birthday_in_every_year(session: Session) -> None:
    """29 February is said as it is, whatever year it is celebrated in."""
    told = {"month": fact(2, "birthday", sayable=False), "day": fact(29, "birthday", sayable=False)}
    customer = make_customer(session)
    moment = make_moment(session, customer, make_trigger(session), facts=told)
    assert facts(session, make_message(session, moment))["birthday"].value == date(2000, 2, 29)


def test_of_the_first_order_only_the_month_is_told(session: Session) -> None:
    """The day stays in the record."""
    customer = make_customer(session)
    first_order(session, customer, 1997, 2, 14)
    assert facts(session, birthday(session, customer))["first_order_month"].value == date(1997, 2, 1)


def test_dates_of_the_moment_are_dates_again(session: Session) -> None:
    """They are stored as text; what only looks a little like a date stays text."""
    assert fact_from(fact("2026-05-30")).value == date(2026, 5, 30)
    assert fact_from(fact("2026-05-30 or so")).value == "2026-05-30 or so"
    assert fact_from(fact("2026-02-30")).value == "2026-02-30"


def test_what_is_not_said_to_be_sayable_is_not(session: Session) -> None:
    """The default is no."""
    assert not fact_from({"value": 1, "source": "x"}).sayable
    assert not fact_from({"value": 1, "source": "x", "sayable": "yes"}).sayable


def test_a_streak_is_counted_under_the_name_of_its_unit(session: Session) -> None:
    """months_in_a_row, as sayable as the length is."""
    told = {"streak_length": fact(6, sayable=False), "streak_unit": fact("month", sayable=False)}
    moment = make_moment(session, make_customer(session), make_trigger(session), facts=told)
    assert facts(session, make_message(session, moment))["months_in_a_row"] == Fact(6, "test", sayable=False)


def test_a_problem_is_told_as_it_stands_now(session: Session) -> None:
    """What was believed when the moment was spotted is overruled by the record."""
    known = of_problem(session, what_we_did="we sent it again", key="ticket:9")
    assert known["what_we_did"] == Fact("we sent it again", "ticket:9", sayable=True)


def test_what_nobody_wrote_down_is_not_known(session: Session) -> None:
    """Also where the moment still remembers something."""
    assert of_problem(session, what_we_did=None)["what_we_did"].value is None


def test_category_and_severity_are_for_agents_only(session: Session) -> None:
    """They are known, and not sayable."""
    known = of_problem(session)
    assert (known["category"].value, known["category"].sayable) == ("delivery", False)
    assert not known["severity"].sayable


def test_a_refund_is_told_by_what_was_refunded_and_the_local_day(session: Session) -> None:
    """23:30 UTC on 2 May is 3 May in Berlin."""
    known = of_problem(
        session,
        zone="Europe/Berlin",
        kind="refund",
        state="resolved",
        resolved_at=datetime(2026, 5, 2, 23, 30, tzinfo=UTC),
        remedy="the second lamp",
    )
    assert known["what_was_refunded"].value == "the second lamp"
    assert known["refunded_on"].value == date(2026, 5, 3)


def test_an_outage_is_told_by_the_local_day_on_which_it_was_felt(session: Session) -> None:
    """02:00 UTC on 3 May is 2 May in New York."""
    opened_at = datetime(2026, 5, 3, 2, tzinfo=UTC)
    known = of_problem(session, zone="America/New_York", kind="outage", opened_at=opened_at, last_event_at=opened_at)
    assert known["outage_on"].value == date(2026, 5, 2)


def test_a_template_gets_sayable_facts_only(session: Session) -> None:
    """Nested by their dots; neither what is secret nor what is not known."""
    values = sayable_values(
        {
            "customer.first_name": Fact("Ada", "", sayable=True),
            "years": Fact(3, "", sayable=True),
            "amount": Fact(50_000, "", sayable=False),
            "next_step": Fact(None, "", sayable=True),
        }
    )
    assert values == {"customer": {"first_name": "Ada"}, "years": 3}


def test_stored_facts_come_back_as_they_were(session: Session) -> None:
    """Dates included."""
    known = facts(session, solved(session))
    assert {name: fact_from(stored) for name, stored in to_json(known).items()} == known


def test_a_merged_moment_sees_its_own_facts_and_those_of_everyone(session: Session) -> None:
    """Never those of the moment that leads."""
    customer = make_customer(session)
    lead = make_moment(session, customer, make_trigger(session), facts={"years": fact(1)})
    merged = make_moment(session, customer, make_trigger(session), facts={"order_count": fact(10)})
    known = facts(session, make_message(session, lead, merged))
    assert "order_count" not in facts_of_moment(known, 0)
    own = facts_of_moment(known, 1)
    assert own["order_count"].value == 10
    assert own["customer.first_name"].value == "Ada"
    assert "years" not in own


@pytest.mark.parametrize("many", [1, 5])
def test_gathering_for_many_takes_as_many_statements_as_for_one(session: Session, many: int) -> None:
    """Four, however many the messages are."""
    messages = [orders(session) for _ in range(many)]
    session.flush()
    seen: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: seen.append(args[2]))
    gather(session, messages)
    assert len(seen) == 4
