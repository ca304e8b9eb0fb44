"""What is written about one customer, table by table, and what stands there once they are erased.

Rows stay where something is counted by them; every word in them that came from the customer, or was written about them,
goes. A test finds every text column from the models, so that a new one cannot be forgotten here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, case, cast, delete, literal, null, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.plan.reasons import ENDINGS, REASONS
from engine.storage.base import Base
from engine.storage.models import (
    Answer,
    AuditEntry,
    CallOutcome,
    Consent,
    ContactPoint,
    CustomerChange,
    CustomerDate,
    Delivery,
    Event,
    EventLedger,
    Flag,
    FollowUpCall,
    Hold,
    Message,
    Moment,
    Note,
    Preference,
    Problem,
    Reading,
    Receipt,
    RehearsalSample,
    Reply,
    Revision,
    SecondRead,
    Suppression,
    Total,
)

ERASED = "erased"
_GONE = (CustomerChange, CustomerDate, ContactPoint, Consent, Preference, Note, Reading, Total, Event, RehearsalSample)
# Reasons in words of ours; any other is what a person or a provider wrote.
_OURS = frozenset(REASONS) | frozenset(ENDINGS) | {f"held:{name}" for name in REASONS}


@dataclass(frozen=True, slots=True)
class Traces:
    """Which rows are about one customer."""

    customer_id: UUID

    @property
    def messages(self) -> Select[UUID]:
        return select(Message.id).where(Message.customer_id == self.customer_id)

    @property
    def moments(self) -> Select[UUID]:
        return select(Moment.id).where(Moment.customer_id == self.customer_id)

    @property
    def deliveries(self) -> Select[UUID]:
        return select(Delivery.id).where(Delivery.message_id.in_(self.messages))

    @property
    def subjects(self) -> tuple[Select[UUID], ...]:
        """Everything of theirs that the audit trail may speak of, besides themselves and their messages."""
        of = (Problem, Note, Reading, Reply, Answer, FollowUpCall)
        by_message = (Flag, SecondRead)
        return (
            self.moments,
            self.deliveries,
            *(select(kind.id).where(kind.customer_id == self.customer_id) for kind in of),
            *(select(kind.id).where(kind.message_id.in_(self.messages)) for kind in by_message),
        )


def adopt_answers(session: Session, customer_id: UUID, addresses: list[str]) -> None:
    """What was answered to an address of theirs before we knew whose it was is theirs too, and stays so: their replies
    lose the address by which it could be found again."""
    strangers = select(Reply.id).where(Reply.customer_id.is_(None), Reply.from_address.in_(addresses))
    session.execute(
        update(Answer)
        .where(Answer.customer_id.is_(None), Answer.reply_id.in_(strangers))
        .values(customer_id=customer_id),
        execution_options={"synchronize_session": False},
    )


def stop_what_waits(session: Session, customer_id: UUID, *, now: datetime) -> int:
    """Take back answers that no worker is handing over just now, and drop calls; how many that were."""
    answers = (
        update(Answer)
        .where(Answer.customer_id == customer_id, Answer.state.in_(("waiting", "claimed")))
        .values(state="withdrawn", fence=Answer.fence + 1)
        .returning(Answer.id)
    )
    calls = (
        update(FollowUpCall)
        .where(FollowUpCall.customer_id == customer_id, FollowUpCall.state == "open")
        .values(state="dropped", reason=ERASED, ended_at=now)
        .returning(FollowUpCall.id)
    )
    return sum(len(session.scalars(stopping).all()) for stopping in (answers, calls))


def forget(session: Session, customer_id: UUID, addresses: list[str], hashes: list[str], *, now: datetime) -> None:
    """Blank every word about them, then delete what was theirs alone."""
    of = Traces(customer_id)
    _forget_what_was_done(session, of)
    for model, where, values in _blanks(of):
        quietly = {"synchronize_session": False}
        session.execute(update(model).where(where).values(values), execution_options=quietly)
    _forget_receipts(session, of, hashes)
    _forget_replies(session, of, addresses, now=now)
    mine = select(Event.message_id).where(Event.customer_id == customer_id)
    session.execute(delete(EventLedger).where(EventLedger.message_id.in_(mine)))
    for kind in _GONE:
        session.execute(delete(kind).where(kind.customer_id == customer_id))


def _blanks(of: Traces) -> list[tuple[type[Base], ColumnElement[bool], dict[str, Any]]]:
    """Model, whose rows, and what stands in each column from now on."""
    mine = of.customer_id
    of_message, of_moment = {"reason": _known(Message.reason)}, {"reason": _known(Moment.reason)}
    unwritten = dict.fromkeys(("channel_reason", "hours_key", "owner_reason", "owner_note", "facts_changed"), null())
    words = ("what_happened", "what_we_did", "next_step", "next_news_on", "remedy", "owner", "about")
    # A contact is no problem, so nothing is spotted anew; the incident that many felt is nobody's own.
    problem = {"key": _nameless(Problem), "incident_key": _unless_shared(), "state": "contact", "category": ERASED}
    moment = {"occurrence_key": _nameless(Moment), "incident_key": null(), "facts": {}}
    return [
        (Message, Message.customer_id == mine, of_message | unwritten),
        (Revision, Revision.message_id.in_(of.messages), {"texts": {}, "facts": {}, "findings": []}),
        (Flag, Flag.message_id.in_(of.messages), {"text": "", "answer": null()}),
        (SecondRead, SecondRead.message_id.in_(of.messages), {"question": null(), "remark": null()}),
        (Delivery, Delivery.message_id.in_(of.messages), {"address": "", "reason": _known(Delivery.reason)}),
        (CallOutcome, CallOutcome.delivery_id.in_(of.deliveries), {"note": null()}),
        (Hold, Hold.moment_id.in_(of.moments), {"detail": null()}),
        (Moment, Moment.customer_id == mine, of_moment | moment),
        (Problem, Problem.customer_id == mine, problem | dict.fromkeys((*words, "resolved_at"), null())),
        (FollowUpCall, FollowUpCall.customer_id == mine, {"note": null(), "reason": _known(FollowUpCall.reason)}),
        (
            Answer,
            Answer.customer_id == mine,
            {"address": "", "subject": null(), "text": "", "reason": _known(Answer.reason)},
        ),
        (Suppression, Suppression.customer_id == mine, {"reason": ERASED, "source": "erasure"}),
    ]


def _forget_what_was_done(session: Session, of: Traces) -> None:
    """Of the audit trail stays who did what when; what was written in it goes."""
    subject = AuditEntry.subject_id
    about = or_(
        subject == of.customer_id, subject.in_(of.messages), *(subject.in_(subjects) for subjects in of.subjects)
    )
    session.execute(update(AuditEntry).where(about).values(detail={}), execution_options={"synchronize_session": False})


def _forget_receipts(session: Session, of: Traces, hashes: list[str]) -> None:
    """Also what a provider said of their addresses without knowing our message: then its key names the address."""
    theirs = or_(Receipt.message_id.in_(of.messages), Receipt.delivery_id.in_(of.deliveries))
    blank: dict[str, Any] = {"data": {}, "detail": None, "address_hash": None}
    quietly = {"synchronize_session": False}
    unknown = Receipt.address_hash.in_(hashes) & Receipt.message_id.is_(None)
    session.execute(
        update(Receipt).where(unknown).values(blank | {"key": _nameless(Receipt)}), execution_options=quietly
    )
    session.execute(update(Receipt).where(theirs).values(blank), execution_options=quietly)


def _forget_replies(session: Session, of: Traces, addresses: list[str], *, now: datetime) -> None:
    """One that was answered stays without a word, as its answer does, and waits for nobody any more."""
    theirs = or_(Reply.customer_id == of.customer_id, Reply.from_address.in_(addresses))
    quietly = {"synchronize_session": False}
    answered = Reply.id.in_(select(Answer.reply_id))
    session.execute(delete(Reply).where(theirs, ~answered), execution_options=quietly)
    session.execute(
        update(Reply)
        .where(theirs)
        .values(
            provider_key=_nameless(Reply), from_address="", subject=None, text="", handled_at=_or(Reply.handled_at, now)
        ),
        execution_options=quietly,
    )


def _known(column: InstrumentedAttribute[str | None]) -> ColumnElement[str | None]:
    """A reason of ours stays; what somebody wrote as theirs does not."""
    return case((column.is_(None), None), (column.in_(_OURS), column), else_=literal(ERASED, Text))


def _nameless(model: Any) -> ColumnElement[str]:
    """A key that is unique as the row is, and says nothing."""
    return literal(f"{ERASED}:", Text) + cast(model.id, Text)


def _unless_shared() -> ColumnElement[str]:
    return case((Problem.kind == "outage", Problem.incident_key), else_=_nameless(Problem))


def _or(column: InstrumentedAttribute[datetime | None], at: datetime) -> ColumnElement[datetime | None]:
    return case((column.is_(None), literal(at, column.type)), else_=column)
