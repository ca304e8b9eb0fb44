"""When each staged moment would be planned and go, if nothing held it: worked out once for each zone, day, channel, set
of hours and trigger, by the functions of `engine/plan/due.py`, and looked up by all others.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Date, Text, Time, Uuid, and_, insert, select

from engine.backtest.days import Stage
from engine.backtest.scratch import fill, temporary
from engine.backtest.staging import Looks
from engine.dates.openings import slots
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
    **dict.fromkeys(("deceased", "closed", "minor"), Boolean) | {"consent": BigInteger},
}
# What else an opening depends on, and what it is.
_OF_MOMENT: dict[str, Any] = {
    **{"check_at": UtcDateTime, "expires_at": UtcDateTime, "weight": BigInteger},
    **{"occurrence_key": Text, "problem_id": Uuid},  # what its outcome keeps
}
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
# Of the judged, what an opening depends on; first what it is looked up by.
ASKED = [JUDGED.c[name] for name in (*_KEY, *_OF_CUSTOMER, "weight")]
_OPENED = (
    *("moment_id", "customer_id", "trigger_id", "version_id", "family", "weight", "occurrence_key", "problem_id"),
    *("nominal_on", "send_on", "expires_at", "zone"),
)
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
    rows = stage.run.session.execute(select(*ASKED).distinct()).all()
    openings = Openings(stage, looks)
    made = (dict(zip(_KEY, row, strict=False)) | openings.found(row, row.check_at) for row in rows)
    fill(stage.run.session, OPENINGS, made)
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


class Openings:
    """What planning finds for moments at one look after the other, worked out once for equal wishes: most channels wish
    for the same as another one, and the customers of one part for the same as those of another."""

    def __init__(self, stage: Stage, looks: Looks) -> None:
        self._stage, self._looks = stage, looks
        self._triggers = {trigger.id: trigger for trigger in stage.cast.triggers}
        self._known: dict[Any, dict[str, Any]] = stage.openings

    def found(self, row: Any, since: datetime) -> dict[str, Any]:
        """From the first look since then on, until the moment is planned or over. The row has what is `ASKED`."""
        trigger = self._triggers[row.trigger_id]
        wish, read = wish_of(row, trigger, self._stage.offered), is_read(row, trigger)
        key = (wish, read, since)
        if key not in self._known:
            self._known[key] = self._opening(wish, since, read=read)
        return self._known[key]

    def _opening(self, wish: Wish, since: datetime, *, read: bool) -> dict[str, Any]:
        found: dict[str, Any] = dict.fromkeys(_OPENING)
        at = self._looks.first_from(since)
        while at is not None:
            now = self._looks.at[at]
            if wish.expires_at <= now:
                return found | {"over": TOO_LATE}
            slot = when(wish, self._stage.team, now=now, read=read)
            if isinstance(slot, Over):
                if slot.look_at is None:
                    return found | {"over": slot.reason or TOO_LATE}
                at = self._looks.first_from(slot.look_at)
            elif slot.write_at > now:
                at = self._looks.first_from(slot.write_at)
            else:
                ends_at = self._end(wish, now)
                return found | {"planned_at": now, "goes_on": slot.send_on, "goes_at": slot.send_at, "ends_at": ends_at}
        return found

    def _end(self, wish: Wish, now: datetime) -> datetime | None:
        """The look at which it expires if something holds it all the time; None where the run is over before."""
        last = max((opening.until for opening in slots(wish.intent, after=now)), default=now)
        number = self._looks.first_from(min(last, wish.expires_at))
        return None if number is None else self._looks.at[number]
