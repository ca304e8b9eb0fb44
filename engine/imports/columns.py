"""Which column of a file means what: names that people use are known, any other is mapped by hand.

A target is a field (`first_name`), or a group and a name: `date:birthday`, `contact:email`, `trait:plan`,
`trait:seats:int`, `consent:email`, `consent:email:birthday`, `wants:birthday`, `property:amount_minor:int`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from engine.errors import InvalidInput

IGNORED = "ignore"
_TYPES = ("int", "bool", "list", "text")
_WORD = re.compile(r"[^0-9a-z]+")
_SHOWN = 12

CUSTOMER_FIELDS = frozenset(
    {
        *("external_id", "first_name", "last_name", "locale", "zone", "country", "region"),
        *("preferred_channel", "channel_order", "quiet_from", "quiet_until"),
        *("deceased", "minor", "closed", "effective_at", "consent", "consent_source", "consent_given_at"),
    }
)
EVENT_FIELDS = frozenset({"message_id", "customer", "name", "occurred_at"})

_CUSTOMER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("customer_id", "customer", "id", "customer_number"), "external_id"),
        **dict.fromkeys(("firstname", "given_name"), "first_name"),
        **dict.fromkeys(("lastname", "surname", "family_name"), "last_name"),
        **dict.fromkeys(("language", "lang"), "locale"),
        **dict.fromkeys(("timezone", "time_zone", "tz"), "zone"),
        "country_code": "country",
        **dict.fromkeys(("birthday", "birth_date", "birthdate", "date_of_birth", "dob"), "date:birthday"),
        **dict.fromkeys(("email", "e_mail", "mail", "email_address"), "contact:email"),
        **dict.fromkeys(("sms", "mobile", "mobile_number"), "contact:sms"),
        "whatsapp": "contact:whatsapp",
    }
)
_EVENT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("event_id", "id"), "message_id"),
        **dict.fromkeys(("customer_id", "external_id"), "customer"),
        **dict.fromkeys(("event", "event_name"), "name"),
        **dict.fromkeys(("timestamp", "time"), "occurred_at"),
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a column means: a field alone, or a group with a name and the type its texts are read as."""

    group: str
    name: str = ""
    type: str = "text"

    @property
    def key(self) -> str:
        """As refusals name it: `date:birthday`."""
        return f"{self.group}:{self.name}" if self.name else self.group


@dataclass(frozen=True, slots=True)
class Columns:
    """The meaning of each column by its position, and the columns that are not read."""

    targets: Mapping[int, Target]
    header: Sequence[str]
    unread: Sequence[str]

    def column_of(self, key: str | None) -> str | None:
        """The file's own name of the column that a refusal is about."""
        for position, target in self.targets.items():
            if key in (target.key, f"{target.key}:*"):
                return self.header[position]
        return key


def customer_columns(header: Sequence[str], mapping: Mapping[str, str] | None) -> Columns:
    """What the columns of a file of customers mean."""
    columns = _columns("customers", header, mapping or {}, _customer_target, _CUSTOMER_NAMES)
    return _with(columns, "external_id")


def event_columns(header: Sequence[str], mapping: Mapping[str, str] | None, given: Sequence[str] = ()) -> Columns:
    """What the columns of a file of events mean. `given` are fields that the caller fills in without a column."""
    columns = _columns("events", header, mapping or {}, _event_target, _EVENT_NAMES)
    return _with(columns, *(field for field in ("message_id", "customer", "name", "occurred_at") if field not in given))


def _columns(
    of: str,
    header: Sequence[str],
    mapping: Mapping[str, str],
    parse: Callable[[str], Target | None],
    known: Mapping[str, str],
) -> Columns:
    targets = dict(_mapped(of, header, mapping, parse))
    taken = {target.key for target in targets.values()}
    unread = []
    for position, column in enumerate(header):
        if column in mapping or not column:
            continue
        target = parse(column) or parse(known.get(_plain(column), _plain(column))) or _left_over(column, parse)
        if target is None or target.key in taken:
            unread.append(column)
        else:
            targets[position] = target
    _refuse_doubles(header, targets)
    return Columns(targets, header, unread)


def _mapped(
    of: str, header: Sequence[str], mapping: Mapping[str, str], parse: Callable[[str], Target | None]
) -> dict[int, Target]:
    targets = {}
    for column, wanted in mapping.items():
        if column not in header:
            raise InvalidInput(f"The mapping names the column {column!r}, and the file has {_listed(header)}.")
        if wanted == IGNORED:
            continue
        target = parse(wanted)
        if target is None:
            fields = f"the fields are in `jubilee import {of} --help`"
            raise InvalidInput(f"The mapping of {column!r} to {wanted!r} means nothing: {fields}.")
        targets[header.index(column)] = target
    return targets


def _refuse_doubles(header: Sequence[str], targets: Mapping[int, Target]) -> None:
    seen: dict[str, int] = {}
    for position, target in sorted(targets.items()):
        if target.key in seen:
            both = f"{header[seen[target.key]]!r} and {header[position]!r}"
            raise InvalidInput(f"The columns {both} both mean {target.key}: map one of them to `{IGNORED}`.")
        seen[target.key] = position


def _with(columns: Columns, *fields: str) -> Columns:
    for field in fields:
        if not any(target.key == field for target in columns.targets.values()):
            has = _listed(columns.header)
            raise InvalidInput(f"No column means {field}: map one to it. The file has {has}.")
    return columns


def _customer_target(text: str) -> Target | None:
    group, _, rest = text.partition(":")
    if not rest:
        return Target(text) if text in CUSTOMER_FIELDS else None
    if group == "trait":
        return _typed(group, rest)
    return Target(group, rest) if group in ("date", "contact", "consent", "wants") else None


def _event_target(text: str) -> Target | None:
    group, _, rest = text.partition(":")
    if not rest:
        return Target(text) if text in EVENT_FIELDS else None
    return _typed(group, rest) if group == "property" else None


def _left_over(column: str, parse: Callable[[str], Target | None]) -> Target | None:
    """In a file of events, every column that nobody mapped is a property of its own name."""
    return parse(f"property:{column}")


def _typed(group: str, rest: str) -> Target | None:
    name, _, kind = rest.rpartition(":")
    if not name:
        return Target(group, rest)
    return Target(group, name, kind) if kind in _TYPES else None


def _plain(column: str) -> str:
    return _WORD.sub("_", column.casefold()).strip("_")


def _listed(header: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in header[:_SHOWN])
    return f"{shown} and {len(header) - _SHOWN} more" if len(header) > _SHOWN else shown
