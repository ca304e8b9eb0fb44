"""A customer as told to us, and the same checked and flattened: one plain value for each field that the row names.

The flat fields are those of the change log: `zone`, `traits.plan`, `dates.birthday`, `contacts.email`,
`consents.email.birthday`, `preferences.birthday`.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from dateutil.relativedelta import relativedelta

from engine.dates.birthdays import PartialDate, parse_partial_date, placeholder_reason
from engine.record.addresses import clean_address, clean_channel
from engine.record.places import clean_country, clean_locale, clean_region, clean_zone
from engine.record.rejection import RowRefused
from engine.record.texts import clean_line, clean_name
from engine.record.unset import UNSET, Unset
from engine.storage.models.consent import ANY

State = Literal["granted", "refused"]
Basis = Literal["express", "implied", "contract", "legitimate_interest"]
Flat = dict[str, Any]

BASES = ("express", "implied", "contract", "legitimate_interest")
BIRTHDAY = "birthday"
# The Canadian law (CASL) lets implied consent last two years after a purchase; no other law gives a longer term.
IMPLIED_LASTS = relativedelta(years=2)

_LARGEST = 2**63 - 1
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$")
_HOUR = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::00)?")
_TIMESTAMP_0 = PartialDate(1, 1, 1970)


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """Whether we may write, on a channel and about an occasion; `*` is every one. No `given_at`: nobody said when."""

    state: State
    channel: str = ANY
    occasion: str = ANY
    basis: Basis = "express"
    source: str | None = None
    given_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """Whether the customer wants to hear about an occasion, and on which channel."""

    occasion: str
    wanted: bool
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """What one row says of one customer. UNSET changes nothing; None, or an empty text, takes away what was known.

    `region` is US-TX, or TX. `channel_order` are names with commas between, the first wish first; without a
    `preferred_channel` of its own, that is its first. Quiet hours are local, HH:MM, and stand both or not at all.
    """

    external_id: str
    first_name: str | Unset | None = UNSET
    last_name: str | Unset | None = UNSET
    locale: str | Unset | None = UNSET
    zone: str | Unset | None = UNSET
    country: str | Unset | None = UNSET
    region: str | Unset | None = UNSET
    preferred_channel: str | Unset | None = UNSET
    channel_order: str | Unset | None = UNSET
    quiet_from: str | Unset | None = UNSET
    quiet_until: str | Unset | None = UNSET
    deceased: bool | Unset = UNSET
    minor: bool | Unset = UNSET
    closed: bool | Unset = UNSET
    traits: Mapping[str, Any] = field(default_factory=dict)
    dates: Mapping[str, str | None] = field(default_factory=dict)
    contacts: Mapping[str, str | None] = field(default_factory=dict)
    consents: Sequence[ConsentRow] = ()
    preferences: Sequence[PreferenceRow] = ()
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that can be recorded. `dated` are the consents and preferences that say themselves since when they hold."""

    index: int
    external_id: str
    fields: Flat
    effective_at: datetime
    dated: frozenset[str]


def check_row(index: int, row: CustomerRow, *, now: datetime, source: str) -> CheckedRow:
    """The row with every value checked and in its one spelling, or RowRefused naming the column."""
    external_id = clean_line("external_id", row.external_id, 200)
    if external_id is None:
        raise RowRefused("external_id", "is empty: every customer needs one")
    effective_at = _past(row.effective_at, now, "effective_at") or now
    wishes = dict(_preferences(row, effective_at))
    consents = dict(_consents(row, effective_at, now, source))
    fields = dict(_columns(row)) | dict(_region(row)) | dict(_quiet(row)) | dict(_order(row))
    fields |= dict(_named(row)) | consents | wishes
    dated = {f"consents.{one.channel}.{one.occasion}" for one in row.consents if row.effective_at or one.given_at}
    dated |= set(wishes) if row.effective_at else set()
    return CheckedRow(index, external_id, fields, effective_at, frozenset(dated))


def placeholder(name: str, value: PartialDate, today: date) -> str | None:
    """Why this date is a stand-in and never greeted. Only a birthday cannot lie ahead: a contract may begin later."""
    ahead = value.year is not None and (value.year, value.month, value.day) > (today.year, today.month, today.day)
    if ahead and name != BIRTHDAY:
        return None
    return placeholder_reason(value, today)


def _columns(row: CustomerRow) -> Iterator[tuple[str, Any]]:
    checks: Mapping[str, Callable[[Any], Any]] = {
        "first_name": lambda text: clean_line("first_name", text, 200),
        "last_name": lambda text: clean_line("last_name", text, 200),
        "locale": lambda text: clean_locale(text) or "en",
        "country": clean_country,
        "zone": clean_zone,
        "preferred_channel": lambda text: clean_channel("preferred_channel", text) if text else None,
        "deceased": lambda value: _flag("deceased", value),
        "minor": lambda value: _flag("minor", value),
        "closed": lambda value: _flag("closed", value),
    }
    for name, check in checks.items():
        value = getattr(row, name)
        if not isinstance(value, Unset):
            yield name, check(value)


def _region(row: CustomerRow) -> Iterator[tuple[str, Any]]:
    """A region that names its country tells that too."""
    if isinstance(row.region, Unset):
        return
    country = None if isinstance(row.country, Unset) else clean_country(row.country)
    named, region = clean_region(row.region, country)
    yield "region", region
    if named and country is None:
        yield "country", named


def _quiet(row: CustomerRow) -> Iterator[tuple[str, Any]]:
    if isinstance(row.quiet_from, Unset) and isinstance(row.quiet_until, Unset):
        return
    start, end = (_hour(name, getattr(row, name)) for name in ("quiet_from", "quiet_until"))
    if (start is None) != (end is None):
        missing = "quiet_until" if end is None else "quiet_from"
        raise RowRefused(missing, "is missing: quiet hours need a beginning and an end")
    if start is not None and start == end:
        raise RowRefused("quiet_until", f"{end!r} is the beginning too: nothing could ever be sent")
    yield "quiet_from", start
    yield "quiet_until", end


def _order(row: CustomerRow) -> Iterator[tuple[str, Any]]:
    if isinstance(row.channel_order, Unset):
        return
    text = clean_line("channel_order", row.channel_order) or ""
    names = [clean_channel("channel_order", name.strip()) for name in text.split(",") if name.strip()]
    if len(set(names)) < len(names):
        raise RowRefused("channel_order", f"{text!r} names a channel twice")
    yield "channel_order", ",".join(names) or None
    if isinstance(row.preferred_channel, Unset):
        yield "preferred_channel", next(iter(names), None)


def _named(row: CustomerRow) -> Iterator[tuple[str, Any]]:
    for name, value in row.traits.items():
        column = f"trait:{name}"
        yield f"traits.{clean_name(column, name)}", _trait(column, value)
    for name, text in row.dates.items():
        column = f"date:{name}"
        yield f"dates.{clean_name(column, name)}", _date(column, text)
    for channel, address in row.contacts.items():
        column = f"contact:{channel}"
        yield f"contacts.{clean_channel(column, channel)}", clean_address(column, channel, address)


def _consents(row: CustomerRow, effective_at: datetime, now: datetime, source: str) -> Iterator[tuple[str, Any]]:
    for consent in row.consents:
        column = f"consent:{consent.channel}"
        channel = consent.channel if consent.channel == ANY else clean_channel(column, consent.channel)
        occasion = consent.occasion if consent.occasion == ANY else clean_name(column, consent.occasion)
        if consent.state not in ("granted", "refused") or consent.basis not in BASES:
            raise RowRefused(column, f"{consent.state!r} on the basis {consent.basis!r} is not a consent")
        since = _past(consent.given_at, now, column) or effective_at
        expires_at = consent.expires_at
        if expires_at is None and consent.basis == "implied" and consent.state == "granted":
            expires_at = since + IMPLIED_LASTS
        yield (
            f"consents.{channel}.{occasion}",
            {
                "state": consent.state,
                "basis": consent.basis,
                "source": clean_line(column, consent.source) or source,
                "given_at": _iso(since),
                "expires_at": _iso(expires_at) if expires_at else None,
            },
        )


def _preferences(row: CustomerRow, effective_at: datetime) -> Iterator[tuple[str, Any]]:
    for wish in row.preferences:
        column = f"wants:{wish.occasion}"
        channel = clean_channel(column, wish.channel) if wish.channel else None
        occasion = clean_name(column, wish.occasion)
        wanted = _flag(column, wish.wanted)
        yield f"preferences.{occasion}", {"wanted": wanted, "channel": channel, "changed_at": _iso(effective_at)}


def _date(column: str, text: str | None) -> str | None:
    """A date with a time of midnight is the date; a bare 0 is the timestamp 0, known to be a stand-in."""
    line = clean_line(column, text)
    if line is None:
        return None
    if line in ("0", "0.0"):
        return str(_TIMESTAMP_0)
    try:
        return str(parse_partial_date(_MIDNIGHT.sub("", line)))
    except ValueError as error:
        raise RowRefused(column, str(error)) from None


def _trait(column: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_line(column, value)
    if isinstance(value, int) and abs(value) <= _LARGEST:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise RowRefused(column, f"{value!r:.80} is not a text, a number or a yes or no")


def _hour(column: str, value: str | Unset | None) -> str | None:
    text = None if isinstance(value, Unset) else clean_line(column, value)
    if text is None:
        return None
    found = _HOUR.fullmatch(text)
    if found is None:
        raise RowRefused(column, f"{text!r} is not an hour such as 22:00")
    return f"{found[1]:0>2}:{found[2]}"


def _flag(column: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RowRefused(column, f"{value!r} is neither yes nor no")
    return value


def _past(value: datetime | None, now: datetime, column: str) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise RowRefused(column, f"{value.isoformat()} has no time zone")
    if value > now:
        raise RowRefused(column, f"{value.isoformat()} lies in the future")
    return value.astimezone(UTC)


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()
