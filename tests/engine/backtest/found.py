"""What runs found, as short as a test wants it: and one of a whole year, for the eye."""

import math
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.backtest.claims import claim, failed, finish, stopped
from engine.backtest.kept import Mode, ask_rehearsal
from engine.backtest.results import (
    BrakeDay,
    Clash,
    DayCount,
    Effort,
    EffortDay,
    Result,
    Sample,
    Segment,
    Stopped,
    TriggerResult,
)
from engine.ids import new_id
from engine.plan.reasons import sentence
from engine.storage.models import Customer, Person, Rehearsal
from tests.engine.builders import NOW, make_definition

FIRST, LAST = date(2025, 3, 1), date(2025, 3, 31)


def make_result(**fields: Any) -> Result:
    """A run in which a birthday trigger did what it should, for 100 customers."""
    days = (DayCount(FIRST, 40, 1, 2), DayCount(LAST, 40, 0, 0))
    holds = (Stopped("consent_refused", "The customer refused messages like this one.", 1, 0),)
    values: dict[str, Any] = {
        **{"first": FIRST, "last": LAST, "is_forecast": False, "others": (), "clashes": (), "samples": ()},
        "triggers": (TriggerResult("birthday", "Birthday", "celebrate", 83, 80, 1, 2, 0, 0, days, holds, ()),),
        "effort": Effort(2, 4, (EffortDay(FIRST, 80, 0, 320, 960),)),
        "coverage": (Segment("language", "en", 90, 80, 72), Segment("language", "de", 10, 9, 8)),
        **{"customers": 100, "day_by_day": 3, "erased": 0},
    }
    return Result(**values | fields)


def make_sample(**fields: Any) -> Sample:
    """One customer that a run shows."""
    values: dict[str, Any] = {"customer_id": new_id(), "customer": "c1", "name": "Ada", "why": ("held",)}
    values |= {"trigger": "birthday", "on": FIRST, "outcome": "It would go.", "locale": "en", "body": "Dear Ada"}
    return Sample(**values | fields)


def make_year(customers: list[Customer], **fields: Any) -> Result:
    """A whole year of an anniversary among 23,570 customers, with everything that a page can show."""
    first = date(2025, 6, 1)
    days = [first + timedelta(days=number) for number in range(365)]
    went = [round(12 + 9 * math.sin(at / 58) + 4 * math.sin(at * 2.1)) for at in range(365)]
    counts = tuple(
        DayCount(on, many + (160 if on == date(2026, 2, 14) else 0), many // 3, many // 9)
        for on, many in zip(days, went, strict=True)
    )
    sums = [sum(getattr(day, kind) for day in counts) for kind in ("sent", "stopped", "control")]
    stops = (("consent_unknown", 0.6, 0), ("relationship_quiet", 0.3, 12), ("open_problem", 0.1, 84), ("cap", 0, 31))
    holds = tuple(Stopped(name, sentence(name), round(sums[1] * part), wait) for name, part, wait in stops)
    brake = (BrakeDay(date(2026, 2, 14), "176 moments on one day, more than three times the forecast of 13"),)
    of = ("first_order_anniversary", "First-order anniversary", "celebrate")
    one = TriggerResult(*of, sum(sums) + 61, *sums, 48, 13, counts, holds, brake)
    other = TriggerResult("birthday", "Birthday", "celebrate", 1_904, 1_500, 300, 60, 40, 4, (), (), ())
    effort = tuple(
        EffortDay(day.on, day.sent, 3, 4 * (day.sent + 3), 480)
        for day in counts
        if day.on.weekday() < 5 or day.sent > 99
    )
    values: dict[str, Any] = {
        **{"first": days[0], "last": days[-1], "is_forecast": False, "triggers": (one,), "others": (other,)},
        "clashes": (
            Clash("birthday", "first_order_anniversary", 17, 2),
            Clash("first_order_anniversary", "birthday", 9, 0),
        ),
        **{"effort": Effort(1, 4, effort), "coverage": SEGMENTS, "samples": tuple(_awkward(customers))},
        **{"customers": 23_570, "day_by_day": 1_320, "erased": 3},
    }
    return Result(**values | fields)


SEGMENTS = (
    Segment("language", "en", 20_170, 5_210, 3_880),
    Segment("language", "de", 2_400, 600, 420),
    Segment("language", "fr", 1_000, 240, 0),
    Segment("country", "US", 14_300, 3_700, 2_800),
    Segment("country", "DE", 6_270, 1_500, 1_000),
    Segment("country", "not known", 3_000, 850, 500),
    Segment("years with us", "0", 9_000, 0, 0),
    Segment("years with us", "1", 14_570, 6_050, 4_300),
)
LETTER = """Dear {name},

it is a year now since you first ordered with us, and we would not like to let that day pass without a word.

Thank you for staying. If there is anything we could do better, an answer to this mail reaches a person.

Robin, for all of us"""


def _awkward(customers: list[Customer]) -> list[Sample]:
    whys = (("the longest name",), ("no first name", "a missing fact"), ("a date on 29 February",),
            ("speaks another language",), ("an open problem", "held"))  # fmt: skip
    found = []
    for at, customer in enumerate(customers[:10]):
        written = {"locale": "en", "subject": "A year already", "body": LETTER.format(name=customer.first_name)}
        if at == 1:
            written = {
                "missing": "The first name (customer.first_name) is not known of them, so their drafts are held."
            }
        of = {"customer_id": customer.id, "customer": customer.external_id, "trigger": "first_order_anniversary"}
        of |= {
            "name": f"{customer.first_name or ''} {customer.last_name}".strip(),
            "on": date(2025, 9, 3) + timedelta(days=31 * at),
        }
        of |= {"why": whys[at] if at < len(whys) else ()}
        outcome = sentence("open_problem") if at == 4 else "It would go."
        found.append(make_sample(**of | {"outcome": outcome, "body": None, "locale": ""} | written))
    return found


def keep_run(
    session: Session,
    person: Person,
    state: str = "done",
    *,
    mode: Mode = "backtest",
    result: Result | None = None,
    name: str = "birthday",
) -> UUID:
    """A run in this state, as asking and working would have left it."""
    first, last = (NOW.date(), NOW.date() + timedelta(days=29)) if mode == "forecast" else (FIRST, LAST)
    definition = make_definition(name=name, title=name.replace("_", " ").capitalize())
    made = ask_rehearsal(session, mode, [definition], first=first, last=last, person=person, now=NOW)
    if state != "waiting" and (mine := claim(session, "one", now=NOW, machine=NOW)):
        if state == "done":
            finish(session, mine, result or make_result(), now=NOW)
        elif state == "failed":
            failed(session, mine, "It took longer than 20 minutes and was ended. Ask for fewer days.", now=NOW)
        elif state == "stopped":
            stopped(session, mine, now=NOW)
    session.expire_all()
    assert session.get_one(Rehearsal, made.id).state == state
    return made.id
