"""What the calendar shows: weeks of days with what is coming, holidays and sensitive days, and what is to be read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from engine.calendar.coming import (
    Chosen,
    Count,
    countries_here,
    dates_coming,
    matches_of,
    messages_coming,
    moments_coming,
    of_messages,
    of_moments,
)
from engine.calendar.day_rules import rules_of
from engine.calendar.load import Load, loads
from engine.dates.sensitive import DayRule
from engine.dates.team import TeamHours
from engine.dates.workdays import holidays_of, is_working_day, knows_holidays
from engine.definitions.store import ActiveTrigger
from engine.people.deciding import may_decide
from engine.spot.date_rows import customers_due
from engine.storage.models import Customer, Message, Moment, Person, Trigger, TriggerVersion
from web.queries.customers import name_of

View = Literal["month", "week"]
PAGE = 50
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """So much of one trigger on one day: messages that are approved, those that are not, and what is only foreseen."""

    title: str
    family: str
    approved: int = 0
    unread: int = 0
    found: int = 0
    foreseen: int = 0

    @property
    def number(self) -> int:
        """All of it."""
        return self.approved + self.unread + self.found + self.foreseen


@dataclass(frozen=True, slots=True)
class Mark:
    """A holiday or a sensitive day, and where it is one; nowhere named means everywhere."""

    name: str
    countries: tuple[str, ...] = ()
    effect: str | None = None


@dataclass(slots=True)
class Day:
    """One day of the calendar, the fullest trigger first."""

    on: date
    within: bool
    works: bool
    lines: Sequence[Line] = ()
    holidays: Sequence[Mark] = ()
    sensitive: Sequence[Mark] = ()
    full: Sequence[Load] = ()

    def total(self, *names: str) -> int:
        """Of all triggers together."""
        return sum(getattr(line, name) for line in self.lines for name in names)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is coming."""
        return not self.lines


@dataclass(slots=True)
class Calendar:
    """The weeks that are shown, with or without dates ahead; what people have to read; where customers live."""

    weeks: Sequence[Sequence[Day]]
    loads: Sequence[Load]
    names: Mapping[UUID, str]
    titles: Mapping[UUID, tuple[str, str]]
    foresees: bool
    countries: Sequence[str]

    @property
    def days(self) -> list[Day]:
        """All of them, one after the other."""
        return [day for week in self.weeks for day in week]


def span_of(view: View, on: date) -> tuple[date, date]:
    """From a Monday to a Sunday: the week of this day, or all weeks of its month."""
    if view == "week":
        monday = on - on.weekday() * _ONE_DAY
        return monday, monday + 6 * _ONE_DAY
    first = on.replace(day=1)
    last = (first + 31 * _ONE_DAY).replace(day=1) - _ONE_DAY
    return first - first.weekday() * _ONE_DAY, last + (6 - last.weekday()) * _ONE_DAY


def calendar_of(
    session: Session,
    view: View,
    on: date,
    chosen: Chosen,
    triggers: Sequence[ActiveTrigger],
    *,
    today: date,
    team: TeamHours,
) -> Calendar:
    """The same number of statements for any number of days and customers; one for each trigger that looks ahead."""
    first, last = span_of(view, on)
    titles = _titles(session)
    messages = messages_coming(session, first, last, chosen)
    moments = moments_coming(session, first, last, chosen)
    ahead = dates_coming(session, triggers, first, last, chosen, today=today)
    families = {trigger_id: family for trigger_id, (_, family) in titles.items()}
    read = loads(messages, families, team, today=today)
    countries, rules = countries_here(session), rules_of(session)
    lines = _lines(titles, messages, moments, ahead)
    days = [
        Day(
            on=day,
            within=view == "week" or (day.year, day.month) == (on.year, on.month),
            works=is_working_day(day, team.country),
            lines=lines.get(day, ()),
            holidays=holidays_on(day, countries),
            sensitive=sensitive_on(day, rules, countries),
            full=[load for load in read if load.on == day and load.is_full],
        )
        for day in (first + n * _ONE_DAY for n in range((last - first).days + 1))
    ]
    weeks = [days[at : at + 7] for at in range(0, len(days), 7)]
    foresees = chosen.foresees(len(days))
    return Calendar(weeks, read, _names(session, read), titles, foresees, countries)


def holidays_on(on: date, countries: Sequence[str]) -> list[Mark]:
    """The public holidays of a day, each with the countries of our customers that have it."""
    found: dict[str, list[str]] = defaultdict(list)
    for country in countries:
        if knows_holidays(country):
            for name in holidays_of(country, on.year).get(on, ()):
                found[name].append(country)
    return [Mark(name, tuple(those)) for name, those in sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))]


def sensitive_on(on: date, rules: Sequence[DayRule], countries: Sequence[str]) -> list[Mark]:
    """The sensitive days that this day is, and where; those of countries without customers are shown too."""
    marks = []
    for rule in rules:
        if rule.countries or rule.holiday is not None:
            where = tuple(one for one in rule.countries or countries if rule.is_on(on, one))
            marks += [Mark(rule.name, where, rule.effect)] if where else []
        elif rule.is_on(on, None):
            marks.append(Mark(rule.name, (), rule.effect))
    return marks


@dataclass(frozen=True, slots=True)
class Who:
    """One customer on a day's page; `message_id` where something is planned, `goes_at` when it goes."""

    name: str
    external_id: str
    title: str
    family: str
    zone: str
    message_id: UUID | None = None
    state: str | None = None
    owner: str | None = None
    goes_at: datetime | None = None
    place: str = ""


def messages_on(session: Session, on: date, chosen: Chosen, after: tuple[datetime, UUID] | None) -> list[Who]:
    """A page of what is planned, by the hour at which it goes, and one more where there are more."""
    query = (
        select(Message, Customer, Person.name)
        .join(Customer, Customer.id == Message.customer_id)
        .outerjoin(Person, Person.id == Message.owner_id)
        .where(*of_messages(on, on, chosen))
        .order_by(Message.send_at, Message.id)
        .limit(PAGE + 1)
    )
    query = query.where(Customer.country == chosen.country) if chosen.country else query
    query = query.where(tuple_(Message.send_at, Message.id) > tuple_(*after)) if after else query
    titles = _titles(session)
    return [
        Who(
            *_who(customer),
            *titles.get(message.trigger_id, (message.occasion, message.family)),
            zone=customer.zone,
            message_id=message.id,
            state=message.state,
            owner=owner,
            goes_at=message.send_at,
            place=f"{message.send_at.isoformat()}~{message.id}",
        )
        for message, customer, owner in session.execute(query)
    ]


def moments_on(session: Session, on: date, chosen: Chosen, after: UUID | None) -> list[Who]:
    """A page of what is found and not planned yet."""
    query = (
        select(Moment.id, Moment.trigger_id, Customer)
        .join(Customer, Customer.id == Moment.customer_id)
        .where(*of_moments(on, on, chosen))
        .order_by(Moment.id)
        .limit(PAGE + 1)
    )
    query = query.where(Customer.country == chosen.country) if chosen.country else query
    query = query.where(Moment.id > after) if after else query
    titles = _titles(session)
    return [
        Who(*_who(customer), *titles[trigger_id], zone=customer.zone, place=str(moment_id))
        for moment_id, trigger_id, customer in session.execute(query)
    ]


def dates_on(
    session: Session, trigger: ActiveTrigger, on: date, chosen: Chosen, after: UUID | None, *, today: date
) -> list[Who]:
    """A page of whose date comes round, of one trigger."""
    scanned = session.scalar(select(Trigger.scanned_through).where(Trigger.id == trigger.id))
    matches = matches_of(trigger, on, scanned, today=today)
    if not matches or not chosen.foresees(1):
        return []
    found = customers_due(session, trigger, matches, country=chosen.country, after=after, limit=PAGE + 1)
    what = (trigger.definition.title, trigger.definition.family)
    return [Who(*_who(one), *what, zone=one.zone, place=str(one.id)) for one in found]


def choices(session: Session, countries: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """What the calendar can be narrowed to: people who own drafts, triggers, countries."""
    people = session.execute(select(Person.id, Person.name).where(may_decide()).order_by(Person.name))
    titles = session.execute(
        select(Trigger.name, TriggerVersion.definition["title"].as_string())
        .join(TriggerVersion, TriggerVersion.id == Trigger.version_id)
        .where(Trigger.state.not_in(("draft", "retired")))
        .order_by(Trigger.name)
    )
    return {
        "owner": [(str(person_id), name) for person_id, name in people],
        "trigger": [(name, title or name) for name, title in titles],
        "country": [(country, country) for country in countries],
    }


def _lines(
    titles: Mapping[UUID, tuple[str, str]], messages: Sequence[Count], moments: Sequence[Count], ahead: Sequence[Count]
) -> Mapping[date, Sequence[Line]]:
    sums: dict[tuple[date, UUID], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for count in messages:
        sums[count.on, count.trigger_id]["approved" if count.state == "approved" else "unread"] += count.number
    for name, counts in (("found", moments), ("foreseen", ahead)):
        for count in counts:
            sums[count.on, count.trigger_id][name] += count.number
    found: dict[date, list[Line]] = defaultdict(list)
    for (on, trigger_id), numbers in sums.items():
        title, family = titles.get(trigger_id, ("A trigger", "celebrate"))
        found[on].append(Line(title, family, **numbers))
    return {on: sorted(lines, key=lambda line: (-line.number, line.title)) for on, lines in found.items()}


def _titles(session: Session) -> dict[UUID, tuple[str, str]]:
    rows: Any = session.execute(
        select(Trigger.id, Trigger.name, Trigger.family, TriggerVersion.definition["title"].as_string()).outerjoin(
            TriggerVersion, TriggerVersion.id == Trigger.version_id
        )
    )
    return {trigger_id: (title or name, family) for trigger_id, name, family, title in rows}


def _names(session: Session, read: Sequence[Load]) -> dict[UUID, str]:
    ids = {load.owner_id for load in read if load.owner_id is not None}
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(ids))).all()) if ids else {}


def _who(customer: Customer) -> tuple[str, str]:
    return name_of(customer), customer.external_id
