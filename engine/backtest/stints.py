"""Which process plays which days. What happens to a customer far apart in time knows nothing of each other, so each
process plays a stretch of the looks and no others: the customers whose days these are, of all parts of the run.

What is close to each other is one episode: their moments, and their problems for as long as they are spoken of. A part
of what a look takes is the look's own, whoever is looked at: so two processes that play three hundred looks each are
done before two that play four hundred, each with as many customers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, Select, Table, Uuid, cast, func, insert, literal, not_, null, or_, select

from engine.backtest.days import Stage
from engine.backtest.foreseen import FORESEEN, RESTLESS
from engine.backtest.outcomes import ELSEWHERE
from engine.backtest.recoveries import waits
from engine.backtest.routing import EVENTFUL
from engine.backtest.scratch import fill, temporary
from engine.backtest.staging import Looks
from engine.plan.rules.trouble import RECOVERY_GAP, SETTLING
from engine.spot.candidates import LOOK_BACK
from engine.storage.models import Problem

# A moment or a problem of an episode, or neither where there is nothing to be done, and the number of its stint.
EPISODES = temporary(
    "episodes",
    Column("customer_id", Uuid, nullable=False),
    Column("piece_id", Uuid),
    Column("stint", Integer, nullable=False),
)
# How far a shift to a working day and a customer's own day may carry what is counted for a cap, and then some.
_AROUND = timedelta(days=14)
# More customers are not shared out one by one; the looks' own part is small beside theirs.
_MANY = 50_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A moment, or the problems of an incident, and the numbers of the looks that may do anything about it."""

    ids: tuple[UUID, ...]
    looks: range


@dataclass(frozen=True, slots=True)
class Episode:
    """What is close to each other of one customer: no looks, where there is nothing to be done."""

    customer_id: UUID
    ids: tuple[UUID, ...]
    looks: range


@dataclass(slots=True)
class Stint:
    """The looks of one process, and what it plays in them."""

    looks: range
    episodes: list[Episode] = field(default_factory=list)

    def holds(self, one: Episode) -> bool:
        """Whether all looks of an episode are among these."""
        return not one.looks or (self.looks.start <= one.looks.start and one.looks.stop <= self.looks.stop)


def episodes_of(customer_id: UUID, pieces: Iterable[Piece], apart: int) -> Iterator[Episode]:
    """The episodes of a customer: from one to the next there are more than so many looks."""
    close: list[Piece] = []
    end = 0
    for piece in sorted(pieces, key=lambda one: one.looks.start):
        if close and piece.looks.start - end > apart:
            yield _episode(customer_id, close)
            close = []
        close.append(piece)
        end = max(end, piece.looks.stop)
    yield _episode(customer_id, close)


def _episode(customer_id: UUID, pieces: Sequence[Piece]) -> Episode:
    first = min((one.looks.start for one in pieces), default=0)
    stop = max((one.looks.stop for one in pieces), default=0)
    return Episode(customer_id, tuple(chain.from_iterable(one.ids for one in pieces)), range(first, stop))


def shared(episodes: Sequence[Episode], looks: int, processes: int) -> list[Stint]:
    """So many stints that hold all episodes, all equally long and as short as they can be. Where one episode lasts all
    the time, all of them do, and each has its part of the customers."""
    shortest, longest = max((len(one.looks) for one in episodes), default=1) or 1, looks
    while shortest < longest:
        middle = (shortest + longest) // 2
        if len(_cut(episodes, middle)) <= processes:
            longest = middle
        else:
            shortest = middle + 1
    starts = [min(start, looks - shortest) for start in _cut(episodes, shortest)] or [0]
    stints = [Stint(range(start, start + shortest)) for start in (starts * processes)[:processes]]
    for one in sorted(episodes, key=lambda one: sum(stint.holds(one) for stint in stints)):
        min((stint for stint in stints if stint.holds(one)), key=lambda stint: len(stint.episodes)).episodes.append(one)
    return stints


def _cut(episodes: Iterable[Episode], length: int) -> list[int]:
    """Where stretches of this length begin that hold all episodes, the first of each beginning with it: the fewest that
    there can be."""
    starts: list[int] = []
    rest = sorted((one.looks for one in episodes if one.looks), key=lambda one: one.start)
    while rest:
        starts.append(rest[0].start)
        rest = [one for one in rest if one.stop > starts[-1] + length]
    return starts


def share_out(stages: Sequence[Stage], looks: Looks, *, is_forecast: bool) -> list[Stint]:
    """A stint for each part of the run, and a note in each of them of what belongs to which.

    Where the looks search, each part keeps its own customers, all the time: a stint would find again what one before it
    had found. So it would where a problem is spoken of for as long as it is open. Such stints name no episodes.
    """
    if is_forecast or any(stage.searched or waits(stage, "open", looks) for stage in stages) or _are_many(stages):
        for number, stage in enumerate(stages):
            _keep(stage, number)
        return [Stint(range(len(looks.at))) for _ in stages]
    apart = _apart(stages[0]).days
    told = chain.from_iterable(_told(stage, looks).items() for stage in stages)
    episodes = [one for customer_id, pieces in told for one in episodes_of(customer_id, pieces, apart)]
    stints = shared(episodes, len(looks.at), len(stages))
    for stage in stages:
        _note(stage, stints)
    return stints


def _are_many(stages: Sequence[Stage]) -> bool:
    everybody = select(func.count(func.distinct(EVENTFUL.c.customer_id)))
    return sum(stage.run.session.scalar(everybody) or 0 for stage in stages) > _MANY


def _keep(stage: Stage, number: int) -> None:
    customers = select(EVENTFUL.c.customer_id, cast(null(), Uuid), literal(number)).distinct()
    moments = select(FORESEEN.c.customer_id, FORESEEN.c.id, literal(number))
    for rows in (customers, moments):
        stage.run.session.execute(insert(EPISODES).from_select([column.name for column in EPISODES.c], rows))


def _apart(stage: Stage) -> timedelta:
    """So far from each other, moments and problems of one customer know nothing of each other: no cap counts both, no
    problem settles, and no recovery has just gone."""
    caps = max(timedelta(days=trigger.definition.caps.days) for trigger in stage.cast.triggers)
    return max(caps, RECOVERY_GAP, SETTLING) + _AROUND


def _told(stage: Stage, looks: Looks) -> Mapping[UUID, Sequence[Piece]]:
    """The pieces of everybody who is eventful in this part."""
    session, spoken_of = stage.run.session, _spoken_of(stage, looks)
    everybody = select(EVENTFUL.c.customer_id).distinct()
    told: dict[UUID, list[Piece]] = {one: [] for one in session.scalars(everybody.order_by(EVENTFUL.c.customer_id))}
    foreseen = select(FORESEEN.c.customer_id, FORESEEN.c.id, FORESEEN.c.check_at, FORESEEN.c.expires_at)
    for customer_id, moment_id, check_at, expires_at in session.execute(foreseen):
        told[customer_id].append(Piece((moment_id,), _between(looks, check_at, expires_at)))
    incidents: dict[tuple[UUID, str], list[Any]] = defaultdict(list)
    for row in session.execute(_problems(stage, looks, everybody)):
        incidents[row.customer_id, row.incident_key].append(row)
    for (customer_id, _), rows in incidents.items():
        ended_at = max(row.last_event_at if row.resolved_at is None else max(row[-2:]) for row in rows)
        lasts = _between(looks, min(row.opened_at for row in rows), ended_at + spoken_of)
        told[customer_id].append(Piece(tuple(row.id for row in rows), lasts))
    return told


def _between(looks: Looks, begun: datetime, ended: datetime) -> range:
    """The looks from the first that knows of it to the first at which it is over."""
    last = len(looks.at) - 1
    first, stop = (last if number is None else number for number in map(looks.first_from, (begun, ended)))
    return range(first, stop + 1)


def _problems(stage: Stage, looks: Looks, everybody: Select[UUID]) -> Select[Any]:
    """Those that moved in the run's time or are open, and those whose incident ended in it."""
    problems, near = stage.run.stored(Problem).c, looks.at[0] - LOOK_BACK - _AROUND
    moved = or_(problems.state == "open", problems.last_event_at > near, problems.resolved_at > near)
    columns = (problems.customer_id, problems.incident_key, problems.id, problems.opened_at)
    return (
        select(*columns, problems.last_event_at, problems.resolved_at)
        .where(moved, problems.customer_id.in_(everybody))
        .order_by(problems.id)
    )


def _spoken_of(stage: Stage, looks: Looks) -> timedelta:
    """How long after its end a problem may be spoken of: it is looked for so long, or its moment is not over."""
    rules = [trigger.definition.send for trigger in stage.cast.triggers]
    lasts = max(timedelta(days=rule.delay_days + rule.expires_after_days) for rule in rules) + _AROUND
    return max(waits(stage, "resolved", looks), default=timedelta()) + max(LOOK_BACK, lasts)


def _note(stage: Stage, stints: Sequence[Stint]) -> None:
    rows = (
        {"customer_id": one.customer_id, "piece_id": piece_id, "stint": number}
        for number, stint in enumerate(stints)
        for one in stint.episodes
        if stage.run.part.has(one.customer_id)
        for piece_id in one.ids or (None,)
    )
    fill(stage.run.session, EPISODES, rows)


def handed(stint: int) -> Mapping[Table, Select[Any]]:
    """What the process that plays this stint is told by each part of the run."""
    mine = EPISODES.c.stint == stint
    return {
        EVENTFUL: select(EPISODES.c.customer_id).where(mine).distinct(),
        RESTLESS: select(RESTLESS),
        FORESEEN: select(FORESEEN).join(EPISODES, EPISODES.c.piece_id == FORESEEN.c.id).where(mine),
        ELSEWHERE: select(EPISODES.c.piece_id).where(not_(mine), EPISODES.c.piece_id.is_not(None)),
    }
