"""A trigger in plain words: a table of settings and what is said of them, for all four kinds."""

# ruff: noqa: E501 - the tables are read line by line, each with its sentence

from pathlib import Path
from typing import Any

import pytest

from engine.definitions.reading import read_definitions, read_values
from engine.definitions.schema import TriggerDefinition
from triggers.summary import in_a_sentence, summary
from triggers.summary.conditions import condition_words
from triggers.summary.kinds import looks_for
from triggers.table import KINDS

FIRST = {"first_event": "order_completed"}
BASE = {
    "name": "five_years",
    "title": "Five years",
    "family": "celebrate",
    "occasion": "first_order_anniversary",
    "kind": "anniversary",
    "params": {"of": FIRST, "years": [1, 5, 10]},
    "template": "first_order_anniversary",
}


def trigger(**changed: Any) -> TriggerDefinition:
    definition, faults = read_values(BASE | changed, KINDS)
    assert definition, faults
    return definition


def line(part: str, **changed: Any) -> str:
    return next((one.text for one in summary(trigger(**changed)) if one.part == part), "")


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("anniversary", {"of": FIRST, "years": [1, 5, 10]}, "On the yearly anniversary of their first order, in years 1, 5 and 10"),
        ("anniversary", {"of": FIRST, "years": [5]}, "On the yearly anniversary of their first order, in year 5"),
        ("anniversary", {"of": {"date": "birthday"}, "every": "year"}, "Every year on their birthday"),
        ("anniversary", {"of": {"date": "contract_start"}, "every": "year"}, "On every yearly anniversary of their contract start"),
        ("anniversary", {"of": FIRST, "months": [1]}, "1 month after their first order"),
        ("anniversary", {"of": FIRST, "days": [100, 1000]}, "100 or 1,000 days after their first order"),
        ("milestone", {"aggregate": "count", "event": "order_completed", "thresholds": [1, 10, 23]}, "On the 1st, 10th or 23rd order"),
        ("milestone", {"aggregate": "count", "event": "visit", "every": 100}, "On every 100th visit"),
        ("milestone", {"aggregate": "first", "event": "review_written"}, "On the first review written"),
        (
            "milestone",
            {"aggregate": "count", "event": "order_completed", "thresholds": [12], "corrections": [{"event": "order_refunded"}]},
            "On the 12th order; each “order refunded” takes off one",
        ),
        (
            "milestone",
            {"aggregate": "sum", "event": "order_completed", "property": "amount_minor", "currency": "USD", "thresholds": [50000]},
            "When the sum of amount in USD over all “order completed” reaches 500.00 USD",
        ),
        (
            "milestone",
            {"aggregate": "sum", "event": "order_completed", "property": "amount_minor", "currency": "JPY", "every": 50000},
            "When the sum of amount in JPY over all “order completed” reaches a multiple of 50,000 JPY",
        ),
        (
            "milestone",
            {"aggregate": "max", "event": "trip", "property": "km", "thresholds": [100], "where": {"property": "by", "in": ["bike", True]}},
            "When the largest km of any “trip” reaches 100, counting only where by is “bike” or yes",
        ),
        ("milestone", {"aggregate": "distinct", "event": "visit", "property": "shop", "thresholds": [3]}, "When the number of different values of shop in “visit” reaches 3"),
        ("milestone", {"aggregate": "trait", "trait": "points", "thresholds": [100]}, "When their “points” reaches 100"),
        ("streak", {"event": "order_completed", "lengths": [3, 6]}, "When there was at least one order in each of 3 or 6 months in a row"),
        (
            "streak",
            {"event": "visit", "unit": "week", "lengths": [4], "outages": [["2026-01-01", "2026-01-03"]]},
            "When there was at least one visit in each of 4 weeks in a row; one outage of ours breaks none",
        ),
        ("recovery", {"kinds": ["ticket"]}, "When a ticket was resolved and nothing disturbed the customer for four days"),
        (
            "recovery",
            {"kinds": ["refund", "outage"], "settling_days": 1, "categories": ["late_parcel"]},
            "When a refund or an outage about late parcel was resolved and nothing disturbed the customer for one day",
        ),
        (
            "recovery",
            {"kinds": ["ticket"], "when": "still_open", "after_days": 3, "every_days": 7, "at_most": 4},
            "While a ticket is open: after three days, then every seven days, four times at most",
        ),
    ],
)  # fmt: skip
def test_what_each_kind_looks_for(kind: str, params: dict[str, Any], said: str) -> None:
    """As the beginning of a sentence."""
    assert looks_for(trigger(kind=kind, params=params)) == said


@pytest.mark.parametrize(
    ("changed", "part", "said"),
    [
        ({}, "Leap day", "29 February is kept on 28 February in other years."),
        ({"params": {"of": FIRST, "days": [1000]}}, "Leap day", ""),
        ({"params": {"of": FIRST, "every": "year", "leap_day": "mar1"}}, "Leap day", "29 February is kept on 1 March in other years."),
        ({}, "For", "Everybody whose moment it is."),
        ({"audience": {"field": "customer.has_open_ticket", "op": "eq", "value": False}}, "For", "Those where they have no open ticket."),
        ({}, "Kept out", "Nobody in particular."),
        ({"control_share": 0.1}, "Kept out", "10 % of customers by lot, so that its effect can be measured"),
        ({"holds_quiet_relationship": True}, "Kept out", "Whoever did nothing with us for a year (waits)"),
        (
            {"exceptions": [{"name": "in_dispute", "when": {"field": "trait.dispute", "op": "eq", "value": True}, "then": "skip"}]},
            "Kept out",
            "Whoever is in the situation “in dispute”: their “dispute” is yes (is left out)",
        ),
        (
            {"exceptions": [{"name": "vip", "when": {"field": "trait.vip", "op": "exists"}, "then": "alternative", "template": "vip_words", "must_read": True}]},
            "Other words",
            "Where their “vip” is known, “vip words” speaks instead, and a person reads it first",
        ),
        ({}, "Goes", "On the day itself, at 9 to 11 in the customer's morning; too late two days after that."),
        ({"send": {"window_start": "18:30", "window_end": "20:00"}}, "Goes", "On the day itself, at 18:30 to 20 in the customer's evening; too late two days after that."),
        ({"send": {"window_start": "22:00", "window_end": "06:00"}}, "Goes", "On the day itself, at 22 to 6 in the customer's evening and night; too late two days after that."),
        ({"send": {"window_start": "12:00", "window_end": "12:00"}}, "Goes", "On the day itself, at any hour, from 12 to 12 the next day; too late two days after that."),
        ({"send": {"window_start": "00:00", "window_end": "00:00"}}, "Goes", "On the day itself, at any hour of the customer's day; too late two days after that."),
        ({"send": {"window_start": "13:00", "window_end": "15:00", "expires_after_days": 0}}, "Goes", "On the day itself, at 13 to 15 in the customer's afternoon; on that day or not at all."),
        (
            {"send": {"lead_days": 2, "shift": "before", "weekdays": ["fri", "mon"], "holidays": "skip"}},
            "Goes",
            "Two days before the day itself; on a day off it goes on the last working day before; only on Monday and Friday; "
            "never on a public holiday of the customer's country, at 9 to 11 in the customer's morning; too late two days after that.",
        ),
        ({"send": {"lead_days": 2, "delay_days": 1}}, "Goes", "Two days before the day, then one day after, at 9 to 11 in the customer's morning; too late two days after that."),
        ({}, "Drafts", "Written three working days ahead; unread it is dropped."),
        ({"review": {"if_unreviewed": "send", "write_ahead_days": 0}}, "Drafts", "Written when it is due; unread it goes as it was written."),
        ({"review": {"policy": "auto"}}, "Drafts", "Written three working days ahead; it goes by itself below weight 50, and from there on unread it is dropped."),
        ({"review": {"if_unreviewed": "send"}, "weight": 50}, "Drafts", "Written three working days ahead; unread it is dropped."),
        ({}, "Read by", "A person approves each. Its weight is 30 of 100, below the 50 from which a person must read: what nobody reads in time is dropped."),
        ({"review": {"if_unreviewed": "send"}}, "Read by", "A person is asked to read each. Its weight is 30 of 100, below the 50 from which a person must read: what nobody reads in time goes as it was written."),
        ({"review": {"policy": "auto"}, "weight": 50}, "Read by", "A person approves each. Its weight is 50 of 100, at or above the 50 from which a person must read: none goes unread."),
        ({"review": {"policy": "auto", "if_unreviewed": "send"}}, "Drafts", "Written three working days ahead; it goes by itself below weight 50, and from there on unread it is dropped."),
        ({"weight": 50}, "Read by", "A person approves each. Its weight is 50 of 100, at or above the 50 from which a person must read: none goes unread."),
        (
            {"review": {"four_eyes": True, "skill": "wholesale"}},
            "Read by",
            "A person approves each, and a second person says that exactly this text is fine; drafts go to those with the skill “wholesale”. "
            "Its weight is 30 of 100, below the 50 from which a person must read: none goes unread.",
        ),
        ({"review": {"policy": "auto"}}, "Read by", "It goes by itself. Its weight is 30 of 100, below the 50 from which a person must read: it need not be read by a person."),
        ({"family": "recover", "class": "service"}, "Class", "Service: the customer's own problem, without any offer. It goes without a recorded consent, and never against the customer's word."),
        ({"caps": {"messages": 1, "days": 7}}, "Limits", "A customer gets at most one message of this family within seven days, this one included."),
        ({"clash": "weightiest"}, "Same day", "Of several celebrations of the same day only the weightiest goes; the others keep their reason."),
        ({"family": "reassure"}, "Same day", "It is no celebration, and celebrations of the same customer wait for it."),
        ({"brake": {"daily_ceiling": 200, "times_forecast": 2.5}}, "Brake", "Above 2.5 times what is usual, or 200 moments on one day, it pauses itself and asks."),
    ],
)  # fmt: skip
def test_every_setting_is_said(changed: dict[str, Any], part: str, said: str) -> None:
    """Each in the part where a marketer looks for it."""
    assert line(part, **changed) == said


COUNTRY = {"field": "customer.country", "op": "in", "value": ["DE", "AT"]}
TICKET = {"field": "customer.has_open_ticket", "op": "eq", "value": True}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (COUNTRY, "their country is Germany or Austria"),
        ({"field": "customer.language", "op": "ne", "value": "de"}, "their language is known and not German"),
        ({"field": "customer.language", "op": "not_in", "value": ["de", "es"]}, "their language is known and neither German nor Spanish"),
        (TICKET, "they have an open ticket"),
        ({"not": TICKET}, "they have no open ticket"),
        ({**TICKET, "op": "ne"}, "they have no open ticket"),
        ({"all": [COUNTRY, {"any": [TICKET, {"field": "trait.age_of_pet", "op": "gte", "value": 1000}]}]},
         "their country is Germany or Austria, and (they have an open ticket, or their “age of pet” is at least 1,000)"),
        ({"not": {"any": [COUNTRY, TICKET]}}, "it is not so that (their country is Germany or Austria, or they have an open ticket)"),
        ({"field": "total.count:order_completed", "op": "lt", "value": 2}, "their count of order completed is below 2"),
        ({"field": "moment.serious", "op": "eq", "value": True}, "the moment's “serious” is yes"),
        ({"field": "trait.tariff", "op": "exists", "value": False}, "their “tariff” is not known"),
        ({"field": "trait.tariff", "op": "contains", "value": "plus"}, "their “tariff” contains “plus”"),
    ],
)  # fmt: skip
def test_conditions_are_clauses(condition: dict[str, Any], said: str) -> None:
    """Groups in groups stand in brackets."""
    audience = trigger(audience=condition).audience
    assert audience is not None
    assert condition_words(audience) == said


def test_a_whole_trigger_in_a_sentence() -> None:
    """Whom it is for, who is kept out, when it is written, and what becomes of what nobody read."""
    dispute = {"name": "in_dispute", "when": {"field": "trait.dispute", "op": "eq", "value": True}, "then": "hold"}
    said = in_a_sentence(trigger(audience={"not": TICKET}, exceptions=[dispute], control_share=0.05))
    assert said == (
        "On the yearly anniversary of their first order, in years 1, 5 and 10, at 9 to 11 in the customer's morning; "
        "only where they have no open ticket; kept out: whoever is in the situation “in dispute”: their “dispute” is yes "
        "(waits), 5 % of customers by lot, so that its effect can be measured; written three working days ahead; "
        "unread it is dropped."
    )


def test_every_shipped_trigger_can_be_said() -> None:
    """None of them falls through."""
    folder = Path(__file__).parents[2] / "triggers" / "definitions"
    for definition in read_definitions(folder, KINDS):
        assert len(summary(definition)) >= 12
        assert in_a_sentence(definition).endswith(".")
