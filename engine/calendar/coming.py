"""What is coming, by day: messages that are planned, moments that are found, and dates that will come round.

A message stands on the date that it has where its customer lives. Counted by indexes, however many customers there are;
beyond what has been scanned the kinds say which dates come round, as they say it to the planner.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.kinds import DateMatch
from engine.spot.date_rows import count_due, kind_of
from engine.storage.models import Customer, Message, Moment, Trigger

NOBODY = "nobody"
_WAITING = ("draft", "in_review", "approved")
_ONE_DAY = timedelta(days=1)
# A forecast for one country asks for each customer where they live: for a week, not for a month.
LONGEST_OF_A_COUNTRY = 7


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to show: all, or those of a person (`nobody`: of none), of a trigger, of customers of a country."""

    owner: UUID | str | None = None
    trigger: UUID | None = None
    country: str | None = None

    def foresees(self, days: int) -> bool:
        """Whether dates that will come round can be shown: they are nobody's yet."""
        return self.owner is None and (self.country is None or days <= LONGEST_OF_A_COUNTRY)


@dataclass(frozen=True, slots=True)
class Count:
    """So many of one trigger on one day. `state` and `owner` of messages alone."""

    on: date
    trigger_id: UUID
    number: int
    state: str | None = None
    owner_id: UUID | None = None


def messages_coming(session: Session, first: date, last: date, chosen: Chosen) -> list[Count]:
    """What is planned, by day, trigger, owner and state."""
    by = (Message.send_on, Message.trigger_id, Message.owner_id, Message.state)
    counted = select(*by, func.count()).where(*of_messages(first, last, chosen)).group_by(*by)
    rows = session.execute(_of_country(counted, Message.customer_id, chosen))
    return [Count(on, trigger_id, number, state, owner_id) for on, trigger_id, owner_id, state, number in rows]


def moments_coming(session: Session, first: date, last: date, chosen: Chosen) -> list[Count]:
    """What is found and not planned yet, by day and trigger; it has no owner."""
    if chosen.owner is not None:
        return []
    by = (Moment.send_on, Moment.trigger_id)
    counted = select(*by, func.count()).where(*of_moments(first, last, chosen)).group_by(*by)
    rows = session.execute(_of_country(counted, Moment.customer_id, chosen))
    return [Count(on, trigger_id, number) for on, trigger_id, number in rows]


def dates_coming(
    session: Session, triggers: Sequence[ActiveTrigger], first: date, last: date, chosen: Chosen, *, today: date
) -> list[Count]:
    """Dates that come round later than anybody has looked: before consent, caps and holds are asked, and before a shift
    to a working day. Of one trigger one statement."""
    if not chosen.foresees((last - first).days + 1):
        return []
    found = []
    scanned = dict(session.execute(select(Trigger.id, Trigger.scanned_through)).all())
    for trigger in _foreseen(triggers, chosen):
        days = nominal_days(trigger, first, last, scanned.get(trigger.id), today=today)
        if matches := [match for on in days for match in kind_of(trigger).matches(trigger.params, on)]:
            counts = count_due(session, trigger, matches, country=chosen.country)
            found += [Count(days[on], trigger.id, number) for on, number in counts.items()]
    return found


def nominal_days(
    trigger: ActiveTrigger, first: date, last: date, scanned_through: date | None, *, today: date
) -> Mapping[date, date]:
    """The nominal days whose messages would go within these days, and the day of each; none that was looked at."""
    rules = trigger.definition.send
    ahead = timedelta(days=rules.lead_days - rules.delay_days)
    looked_at = max(scanned_through or date.min, today - _ONE_DAY)
    days = (first + n * _ONE_DAY for n in range((last - first).days + 1))
    return {on + ahead: on for on in days if on + ahead > looked_at}


def matches_of(trigger: ActiveTrigger, on: date, scanned_through: date | None, *, today: date) -> Sequence[DateMatch]:
    """Whose dates make messages of this one day."""
    days = nominal_days(trigger, on, on, scanned_through, today=today)
    return [match for day in days for match in kind_of(trigger).matches(trigger.params, day)]


def of_messages(first: date, last: date, chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    """What is true of a message that is shown on one of these days."""
    yield Message.state.in_(_WAITING)
    yield Message.send_on.between(first, last)
    if chosen.trigger is not None:
        yield Message.trigger_id == chosen.trigger
    if chosen.owner is not None:
        yield Message.owner_id.is_(None) if chosen.owner == NOBODY else Message.owner_id == chosen.owner


def of_moments(first: date, last: date, chosen: Chosen) -> Iterator[ColumnElement[bool]]:
    """What is true of a moment that is shown on one of these days."""
    yield and_(Moment.state == "spotted", Moment.send_on.between(first, last))
    if chosen.trigger is not None:
        yield Moment.trigger_id == chosen.trigger


def countries_here(session: Session) -> list[str]:
    """Every country that a customer has, by leaps through its index: reading all customers would take too long."""
    here = select(func.min(Customer.country).label("country")).cte("here", recursive=True)
    following = select(func.min(Customer.country)).where(Customer.country > here.c.country).scalar_subquery()
    here = here.union_all(select(following).where(here.c.country.is_not(None)))
    return list(session.scalars(select(here.c.country).where(here.c.country.is_not(None))))


def _foreseen(triggers: Sequence[ActiveTrigger], chosen: Chosen) -> Iterator[ActiveTrigger]:
    """Those that follow the calendar and send."""
    for trigger in triggers:
        if trigger.kind.shape == "dates" and trigger.state == "active" and chosen.trigger in (None, trigger.id):
            yield trigger


def _of_country(counted: Any, customer_id: Any, chosen: Chosen) -> Any:
    if chosen.country is None:
        return counted
    return counted.join(Customer, Customer.id == customer_id).where(Customer.country == chosen.country)
