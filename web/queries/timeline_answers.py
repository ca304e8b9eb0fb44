"""What they answered, what was answered to them, and calls, as lines of the timeline."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from engine.listen.quoting import parted
from engine.plan.reasons import ending
from engine.storage.models import Answer, CallOutcome, Delivery, FollowUpCall, Message, Person, Reply
from web.phrases import capital, day, words
from web.queries.timeline_lines import MINE, Said, Source, chosen, short
from web.queries.timeline_words import ANSWERED, CALLED, REPLIED


def _replies(_viewer: str) -> Select[Any]:
    return chosen(Reply.channel, Reply.meaning, Reply.text, Reply.message_id).where(Reply.customer_id == MINE)


def _say_reply(_session: Session, row: Any) -> Said:
    answer, _ = parted(row.text)
    href = f"/messages/{row.message_id}" if row.message_id else None
    return Said(capital(REPLIED[row.meaning]), short(answer), words(row.channel), href)


def _answers(_viewer: str) -> Select[Any]:
    of = chosen(Answer.channel, Answer.state, Answer.text, Person.name).join(Person, Person.id == Answer.person_id)
    return of.where(Answer.customer_id == MINE)


def _say_answer(_session: Session, row: Any) -> Said:
    wrong = row.state in ("refused", "unconfirmed")
    return Said(f"Answered: {ANSWERED[row.state]}", short(row.text), f"{row.name}, {words(row.channel)}", None, wrong)


def _calls(_viewer: str) -> Select[Any]:
    return (
        chosen(CallOutcome.outcome, CallOutcome.note, Person.name, Delivery.message_id)
        .join(Delivery, Delivery.id == CallOutcome.delivery_id)
        .join(Message, Message.id == Delivery.message_id)
        .outerjoin(Person, Person.id == CallOutcome.person_id)
        .where(Message.customer_id == MINE)
    )


def _say_call(_session: Session, row: Any) -> Said:
    return Said(f"Called: {CALLED[row.outcome]}", short(row.note), row.name, f"/messages/{row.message_id}")


def _follow_ups(_viewer: str) -> Select[Any]:
    columns = (FollowUpCall.state, FollowUpCall.reason, FollowUpCall.outcome, FollowUpCall.note, FollowUpCall.due_at)
    return chosen(*columns).where(FollowUpCall.customer_id == MINE)


def _say_follow_up(_session: Session, row: Any) -> Said:
    return Said(f"A call is due by {day(row.due_at)}, because of what went wrong", None, "Jubilee")


def _say_follow_up_ended(_session: Session, row: Any) -> Said:
    came = CALLED.get(row.outcome or "", words(row.outcome or "")) or "it was made"
    what = f"Follow-up call: {came}" if row.state == "done" else "Follow-up call: not needed any more"
    return Said(what, short(row.note), capital(ending(row.reason)) if row.reason else None)


ANSWERS: tuple[Source, ...] = (
    Source("answers", Answer.created_at, Answer.id, _answers, _say_answer),
    Source("answers", Reply.received_at, Reply.id, _replies, _say_reply),
    Source("answers", CallOutcome.made_at, CallOutcome.id, _calls, _say_call),
    Source("answers", FollowUpCall.ended_at, FollowUpCall.id, _follow_ups, _say_follow_up_ended, True),
    Source("answers", FollowUpCall.created_at, FollowUpCall.id, _follow_ups, _say_follow_up),
)
