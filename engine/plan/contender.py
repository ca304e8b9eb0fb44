"""A moment that nothing holds, on its way to become a message, with all that planning decides by."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.definitions.schema import TriggerDefinition
from engine.plan.slots import Slot


@dataclass(frozen=True, slots=True)
class Contender:
    """`grave`: what it is about was serious or happened again, so that a person must write."""

    moment_id: uuid.UUID
    customer_id: uuid.UUID
    trigger_id: uuid.UUID
    version_id: uuid.UUID
    bucket: int
    family: str
    occasion: str
    channel: str
    channel_reason: str
    weight: int
    spotted_at: datetime
    expires_at: datetime
    grave: bool
    salt: str
    definition: TriggerDefinition
    slot: Slot
    hours_key: str
    template: str
    template_must_be_read: bool = False

    @property
    def must_be_read(self) -> bool:
        """Above a weight, or when a problem was serious or repeated, nothing goes without a person having read it."""
        heavy = self.weight >= self.definition.review.must_read_weight
        return heavy or self.grave or self.template_must_be_read

    @property
    def merges(self) -> bool:
        """Whether it may share a message with other celebrations of the day."""
        return self.definition.clash == "merge"


def heaviest_first(contenders: Sequence[Contender]) -> list[Contender]:
    """By weight; of equal ones the one spotted first."""
    return sorted(contenders, key=lambda c: (-c.weight, c.spotted_at, c.moment_id))
