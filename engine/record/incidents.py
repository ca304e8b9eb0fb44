"""Incidents: one cause that touched one or many customers. When one is over, so are the outages of all who felt it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from engine.errors import InvalidInput
from engine.ids import new_id
from engine.record.attention import look_again
from engine.record.unset import UNSET, Unset
from engine.storage.models import Customer, Incident, Problem
from engine.storage.upsert import insert_into

_WORDS = ("what_happened", "what_we_did", "next_step", "owner")
_FIELDS = ("started_at", "ended_at", *_WORDS)


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident as it is told to us; what is not given stays as it was. `ended_at` None says it is going on."""

    key: str
    started_at: datetime | Unset | None = UNSET
    ended_at: datetime | Unset | None = UNSET
    what_happened: str | Unset | None = UNSET
    what_we_did: str | Unset | None = UNSET
    next_step: str | Unset | None = UNSET
    owner: str | Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class IncidentNews:
    """What an incident says to the problems of those who felt it."""

    ended_at: datetime | None
    words: Mapping[str, str]

    @property
    def problem_state(self) -> str:
        """open or resolved."""
        return "open" if self.ended_at is None else "resolved"


def record_incident(session: Session, row: IncidentRow, *, now: datetime) -> bool:
    """Record an incident, and with it the problems of all who felt it in one statement. True where anything changed.

    Locks in the order of recording: first the customers, then the incident.
    """
    _check(row)
    touched = _lock_those_who_felt(session, row.key)
    new = _insert_missing(session, [row.key], now=now)
    known = session.execute(_incidents([row.key]).with_for_update()).one()._asdict()
    given = {name: value for name in _FIELDS if not isinstance(value := getattr(row, name), Unset)}
    changed: dict[str, Any] = {name: value for name, value in given.items() if known[name] != value}
    if changed:
        session.execute(update(Incident), [{"id": known["id"], "updated_at": now} | changed])
        _tell_problems(session, row.key, news_of({**known, **changed}))
        look_again(session, touched, now=now)
    return bool(new or changed)


def shared_incidents(session: Session, keys: Collection[str], *, now: datetime) -> Mapping[str, IncidentNews]:
    """The incidents of these keys, locked against being ended meanwhile; one that nobody recorded yet begins here.

    Without the lock, an outage felt in the very moment in which its incident ends would stay open for ever.
    """
    if not keys:
        return {}
    wanted = sorted(keys)
    _insert_missing(session, wanted, now=now)
    rows = session.execute(_incidents(wanted).with_for_update(read=True))
    return {row.key: news_of(row._asdict()) for row in rows}


def _check(row: IncidentRow) -> None:
    if not row.key.strip():
        raise InvalidInput("An incident needs a key, such as 'outage-2026-11-22'.")
    if isinstance(row.started_at, datetime) and isinstance(row.ended_at, datetime) and row.ended_at < row.started_at:
        raise InvalidInput(f"The incident {row.key} ends before it starts.")


def _lock_those_who_felt(session: Session, key: str) -> list[UUID]:
    felt = select(Problem.customer_id).where(Problem.kind == "outage", Problem.incident_key == key)
    locked = select(Customer.id).where(Customer.id.in_(felt)).order_by(Customer.id).with_for_update(key_share=True)
    return list(session.scalars(locked))


def _insert_missing(session: Session, keys: Sequence[str], *, now: datetime) -> int:
    """How many of these incidents are new."""
    rows = [{"id": new_id(), "key": key, "updated_at": now} for key in keys]
    made = (
        insert_into(session, Incident)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Incident.id)
    )
    return len(session.scalars(made).all())


def _incidents(keys: Sequence[str]) -> Select[Any]:
    columns = [getattr(Incident, name) for name in ("id", "key", *_FIELDS)]
    return select(*columns).where(Incident.key.in_(keys)).order_by(Incident.key)


def news_of(row: Mapping[str, Any]) -> IncidentNews:
    """What a row of an incident says."""
    return IncidentNews(row["ended_at"], {name: row[name] for name in _WORDS if row[name] is not None})


def _tell_problems(session: Session, key: str, news: IncidentNews) -> None:
    """The one statement. Says what `problems.row_of` says, so that folding a problem again changes nothing."""
    session.execute(
        update(Problem)
        .where(Problem.kind == "outage", Problem.incident_key == key)
        .values(state=news.problem_state, resolved_at=news.ended_at, **news.words)
        .execution_options(synchronize_session=False)
    )
