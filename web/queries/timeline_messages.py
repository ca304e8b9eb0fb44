"""Messages and how they travelled, as lines of the timeline."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, aliased

from engine.plan.reasons import ending
from engine.send.away import away_words
from engine.storage.models import Delivery, Message, Person, Receipt, Revision
from web.phrases import capital, sentence_case, words
from web.queries.openings import opening_of
from web.queries.timeline_lines import ENDED, MINE, Said, Source, chosen
from web.queries.timeline_words import HEARD, WITH_REASON

_approver = aliased(Person)


def _messages(_viewer: str) -> Select[Any]:
    return (
        chosen(Message.id, Message.occasion, Message.state, Message.reason, Message.channel, Revision.texts)
        .add_columns(_approver.name.label("person"))
        .outerjoin(_approver, _approver.id == Message.approved_by)
        .outerjoin(Revision, and_(Revision.message_id == Message.id, Revision.number == Message.number))
        .where(Message.customer_id == MINE)
    )


def _ended_messages(viewer: str) -> Select[Any]:
    return _messages(viewer).where(Message.state.in_(ENDED))


def _say_message(verb: str) -> Callable[[Session, Any], Said]:
    def say(_session: Session, row: Any) -> Said:
        source = {"approved": row.person or "the trigger's rules", "drafted": "Jubilee"}.get(verb, row.channel)
        what = f"{sentence_case(row.occasion)}: {verb}"
        return Said(what, opening_of(row.texts).subject, source, f"/messages/{row.id}")

    return say


def _say_ended_message(_session: Session, row: Any) -> Said:
    reason = capital(ending(row.reason)) if row.reason else None
    return Said(f"{sentence_case(row.occasion)}: {row.state}", reason, None, f"/messages/{row.id}")


def _deliveries(_viewer: str) -> Select[Any]:
    columns = (Delivery.message_id, Delivery.channel, Delivery.state, Delivery.reason, Delivery.redirected)
    of = chosen(*columns).join(Message, Message.id == Delivery.message_id)
    return of.where(Message.customer_id == MINE, Delivery.submitting_at.is_not(None))


def _unless_told(*kinds: str) -> Callable[[str], Select[Any]]:
    """What no receipt says better."""

    def rows(viewer: str) -> Select[Any]:
        told = select(Receipt.id).where(Receipt.delivery_id == Delivery.id, Receipt.kind.in_(kinds)).exists()
        return _deliveries(viewer).where(~told)

    return rows


def _failed(viewer: str) -> Select[Any]:
    failed = _unless_told("bounced", "dropped", "failed")(viewer)
    return failed.where(Delivery.state.in_(("bounced", "refused")))


def _say_delivery(what: str, *, wrong: bool = False) -> Callable[[Session, Any], Said]:
    def say(_session: Session, row: Any) -> Said:
        where = ", at the test address (redirect mode)" if row.redirected else ""
        return Said(capital(what) + where, None, words(row.channel), f"/messages/{row.message_id}", wrong)

    return say


def _say_accepted(_session: Session, row: Any) -> Said:
    where = "; went to the test address instead (redirect mode)" if row.redirected else ""
    return Said(f"Sent{where}", None, words(row.channel), f"/messages/{row.message_id}")


def _say_failed(_session: Session, row: Any) -> Said:
    where = ", at the test address (redirect mode)" if row.redirected else ""
    if away := away_words(row.state, row.reason):
        what, wrong = f"The provider {away}, so it is tried again", False
    else:
        what, wrong = ("Came back" if row.state == "bounced" else "Refused by the provider") + where, True
    return Said(what, row.reason, words(row.channel), f"/messages/{row.message_id}", wrong)


def _receipts(_viewer: str) -> Select[Any]:
    """Of their messages, also of one that waits to be applied; in two looks, each by its own index."""
    mine = select(Message.id).where(Message.customer_id == MINE)
    theirs = select(Delivery.id).join(Message, Message.id == Delivery.message_id)
    by_delivery = theirs.where(Message.customer_id == MINE)
    either = select(Receipt.id).where(Receipt.message_id.in_(mine))
    either = either.union(select(Receipt.id).where(Receipt.delivery_id.in_(by_delivery)))  # type: ignore[assignment]
    return (
        chosen(Receipt.kind, Receipt.detail, Receipt.provider, Receipt.message_id)
        .add_columns(Delivery.channel, Delivery.redirected)
        .outerjoin(Delivery, Delivery.id == Receipt.delivery_id)
        .where(Receipt.id.in_(either))
    )


def _say_receipt(_session: Session, row: Any) -> Said:
    where = ", at the test address (redirect mode)" if row.redirected else ""
    wrong = row.kind in WITH_REASON or row.kind == "complained"
    detail = row.detail if row.kind in WITH_REASON else None
    href = f"/messages/{row.message_id}" if row.message_id else None
    return Said(capital(HEARD[row.kind]) + where, detail, words(row.channel or row.provider), href, wrong)


MESSAGES: tuple[Source, ...] = (
    Source("messages", Receipt.occurred_at, Receipt.id, _receipts, _say_receipt),
    Source("messages", Delivery.read_at, Delivery.id, _unless_told("read"), _say_delivery("read"), True),
    Source("messages", Delivery.ended_at, Delivery.id, _failed, _say_failed, True),
    Source("messages", Delivery.delivered_at, Delivery.id, _unless_told("delivered"), _say_delivery("delivered"), True),
    Source(
        "messages",
        Delivery.unconfirmed_at,
        Delivery.id,
        _deliveries,
        _say_delivery("we don't know whether it arrived", wrong=True),
        True,
    ),
    Source("messages", Delivery.accepted_at, Delivery.id, _deliveries, _say_accepted, True),
    Source("messages", Message.handed_over_at, Message.id, _messages, _say_message("handed over"), True),
    Source("messages", Message.approved_at, Message.id, _messages, _say_message("approved"), True),
    Source("messages", Message.written_at, Message.id, _messages, _say_message("drafted"), True),
    Source("messages", Message.closed_at, Message.id, _ended_messages, _say_ended_message, True),
)
