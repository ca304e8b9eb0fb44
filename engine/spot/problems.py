"""Moments from problems: those that stayed resolved, and those that have been open for long.

The statement finds the few problems that can be due, the kind decides about each, and one statement stores what it
said. UNIQUE keys decide about doubles: one moment per trigger and key, one recovery per incident over all triggers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.definitions.store import ActiveTrigger
from engine.ids import new_id
from engine.kinds import Occurrence, ProblemKind
from engine.spot.candidates import Candidate, candidates, lightest_first
from engine.spot.dating import expiry, send_day
from engine.spot.reasons import INCIDENT_ALREADY_RECOVERED, UNTRUE_PROBLEM
from engine.spot.standing import stored_fact
from engine.storage.bulk import update_each
from engine.storage.models import Customer, Moment
from engine.storage.upsert import insert_into

_FOLLOWING = ("occurred_at", "facts")

Key = tuple[UUID, str]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Due:
    """An occurrence, and whose it is."""

    candidate: Candidate
    occurrence: Occurrence

    @property
    def key(self) -> Key:
        """What is unique within a trigger."""
        return self.candidate.customer_id, self.occurrence.key

    @property
    def incident(self) -> tuple[UUID, str | None]:
        """What is unique among the recoveries of all triggers."""
        return self.candidate.customer_id, self.occurrence.incident_key


def spot_problems(session: Session, triggers: Sequence[ActiveTrigger], *, now: datetime) -> int:
    """Make the moments that are due and not there yet; how many were made, returned or followed a change."""
    watching = sorted((one for one in triggers if one.kind.shape == "problems"), key=lambda trigger: trigger.id)
    done = sum(_spot(session, trigger, now=now) for trigger in watching)
    if done:
        ring(session, "jubilee.plan")
    return done


def _spot(session: Session, trigger: ActiveTrigger, *, now: datetime) -> int:
    kind, done = cast(ProblemKind, trigger.kind), 0
    for page in candidates(session, trigger, kind.query(trigger.params, now)):
        due: dict[Key, Due] = {}
        for candidate in lightest_first(page):
            occurrence = kind.occurrence(trigger.params, candidate.problem, now)
            if occurrence and (occurrence.occurred_at or now) >= trigger.active_from:
                one = Due(candidate, occurrence)
                due[one.key] = one
        if due:
            done += _store(session, trigger, due, now=now)
    return done


def _store(session: Session, trigger: ActiveTrigger, due: Mapping[Key, Due], *, now: datetime) -> int:
    """Under the locks of the customers, so that a recovery of another trigger or a reopening is not overlooked."""
    customer_ids = {customer_id for customer_id, _ in due}
    session.execute(
        select(Customer.id).where(Customer.id.in_(customer_ids)).order_by(Customer.id).with_for_update(key_share=True)
    )
    known = _known(session, trigger, customer_ids)
    made = [moment_row(trigger, one, now) for key, one in due.items() if key not in known]
    if made:
        session.execute(insert_into(session, Moment).on_conflict_do_nothing(), made)
        _skip_recovered(session, trigger, [due[key] for key in due if key not in known], now=now)
    renewed = _renewed(session, trigger, due, known, now)
    update_each(session, Moment, renewed)
    return len(made) + len(renewed)


def _known(session: Session, trigger: ActiveTrigger, customer_ids: set[UUID]) -> dict[Key, Moment]:
    found = session.scalars(
        select(Moment)
        .where(Moment.trigger_id == trigger.id, Moment.customer_id.in_(customer_ids))
        .execution_options(populate_existing=True)
    )
    return {(moment.customer_id, moment.occurrence_key): moment for moment in found}


def _skip_recovered(session: Session, trigger: ActiveTrigger, wanted: Sequence[Due], *, now: datetime) -> None:
    """Where the key over incidents let no moment in, one is stored as skipped, so that `why` can say so."""
    made = _known(session, trigger, {one.candidate.customer_id for one in wanted})
    skipped = [
        moment_row(trigger, one, now) | {"state": "skipped", "reason": INCIDENT_ALREADY_RECOVERED}
        for one in wanted
        if one.key not in made
    ]
    if skipped:
        session.execute(insert_into(session, Moment).on_conflict_do_nothing(), skipped)


def _renewed(
    session: Session, trigger: ActiveTrigger, due: Mapping[Key, Due], known: Mapping[Key, Moment], now: datetime
) -> list[Row]:
    """Moments that were cancelled as untrue and are true again, and spotted ones whose problem has news."""
    returning = [one for key, one in due.items() if key in known and _may_return(known[key])]
    taken = _recovered_incidents(session, {one.candidate.customer_id for one in returning})
    rows = []
    for key, one in due.items():
        if key not in known:
            continue
        moment, row = known[key], _row(trigger, one, now)
        changed = moment.state == "spotted" and any(getattr(moment, name) != row[name] for name in _FOLLOWING)
        if changed or (_may_return(moment) and one.incident not in taken):
            rows.append({"id": moment.id, "state": "spotted", "reason": None} | row)
    return rows


def _may_return(moment: Moment) -> bool:
    return moment.state == "cancelled" and moment.reason in UNTRUE_PROBLEM


def _recovered_incidents(session: Session, customer_ids: set[UUID]) -> set[tuple[UUID, str | None]]:
    if not customer_ids:
        return set()
    rows = session.execute(
        select(Moment.customer_id, Moment.incident_key).where(
            Moment.customer_id.in_(customer_ids),
            Moment.family == "recover",
            Moment.state.not_in(("cancelled", "skipped")),
        )
    )
    return {(customer_id, incident_key) for customer_id, incident_key in rows}


def moment_row(trigger: ActiveTrigger, one: Due, now: datetime) -> Row:
    """The moment of what is due, spotted now."""
    return {
        "id": new_id(),
        "trigger_id": trigger.id,
        "customer_id": one.candidate.customer_id,
        "occurrence_key": one.occurrence.key,
        "family": trigger.definition.family,
        "occasion": trigger.definition.occasion,
        "state": "spotted",
        "reason": None,
        "incident_key": one.occurrence.incident_key,
        **_row(trigger, one, now),
    }


def _row(trigger: ActiveTrigger, one: Due, now: datetime) -> Row:
    """The columns that follow the problem for as long as nobody has planned the moment."""
    rules, occurrence = trigger.definition.send, one.occurrence
    send_on = send_day(occurrence.nominal_on, rules, one.candidate.country)
    return {
        "trigger_version_id": trigger.version_id,
        "problem_id": occurrence.problem_id,
        "occurred_at": occurrence.occurred_at,
        "nominal_on": occurrence.nominal_on,
        "send_on": send_on,
        "expires_at": expiry(send_on, rules, one.candidate.zone),
        "weight": trigger.definition.weight,
        "facts": {name: stored_fact(fact) for name, fact in occurrence.facts.items()},
        "check_at": now,
        "spotted_at": now,
    }
