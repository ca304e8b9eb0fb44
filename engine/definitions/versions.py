"""The versions of a trigger: which is in force, which is proposed, and how a new one is kept without losing another's.

An edit in the console is proposed until it is published; that of a draft is simply what the draft says. Nobody saves
over what they have not seen: whoever edits names the newest version they know.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import add_version, create, definition_of, put_in_force, refuse_another_kind
from engine.definitions.writing import plain, tidy
from engine.errors import Conflict, InvalidDefinition, InvalidInput, NotFound
from engine.kinds import KindTable
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.storage.models import Person, Trigger, TriggerVersion

MARKETING = "marketing"
LONGEST_REASON = 500


class ChangedMeanwhile(Conflict):
    """Somebody else saved this trigger in the meantime."""


class NameTaken(Conflict):
    """There is a trigger of this name already."""


class Retired(Conflict):
    """A trigger that is retired says nothing new."""


@dataclass(frozen=True, slots=True)
class Save:
    """Who saves, why, and when. `expected` is the newest version they know; 0 for a trigger that is not there yet."""

    person: Person
    reason: str
    expected: int
    now: datetime


def trigger_named(session: Session, name: str, *, lock: bool = False) -> Trigger:
    """The trigger of this name. Raises NotFound."""
    query = select(Trigger).where(Trigger.name == name)
    trigger = session.scalar(query.with_for_update() if lock else query)
    if trigger is None:
        raise NotFound(f"There is no trigger {name}.")
    return trigger


def newest(session: Session, trigger: Trigger) -> TriggerVersion:
    """Its newest version, in force or proposed."""
    found = session.scalar(
        select(TriggerVersion)
        .where(TriggerVersion.trigger_id == trigger.id)
        .order_by(TriggerVersion.number.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound(f"The trigger {trigger.name} has no version.")
    return found


def version_numbered(session: Session, trigger: Trigger, number: int) -> TriggerVersion:
    """One of its versions. Raises NotFound."""
    found = session.scalar(
        select(TriggerVersion).where(TriggerVersion.trigger_id == trigger.id, TriggerVersion.number == number)
    )
    if found is None:
        raise NotFound(f"The trigger {trigger.name} has no version {number}.")
    return found


def proposed(session: Session, trigger: Trigger) -> TriggerVersion | None:
    """The newest version where it is not the one in force."""
    version = newest(session, trigger)
    return None if version.id == trigger.version_id else version


def versions_of(session: Session, trigger: Trigger, *, limit: int = 100) -> Sequence[TriggerVersion]:
    """Its versions, the newest first."""
    query = select(TriggerVersion).where(TriggerVersion.trigger_id == trigger.id)
    return session.scalars(query.order_by(TriggerVersion.number.desc()).limit(limit)).all()


def save_version(session: Session, definition: TriggerDefinition, kinds: KindTable, save: Save) -> TriggerVersion:
    """Keep it as the newest version: in force for a draft, proposed for all others. Saying the same again keeps none.

    Raises ChangedMeanwhile where somebody saved since, NameTaken for a new one, Retired for a retired one.
    """
    require(save.person, MARKETING)
    reason, definition = _reason(save.reason), tidy(definition, kinds)
    trigger = session.scalar(select(Trigger).where(Trigger.name == definition.name).with_for_update())
    if trigger is None:
        if save.expected:
            raise NotFound(f"There is no trigger {definition.name} any more.")
        trigger = create(session, definition, author=save.person.name, reason=reason, now=save.now)
        if trigger is None:
            raise NameTaken
        return _told(session, trigger, newest(session, trigger), save)
    if not save.expected:
        raise NameTaken
    last = newest(session, trigger)
    if last.number != save.expected:
        raise ChangedMeanwhile
    if says_the_same(session, last.id, definition, kinds):
        return last
    if trigger.state == "retired":
        raise Retired(f"The trigger {trigger.name} is retired; save a new one under another name.")
    refuse_another_kind(trigger, definition)
    version = add_version(session, trigger, definition, author=save.person.name, reason=reason, now=save.now)
    if trigger.state == "draft":
        put_in_force(session, trigger, version)
    return _told(session, trigger, version, save)


def says_the_same(session: Session, version_id: uuid.UUID, definition: TriggerDefinition, kinds: KindTable) -> bool:
    """Whether a stored version means exactly this. One that no longer reads means nothing."""
    try:
        return plain(definition_of(session, version_id), kinds) == plain(definition, kinds)
    except InvalidDefinition:
        return False


def put_back(session: Session, trigger: Trigger, number: int, kinds: KindTable, save: Save) -> TriggerVersion:
    """Keep what an old version says as a new one."""
    return save_version(session, definition_of(session, version_numbered(session, trigger, number).id), kinds, save)


def _told(session: Session, trigger: Trigger, version: TriggerVersion, save: Save) -> TriggerVersion:
    doer = Doer(save.person.name, save.person.id)
    record(session, doer, "save_trigger", trigger, now=save.now, version=version.number, reason=version.reason)
    session.flush()
    return version


def _reason(written: str) -> str:
    reason = " ".join(written.split())
    if not reason:
        raise InvalidInput("reason: say in a few words why it changes.")
    return reason[:LONGEST_REASON]
