"""Fills a run's problems: each as it stood after every one of its events, by the same fold as live."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, literal, or_, select

from engine.backtest.past_tables import SINCE, UNTIL, past_table, put
from engine.backtest.players import PLAYERS
from engine.backtest.scratch import ALWAYS, NEVER, Scratch
from engine.kinds import FoldEvent
from engine.record.corrections import position
from engine.record.event_kinds import PROBLEM_EVENTS, subject_of
from engine.record.folding import effective_events
from engine.record.incidents import IncidentNews, news_of
from engine.record.problem_states import fold_problem
from engine.record.problems import row_of
from engine.storage.base import UtcDateTime
from engine.storage.models import Incident, Problem

_PIECE = 500
_OUTAGE = "outage"
Row = dict[str, Any]
Subject = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class News:
    """An incident as it is known now, and when it was over."""

    ended_at: datetime | None
    words: Mapping[str, str]

    def at(self, instant: datetime) -> IncidentNews:
        """As it was then: what people wrote of it is not dated, and is taken as it is."""
        over = self.ended_at if self.ended_at is not None and self.ended_at <= instant else None
        return IncidentNews(over, self.words)


def fill_problems(run: Scratch, *, since: datetime) -> None:
    """Those that nothing moved since then are copied; the others are folded, event by event."""
    problems, past = run.stored(Problem), past_table(Problem)
    incidents = run.stored(Incident).c
    over = select(incidents.key).where(incidents.ended_at > since)
    moved = or_(problems.c.last_event_at > since, (problems.c.kind == _OUTAGE) & problems.c.incident_key.in_(over))
    of_players = select(*problems.c, literal(ALWAYS, UtcDateTime), literal(NEVER, UtcDateTime)).join(
        PLAYERS, PLAYERS.c.customer_id == problems.c.customer_id
    )
    run.session.execute(insert(past).from_select([column.name for column in past.c], of_players.where(~moved)))
    wanted: dict[UUID, dict[str, Row]] = defaultdict(dict)
    for row in run.session.execute(of_players.where(moved)).mappings():
        wanted[row["customer_id"]][row["key"]] = {column.name: row[column.name] for column in problems.c}
    news, ids = _incidents(run), list(wanted)
    for at in range(0, len(ids), _PIECE):
        put(run.session, Problem, list(_folded(run, wanted, ids[at : at + _PIECE], news)))
    run.measure(past.name)


def _incidents(run: Scratch) -> Mapping[str, News]:
    table = run.stored(Incident)
    rows = [row._asdict() for row in run.session.execute(select(*table.c))]
    return {row["key"]: News(row["ended_at"], news_of(row).words) for row in rows}


def _folded(
    run: Scratch, wanted: Mapping[UUID, Mapping[str, Row]], ids: Collection[UUID], news: Mapping[str, News]
) -> Iterator[Row]:
    events: dict[Subject, list[FoldEvent]] = defaultdict(list)
    for customer_id, event in effective_events(run.session, ids, PROBLEM_EVENTS):
        if subject := subject_of(event.name, event.properties):
            events[customer_id, subject].append(event)
    for (customer_id, key), those in events.items():
        if key in wanted[customer_id]:
            yield from _stretches(wanted[customer_id][key], sorted(those, key=position), news)


def _stretches(stored: Row, events: Sequence[FoldEvent], news: Mapping[str, News]) -> Iterator[Row]:
    """A row for each stretch between two instants at which it moved."""
    turns = sorted({event.occurred_at for event in events} | _ends(stored, events[0].occurred_at, news))
    for since, until in zip(turns, [*turns[1:], NEVER], strict=True):
        state = fold_problem([event for event in events if event.occurred_at <= since])
        if state is not None:
            told = news.get(state.incident_key)
            yield stored | row_of(state, told.at(since) if told else None) | {SINCE: since, UNTIL: until}


def _ends(stored: Row, begun: datetime, news: Mapping[str, News]) -> set[datetime]:
    told = news.get(stored["incident_key"])
    if stored["kind"] != _OUTAGE or told is None or told.ended_at is None or told.ended_at <= begun:
        return set()
    return {told.ended_at}
