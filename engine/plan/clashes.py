"""The clash rule: what becomes one message, what waits, and what loses. Pure: contenders in, groups out.

Celebrations of one customer and local day become one message or the weightiest one. Of each customer and family one
message is settled at a time: the next is looked at when this one counts, so that the caps see it.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.plan.contender import Contender, heaviest_first

Day = tuple[uuid.UUID, date]


@dataclass(frozen=True, slots=True)
class Standing:
    """The celebration of a customer's day that is there already. `open`: others may still be merged into it."""

    message_id: uuid.UUID
    open: bool


@dataclass(slots=True)
class Settled:
    """`new` groups become a message each, the first of each leads; `joining` go into a message that is there;
    `lost` wait for it to die unsent; `later` are looked at again at once.
    """

    new: list[list[Contender]] = field(default_factory=list)
    joining: dict[uuid.UUID, list[Contender]] = field(default_factory=dict)
    lost: list[Contender] = field(default_factory=list)
    later: list[Contender] = field(default_factory=list)


def settle(contenders: Sequence[Contender], standing: Mapping[Day, Standing]) -> Settled:
    """Settle the first message of each customer and family."""
    settled = Settled()
    families: dict[tuple[uuid.UUID, str], list[Contender]] = defaultdict(list)
    for contender in contenders:
        families[contender.customer_id, contender.family].append(contender)
    for (customer_id, family), rivals in families.items():
        first_on = min(rival.slot.send_on for rival in rivals)
        today = heaviest_first([rival for rival in rivals if rival.slot.send_on == first_on])
        settled.later += [rival for rival in rivals if rival.slot.send_on != first_on]
        if family == "celebrate":
            _settle_day(today, standing.get((customer_id, first_on)), settled)
        else:
            settled.new.append(today[:1])
            settled.later += today[1:]
    return settled


def _settle_day(today: list[Contender], there: Standing | None, settled: Settled) -> None:
    if there is not None:
        joining = [rival for rival in today if rival.merges] if there.open else []
        if joining:
            settled.joining[there.message_id] = joining
        settled.lost += [rival for rival in today if rival not in joining]
        return
    lead, *others = today
    merged = [rival for rival in others if lead.merges and rival.merges]
    settled.new.append([lead, *merged])
    settled.lost += [rival for rival in others if rival not in merged]
