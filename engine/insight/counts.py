"""Counts what became of moments and messages: seven statements, for one trigger or all of them, for a day or a year."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, case, distinct, false, func, or_, select
from sqlalchemy.orm import Session

from engine.conditions.expressions import json_boolean, json_exists, json_number
from engine.insight.cases import Wanted, cases, sent_messages
from engine.insight.tally import SCORES, STEPS, Score, Tally
from engine.plan.sql import plus_days
from engine.record.event_kinds import RETRACTED
from engine.record.last_correction import last_correction
from engine.storage.models import CustomerChange, Delivery, Event, Hold, Receipt, Reply
from engine.storage.time_sql import seconds_between

# For how long what a customer does is told as having come after a message. It is not said that it came from it.
SCORED_WITHIN_DAYS = 30
LEFT_WITHIN_SECONDS = 14 * 86_400
_WAITING = ("spotted", "planned", "written", "draft", "in_review", "approved")
_ENDED = ("skipped", "expired", "cancelled")
_PROMOTES, _DETRACTS = 9, 6
Numbers = dict[Hashable, dict[str, Any]]


def tallies(session: Session, wanted: Wanted) -> Mapping[Any, Tally]:
    """A tally for each key that has anything to count."""
    numbers: Numbers = defaultdict(dict)
    for part in (_ways, _holds, _deliveries, _replies, _receipts, _leaving, _scores):
        part(session, wanted, numbers)
    return {key: Tally(**found) for key, found in numbers.items()}


def tally(session: Session, wanted: Wanted) -> Tally:
    """All of it in one."""
    return tallies(session, wanted.of_all()).get("", Tally())


def _ways(session: Session, wanted: Wanted, numbers: Numbers) -> None:
    """How far they came, how they ended, and how long a person took to approve."""
    c = cases(wanted).subquery("cases").c
    by_person = and_(c.approved_by.is_not(None), c.approved_at.is_not(None))
    took = seconds_between(c.drafted_at, c.approved_at)
    counted = {
        "spotted": _how_many(c.moment_id),
        "control": _how_many(c.moment_id, c.state == "control"),
        **{state: _how_many(c.moment_id, c.state == state) for state in _ENDED},
        "waiting": _how_many(c.moment_id, c.state.in_(_WAITING)),
        "written": _how_many(c.moment_id, c.written_at.is_not(None)),
        "approved": _how_many(c.message_id, by_person),
        "edited": _how_many(c.message_id, and_(by_person, c.edited)),
        "sent": _how_many(c.message_id, c.gone),
        **{
            f"quick_{at}": _how_many(c.message_id, and_(by_person, took <= step.total_seconds()))
            for at, step in enumerate(STEPS)
        },
    }
    query = select(c.key, *(column.label(name) for name, column in counted.items())).group_by(c.key)
    for row in session.execute(query).mappings():
        said = {name: row[name] for name in counted if not name.startswith("quick")}
        numbers[row["key"]] |= said | {"quick": tuple(row[f"quick_{at}"] for at in range(len(STEPS)))}


def _holds(session: Session, wanted: Wanted, numbers: Numbers) -> None:
    """By name, and in the same statement why moments ended and how many were held at all."""
    c = cases(wanted).subquery("cases").c
    by_name = (
        select(c.key, Hold.name, func.count(distinct(c.moment_id)).label("moments"))
        .join(Hold, Hold.moment_id == c.moment_id)
        .group_by(c.key, Hold.name)
    )
    ended = (
        select(c.key, c.reason, func.count(distinct(c.moment_id)).label("moments"))
        .where(c.state.in_(_ENDED), c.reason.is_not(None))
        .group_by(c.key, c.reason)
    )
    at_all = (
        select(c.key, func.count(distinct(c.moment_id)))
        .where(select(Hold.id).where(Hold.moment_id == c.moment_id).exists())
        .group_by(c.key)
    )
    for name, query in (("holds", by_name), ("endings", ended)):
        for key, what, count in session.execute(query):
            numbers[key].setdefault(name, {})[what] = count
    for key, count in session.execute(at_all):
        numbers[key]["held"] = count


def _deliveries(session: Session, wanted: Wanted, numbers: Numbers) -> None:
    sent = sent_messages(wanted).c
    arrived = Delivery.state == "delivered"
    counted = {
        "delivered": _how_many(sent.message_id, arrived),
        "came_back": _how_many(sent.message_id, Delivery.state == "bounced"),
        "unknown": _how_many(sent.message_id, Delivery.state == "unconfirmed"),
        "read": _how_many(sent.message_id, Delivery.read_at.is_not(None)),
    }
    query = select(sent.key, *_labelled(counted)).join(Delivery, Delivery.message_id == sent.message_id)
    _keep(session, query.group_by(sent.key), numbers)


def _replies(session: Session, wanted: Wanted, numbers: Numbers) -> None:
    """What a person wrote; a STOP and what a machine answered are no answers."""
    sent = sent_messages(wanted).c
    counted = {
        "answered": _how_many(sent.message_id, Reply.meaning == "text"),
        "unhappy": _how_many(sent.message_id, Reply.negative),
    }
    query = select(sent.key, *_labelled(counted)).join(Reply, Reply.message_id == sent.message_id)
    _keep(session, query.group_by(sent.key), numbers)


def _receipts(session: Session, wanted: Wanted, numbers: Numbers) -> None:
    sent = sent_messages(wanted).c
    counted = {
        "clicked": _how_many(sent.message_id, Receipt.kind == "clicked"),
        "complained": _how_many(sent.message_id, Receipt.kind == "complained"),
    }
    query = select(sent.key, *_labelled(counted)).join(Receipt, Receipt.message_id == sent.message_id)
    _keep(session, query.where(Receipt.kind.in_(counted)).group_by(sent.key), numbers)


def _leaving(session: Session, wanted: Wanted, numbers: Numbers) -> None:
    """Whoever asked to hear less: unsubscribed, sent a STOP, or took an occasion or a channel away on their page."""
    sent, change = sent_messages(wanted).c, CustomerChange
    unwanted = and_(
        change.field.startswith("preferences."), func.coalesce(json_boolean(change.new, "wanted"), False) == false()
    )
    suppressed = and_(change.field.startswith("suppressions."), change.new.is_not(None))
    after = seconds_between(sent.handed_over_at, change.effective_at)
    query = (
        select(sent.key, _how_many(sent.message_id).label("unsubscribed"))
        .join(change, change.customer_id == sent.customer_id)
        .where(
            or_(and_(unwanted, json_exists(change.new, "wanted")), suppressed),
            change.effective_at > sent.handed_over_at,
            after <= LEFT_WITHIN_SECONDS,
        )
    )
    _keep(session, query.group_by(sent.key), numbers)


def _scores(session: Session, wanted: Wanted, numbers: Numbers) -> None:
    """What they said when asked, within thirty days after: an amended answer counts as amended, a retracted not."""
    sent = sent_messages(wanted).c
    names = [f"{name}_answered" for name in SCORES]
    said = (
        select(sent.key, Event.id, Event.name, _score().label("score"))
        .join(Event, and_(Event.customer_id == sent.customer_id, Event.name.in_(names)))
        .where(
            Event.occurred_at > sent.handed_over_at,
            Event.occurred_on <= plus_days(sent.day, SCORED_WITHIN_DAYS),
            func.coalesce(last_correction(None), "") != RETRACTED,
        )
        .distinct()
        .subquery("said")
    ).c
    query = (
        select(said.key, said.name, func.count(said.score), func.avg(said.score))
        .add_columns(_times(said.score >= _PROMOTES) - _times(said.score <= _DETRACTS))
        .where(said.score.is_not(None))
        .group_by(said.key, said.name)
    )
    for key, name, count, average, net in session.execute(query):
        score = name.removesuffix("_answered")
        of_hundred = 100 * net / count if score == "nps" else None
        numbers[key].setdefault("scores", {})[score] = Score(count, float(average), of_hundred)


def _score() -> ColumnElement[Any]:
    return func.coalesce(last_correction(json_number, "properties", "score"), json_number(Event.properties, "score"))


def _how_many(what: Any, where: Any = None) -> ColumnElement[int]:
    """How many different ones, of those for which it is so."""
    return func.count(distinct(what if where is None else case((where, what))))


def _times(where: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((where, 1), else_=0))


def _labelled(counted: Mapping[str, ColumnElement[int]]) -> list[ColumnElement[int]]:
    return [column.label(name) for name, column in counted.items()]


def _keep(session: Session, query: Any, numbers: Numbers) -> None:
    for row in session.execute(query).mappings():
        numbers[row["key"]] |= {name: value for name, value in row.items() if name != "key"}
