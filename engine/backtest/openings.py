"""When each staged moment would be planned and go, if nothing held it: worked out once for each zone, day, channel, set
of hours and trigger, by the functions of `engine/plan/due.py`, and looked up by all others.
"""

from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Date, Text, Time, Uuid, and_, insert, select

from engine.backtest.days import Stage
from engine.backtest.scratch import fill, temporary
from engine.backtest.staging import Looks
from engine.dates.openings import slots
from engine.definitions.store import ActiveTrigger
from engine.plan.candidates import Judged
from engine.plan.due import Over, grave, is_read, when, wish_of
from engine.plan.ending import TOO_LATE
from engine.plan.intents import PLACE, hours_key
from engine.plan.slots import Wish
from engine.storage.base import UtcDateTime
from engine.storage.models import Customer, Moment

# What the rules ask of a candidate.
_CANDIDATE: dict[str, Any] = {
    **dict.fromkeys(("moment_id", "customer_id", "trigger_id", "version_id", "message_id"), Uuid),
    **{"family": Text, "occasion": Text, "nominal_on": Date, "send_on": Date, "channel": Text},
    **{"country": Text, "zone": Text, "last_active_at": UtcDateTime, "erased_at": UtcDateTime},
    **dict.fromkeys(("deceased", "closed", "minor"), Boolean),
}
# What else an opening depends on, and what it is.
_OF_MOMENT: dict[str, Any] = {"check_at": UtcDateTime, "expires_at": UtcDateTime, "weight": BigInteger}
_OF_CUSTOMER: dict[str, Any] = {
    **{"country": Text, "region": Text, "zone_guessed": Boolean, "quiet_from": Time, "quiet_until": Time}
}
_HOURS: dict[str, Any] = {"hours_key": Text, "grave": Boolean}
# What is asked of the customer later, so that they need not be read again.
_LATER: dict[str, Any] = {"bucket": BigInteger, "last_active_at": UtcDateTime}
_ALL = _CANDIDATE | _OF_MOMENT | _OF_CUSTOMER | _HOURS | _LATER
JUDGED = temporary("judged", *(Column(name, kind) for name, kind in _ALL.items()))
_KEY: dict[str, Any] = {
    **{"trigger_id": Uuid, "check_at": UtcDateTime, "nominal_on": Date, "send_on": Date, "expires_at": UtcDateTime},
    **{"zone": Text, "hours_key": Text, "channel": Text, "grave": Boolean},
}
_OPENING: dict[str, Any] = {
    **{"planned_at": UtcDateTime, "goes_on": Date, "goes_at": UtcDateTime, "ends_at": UtcDateTime, "over": Text}
}
OPENINGS = temporary("openings", *(Column(name, kind) for name, kind in (_KEY | _OPENING).items()))
_OPENED = ("moment_id", "customer_id", "version_id", "family", "nominal_on", "send_on", "expires_at", "zone")
OPENED = temporary(
    "opened",
    *(Column(name, (_CANDIDATE | _OF_MOMENT | _LATER | _OPENING)[name]) for name in (*_OPENED, *_LATER, *_OPENING)),
)


def also_judged() -> list[ColumnElement[Any]]:
    """What an opening depends on besides what the rules ask of a candidate."""
    assert [column.name for column in PLACE] == list(_OF_CUSTOMER)
    of_moment = [getattr(Moment, name) for name in _OF_MOMENT]
    of_customer = [getattr(Customer, name) for name in (*_OF_CUSTOMER, *_LATER) if name not in _CANDIDATE]
    return [*of_moment, *of_customer, hours_key().label("hours_key"), grave().label("grave")]


def judge_staged(stage: Stage, everybody: Judged) -> None:
    """Keep the candidates that the staged moments make, with what their openings depend on."""
    names = [column.name for column in JUDGED.c]
    rows = select(*(everybody.c.c[name] for name in names))
    stage.run.session.execute(insert(JUDGED).from_select(names, rows))
    stage.run.measure(JUDGED.name)


def store_openings(stage: Stage, looks: Looks) -> None:
    """Work out each opening once, and give every moment its own."""
    triggers = {trigger.id: trigger for trigger in stage.cast.triggers}
    keys = select(*(JUDGED.c[name] for name in (*_KEY, *_OF_CUSTOMER, "weight"))).distinct()
    rows = stage.run.session.execute(keys).all()
    known: dict[Any, dict[str, Any]] = {}
    made = (
        {name: getattr(row, name) for name in _KEY} | _known_opening(stage, triggers[row.trigger_id], row, looks, known)
        for row in rows
    )
    while page := list(islice(made, 2_000)):
        fill(stage.run.session, OPENINGS, page)
    stage.run.measure(OPENINGS.name)
    _open(stage)


def _open(stage: Stage) -> None:
    same: list[ColumnElement[bool]] = [OPENINGS.c[name] == JUDGED.c[name] for name in _KEY]
    columns = [*(JUDGED.c[name] for name in (*_OPENED, *_LATER)), *(OPENINGS.c[name] for name in _OPENING)]
    rows = select(*columns).join_from(JUDGED, OPENINGS, and_(*same))
    # PostgreSQL takes it that hardly any row is equal in nine columns, and would sort what it can look up.
    with stage.run.planned(enable_mergejoin="off"):
        stage.run.session.execute(insert(OPENED).from_select([column.name for column in OPENED.c], rows))
    stage.run.measure(OPENED.name)


def _known_opening(
    stage: Stage, trigger: ActiveTrigger, row: Any, looks: Looks, known: dict[Any, dict[str, Any]]
) -> dict[str, Any]:
    """Most channels wish for the same as another one."""
    wish, read = wish_of(row, trigger, stage.offered), is_read(row, trigger)
    key = (wish, read, row.check_at)
    if key not in known:
        known[key] = _opening(stage, wish, row, looks, read=read)
    return known[key]


def _opening(stage: Stage, wish: Wish, row: Any, looks: Looks, *, read: bool) -> dict[str, Any]:
    """What planning finds at one look after the other, until it plans the moment or the moment is over."""
    found: dict[str, Any] = dict.fromkeys(_OPENING)
    at = looks.first_from(row.check_at)
    while at is not None:
        now = looks.at[at]
        if row.expires_at <= now:
            return found | {"over": TOO_LATE}
        slot = when(wish, stage.team, now=now, read=read)
        if isinstance(slot, Over):
            if slot.look_at is None:
                return found | {"over": slot.reason or TOO_LATE}
            at = looks.first_from(slot.look_at)
        elif slot.write_at > now:
            at = looks.first_from(slot.write_at)
        else:
            ends_at = _end(wish, row, looks, now)
            return found | {"planned_at": now, "goes_on": slot.send_on, "goes_at": slot.send_at, "ends_at": ends_at}
    return found


def _end(wish: Wish, row: Any, looks: Looks, now: datetime) -> datetime | None:
    """The look at which it expires if something holds it all the time; None where the run is over before."""
    last = max((opening.until for opening in slots(wish.intent, after=now)), default=now)
    number = looks.first_from(min(last, row.expires_at))
    return None if number is None else looks.at[number]
