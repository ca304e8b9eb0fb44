"""What is counted, as a set: one row for each moment with the message that speaks of it, or for each message of a
template. The statements of counts.py build on it."""

from dataclasses import dataclass, replace
from typing import Any, Literal, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, literal, select
from sqlalchemy.types import Text

from engine.insight.spans import Span
from engine.storage.models import Message, MessageMoment, Moment

By = Literal["trigger", "template", "day", "all"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which days, by what, and of which trigger or template alone."""

    span: Span
    by: By
    trigger_id: UUID | None = None
    template: str | None = None

    def of_all(self) -> Self:
        """The same in one sum."""
        return replace(self, by="all")


def cases(wanted: Wanted) -> Select[Any]:
    """Key, moment, message and what is known of both. A moment of a message that speaks of two counts for both."""
    of_messages = wanted.by == "template" or wanted.template is not None
    query = _messages(wanted) if of_messages else _moments(wanted)
    if wanted.trigger_id is not None:
        owner = Message.trigger_id if of_messages else Moment.trigger_id
        query = query.where(owner == wanted.trigger_id)
    if wanted.template is not None:
        query = query.where(Message.template == wanted.template)
    return query


def sent_messages(wanted: Wanted) -> Subquery:
    """Those of them that went out. One that speaks of two moments stands there twice: count distinct ones."""
    found = cases(wanted).subquery("cases").c
    return (
        select(found.key, found.message_id, found.customer_id, found.day, found.handed_over_at)
        .where(found.gone)
        .subquery("sent")
    )


def _moments(wanted: Wanted) -> Select[Any]:
    live = and_(MessageMoment.moment_id == Moment.id, MessageMoment.live)
    key = {"trigger": Moment.trigger_id, "day": Moment.send_on}.get(wanted.by, literal("", Text))
    return (
        select(key.label("key"), Moment.id.label("moment_id"), Moment.state, Moment.reason, Moment.written_at)
        .add_columns(*_of_message(), Moment.customer_id)
        .select_from(Moment)
        .outerjoin(MessageMoment, live)
        .outerjoin(Message, Message.id == MessageMoment.message_id)
        .where(Moment.send_on.between(wanted.span.first, wanted.span.last))
    )


def _messages(wanted: Wanted) -> Select[Any]:
    """Of a message that speaks of several moments, the one that leads; it counts on the day of that moment, as its
    trigger does, also where a hold let it go later."""
    leads = and_(MessageMoment.message_id == Message.id, MessageMoment.position == 0)
    key = {"template": Message.template, "day": Moment.send_on}.get(wanted.by, literal("", Text))
    return (
        select(key.label("key"), MessageMoment.moment_id, Message.state, Message.reason, Message.written_at)
        .add_columns(*_of_message(), Message.customer_id)
        .select_from(Message)
        .join(MessageMoment, leads)
        .join(Moment, Moment.id == MessageMoment.moment_id)
        .where(Moment.send_on.between(wanted.span.first, wanted.span.last))
    )


def _of_message() -> tuple[ColumnElement[Any], ...]:
    gone = and_(Message.handed_over_at.is_not(None), Message.state.in_(("handed_over", "closed")))
    return (
        Message.id.label("message_id"),
        Message.send_on.label("day"),
        Message.edited.label("edited"),
        Message.approved_at.label("approved_at"),
        Message.approved_by.label("approved_by"),
        Message.written_at.label("drafted_at"),
        Message.handed_over_at.label("handed_over_at"),
        gone.label("gone"),
    )
