""" "Not now": begun by a person with a reason, in force at once, and ended by a person or by its date.

What it touches waits under the hold `pause` (engine/plan/rules/house.py), asked at planning and again in the commit
that hands over. Beginning one and handing over take turns, so that nothing goes once the button has answered.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import and_, bindparam, case, literal, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.calendar.scope import BY_DEFAULT, NotNow, checked_places, checked_segment, checked_touches
from engine.conditions import Condition
from engine.conditions.tree import read_condition, write_condition
from engine.errors import Conflict, InvalidInput, NotFound
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.storage.base import UtcDateTime
from engine.storage.models import Pause, Person
from engine.storage.session import past_the_orm

# Who answers for what goes out. Agents ask (engine/calendar/asking.py), or stop all sending.
ROLE = "marketing"
LONGEST_REASON = 200
# The clocks of two machines differ by less: what one has begun holds on the other, whatever its clock says.
_SKEW = timedelta(minutes=1)
_TURNS = 7_410_013  # any number that is always the same
_IN_TURN = text(f"SELECT pg_advisory_xact_lock_shared({_TURNS})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for. Without `places` and `segment` it is for everybody, without `until` until it is ended."""

    reason: str
    touches: Sequence[str] = BY_DEFAULT
    places: Sequence[str] = ()
    segment: Condition | None = None
    until: datetime | None = None
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    def checked(self, *, now: datetime) -> NotNow:
        """The same as it will be kept. Raises InvalidInput with what is to be mended."""
        reason = " ".join(self.reason.split())
        if not reason:
            raise InvalidInput("Say why: everybody who works here will read it.")
        if len(reason) > LONGEST_REASON:
            raise InvalidInput(f"{LONGEST_REASON} characters are enough to say why; these are {len(reason)}.")
        if self.until is not None and self.until <= now:
            raise InvalidInput("It would be over already: choose a later time, or none.")
        touches, segment = checked_touches(self.touches), checked_segment(self.segment)
        return NotNow(self.id, reason, touches, checked_places(self.places), segment, self.until)


def begin_pause(session: Session, wanted: Wanted, *, person: Person, now: datetime) -> Pause:
    """Begin it; from the commit on nothing that it touches goes. `now` is asked for after `take_turns`.

    Raises InvalidInput, NotAllowed, and Conflict where the same is in force already.
    """
    require(person, ROLE)
    kept = wanted.checked(now=now)
    _close_those_over(session, now=now)
    pause = Pause(
        id=kept.id,
        reason=kept.reason,
        places=list(kept.places),
        segment=write_condition(kept.segment) if kept.segment is not None else None,
        touches=list(kept.touches),
        standing_key=_key(kept),
        began_at=now,
        began_by=person.id,
        until=kept.until,
    )
    try:
        with session.begin_nested():
            session.add(pause)
    except IntegrityError as error:
        raise Conflict(_pressed_already(session, pause)) from error
    record(session, Doer(person.name, person.id), "begin_pause", pause, now=now, **_told(kept))
    ring(session, "jubilee.plan")
    return pause


def end_pause(session: Session, pause_id: uuid.UUID, *, person: Person, now: datetime) -> bool:
    """End it; False where it was over already. What waited goes at its next opening, if its time has not passed."""
    require(person, ROLE)
    ended = session.scalar(
        update(Pause)
        .where(Pause.id == pause_id, Pause.ended_at.is_(None), or_(Pause.until.is_(None), Pause.until > now))
        .values(ended_at=case((Pause.began_at > now, Pause.began_at), else_=literal(now, UtcDateTime)))
        .values(ended_by=person.id)
        .returning(Pause.id)
        .execution_options(synchronize_session=False)
    )
    if ended is None:
        if session.get(Pause, pause_id) is None:
            raise NotFound("There is no such “not now”.")
        return False
    pause = session.get_one(Pause, pause_id, populate_existing=True)
    record(session, Doer(person.name, person.id), "end_pause", pause, now=now, reason=pause.reason)
    ring(session, "jubilee.plan")
    return True


def in_force(session: Session, *, now: datetime) -> tuple[NotNow, ...]:
    """Those that hold at this instant, now or in the past; the one that ends last is the last."""
    rows = past_the_orm(session).execute(_STANDING, {_NOW.key: now, _BEGUN_BY.key: now + _SKEW})
    return tuple(as_value(row) for row in rows)


def standing_at(now: Any, *, begun_by: Any = None) -> tuple[Any, ...]:
    """What is true of a pause that holds at this instant, and had begun by then."""
    return (
        Pause.began_at <= (now if begun_by is None else begun_by),
        or_(Pause.ended_at.is_(None), Pause.ended_at > now),
        or_(Pause.until.is_(None), Pause.until > now),
    )


_NOW, _BEGUN_BY = (bindparam(name, type_=UtcDateTime(), required=True) for name in ("now", "begun_by"))
_STANDING = (
    select(Pause)
    .where(*standing_at(_NOW, begun_by=_BEGUN_BY))
    .order_by(Pause.until.is_(None), Pause.until, Pause.began_at, Pause.id)
)


def overlapping(session: Session, first: datetime, last: datetime) -> tuple[NotNow, ...]:
    """Those that hold at any instant of this stretch."""
    rows = session.scalars(
        select(Pause).where(
            Pause.began_at <= last,
            or_(Pause.ended_at.is_(None), Pause.ended_at > first),
            or_(Pause.until.is_(None), Pause.until > first),
        )
    )
    return tuple(as_value(row) for row in rows)


def turned(session: Session, after: datetime, until: datetime) -> tuple[set[uuid.UUID], bool]:
    """Which began within this stretch, and whether any ended."""
    begun = select(Pause.id).where(Pause.began_at > after, Pause.began_at <= until)
    over = or_(
        and_(Pause.ended_at > after, Pause.ended_at <= until),
        and_(Pause.ended_at.is_(None), Pause.until > after, Pause.until <= until),
    )
    return set(session.scalars(begun)), bool(session.scalar(select(Pause.id).where(over).limit(1)))


def as_value(row: Any) -> NotNow:
    """A stored pause, or a row of its columns, as the rules see it. One whose segment does not read any more is for all
    of its places: better held than said at the wrong time."""
    try:
        segment = read_condition(row.segment) if row.segment is not None else None
    except (ValidationError, ValueError):
        segment = None
    return NotNow(row.id, row.reason, tuple(row.touches), tuple(row.places), segment, row.until)


def take_turns(session: Session) -> None:
    """Before beginning: wait until every hand-over that is being checked is committed, and keep new ones waiting.

    SQLite has one writer at a time anyway.
    """
    if not _is_sqlite(session):
        session.execute(text(f"SELECT pg_advisory_xact_lock({_TURNS})"))


def hand_over_in_turn(session: Session) -> None:
    """Before a hand-over is checked: wait for who is beginning a "not now", and for nobody else."""
    if not _is_sqlite(session):
        past_the_orm(session).execute(_IN_TURN)


def _close_those_over(session: Session, *, now: datetime) -> None:
    """One that its date has ended must not stand in the way of the same one pressed again."""
    session.execute(
        update(Pause)
        .where(Pause.ended_at.is_(None), Pause.until <= now)
        .values(ended_at=Pause.until)
        .execution_options(synchronize_session=False)
    )


def _key(kept: NotNow) -> str:
    segment = write_condition(kept.segment) if kept.segment is not None else None
    return json.dumps([kept.places, segment, kept.touches], sort_keys=True)


def _pressed_already(session: Session, pause: Pause) -> str:
    first = session.execute(
        select(Pause.reason, Person.name)
        .outerjoin(Person, Person.id == Pause.began_by)
        .where(Pause.standing_key == pause.standing_key, Pause.ended_at.is_(None))
    ).first()
    who, why = (first.name or "Somebody", first.reason) if first else ("Somebody", "")
    return f"{who} has pressed this already, and it holds: “{why}”. Nothing more is needed."


def _told(kept: NotNow) -> dict[str, Any]:
    return {
        "reason": kept.reason,
        "touches": list(kept.touches),
        "places": list(kept.places) or None,
        "segment": write_condition(kept.segment) if kept.segment is not None else None,
        "until": kept.until.isoformat() if kept.until else None,
    }


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
