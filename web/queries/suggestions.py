"""What a form suggests while one writes: names that are known here, of events, dates, occasions and skills."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import definitions_of
from engine.record.event_kinds import EVENT_KINDS
from engine.storage.models import Person, Trigger
from web.names import show_name

_DATES = ("birthday", "contract_start", "first_purchase")
_TRAITS = ("tariff", "vip")


def suggestions(session: Session) -> Mapping[str, Sequence[str]]:
    """By what is asked for. From what triggers and people say, never by searching through customers or events."""
    events, dates, occasions = set(EVENT_KINDS), set(_DATES), set()
    in_force = session.scalars(select(Trigger.version_id).where(Trigger.version_id.is_not(None))).all()
    for definition in definitions_of(session, [one for one in in_force if one]).values():
        occasions.add(definition.occasion)
        events |= events_of(definition)
        of = definition.params.get("of")
        dates |= {of["date"]} if isinstance(of, Mapping) and of.get("date") else set()
    skills = {skill for row in session.scalars(select(Person.skills).where(Person.active)) for skill in row}
    found = {"events": events, "dates": dates, "occasions": occasions, "skills": skills, "traits": set(_TRAITS)}
    return {name: sorted(show_name(one) for one in names) for name, names in found.items()}


def events_of(definition: TriggerDefinition) -> set[str]:
    """The names of the events that a trigger looks for, also of those that take something off again."""
    params = definition.params
    of, corrections = params.get("of"), params.get("corrections") or ()
    named = [params.get("event"), of.get("first_event") if isinstance(of, Mapping) else None]
    return {str(name) for name in (*named, *(one.get("event") for one in corrections)) if name}
