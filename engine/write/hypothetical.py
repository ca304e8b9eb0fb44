"""The facts of a moment that never was: what a template would be given on a day, for a customer real or made up, by
one of the triggers that use it. Where nothing is recorded the vocabulary's example stands in, and says that it is
one.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dates.zones import local_date
from engine.definitions.schema import TriggerDefinition
from engine.errors import NotFound
from engine.kinds import Fact, KindTable, Plain
from engine.storage.models import Customer, CustomerDate, Problem, Trigger, TriggerVersion
from engine.write.facts import NO_YEAR, NOT_TOLD, problem_facts
from engine.write.material import FIRST_ORDER
from engine.write.samples import Whom
from engine.write.vocabulary import MOMENT, described

EXAMPLE, RECORD, MADE_UP = "an example", "customer record", "made up"
# How far from the day of the message the days of a problem lie.
_AWAY = {"next_news_on": 3, "problem_began_on": -10, "resolved_on": -4, "outage_on": -2, "refunded_on": -1}
_DAY_OF_SAMPLES = (2, 14)
_GIVEN = ("mission.", "sender.", "company.", "also")


def whom_of(session: Session, external_id: str) -> Whom:
    """A real customer. Raises NotFound."""
    customer = session.scalar(select(Customer).where(Customer.external_id == external_id))
    if customer is None:
        raise NotFound("There is no customer with this id.")
    dates = session.scalars(
        select(CustomerDate).where(CustomerDate.customer_id == customer.id, CustomerDate.placeholder.is_(None))
    ).all()
    problem = session.scalars(
        select(Problem).where(Problem.customer_id == customer.id).order_by(Problem.opened_at.desc()).limit(1)
    ).first()
    first = next((one for one in dates if one.name == FIRST_ORDER and one.year), None)
    told = {name: fact.value for name, fact in problem_facts(problem, customer.zone).items()} if problem else {}
    if problem is not None:
        told["problem_began_on"] = local_date(problem.opened_at, customer.zone)
    return Whom(
        key=f"customer:{customer.external_id}",
        label=customer.external_id,
        first_name=customer.first_name,
        last_name=customer.last_name,
        locale=customer.locale,
        zone=customer.zone,
        first_order_on=date(first.year, first.month, first.day) if first and first.year else None,
        dates={one.name: (one.month, one.day) for one in dates},
        problem=told,
        made_up=False,
    )


def triggers_using(session: Session) -> dict[str, list[TriggerDefinition]]:
    """Template -> the triggers in force that speak by it, outright or as an alternative; retired ones are left out. One
    statement, however many triggers there are."""
    stored = session.scalars(
        select(TriggerVersion.definition)
        .join(Trigger, Trigger.version_id == TriggerVersion.id)
        .where(Trigger.state != "retired")
        .order_by(Trigger.name)
    )
    found: dict[str, list[TriggerDefinition]] = {}
    for values in stored:
        try:
            definition = TriggerDefinition.model_validate(values)
        except ValidationError:  # of an older Jubilee: its own page says so
            continue
        for template in definition.templates:
            found.setdefault(template, []).append(definition)
    return found


def told_by(by: TriggerDefinition, kinds: KindTable) -> Mapping[str, bool]:
    """What the trigger's moments tell by themselves, and whether each may be said; what is known of every customer and
    of problems is not among it."""
    kind = kinds[by.kind]
    try:
        return kind.tells(kind.params.model_validate(by.params))
    except ValidationError:  # of an older Jubilee: it makes no moments at all
        return {}


def hypothetical_facts(
    names: Iterable[str],
    whom: Whom,
    by: TriggerDefinition | None,
    on: date,
    *,
    kinds: KindTable,
    company: str,
    team: str,
) -> dict[str, Fact]:
    """The facts of these names as a template would see them; what cannot be known of this customer stays None, and so
    does what no moment of the trigger tells."""
    told = told_by(by, kinds) if by else None
    facts = {
        "customer.first_name": Fact(whom.first_name, MADE_UP if whom.made_up else RECORD, sayable=True),
        "company.name": Fact(company, "settings", sayable=True),
        "sender.team": Fact(team, "settings", sayable=True),
    }
    for name in names:
        if name not in facts and not name.startswith(_GIVEN):
            facts[name] = _fact(name, whom, by, told, on)
    return facts


def _fact(name: str, whom: Whom, by: TriggerDefinition | None, told: Mapping[str, bool] | None, on: date) -> Fact:
    params = by.params if by else {}
    dates = {*whom.dates, *date_names(params)}
    known = described(name, dates=dates)
    if known is None:
        return Fact(None, "nothing makes a fact of this name")
    may = known.sayable != "no"
    if known.group == MOMENT and told is not None:
        if name not in told:
            return Fact(None, NOT_TOLD)
        may = told[name]
    value, source = _value(name, whom, params, on, dates)
    if value is None and known.group == "The problem" and whom.problem.get(name, "") is None:
        return Fact(None, "the problem's record", sayable=True)
    return Fact(known.example if value is None else value, source if value is not None else EXAMPLE, sayable=may)


def _value(name: str, whom: Whom, params: Mapping[str, Any], on: date, dates: set[str]) -> tuple[Plain, str]:
    """What is recorded or follows from the trigger, and where it is from; None where neither says anything."""
    record = MADE_UP if whom.made_up else RECORD
    if name == "first_order_month" and whom.first_order_on:
        return whom.first_order_on.replace(day=1), record
    if name == "since" and whom.first_order_on:
        return whom.first_order_on, record
    if name in dates and name not in ("month", "day"):
        month, day = whom.dates.get(name, _DAY_OF_SAMPLES)
        return date(NO_YEAR, month, day), record if name in whom.dates else EXAMPLE
    if name in _AWAY and name not in whom.problem:
        return on + timedelta(days=_AWAY[name]), EXAMPLE
    if name in whom.problem:
        return whom.problem[name], "the problem's record"
    return _counted(name, whom, params, on), "the trigger"


def _counted(name: str, whom: Whom, params: Mapping[str, Any], on: date) -> int | None:
    """A number that the trigger counts: the first it would celebrate, or years as they are on that day."""
    if name == "years" and not params.get("years"):
        return max(1, on.year - whom.first_order_on.year) if whom.first_order_on else None
    listed = params.get(name) or params.get("lengths" if name.endswith("_in_a_row") else "thresholds")
    if name.endswith("_count") or name in ("years", "months", "days") or name.endswith("_in_a_row"):
        if isinstance(listed, list | tuple) and listed:
            return int(listed[0])
        every = params.get("every")
        return every if isinstance(every, int) and not isinstance(every, bool) else None
    return None


def date_names(params: Mapping[str, Any]) -> set[str]:
    """The customers' date that a trigger looks at, if it looks at one."""
    of = params.get("of")
    name = of.get("date") if isinstance(of, Mapping) else None
    return {name} if isinstance(name, str) else set()
