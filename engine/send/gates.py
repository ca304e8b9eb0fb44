"""The gates: how much may pass to each channel's provider now. One row a channel, which all workers share: a token
bucket, a circuit breaker, and the count of the daily ramp. Times are the machine's.

A gate is locked last in a transaction, and only between what it admits and the commit of that, never while a channel is
called.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from engine.channel_terms import TERMS
from engine.send.channels import Channel
from engine.storage.models import Gate
from engine.storage.session import past_the_orm
from engine.storage.upsert import insert_into, table_of

# So many answers in a row that nobody understands close the gate: each leaves a message of which we don't know.
UNKNOWN_IN_A_ROW = 3
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
# What a provider may ask for; `Retry-After: 1000000000` has been seen.
LONGEST_RETRY_AFTER = timedelta(hours=1)
# How long one trial may take before another is made: a lease and a call.
TRIAL = timedelta(seconds=90)
# Clocks of workers differ a little, which must give nobody tokens twice; a clock set back by more starts afresh.
_CLOCKS_DIFFER = timedelta(seconds=60)
_UNBOUNDED = 1_000_000_000

_GATE_LOCKED = (
    select(Gate).where(Gate.channel == bindparam("channel")).with_for_update().execution_options(populate_existing=True)
)
_GATES = table_of(Gate)
_ALL = select(Gate)  # a handful
_SUCCESS = (
    update(_GATES)
    .where(
        _GATES.c.channel == bindparam("of"),
        or_(_GATES.c.failures > 0, _GATES.c.closed_until.is_not(None)),
        or_(_GATES.c.closed_until.is_(None), _GATES.c.closed_until <= bindparam("machine")),
    )
    .values(failures=0, closed_until=None, trial_until=None, reason=None)
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a gate goes by: messages a second over all workers, which its channel says, and the company's most a day."""

    rate: float
    cap: int | None = None


def has_gate(channel: str) -> bool:
    """What stays in the house needs no gate."""
    return channel in TERMS and TERMS[channel].real


def open_now(session: Session, rules: Mapping[str, Rules], *, machine: datetime) -> list[str]:
    """The channels whose gates let something pass now or as soon as the rate allows. Takes and locks nothing."""
    known = {gate.channel: gate for gate in past_the_orm(session).execute(_ALL)}
    return [
        name
        for name, rule in rules.items()
        if not has_gate(name) or name not in known or _passable(known[name], rule, machine=machine) >= 1
    ]


def admit(session: Session, channel: Channel, wanted: int, *, machine: datetime, cap: int | None = None) -> int:
    """How many of `wanted` may pass now; they count as passed. A closed gate whose time is over admits one, as a trial.

    The gate is locked until the caller commits. What does not pass after all is to be given back.
    """
    if not wanted or not has_gate(channel.name):
        return wanted
    gate, rules = _locked(session, channel.name, rate=channel.rate, machine=machine), Rules(channel.rate, cap)
    admitted = min(wanted, _room(gate, rules, machine=machine))
    gate.tokens = _tokens(gate, channel.rate, machine) - admitted
    if machine > gate.refilled_at or gate.refilled_at - machine > _CLOCKS_DIFFER:
        gate.refilled_at = machine
    if gate.counted_on != machine.date():
        gate.counted_on, gate.counted = machine.date(), 0
    gate.counted += admitted
    if admitted and gate.closed_until is not None:
        gate.trial_until = machine + TRIAL
    session.flush()
    return admitted


def give_back(session: Session, channel: str, number: int, *, machine: datetime, called: bool) -> None:
    """So many of those admitted were not taken. One for which the provider was not even called keeps nothing of it."""
    if not number or not has_gate(channel):
        return
    counted = update(Gate).where(Gate.channel == channel, Gate.counted_on == machine.date(), Gate.counted >= number)
    session.execute(counted.values(counted=Gate.counted - number).execution_options(synchronize_session=False))
    if not called:
        session.execute(
            update(Gate)
            .where(Gate.channel == channel)
            .values(tokens=Gate.tokens + number, trial_until=None)
            .execution_options(synchronize_session=False)
        )


def note_success(session: Session, channel: str, *, machine: datetime) -> None:
    """The provider answered sensibly. That ends a row of failures and opens a gate that was on trial; one whose time
    has not come stays closed, as the answer is to a call from before."""
    session.execute(_SUCCESS, {"of": channel, "machine": machine})


def note_failure(
    session: Session,
    channel: str,
    reason: str,
    *,
    machine: datetime,
    retry_after: float | None = None,
    unknown: int = 0,
) -> None:
    """The provider said that it cannot now, which closes its gate at once; or `unknown` answers in a row were none that
    anybody understands, which closes it when they are too many. Longer each time, and at least for `retry_after`."""
    if not has_gate(channel):
        return
    gate = _locked(session, channel, rate=1.0, machine=machine)
    until = machine
    if retry_after is not None:
        until += min(timedelta(seconds=max(0.0, min(retry_after, 1e6))), LONGEST_RETRY_AFTER)
    if gate.closed_until is None or gate.closed_until <= machine:  # not one of those that were under way when it closed
        on_trial = gate.closed_until is not None
        gate.failures += max(unknown, 1)
        if unknown and not on_trial and gate.failures < UNKNOWN_IN_A_ROW:
            return
        gate.closed_until = max(until, machine + _pause(gate.failures))
    gate.closed_until, gate.trial_until, gate.reason = max(until, gate.closed_until), None, reason
    session.flush()


def _room(gate: Gate, rules: Rules, *, machine: datetime) -> int:
    return max(0, min(int(_tokens(gate, rules.rate, machine)), _passable(gate, rules, machine=machine)))


def _passable(gate: Any, rules: Rules, *, machine: datetime) -> int:
    """What the breaker and the ramp allow, whatever the rate does."""
    passable = _UNBOUNDED
    if rules.cap is not None:
        passable = rules.cap - (gate.counted if gate.counted_on == machine.date() else 0)
    if gate.closed_until is not None:
        tried = gate.trial_until is not None and gate.trial_until > machine
        passable = min(passable, 0 if tried or gate.closed_until > machine else 1)
    return passable


def _tokens(gate: Gate, rate: float, machine: datetime) -> float:
    """Those of a second may be saved up, and one at least, or a slow channel would never get a whole one."""
    passed = max(0.0, (machine - gate.refilled_at).total_seconds())
    return min(max(rate, 1.0), gate.tokens + passed * rate)


def _locked(session: Session, channel: str, *, rate: float, machine: datetime) -> Gate:
    gate = session.scalar(_GATE_LOCKED, {"channel": channel})
    if gate is None:
        new = {"channel": channel, "tokens": max(rate, 1.0), "refilled_at": machine, "failures": 0, "counted": 0}
        session.execute(insert_into(session, Gate).on_conflict_do_nothing(), [new])
        gate = session.scalars(_GATE_LOCKED, {"channel": channel}).one()
    return gate


def _pause(failures: int) -> timedelta:
    """1, 2, 4 seconds and so on, up to half longer, so that workers and installations do not all come back at once."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(failures - 1, 20), LONGEST_PAUSE)
    return pause * (1 + random.random() / 2)  # noqa: S311 - no secret
