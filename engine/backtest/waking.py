"""Who was quiet when a moment was planned, and who did something before it was over: such a moment is held until the
look after that, and planned then.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Column,
    Date,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    and_,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from engine.backtest.days import Stage
from engine.backtest.openings import ASKED, JUDGED, OPENED, Openings
from engine.backtest.outcomes import OUTCOMES
from engine.backtest.recoveries import TROUBLES
from engine.backtest.routing import EVENTFUL
from engine.backtest.scratch import fill, temporary
from engine.backtest.staging import Looks
from engine.record.event_kinds import NOT_THEIR_DOING
from engine.storage.base import UtcDateTime
from engine.storage.models import Event

QUIET = temporary(
    "quiet",
    Column("moment_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
# Those that were planned after all, with the opening that they found then.
WOKEN = temporary(
    "woken",
    Column("moment_id", Uuid, nullable=False),
    Column("planned_at", UtcDateTime),
    Column("goes_on", Date),
    Column("goes_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
)
_OPENING = [column.name for column in WOKEN.c if column.name != "moment_id"]
_REASON = "relationship_quiet"


def find_quiet(stage: Stage, versions: Sequence[UUID], active_from: CTE, looks: Looks) -> Select[Any]:
    """Note the moments that were held because their customer, who is active by today, was quiet then, and what opens
    for those of whom it was heard again. Answers with the holds of the others, as (moment_id, name): they stay held.

    Who had a problem until then is left to the days; who has one afterwards is found by what opens for them.
    """
    _note_quiet(stage, versions, active_from)
    session, woke = stage.run.session, _woke(stage)
    troubled = exists().where(
        TROUBLES.c.customer_id == woke.c.customer_id,
        TROUBLES.c.begins_at <= woke.c.heard_at,
        TROUBLES.c.ends_at >= woke.c.planned_at,
    )
    rows = session.execute(
        select(woke.c.moment_id, woke.c.customer_id, woke.c.heard_at, troubled.label("is_troubled"), *ASKED)
        .join(JUDGED, JUDGED.c.moment_id == woke.c.moment_id)
        .where(woke.c.heard_at.is_not(None))
    ).all()
    fill(session, EVENTFUL, ({"customer_id": row.customer_id} for row in rows if row.is_troubled))
    openings = Openings(stage, looks)
    found = (_opening(row, openings, looks) for row in rows if not row.is_troubled)
    fill(session, WOKEN, (one for one in found if one is not None))
    stage.run.measure(WOKEN.name)
    anew = {name: WOKEN.c[name] for name in _OPENING}
    session.execute(update(OPENED).where(OPENED.c.moment_id == WOKEN.c.moment_id).values(anew))
    asleep = QUIET.c.moment_id.not_in(select(WOKEN.c.moment_id))
    return select(QUIET.c.moment_id, literal(_REASON, Text)).where(asleep)


def stops_of_woken() -> Select[Any]:
    """What kept them waiting, as in STOPS: not of those that something else ended for good, which was so before."""
    return (
        select(WOKEN.c.moment_id, literal(_REASON, Text))
        .join(OUTCOMES, OUTCOMES.c.moment_id == WOKEN.c.moment_id)
        .where(OUTCOMES.c.state != "skipped")
    )


def _note_quiet(stage: Stage, versions: Sequence[UUID], active_from: CTE) -> None:
    """Who is active by today may have been quiet when the moment was planned."""
    since = active_from.c.from_at
    quiet = (
        select(OPENED.c.moment_id, OPENED.c.customer_id, OPENED.c.planned_at, OPENED.c.expires_at)
        .join(active_from, and_(active_from.c.zone == OPENED.c.zone, active_from.c.nominal_on == OPENED.c.nominal_on))
        .where(
            OPENED.c.version_id.in_(versions),
            OPENED.c.last_active_at >= since,
            OPENED.c.last_active_at > OPENED.c.planned_at,
            _heard_at(stage, OPENED.c.customer_id, since, OPENED.c.planned_at).is_(None),
        )
    )
    columns = [column.name for column in QUIET.c]
    stage.run.session.execute(insert(QUIET).from_select(columns, quiet))
    stage.run.measure(QUIET.name)


def _woke(stage: Stage) -> CTE:
    """Each of them, with when it was heard of the customer before the moment was over; None where it was not."""
    heard_at = _heard_at(stage, QUIET.c.customer_id, QUIET.c.planned_at, QUIET.c.expires_at)
    woke = select(QUIET.c.moment_id, QUIET.c.customer_id, QUIET.c.planned_at, heard_at.label("heard_at"))
    return woke.cte("woke").prefix_with("MATERIALIZED")


def _heard_at(stage: Stage, customer_id: Any, since: Any, until: Any) -> ScalarSelect[datetime]:
    """When the customer first did anything themselves in this time that was not taken back. Of those who took anything
    back none is left here."""
    done = stage.run.stored(Event).alias("done")
    own = done.c.name.not_in(NOT_THEIR_DOING)
    within = (done.c.customer_id == customer_id, done.c.occurred_at >= since, done.c.occurred_at <= until)
    return select(func.min(done.c.occurred_at)).where(*within, own).scalar_subquery()


def _opening(row: Any, openings: Openings, looks: Looks) -> dict[str, Any] | None:
    """What the look after that finds; None where it finds that the moment is over, or the run is."""
    number = looks.first_from(row.heard_at)
    found = openings.found(row, looks.at[number]) if number is not None else None
    if found is None or found["over"]:
        return None
    return {"moment_id": row.moment_id} | {name: found[name] for name in _OPENING}
