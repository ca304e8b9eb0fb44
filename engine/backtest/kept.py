"""Backtests and forecasts that people ask for in the console: asked, stopped, and found again.

A worker runs them (`engine/backtest/claims.py`, `engine/backtest/asked.py`); the result stays for the pages, and for
publishing to look at.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.backtest.plain import read_result
from engine.backtest.results import Result
from engine.backtest.run import check_backtest, check_forecast
from engine.backtest.warnings import RunWarning, warnings_of
from engine.bell import ring
from engine.dates.zones import local_date
from engine.definitions.schema import TriggerDefinition
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.people.audit import Doer, record
from engine.storage.models import Person, Rehearsal, RehearsalSample
from engine.storage.upsert import insert_into
from engine.transitions import REHEARSAL, sources_of

__all__ = [
    "RunWarning",
    "ask_rehearsal",
    "latest_rehearsal",
    "rehearsal_named",
    "result_of",
    "says_the_same",
    "stop_rehearsal",
    "warnings_of",
]

TASK = "jubilee.rehearse"
ROLE = "marketing"
OPEN = ("waiting", "running")
Mode = Literal["backtest", "forecast"]


def ask_rehearsal(
    session: Session,
    mode: Mode,
    definitions: Sequence[TriggerDefinition],
    *,
    first: date,
    last: date,
    person: Person,
    now: datetime,
    today: date | None = None,
) -> Rehearsal:
    """Keep the question for a worker. `today` is the team's; a forecast begins with the day on which it is run.

    Asking the same again while it is not over answers with the one that is there. Raises InvalidInput for days that
    cannot be run, Conflict where this person has another of the mode that is not over.
    """
    today = today or local_date(now, "UTC")
    if not definitions:
        raise InvalidInput("A run is about at least one trigger.")
    if mode == "backtest":
        check_backtest(first, last, today)
    else:
        check_forecast((last - first).days + 1)
    subjects = [one.model_dump(mode="json", by_alias=True) for one in definitions]
    values: dict[str, Any] = {
        **{"id": new_id(), "mode": mode, "subjects": subjects, "names": _names(one.name for one in definitions)},
        **{"first_on": first, "last_on": last, "state": "waiting", "asked_by": person.id, "asked_at": now},
    }
    asked = insert_into(session, Rehearsal).values(values).on_conflict_do_nothing().returning(Rehearsal.id)
    if session.scalar(asked) is None:
        return _the_same(session, values)
    made = session.get_one(Rehearsal, values["id"])
    days = {"first": first.isoformat(), "last": last.isoformat()}
    record(session, Doer(person.name, person.id), f"ask_{mode}", made, now=now, triggers=made.names.split(), **days)
    ring(session, TASK)
    return made


def stop_rehearsal(session: Session, rehearsal_id: UUID, *, person: Person, now: datetime) -> bool:
    """Stop one that waits, or tell the worker of one that runs; False where it was over already. Raises NotFound."""
    rehearsal = rehearsal_named(session, rehearsal_id)
    ways = sources_of(REHEARSAL, "stopped")
    of = (Rehearsal.id == rehearsal_id, Rehearsal.state.in_(ways), Rehearsal.stop_wanted.is_(False))
    wanted = update(Rehearsal).where(*of).values(stop_wanted=True).returning(Rehearsal.id)
    if session.scalar(wanted) is None:
        return False
    waits = (Rehearsal.id == rehearsal_id, Rehearsal.state == "waiting")
    session.execute(update(Rehearsal).where(*waits).values(state="stopped", ended_at=now))
    record(
        session, Doer(person.name, person.id), "stop_rehearsal", rehearsal, now=now, triggers=rehearsal.names.split()
    )
    return True


def latest_rehearsal(session: Session, trigger_name: str, *, mode: Mode, state: str = "done") -> Rehearsal | None:
    """The one that ended last, of those that were about this trigger."""
    about = Rehearsal.names.contains(f" {trigger_name} ", autoescape=True)
    query = select(Rehearsal).where(Rehearsal.mode == mode, Rehearsal.state == state, about)
    return session.scalars(query.order_by(Rehearsal.ended_at.desc(), Rehearsal.id.desc()).limit(1)).first()


def rehearsal_named(session: Session, rehearsal_id: UUID) -> Rehearsal:
    """The run of this id. Raises NotFound."""
    found = session.get(Rehearsal, rehearsal_id)
    if found is None:
        raise NotFound("There is no such run; runs are kept for a while and then let go.")
    return found


def definitions_of(rehearsal: Rehearsal) -> list[TriggerDefinition]:
    """What it was asked about. Raises InvalidInput where an older Jubilee kept it in a shape that no longer reads."""
    try:
        return [TriggerDefinition.model_validate(one) for one in rehearsal.subjects]
    except ValidationError as error:
        raise InvalidInput("What was asked for can no longer be read. Ask anew.") from error


def says_the_same(rehearsal: Rehearsal, definition: TriggerDefinition) -> bool:
    """Whether it was run with exactly this definition."""
    try:
        return definition in definitions_of(rehearsal)
    except InvalidInput:
        return False


def result_of(session: Session, rehearsal: Rehearsal) -> Result | None:
    """What it found, without the customers who were erased since. None where it is not done, or no longer readable."""
    if rehearsal.state != "done":
        return None
    samples = select(RehearsalSample.told).where(RehearsalSample.rehearsal_id == rehearsal.id)
    return read_result(rehearsal.result, session.scalars(samples.order_by(RehearsalSample.position)).all())


def _names(names: Any) -> str:
    return f" {' '.join(names)} "


def _the_same(session: Session, wanted: dict[str, Any]) -> Rehearsal:
    of = (Rehearsal.asked_by == wanted["asked_by"], Rehearsal.mode == wanted["mode"], Rehearsal.state.in_(OPEN))
    there = session.scalars(select(Rehearsal).where(*of)).one_or_none()
    if there is None:
        raise Conflict("The run before this one ended just now. Ask again.")
    if all(getattr(there, name) == wanted[name] for name in ("subjects", "first_on", "last_on")):
        return there
    raise Conflict(
        f"You have a {there.mode} of {', '.join(there.names.split())} that is not over yet. "
        "Wait for it, or stop it on its page, then ask again."
    )
