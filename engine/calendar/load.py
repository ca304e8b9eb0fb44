"""How much each person has to read by which day, against the hours that the team works. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.backtest.effort import MINUTES
from engine.calendar.coming import Count
from engine.dates.team import TeamHours
from engine.dates.workdays import subtract_working_days

_UNREAD = ("draft", "in_review")


@dataclass(frozen=True, slots=True)
class Load:
    """What one person has to read on one working day of the team; without a person, what is nobody's."""

    owner_id: UUID | None
    on: date
    drafts: int
    minutes: int
    available: int

    @property
    def is_full(self) -> bool:
        """Whether a day's work of reading alone takes more than the day has."""
        return self.owner_id is not None and self.minutes > self.available


def loads(counts: Iterable[Count], families: Mapping[UUID, str], team: TeamHours, *, today: date) -> Sequence[Load]:
    """What is unread and goes today or later, on the last working day up to then, or today where that is over; the
    fullest first on each day. Of days that are past there are no hours to have."""
    drafts: dict[tuple[date, UUID | None], int] = defaultdict(int)
    minutes: dict[tuple[date, UUID | None], int] = defaultdict(int)
    for count in counts:
        if count.state in _UNREAD and count.on >= today:
            key = (max(today, subtract_working_days(count.on, 0, team.country)), count.owner_id)
            drafts[key] += count.number
            minutes[key] += count.number * MINUTES[families.get(count.trigger_id, "celebrate")]
    available = int(team.window.length.total_seconds() // 60)
    found = [Load(owner, on, number, minutes[on, owner], available) for (on, owner), number in drafts.items()]
    return sorted(found, key=lambda load: (load.on, -load.minutes, str(load.owner_id)))
