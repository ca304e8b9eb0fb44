"""What retractions and amendments make of the events they correct. Pure: the same answer in whatever order all came.

The last correction of an event by (occurred_at, message_id) wins; a correction of a correction has no effect.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from engine.dates.zones import local_date
from engine.kinds import FoldEvent
from engine.record.event_kinds import RETRACTED, subject_of


@dataclass(frozen=True, slots=True)
class Correction:
    """A recorded `event_retracted` or `event_amended`; `corrects` is the message id of its target."""

    corrects: str
    message_id: str
    name: str
    occurred_at: datetime
    properties: Mapping[str, Any]


def position(event: FoldEvent | Correction) -> tuple[datetime, str]:
    """The place of an event in the order of every fold."""
    return event.occurred_at, event.message_id


def winners(corrections: Iterable[Correction]) -> dict[str, Correction]:
    """The correction in force for each corrected message id."""
    return {one.corrects: one for one in sorted(corrections, key=position)}


def corrected(event: FoldEvent, correction: Correction | None, zone: str) -> FoldEvent | None:
    """The event as it is to be understood, on the customer's local day; None where it was retracted."""
    if correction is None:
        return event
    if correction.name == RETRACTED:
        return None
    occurred_at = event.occurred_at
    if said := correction.properties.get("occurred_at"):
        occurred_at = datetime.fromisoformat(said).astimezone(UTC)
    return replace(
        event,
        occurred_at=occurred_at,
        occurred_on=local_date(occurred_at, zone),
        properties=amended(event.properties, correction),
    )


def amended(properties: Mapping[str, Any], correction: Correction) -> Mapping[str, Any]:
    """The properties with those of the amendment laid over them."""
    return {**properties, **(correction.properties.get("properties") or {})}


def subjects_told(name: str, properties: Mapping[str, Any], corrections: Iterable[Correction]) -> set[str]:
    """Every problem that this event spoke of under any of its corrections, so that each can be folded again."""
    told = [properties, *(amended(properties, one) for one in corrections)]
    return {subject for said in told if (subject := subject_of(name, said))}
