"""The cells of a file as rows of customers and of events. An empty cell says nothing: what is known stays known."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.dates.zones import first_instant
from engine.imports.columns import Columns, Target
from engine.record.checking import EventRow
from engine.record.customer_rows import ConsentRow, CustomerRow, PreferenceRow
from engine.record.rejection import RowRefused
from engine.storage.models.consent import ANY

_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0"})
_CONSENTS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(_YES | {"granted", "express"}, ("granted", "express")),
    **{basis: ("granted", basis) for basis in ("implied", "contract", "legitimate_interest")},
    **dict.fromkeys(_NO | {"refused"}, ("refused", "express")),
}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_FLAGS = ("deceased", "minor", "closed")
_INSTANTS = ("effective_at", "consent_given_at")


def customer_row(columns: Columns, cells: Sequence[str], zone: str | None) -> CustomerRow:
    """The customer that these cells tell of; `zone` is that of times without one."""
    told = _told(columns, cells)
    fields: dict[str, Any] = {"external_id": ""}
    groups: dict[str, dict[str, Any]] = {"trait": {}, "date": {}, "contact": {}}
    consents: list[tuple[str, str]] = []
    for target, text in told:
        if target.group in groups:
            groups[target.group][target.name] = _value(target, text)
        elif target.group == "consent":
            consents.append((target.name, text))
        elif target.group == "wants":
            wish = PreferenceRow(target.name, yes_or_no(target.key, text))
            fields["preferences"] = (*fields.get("preferences", ()), wish)
        else:
            fields[target.group] = _field(target.group, text, zone)
    source, given_at = fields.pop("consent_source", None), fields.pop("consent_given_at", None)
    return CustomerRow(
        **fields,
        traits=groups["trait"],
        dates=groups["date"],
        contacts=groups["contact"],
        consents=[_consent(name, text, source, given_at) for name, text in consents],
    )


def event_row(columns: Columns, cells: Sequence[str], zone: str | None, given: Mapping[str, str]) -> EventRow:
    """The event that these cells tell of; `given` fills in the fields that have no column."""
    told = _told(columns, cells)
    fields = {**given, **{target.group: text.strip() for target, text in told if target.group != "property"}}
    for field in ("message_id", "customer", "name", "occurred_at"):
        if not fields.get(field):
            raise RowRefused(field, "is empty")
    return EventRow(
        message_id=fields["message_id"],
        customer=fields["customer"],
        name=fields["name"],
        occurred_at=instant("occurred_at", fields["occurred_at"], zone),
        properties={target.name: _value(target, text) for target, text in told if target.group == "property"},
    )


def instant(column: str, text: str, zone: str | None) -> datetime:
    """An ISO time as an aware instant; one without a zone is read on the clocks of `zone`, and refused without that.

    A date alone is its midnight. A time the clocks jumped over is the first instant after the jump.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RowRefused(column, f"{text!r:.80} is not a time such as 2026-11-22T09:30:00Z") from None
    if found.tzinfo is not None:
        return found
    if zone is None:
        raise RowRefused(column, f"{text!r:.80} has no time zone: write 2026-11-22T09:30:00Z, or say the file's zone")
    return first_instant(found.date(), found.time(), zone)


def yes_or_no(column: str, text: str) -> bool:
    """As people write it in a table."""
    word = text.strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise RowRefused(column, f"{text!r:.80} is neither yes nor no")


def _told(columns: Columns, cells: Sequence[str]) -> list[tuple[Target, str]]:
    return [(target, cells[at]) for at, target in columns.targets.items() if cells[at].strip()]


def _field(name: str, text: str, zone: str | None) -> Any:
    if name in _FLAGS:
        return yes_or_no(name, text)
    return instant(name, text, zone) if name in _INSTANTS else text


def _value(target: Target, text: str) -> Any:
    text = text.strip()
    if target.type == "bool":
        return yes_or_no(target.key, text)
    if target.type == "list":
        return [part.strip() for part in text.split(",") if part.strip()]
    if target.type != "int":
        return text
    if not _WHOLE.fullmatch(text):
        raise RowRefused(target.key, f"{text!r:.80} is not a whole number")
    return int(text)


def _consent(name: str, text: str, source: str | None, given_at: datetime | None) -> ConsentRow:
    column = f"consent:{name or ANY}"
    try:
        state, basis = _CONSENTS[text.strip().casefold()]
    except KeyError:
        known = "yes, no, granted, refused, express, implied, contract or legitimate_interest"
        raise RowRefused(column, f"{text!r:.80} is not a consent: {known} are known") from None
    channel, _, occasion = name.partition(":")
    return ConsentRow(state, channel or ANY, occasion or ANY, basis, source, given_at)  # type: ignore[arg-type]
