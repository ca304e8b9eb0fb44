"""Drafts that stopped: a hold on the leading moment says what is missing and whom to ask, until the text is written."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.errors import MissingFact
from engine.ids import new_id
from engine.kinds import Fact
from engine.storage.models import Hold, Message
from engine.storage.upsert import insert_into
from engine.write.facts import NOT_TOLD, facts_of, facts_of_moment
from engine.write.material import Material, Spoken

MISSING_FACT = "missing_fact"
TEMPLATE_REFUSED = "template_refused"
TRY_AGAIN = timedelta(hours=1)
_LONGEST = 500
# How people call what a template needs; what is not listed is called by its own name, in words.
_CALLED = {
    "customer.first_name": "The first name",
    "what_we_did": "What we did about it",
    "next_news_on": "The day of the next news",
    "first_order_month": "The month of the first order",
}


def ask(session: Session, message: Message, lead: UUID, name: str, detail: str, *, now: datetime) -> None:
    """Hold the message's leading moment under `name`, once, and try again in an hour."""
    row = {"id": new_id(), "moment_id": lead, "name": name, "detail": detail[:_LONGEST], "opened_at": now}
    session.execute(insert_into(session, Hold).values(row).on_conflict_do_nothing())
    session.execute(
        update(Hold)
        .where(Hold.moment_id == lead, Hold.name == name, Hold.released_at.is_(None), Hold.detail != row["detail"])
        .values(detail=row["detail"])
    )
    other = TEMPLATE_REFUSED if name == MISSING_FACT else MISSING_FACT
    _release(session, [lead], [other], now=now)
    message.write_at = now + TRY_AGAIN
    session.flush()


def answered(session: Session, spoken: Sequence[Spoken], *, now: datetime) -> None:
    """The text could be written: nothing is asked any more."""
    _release(session, [one.moment.id for one in spoken], [MISSING_FACT, TEMPLATE_REFUSED], now=now)


def is_asked(session: Session, moment_ids: Sequence[UUID]) -> str | None:
    """The name of the open question about any of these moments, if there is one."""
    return session.scalar(
        select(Hold.name)
        .where(
            Hold.moment_id.in_(moment_ids),
            Hold.name.in_((MISSING_FACT, TEMPLATE_REFUSED)),
            Hold.released_at.is_(None),
        )
        .limit(1)
    )


def say_missing(missing: MissingFact, material: Material, *, company: str, team: str) -> str:
    """Which fact, and who may know it."""
    facts = facts_of_moment(facts_of(material, company=company, team=team), 0)
    if _may_not_be_said(facts.get(missing.fact)):
        return f"{called(missing.fact)} may not be said aloud, but the template {missing.template or '?'} prints it"
    problem = material.lead.problem
    if problem is not None and missing.fact in facts:
        key = problem.key.replace(":", " ", 1)
        whom = f"ask {problem.owner}, who owns {key}" if problem.owner else f"{key} has no owner to ask"
        return f"{called(missing.fact)} is not known: {whom}"
    return f"{called(missing.fact)} is not known of the customer {material.customer.external_id}"


def say_unwritten(missing: MissingFact, facts: Mapping[str, Fact]) -> str:
    """Of a message that is only tried: the fact in words, what becomes of such customers, and how the text would do
    without."""
    said = f"The {missing.fact.rpartition('.')[2].replace('_', ' ')} ({missing.fact})"
    if _may_not_be_said(facts.get(missing.fact)):
        return f"{said} may not be said aloud, but the text says it, so their drafts are held."
    if (fact := facts.get(missing.fact)) is not None and fact.source == NOT_TOLD:
        return f"{said} is nothing that this trigger tells of anybody, so all its drafts by this text are held."
    if not missing.line:
        return f"{said} is not known of them, so their drafts are held."
    asked = f"{{% if {missing.fact} %}} and {{% endif %}}"
    return (
        f"{said} is not known of them, and line {missing.line} says it. Customers without it get nothing by this text: "
        f"their drafts are held. To reach them too, put those words between {asked}."
    )


def _may_not_be_said(fact: Fact | None) -> bool:
    return fact is not None and fact.value is not None and not fact.sayable


def called(fact: str) -> str:
    """`what_happened` as people read it: What happened."""
    words = fact.rpartition(".")[2].replace("_", " ")
    return _CALLED.get(fact, words[:1].upper() + words[1:])


def _release(session: Session, moment_ids: Sequence[UUID], names: Sequence[str], *, now: datetime) -> None:
    session.execute(
        update(Hold)
        .where(Hold.moment_id.in_(moment_ids), Hold.name.in_(names), Hold.released_at.is_(None))
        .values(released_at=now)
    )
