"""Brings moments in line with what stands by a customer's totals: makes, cancels, restores or mends them.

What stands depends on the events alone, never on the order in which they came, so neither do the moments.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.definitions.store import ActiveTrigger
from engine.ids import new_id
from engine.kinds import Fact, FoldKind, Occurrence
from engine.plan.ending import cancel_moments
from engine.spot.dating import expiry, send_day
from engine.spot.reasons import ALREADY_TOLD, FACTS_CHANGED, NO_LONGER_TRUE, UNTRUE_TOTAL
from engine.storage.bulk import update_each
from engine.storage.models import Moment
from engine.storage.upsert import insert_into

OPEN = ("spotted", "planned", "written")
EVIDENCE = ("nominal_on", "occurred_at", "facts")
FOLLOWING = (*EVIDENCE, "send_on", "expires_at")
BATCH = 1_000

Row = dict[str, Any]


class Place(Protocol):
    """Where a customer lives."""

    @property
    def zone(self) -> str: ...
    @property
    def country(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for one customer and trigger, by occurrence key.

    `complete`: all events were folded, so a moment whose key is not here is no longer true. Else these are additions.
    """

    customer_id: UUID
    trigger: ActiveTrigger
    occurrences: Mapping[str, Occurrence]
    complete: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A moment that is there already."""

    id: UUID
    state: str
    reason: str | None
    columns: Row

    @property
    def is_open(self) -> bool:
        """Nothing has ended it yet; its message may have gone out a moment ago."""
        return self.state in OPEN

    @property
    def may_return(self) -> bool:
        """It was cancelled because it was not true, and nothing was handed over."""
        return self.state == "cancelled" and self.reason in UNTRUE_TOTAL

    def is_out_of_date(self, row: Row) -> bool:
        """What is only spotted follows every change; what is planned only what proves it, not a new version's rules."""
        names = row.keys() if self.state == "spotted" else EVIDENCE
        return any(self.columns[name] != row[name] for name in names)


@dataclass(frozen=True, slots=True)
class Case:
    """What stands, as the columns of moments, and the moments there are: both by occurrence key."""

    standing: Standing
    wanted: Mapping[str, Row]
    known: Mapping[str, Known]

    def untrue(self) -> Iterator[UUID]:
        """Moments that do not stand any more."""
        if self.standing.complete:
            yield from (one.id for key, one in self.known.items() if one.is_open and key not in self.wanted)

    def to_write_again(self) -> Iterator[UUID]:
        """Moments that stand, but whose message was planned or written from facts that changed."""
        for key, row in self.wanted.items():
            moment = self.known.get(key)
            if moment and moment.state in ("planned", "written") and moment.is_out_of_date(row):
                yield moment.id

    def repeats(self, key: str) -> bool:
        """Whether the customer was told of this under another key, or somebody decided about it there."""
        told = [other for other, moment in self.known.items() if self._is_decided(other, moment)]
        kind = cast(FoldKind, self.standing.trigger.kind)
        return bool(told) and kind.repeats(self.standing.trigger.params, self.standing.occurrences[key], told)

    def _is_decided(self, key: str, moment: Known) -> bool:
        """An open moment that does not stand has gone out: else it had been cancelled just now."""
        if moment.is_open:
            return self.standing.complete and key not in self.wanted
        return not moment.may_return

    def is_renewed(self, key: str, moment: Known) -> bool:
        """Whether it returns, or is only spotted yet and follows what changed."""
        if moment.may_return:
            return not self.repeats(key)
        return moment.state == "spotted" and moment.is_out_of_date(self.wanted[key])


def settle(session: Session, standings: Sequence[Standing], places: Mapping[UUID, Place], *, now: datetime) -> None:
    """Bring the moments in line. The caller holds the locks of these customers; `places` names each of them."""
    if not standings:
        return
    cases = _cases(standings, _known(session, standings), places)
    if _cancel(session, cases, now=now):
        cases = _cases(standings, _known(session, standings), places)  # what had gone out was not cancelled
    made, renewed = [], []
    for case in cases:
        for key, row in case.wanted.items():
            moment = case.known.get(key)
            if moment is None:
                made.append(_new(case, key, now))
            elif case.is_renewed(key, moment):
                renewed.append(_renewed(case, row, now) | {"id": moment.id})
    if made:
        session.execute(insert_into(session, Moment).on_conflict_do_nothing(), made)
    update_each(session, Moment, renewed)
    if made or renewed:
        ring(session, "jubilee.plan")


def _cases(
    standings: Iterable[Standing], known: Mapping[tuple[UUID, UUID], Mapping[str, Known]], places: Mapping[UUID, Place]
) -> list[Case]:
    return [
        Case(one, _wanted(one, places[one.customer_id]), known.get((one.trigger.id, one.customer_id), {}))
        for one in standings
    ]


def _wanted(one: Standing, place: Place) -> dict[str, Row]:
    """What happened before the trigger was active makes no moment."""
    rules, active_from = one.trigger.definition.send, one.trigger.active_from
    rows: dict[str, Row] = {}
    for key, occurrence in one.occurrences.items():
        if occurrence.occurred_at is not None and occurrence.occurred_at < active_from:
            continue
        send_on = send_day(occurrence.nominal_on, rules, place.country)
        rows[key] = {
            "nominal_on": occurrence.nominal_on,
            "occurred_at": occurrence.occurred_at,
            "facts": {name: stored_fact(fact) for name, fact in occurrence.facts.items()},
            "send_on": send_on,
            "expires_at": expiry(send_on, rules, place.zone),
        }
    return rows


def stored_fact(fact: Fact) -> Row:
    """A fact as a moment keeps it."""
    value = fact.value.isoformat() if isinstance(fact.value, date) else fact.value
    return {"value": value, "source": fact.source, "sayable": fact.sayable}


def _known(session: Session, standings: Iterable[Standing]) -> dict[tuple[UUID, UUID], dict[str, Known]]:
    columns = [getattr(Moment, name) for name in ("nominal_on", "occurred_at", "facts", "send_on", "expires_at")]
    rows = session.execute(
        select(
            Moment.trigger_id,
            Moment.customer_id,
            Moment.occurrence_key,
            Moment.id,
            Moment.state,
            Moment.reason,
            *columns,
        ).where(
            Moment.customer_id.in_({one.customer_id for one in standings}),
            Moment.trigger_id.in_({one.trigger.id for one in standings}),
        )
    )
    found: dict[tuple[UUID, UUID], dict[str, Known]] = defaultdict(dict)
    for trigger_id, customer_id, key, moment_id, state, reason, *values in rows:
        followed: Row = dict(zip(FOLLOWING, values, strict=True))
        found[trigger_id, customer_id][key] = Known(moment_id, state, reason, followed)
    return found


def _cancel(session: Session, cases: Sequence[Case], *, now: datetime) -> bool:
    """Planning ends them, with the messages that spoke of them; what has gone out stays as it is."""
    ending = {
        NO_LONGER_TRUE: [moment_id for case in cases for moment_id in case.untrue()],
        FACTS_CHANGED: [moment_id for case in cases for moment_id in case.to_write_again()],
    }
    for reason, moment_ids in ending.items():
        for at in range(0, len(moment_ids), BATCH):
            cancel_moments(session, moment_ids[at : at + BATCH], reason, now=now)
    return any(ending.values())


def _new(case: Case, key: str, now: datetime) -> Row:
    """Where the customer was told of it already it is stored as skipped, so that `why` can say so."""
    trigger, occurrence, repeats = case.standing.trigger, case.standing.occurrences[key], case.repeats(key)
    return {
        "id": new_id(),
        "trigger_id": trigger.id,
        "customer_id": case.standing.customer_id,
        "occurrence_key": key,
        "family": trigger.definition.family,
        "occasion": trigger.definition.occasion,
        "incident_key": occurrence.incident_key,
        "problem_id": occurrence.problem_id,
        "spotted_at": now,
        **_renewed(case, case.wanted[key], now),
        "state": "skipped" if repeats else "spotted",
        "reason": ALREADY_TOLD if repeats else None,
    }


def _renewed(case: Case, row: Row, now: datetime) -> Row:
    """The columns of a moment that is spotted, or spotted again, under the trigger's current version."""
    return {
        **row,
        "trigger_version_id": case.standing.trigger.version_id,
        "weight": case.standing.trigger.definition.weight,
        "state": "spotted",
        "reason": None,
        "planned_at": None,
        "written_at": None,
        "check_at": now,
    }
