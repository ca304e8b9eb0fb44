"""What insight's pages show of triggers and templates: their titles beside what was counted of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.errors import InvalidDefinition, NotFound
from engine.insight.cases import Wanted
from engine.insight.counts import tallies
from engine.insight.spans import Span
from engine.insight.tally import Tally
from engine.storage.models import Message, Template, Trigger


@dataclass(frozen=True, slots=True)
class Counted:
    """A trigger or a template with its tally. `state` is that of a trigger."""

    name: str
    title: str
    family: str
    occasion: str
    state: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class TriggerHead:
    """Which trigger a page is about."""

    id: UUID
    name: str
    title: str
    family: str
    occasion: str
    state: str


def counted_triggers(session: Session, span: Span) -> list[Counted]:
    """Every trigger, those with the most moments first; drafts only where they made any."""
    found = tallies(session, Wanted(span, "trigger"))
    heads = [_head(session, trigger) for trigger in session.scalars(select(Trigger).order_by(Trigger.name))]
    rows = [
        Counted(one.name, one.title, one.family, one.occasion, one.state, found.get(one.id, Tally()))
        for one in heads
        if one.id in found or one.state not in ("draft", "retired")
    ]
    return sorted(rows, key=lambda row: (-row.tally.spotted, row.name))


def counted_templates(session: Session, span: Span) -> list[Counted]:
    """Every template that messages were written from, the most used first, and those that no message used."""
    found: Mapping[Any, Tally] = tallies(session, Wanted(span, "template"))
    known = {one.name: one for one in session.scalars(select(Template))}
    rows = [
        Counted(
            name,
            name,
            known[name].family if name in known else "celebrate",
            known[name].occasion if name in known else name,
            "",
            found.get(name, Tally()),
        )
        for name in sorted({*known, *found})
    ]
    return sorted(rows, key=lambda row: (-row.tally.spotted, row.name))


def trigger_head(session: Session, name: str) -> TriggerHead:
    """By its name. Raises NotFound."""
    trigger = session.scalar(select(Trigger).where(Trigger.name == name))
    if trigger is None:
        raise NotFound("There is no such trigger.")
    return _head(session, trigger)


def known_template(session: Session, name: str) -> str:
    """The name, if there is such a template or any message was written from it. Raises NotFound."""
    known = select(Template.id).where(Template.name == name).exists()
    used = select(Message.id).where(Message.template == name).exists()
    if not session.scalar(select(or_(known, used))):
        raise NotFound("There is no such template.")
    return name


def summed(rows: Sequence[Counted]) -> Mapping[str, int]:
    """The counts of all rows together."""
    names = (
        "spotted",
        "held",
        "written",
        "approved",
        "edited",
        "sent",
        "delivered",
        "answered",
        "unsubscribed",
        "complained",
    )
    return {name: sum(getattr(row.tally, name) for row in rows) for name in names}


def _head(session: Session, trigger: Trigger) -> TriggerHead:
    try:
        title = definition_of(session, trigger.version_id).title if trigger.version_id else trigger.name
    except InvalidDefinition:
        title = trigger.name
    return TriggerHead(trigger.id, trigger.name, title, trigger.family, trigger.occasion, trigger.state)
