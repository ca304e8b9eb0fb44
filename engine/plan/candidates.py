"""The moments that are being judged, with all that more than one rule wants to know of them, as one CTE."""

import uuid
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import product
from typing import Any, TypeVar

from sqlalchemy import CTE, ColumnElement, Date, FromClause, Text, and_, case, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ClauseElement

from engine.calendar.day_rules import with_days
from engine.calendar.pauses import in_force
from engine.calendar.scope import NotNow
from engine.channel_terms import Offered
from engine.dates.anniversaries import month_anniversary
from engine.dates.sensitive import DayRule
from engine.dates.zones import day_bounds, local_date
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definition_of, definitions_of
from engine.plan.channels import best_channel, ruling_consent, standing_of_channels, with_best
from engine.plan.post import Arrivals, arrivals, too_late_by_post
from engine.plan.sql import NOW
from engine.remembering import remember
from engine.storage.base import UtcDateTime
from engine.storage.given import Columns
from engine.storage.given import given as given_rows
from engine.storage.given import given_again as rows_given_again
from engine.storage.models import Customer, Message, MessageMoment, Moment, Preference, Trigger
from engine.storage.session import past_the_orm
from engine.storage.upsert import given, is_given
from engine.storage.words import in_words

# A spotted moment is judged by its trigger's current version, others by the one that planned them.
_VERSION = case((Moment.state == "spotted", Trigger.version_id), else_=Moment.trigger_version_id)
_ALIKE = (
    select(_VERSION.label("version_id"), Customer.country, Customer.zone, Moment.nominal_on)
    .join(Customer, Customer.id == Moment.customer_id)
    .join(Trigger, Trigger.id == Moment.trigger_id)
    .distinct()
)
_ALIKE_OF_MOMENTS = _ALIKE.where(is_given(Moment.id))
Alike = Sequence[Any]
_QUIET_MONTHS = 12
ActiveDay = tuple[str, date, datetime]
_ACTIVE_FROM = "active_from"
_ACTIVE_DAY: Columns = {"zone": Text(), "nominal_on": Date(), "from_at": UtcDateTime()}
SensitiveToday = tuple[str, str, str, str, str, datetime]
_SENSITIVE = "sensitive_today"
_SENSITIVE_TODAY: Columns = {
    **{"zone": Text(), "country": Text(), "family": Text(), "occasion": Text(), "name": Text()},
    "over_at": UtcDateTime(),
}
_KEPT = 200
# Of so many moments a statement may be made once: its plan reckons with few.
FEW = 200
# For so many versions a statement is made: what it says of versions that a batch has none of costs little.
_MOST_VERSIONS = 24
_made: dict[Hashable, Any] = {}
_made_for: dict[Hashable, tuple[uuid.UUID, ...]] = {}
Statement = TypeVar("Statement", bound=ClauseElement)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules are made for, few things however many the moments are: the versions that judge them, when letters
    arrive, what "not now" is in force, and as rows: for tenure occasions (zone, nominal day, from when on something
    done counts), and where it is a sensitive day (zone, country, family, occasion, its name, when it is over).

    Moments of equal circumstances are asked about with the same statement, and so are those that differ only in these
    rows: they are given to it.
    """

    versions: tuple[uuid.UUID, ...]
    arrivals: Arrivals = ()
    active_from: tuple[ActiveDay, ...] = ()
    pauses: tuple[NotNow, ...] = ()
    sensitive: tuple[SensitiveToday, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules are handed: the candidates (`c`), the definitions of their versions, and what else is known."""

    c: FromClause
    definitions: Mapping[uuid.UUID, TriggerDefinition]
    circumstances: Circumstances
    active_from: CTE | None = None
    sensitive: CTE | None = None

    def versions(self, **wanted: object) -> list[uuid.UUID]:
        """The versions whose definition has these values."""
        return [
            version_id
            for version_id, definition in self.definitions.items()
            if all(getattr(definition, name) == value for name, value in wanted.items())
        ]


def alike_of(session: Session, moment_ids: Collection[uuid.UUID]) -> Alike:
    """What the circumstances of these moments follow from: asked once, where more than one statement needs them."""
    return past_the_orm(session).execute(_ALIKE_OF_MOMENTS, given(moment_ids)).all()


def circumstances_of(
    session: Session, scope: ColumnElement[bool], *, now: datetime, channels: Offered
) -> Circumstances:
    """Read the circumstances of the moments of `scope`."""
    return circumstances_from(
        session, past_the_orm(session).execute(_ALIKE.where(scope)).all(), now=now, channels=channels
    )


def circumstances_from(session: Session, alike: Alike, *, now: datetime, channels: Offered) -> Circumstances:
    """The circumstances of moments of which it was asked already what is `alike`."""
    rows = alike
    versions = tuple(sorted({row.version_id for row in rows}))
    quiet = {version for version in versions if definition_of(session, version).holds_quiet_relationship}
    days = sorted({(row.zone, row.nominal_on) for row in rows if row.version_id in quiet})
    rules = with_days(session, channels).holding
    return Circumstances(
        versions,
        arrivals(((row.country, row.zone) for row in rows), channels, now=now),
        tuple((zone, on, _counts_from(on, zone)) for zone, on in days),
        () if channels.unpaused else in_force(session, now=now),
        tuple(_sensitive_today({(row.zone, row.country) for row in rows}, rules, now=now)),
    )


def made_once(
    session: Session,
    what: str,
    circumstances: Circumstances,
    channels: Offered,
    make: Callable[[Circumstances], Statement],
) -> Statement:
    """The statement `what` for moments of these circumstances, which says of whom and when it is asked only when it is
    executed: making one takes longer than asking it. Versions never change.

    It is made for the versions of the batches before, too: what a rule says of a version is said of its moments alone.
    Of ten triggers whose messages fall due together, almost every batch has other ones.
    """
    given = (bool(circumstances.active_from), bool(circumstances.sensitive))
    alike = (circumstances.arrivals, circumstances.pauses, *given)
    key = (what, session.get_bind().dialect.name, alike, channels)
    versions = _with_those_before(session, key, circumstances.versions)
    made: Statement | None = _made.get((key, versions))
    if made is None:
        made = in_words(make(replace(circumstances, versions=versions)))
        remember(_made, (key, versions), made, most=_KEPT)
    return made


def _with_those_before(session: Session, key: Hashable, versions: tuple[uuid.UUID, ...]) -> tuple[uuid.UUID, ...]:
    """These versions and those that such a statement was made for last, as far as they are there."""
    before = _made_for.get(key, ())
    if set(versions) <= set(before):
        return before
    both = {*versions, *definitions_of(session, before)}
    return remember(_made_for, key, tuple(sorted(both)) if len(both) <= _MOST_VERSIONS else versions, most=_KEPT)


def moments_in(scope: ColumnElement[bool], also: Sequence[ColumnElement[Any]] = ()) -> CTE:
    """The moments of `scope` with their customers and what these wish for, and what is `also` wanted of the two.

    In the order of their customers: where they are many, what is known of these is read in the same order beside them.
    """
    return (
        select(
            Moment.id.label("moment_id"),
            Moment.customer_id,
            Moment.trigger_id,
            _VERSION.label("version_id"),
            Moment.family,
            Moment.occasion,
            Moment.nominal_on,
            Moment.send_on,
            Message.id.label("message_id"),
            Message.channel.label("message_channel"),
            MessageMoment.position,
            Preference.channel.label("for_occasion"),
            Customer.preferred_channel.label("preferred"),
            Customer.channel_order.label("own_order"),
            Customer.country,
            Customer.zone,
            Customer.last_active_at,
            Customer.deceased,
            Customer.closed,
            Customer.erased_at,
            Customer.minor,
            *also,
        )
        .join(Customer, Customer.id == Moment.customer_id)
        .join(Trigger, Trigger.id == Moment.trigger_id)
        .outerjoin(MessageMoment, and_(MessageMoment.moment_id == Moment.id, MessageMoment.live))
        .outerjoin(Message, Message.id == MessageMoment.message_id)
        .outerjoin(
            Preference,
            and_(Preference.customer_id == Moment.customer_id, Preference.occasion == Moment.occasion),
        )
        .where(scope)
        .order_by(Moment.customer_id, Moment.id)
        .cte("moments_in_scope")
    )


def judge(
    session: Session,
    scope: ColumnElement[bool],
    circumstances: Circumstances,
    *,
    now: datetime | ColumnElement[datetime] = NOW,
    channels: Offered,
    also: Sequence[ColumnElement[Any]] = (),
    of_all: bool = False,
) -> Judged:
    """The moments of `scope`, which have these circumstances, with the channel that speaks for them: that of their
    message, or the one a message would take, and why it would take that one; the consent that rules there, as a figure
    (`told_of_consent`); and what is `also` wanted of them and their customers. `of_all`: of nearly all customers.
    """
    base = moments_in(scope, also)
    definitions = {version_id: definition_of(session, version_id) for version_id in circumstances.versions}
    late = too_late_by_post(base, circumstances.arrivals)
    marketing = marketing_of(definitions)
    standing = standing_of_channels(base, channels, marketing, now=now, late=late, of_all=of_all)
    ranked = with_best(standing, channels)
    chosen, reason = best_channel(ranked, channels)
    with_channel = select(
        *(ranked.c[column.name] for column in base.c),
        func.coalesce(ranked.c.message_channel, chosen).label("channel"),
        reason.label("channel_reason"),
        ruling_consent(ranked, channels).label("consent"),
    ).cte("candidates")
    active, days = circumstances.active_from, circumstances.sensitive
    return Judged(
        with_channel,
        definitions,
        circumstances,
        given_rows(session, _ACTIVE_FROM, _ACTIVE_DAY, active) if active else None,
        given_rows(session, _SENSITIVE, _SENSITIVE_TODAY, days) if days else None,
    )


def given_again(session: Session, circumstances: Circumstances) -> dict[str, Any]:
    """What a statement that was made once is given of these circumstances."""
    rows, days = circumstances.active_from, circumstances.sensitive
    again = rows_given_again(session, _ACTIVE_FROM, _ACTIVE_DAY, rows) if rows else {}
    return again | (rows_given_again(session, _SENSITIVE, _SENSITIVE_TODAY, days) if days else {})


def marketing_of(definitions: Mapping[uuid.UUID, TriggerDefinition]) -> list[uuid.UUID]:
    """The versions of class marketing among these."""
    return [version_id for version_id, definition in definitions.items() if definition.legal_class == "marketing"]


def _counts_from(nominal_on: date, zone: str) -> datetime:
    """The end of the very day twelve months before: what was done on it does not count."""
    return day_bounds(month_anniversary(nominal_on, -_QUIET_MONTHS), zone)[1]


def _sensitive_today(
    places: Collection[tuple[str, str | None]], rules: Sequence[DayRule], *, now: datetime
) -> Iterator[SensitiveToday]:
    """What the customers' own date makes of a day that holds: once for each place, family and occasion."""
    for day, (zone, country) in product(rules, sorted(places, key=str)):
        today = local_date(now, zone)
        if day.is_on(today, country):
            over_at = day_bounds(today, zone)[1]
            for family, occasion in day.speaks_to:
                yield zone, country or "", family, occasion, day.name, over_at
