"""What follows from changed customers, in the same transaction: local days, traits that triggers watch, a new look."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from engine.definitions.store import ActiveTrigger
from engine.ids import new_id
from engine.kinds import FoldEvent, TotalState
from engine.record.attention import look_again
from engine.record.customer_state import Difference
from engine.record.event_kinds import TRAIT_CHANGED
from engine.record.events import MOST_ROWS, EventRow, record_events
from engine.record.running import watches
from engine.record.totals import relocate

# When a trait is first heard of, and nobody says since when, it has been so for longer than any trigger is active:
# the first import of a thousand customers with 5,000 points each celebrates nothing.
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


def follow_up(
    session: Session,
    differences: Sequence[Difference],
    triggers: Sequence[ActiveTrigger],
    *,
    now: datetime,
    source: str,
) -> None:
    """Let everything follow from changes that were just written.

    Send times are not worked out again here: planning does so when it hears the bell, with the hours of the team, and
    handing over does so before it looks at the clock.
    """
    moved = [one.known.id for one in differences if "zone" in one.changes and not one.created]
    if moved:
        relocate(session, moved, triggers=triggers, now=now)
    events = list(_trait_events(differences, _wanted(triggers, now), now))
    for start in range(0, len(events), MOST_ROWS):
        record_events(session, events[start : start + MOST_ROWS], triggers=triggers, now=now, source=source)
    look_again(session, [one.known.id for one in differences], now=now)


def _wanted(triggers: Sequence[ActiveTrigger], now: datetime) -> Callable[[str], bool]:
    """Whether any trigger watches this trait: whether a total moves when the trait is set to 1."""
    metrics = [watch.metric for watch in watches(triggers) if TRAIT_CHANGED in watch.metric.events]
    nothing = TotalState()

    def wants(trait: str) -> bool:
        probe = FoldEvent("probe", TRAIT_CHANGED, now, now.date(), {"trait": trait, "value": 1})
        return any(metric.step(nothing, probe) is not nothing for metric in metrics)

    return wants


def _trait_events(differences: Sequence[Difference], wants: Callable[[str], bool], now: datetime) -> Iterator[EventRow]:
    for one in differences:
        for name, (old, new) in one.changes.items():
            if type(new) is int and name.startswith("traits.") and wants(trait := name.removeprefix("traits.")):
                since = LONG_AGO if old is None and one.effective_at == now else one.effective_at
                properties = {"trait": trait, "value": new}
                yield EventRow(f"trait:{new_id()}", one.known.external_id, TRAIT_CHANGED, since, properties)
