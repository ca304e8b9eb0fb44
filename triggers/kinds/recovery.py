"""The recovery: a problem was resolved and stayed resolved. Its sister `still_open` tells of one that takes long.

Peace is what counts, not the ticket system's word: whatever disturbs the customer starts the settling period again.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.dates.zones import local_date
from engine.kinds import Fact, Occurrence, ProblemFacts, ProblemQuery

# A serious or repeated problem is called about within two days of its resolution.
CALL_WITHIN = timedelta(hours=48)
_ONE_DAY = timedelta(days=1)

ProblemName = Literal["ticket", "refund", "outage"]


class RecoveryParams(BaseModel):
    """`settled`: due when nothing disturbed the customer for `settling_days`, days of 24 hours.

    `still_open`: due `after_days` after the problem began, then every `every_days`, at most `at_most` times.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[tuple[ProblemName, ...], Field(min_length=1)]
    when: Literal["settled", "still_open"] = "settled"
    settling_days: int = Field(4, ge=1, le=28)
    categories: tuple[str, ...] | None = Field(None, min_length=1)
    after_days: int | None = Field(None, ge=1, le=60)
    every_days: int | None = Field(None, ge=1, le=60)
    at_most: int | None = Field(None, ge=1, le=20)

    @model_validator(mode="after")
    def _says_what_its_when_wants(self) -> "RecoveryParams":
        of_open = {"after_days": self.after_days, "every_days": self.every_days, "at_most": self.at_most}
        if self.when == "settled" and any(value is not None for value in of_open.values()):
            raise ValueError(f"{', '.join(of_open)} go with `when: still_open`")
        if self.when == "still_open" and (missing := [name for name, value in of_open.items() if value is None]):
            raise ValueError(f"`when: still_open` needs {', '.join(missing)}")
        if self.when == "still_open" and "settling_days" in self.model_fields_set:
            raise ValueError("`settling_days` goes with `when: settled`")
        return self

    @property
    def settling(self) -> timedelta:
        """Hours, not calendar days: a change of clocks makes nobody wait shorter."""
        return timedelta(days=self.settling_days)


class Recovery:
    """Occurrence keys: the incident; `<incident>:<n>` for the n-th news about a problem that is still open."""

    shape: Literal["problems"] = "problems"
    params: type[BaseModel] = RecoveryParams

    def query(self, params: RecoveryParams, now: datetime) -> ProblemQuery:
        """Resolved long enough ago to have settled, or opened long enough ago to be told about."""
        if params.when == "still_open":
            return ProblemQuery(params.kinds, "open", now - timedelta(days=params.after_days or 0))
        return ProblemQuery(params.kinds, "resolved", now - params.settling)

    def occurrence(self, params: RecoveryParams, problem: ProblemFacts, now: datetime) -> Occurrence | None:
        """The moment that is due by `now`. Of news that were missed only the latest is told."""
        if not _covers(params, problem):
            return None
        if params.when == "still_open":
            return _still_open(params, problem, now)
        return _settled(params, problem, now)

    def call_due_at(self, params: RecoveryParams, problem: ProblemFacts) -> datetime | None:
        """Only a minor first problem is a light one. The call waits for nothing to settle, as its hours count from the
        resolution; news of an open problem ask for none."""
        if params.when != "settled" or problem.state != "resolved" or not _covers(params, problem):
            return None
        return _call_due_at(problem)

    def tells(self, params: RecoveryParams) -> Mapping[str, bool]:  # noqa: ARG002 - the contract of a kind
        """All there is to tell is about the problem."""
        return {}


def settled(resolved_at: datetime, disturbances: Sequence[datetime], settling: timedelta) -> datetime:
    """The instant at which peace has lasted for `settling`, if nothing else comes in between.

    The period begins with the resolution and again with each disturbance that falls inside it, its last instant
    included. What came before the resolution is the problem itself.
    """
    begun = resolved_at
    for disturbance in sorted(disturbances):
        if begun < disturbance <= begun + settling:
            begun = disturbance
    return begun + settling


def news_number(params: RecoveryParams, opened_at: datetime, now: datetime) -> int:
    """How many times news were due by `now`: 0 before the first; never more than `at_most`."""
    since_first = now - opened_at - timedelta(days=params.after_days or 0)
    if since_first < timedelta(0):
        return 0
    return min(since_first // timedelta(days=params.every_days or 1) + 1, params.at_most or 1)


def _covers(params: RecoveryParams, problem: ProblemFacts) -> bool:
    return problem.kind in params.kinds and (not params.categories or problem.category in params.categories)


def _settled(params: RecoveryParams, problem: ProblemFacts, now: datetime) -> Occurrence | None:
    if problem.state != "resolved" or problem.resolved_at is None:
        return None
    due_at = settled(problem.resolved_at, problem.disturbances, params.settling)
    if due_at > now:
        return None
    quiet_since = Fact((due_at - params.settling).isoformat(), problem.key)
    facts = _facts(problem) | _gravity(problem) | {"quiet_since": quiet_since}
    return _occurrence(problem, problem.incident_key, due_at, facts)


def _still_open(params: RecoveryParams, problem: ProblemFacts, now: datetime) -> Occurrence | None:
    number = news_number(params, problem.opened_at, now)
    if problem.state != "open" or number == 0:
        return None
    days = (params.after_days or 0) + (number - 1) * (params.every_days or 1)
    due_at = problem.opened_at + timedelta(days=days)
    facts = _facts(problem) | {"news_number": Fact(number, problem.key)}
    return _occurrence(problem, f"{problem.incident_key}:{number}", due_at, facts)


def _occurrence(problem: ProblemFacts, key: str, due_at: datetime, facts: dict[str, Fact]) -> Occurrence:
    return Occurrence(
        key=key,
        nominal_on=local_date(due_at, problem.zone),
        facts=facts,
        occurred_at=due_at,
        incident_key=problem.incident_key,
        problem_id=problem.id,
    )


def _facts(problem: ProblemFacts) -> dict[str, Fact]:
    """What may be told. A value nobody wrote down stays None: a question to the owner, never a blank in a message."""
    told: dict[str, str | date | None] = {
        "what_happened": problem.what_happened,
        "what_we_did": problem.what_we_did,
        "next_step": problem.next_step,
        "next_news_on": problem.next_news_on,
        "owner": problem.owner,
        "problem_began_on": local_date(problem.opened_at, problem.zone),
    }
    if problem.resolved_at is not None:
        told["resolved_on"] = local_date(problem.resolved_at, problem.zone)
    return {name: Fact(value, problem.key, sayable=True) for name, value in told.items()} | {
        "category": Fact(problem.category, problem.key),
        "severity": Fact(problem.severity, problem.key),
    }


def _gravity(problem: ProblemFacts) -> dict[str, Fact]:
    """Whether a person writes and calls; none of it is said."""
    facts = {
        "serious": Fact(_is_serious(problem), problem.key),
        "repeated": Fact(_is_repeated(problem), problem.key),
        "reopened": Fact(problem.reopened, problem.key),
    }
    if due_at := _call_due_at(problem):
        facts["call_due_at"] = Fact(due_at.isoformat(), problem.key)
    return facts


def _call_due_at(problem: ProblemFacts) -> datetime | None:
    if problem.resolved_at is None or not (_is_serious(problem) or _is_repeated(problem)):
        return None
    return problem.resolved_at + CALL_WITHIN


def _is_serious(problem: ProblemFacts) -> bool:
    return problem.severity != "minor"


def _is_repeated(problem: ProblemFacts) -> bool:
    return problem.same_category > 0
