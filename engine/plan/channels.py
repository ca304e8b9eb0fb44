"""Which channels may be used for a set of moments, and which is the best, in one statement for any number of them.

Whether a channel may be used is what the rules of permission hold by: an address where it needs one, no suppression,
a consent that covers it. Each of these is read once for all customers of the set, with a column for each channel.
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from engine.channel_terms import TERMS, Offered
from engine.plan.choosing import COMPANY_ORDER, WISHED, WISHED_FOR_OCCASION
from engine.storage.models import Consent, ContactPoint, Suppression
from engine.storage.models.consent import ANY, BASES

# The place of a channel in a customer's order of channels: their wish for the occasion, the channel they prefer, the
# position of its name in their own order, and after all of these the company's order.
_FOR_OCCASION, _PREFERRED, _OWN, _COMPANY, NEVER = 0, 1, 2, 1_000_000, 2_000_000
_CHANNELS = 16  # a place and a channel's number in one figure: the place times so many, and the number
# A consent as one figure, the smallest of which decides: not in force, any occasion, any channel, granted.
_NOT_IN_FORCE, _ANY_OCCASION, _ANY_CHANNEL, _GRANTED = 8, 4, 2, 1
# Its basis as a number, to be told from the figure that rules.
_BASES = {basis: at for at, basis in enumerate(BASES)}


class least(FunctionElement[int]):  # noqa: N801 - reads as the SQL function it is
    """The smallest of several figures, none of them unknown."""

    inherit_cache = True
    type = BigInteger()


class position_in(FunctionElement[int]):  # noqa: N801
    """Where a text begins in another one, counted from 1; 0 where it does not occur."""

    inherit_cache = True
    type = Integer()


@compiles(least)
def _least_on_sqlite(element: least, compiler: Any, **kw: Any) -> str:
    return f"min({compiler.process(element.clauses, **kw)})"


@compiles(least, "postgresql")
def _least_on_postgresql(element: least, compiler: Any, **kw: Any) -> str:
    return f"least({compiler.process(element.clauses, **kw)})"


@compiles(position_in)
def _position_on_sqlite(element: position_in, compiler: Any, **kw: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kw)})"


@compiles(position_in, "postgresql")
def _position_on_postgresql(element: position_in, compiler: Any, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)})"


def standing_of_channels(
    base: CTE,
    offered: Offered,
    marketing: Collection[uuid.UUID],
    *,
    now: datetime | ColumnElement[datetime],
    late: ColumnElement[bool] | None = None,
    of_all: bool = False,
) -> Subquery:
    """The rows of `base`, and of each offered channel `place_<name>` (see `ranked`; `NEVER` where nobody asked for it),
    `usable_<name>` and `consent_<name>`, the figure of the consent that rules; `consent_of_message` is that of the
    message's channel, offered or not.

    `base` has moment_id, customer_id, version_id, occasion, message_channel, and the wishes for_occasion, preferred and
    own_order. `late` says of its rows that post would come too late. `of_all`: nearly all customers are among its rows,
    so that it is faster to read what is known of all of them.
    """
    names = offered.names
    customers = None if of_all else select(base.c.customer_id)
    reach, barred, consent = _reached(customers, names), _barred(customers, names), _consents(base, names, now)
    is_marketing = base.c.version_id.in_(marketing)
    columns: list[ColumnElement[Any]] = []
    for name in names:
        usable = [func.coalesce(barred.c[name], 0) == 0, _is_allowed(consent.c[name], is_marketing)]
        if TERMS[name].addressed:
            usable.append(func.coalesce(reach.c[name], 0) == 1)
        if TERMS[name].by_post and late is not None:
            usable.append(not_(late))
        columns += [
            _place(base, name, offered).label(f"place_{name}"),
            case((and_(*usable), 1), else_=0).label(f"usable_{name}"),
            consent.c[name].label(f"consent_{name}"),
        ]
    return (
        select(*base.c, *columns, consent.c.of_message.label("consent_of_message"))
        .outerjoin_from(base, reach, reach.c.customer_id == base.c.customer_id)
        .outerjoin(barred, barred.c.customer_id == base.c.customer_id)
        .outerjoin(consent, and_(consent.c.customer_id == base.c.customer_id, consent.c.moment_id == base.c.moment_id))
        .subquery("standing_of_channels")
    )


def with_best(standing: Subquery, offered: Offered) -> Subquery:
    """The rows of `standing` and, as a figure that `best_channel` reads, the best channel that may be used, else the
    best. With OFFSET, or PostgreSQL would work it out anew for each thing that is read from it."""
    return select(*standing.c, _best(standing, offered).label("best")).offset(0).subquery("with_best")


def best_channel(ranked: Subquery, offered: Offered) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The channel that a row of `with_best` takes, and why."""
    best, names = ranked.c.best, dict(enumerate(offered.names))
    reason = case(
        (best < _PREFERRED * _CHANNELS, literal(WISHED_FOR_OCCASION, Text)),
        (best < _COMPANY * _CHANNELS, literal(WISHED, Text)),
        else_=literal(COMPANY_ORDER, Text),
    )
    return case(names, value=best % _CHANNELS, else_=offered.default), reason


def ruling_consent(ranked: Subquery, offered: Offered) -> ColumnElement[int]:
    """The figure of the consent that rules where a row of `with_best` speaks: on the channel of its message, or on the
    best one."""
    of_best = {number: ranked.c[f"consent_{name}"] for number, name in enumerate(offered.names)}
    return case(
        (ranked.c.message_channel.is_(None), case(of_best, value=ranked.c.best % _CHANNELS)),
        else_=ranked.c.consent_of_message,
    )


def reason_of_place(place: int) -> str:
    """Why a channel has this place."""
    return WISHED_FOR_OCCASION if place < _PREFERRED else WISHED if place < _COMPANY else COMPANY_ORDER


def _best(standing: Subquery, offered: Offered) -> ColumnElement[int]:
    usable = [
        case((standing.c[f"usable_{name}"] == 1, standing.c[f"place_{name}"]), else_=NEVER) * _CHANNELS + number
        for number, name in enumerate(offered.names)
    ]
    wished = [standing.c[f"place_{name}"] * _CHANNELS + number for number, name in enumerate(offered.names)]
    best = _least(usable)
    return case((best < NEVER * _CHANNELS, best), else_=_least(wished))


def _least(figures: list[ColumnElement[int]]) -> ColumnElement[int]:
    """SQLite's min() of one figure would be that of all rows."""
    return least(*figures) if len(figures) > 1 else figures[0]


def _place(base: CTE, name: str, offered: Offered) -> ColumnElement[int]:
    own = "," + func.replace(func.coalesce(base.c.own_order, ""), " ", "", type_=Text) + ","
    position = position_in(own, literal(f",{name},", Text))
    company = _COMPANY + offered.order.index(name) if name in offered.order else NEVER
    return case(
        (base.c.for_occasion == name, _FOR_OCCASION),
        (base.c.preferred == name, _PREFERRED),
        (and_(base.c.own_order.is_not(None), position > 0), position + _OWN),
        else_=company,
    )


def _is_of(customers: Select[Any] | None, customer_id: Any) -> ColumnElement[bool]:
    """Whether it is one of these; without any all are."""
    return true() if customers is None else customer_id.in_(customers)


def _reached(customers: Select[Any] | None, names: Collection[str]) -> Subquery:
    """Customer -> 1 for each channel on which they have an address that works."""
    columns = [func.max(case((ContactPoint.channel == name, 1), else_=0)).label(name) for name in names]
    return (
        select(ContactPoint.customer_id, *columns)
        .where(_is_of(customers, ContactPoint.customer_id), ContactPoint.usable)
        .group_by(ContactPoint.customer_id)
        .subquery("reached")
    )


def _barred(customers: Select[Any] | None, names: Collection[str]) -> Subquery:
    """Customer -> 1 for each channel on which they, or an address of theirs, must not be written to."""
    found = union_all(
        select(Suppression.customer_id, Suppression.channel).where(
            Suppression.customer_id.is_not(None),
            _is_of(customers, Suppression.customer_id),
            Suppression.lifted_at.is_(None),
        ),
        select(ContactPoint.customer_id, Suppression.channel)
        .join(Suppression, Suppression.address_hash == ContactPoint.address_hash)
        .where(
            _is_of(customers, ContactPoint.customer_id),
            Suppression.lifted_at.is_(None),
            or_(Suppression.channel.is_(None), Suppression.channel == ContactPoint.channel),
        ),
    ).subquery()
    columns = [
        func.max(case((or_(found.c.channel.is_(None), found.c.channel == name), 1), else_=0)).label(name)
        for name in names
    ]
    return select(found.c.customer_id, *columns).group_by(found.c.customer_id).subquery("barred")


def told_of_consent(
    figure: ColumnElement[int],
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[str]]:
    """Whether a figure's consent is granted, whether it is in force, and its basis."""
    how, basis = figure // len(BASES), figure % len(BASES)
    return how % 2 == _GRANTED, how < _NOT_IN_FORCE, case({at: name for name, at in _BASES.items()}, value=basis)


def _figure_of_consent(now: datetime | ColumnElement[datetime]) -> ColumnElement[int]:
    """Of the consents that speak of a moment and a channel the one of the smallest figure rules: one in force before
    one that expired, then the more particular, occasion first. No two of them are alike but for their basis, which is
    told along."""
    in_force = or_(Consent.state == "refused", Consent.expires_at.is_(None), Consent.expires_at > now)
    figure = (
        case((in_force, 0), else_=_NOT_IN_FORCE)
        + case((Consent.occasion == ANY, _ANY_OCCASION), else_=0)
        + case((Consent.channel == ANY, _ANY_CHANNEL), else_=0)
        + case((Consent.state == "refused", 0), else_=_GRANTED)
    )
    return figure * len(BASES) + case(_BASES, value=Consent.basis)


def _consents(base: CTE, names: Collection[str], now: datetime | ColumnElement[datetime]) -> Subquery:
    """Moment -> the figure of the ruling consent for each channel, and for that of its message."""
    figure, channels = _figure_of_consent(now), {name: name for name in names} | {"of_message": base.c.message_channel}
    columns = [
        func.min(case((Consent.channel.in_((channel, ANY)), figure))).label(name) for name, channel in channels.items()
    ]
    return (
        select(base.c.customer_id, base.c.moment_id, *columns)
        .join(Consent, Consent.customer_id == base.c.customer_id)
        .where(Consent.occasion.in_((base.c.occasion, ANY)))
        .group_by(base.c.customer_id, base.c.moment_id)
        .subquery("ruling_consents")
    )


def _is_allowed(figure: ColumnElement[int], is_marketing: ColumnElement[bool]) -> ColumnElement[bool]:
    """An objection is absolute; marketing needs a consent that is in force."""
    granted, in_force, _ = told_of_consent(figure)
    for_marketing = and_(figure.is_not(None), granted, in_force)
    return case((is_marketing, for_marketing), else_=or_(figure.is_(None), granted))
