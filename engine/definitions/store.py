"""Triggers and their versions in the database. The database rules: YAML seeds it, and is never applied by itself."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.definitions.schema import TriggerDefinition
from engine.errors import Conflict, InvalidDefinition, NotFound
from engine.ids import new_id
from engine.kinds import Kind, KindTable
from engine.storage.base import Json
from engine.storage.models import Trigger, TriggerVersion
from engine.storage.upsert import insert_into

SEED_AUTHOR = "jubilee"
_KEPT = 1_000
_definitions: dict[UUID, TriggerDefinition] = {}


@dataclass(frozen=True, slots=True)
class ActiveTrigger:
    """A trigger that spots, as everything after marketing's page sees it: one version, checked by its kind."""

    id: UUID
    version_id: UUID
    name: str
    state: str
    active_from: datetime
    salt: str
    definition: TriggerDefinition
    params: BaseModel
    kind: Kind


def save_definition(
    session: Session, definition: TriggerDefinition, *, author: str, reason: str, now: datetime
) -> Trigger:
    """Keep it as the trigger's newest version, if it says something new; a trigger of a new name begins as a draft.

    Moments and messages keep pointing to the version that made them.
    """
    trigger = session.scalar(select(Trigger).where(Trigger.name == definition.name).with_for_update())
    if trigger is None:
        return _create(session, definition, author=author, reason=reason, now=now) or _changed_meanwhile(definition)
    if (trigger.kind, trigger.family) != (definition.kind, definition.family):
        raise InvalidDefinition(f"The trigger {trigger.name} keeps its kind and family; give the new one its own name.")
    if _current(session, trigger) == definition:
        return trigger
    _add_version(session, trigger, definition, author=author, reason=reason, now=now)
    return trigger


def seed_shipped(session: Session, definitions: Sequence[TriggerDefinition], *, now: datetime) -> list[str]:
    """Create the triggers that are missing, active where they ship switched on, and answer with their names.

    What is there already is left alone, whatever the files say: marketing may have changed it.
    """
    seeded = []
    for definition in definitions:
        trigger = _create(session, definition, author=SEED_AUTHOR, reason="shipped with Jubilee", now=now)
        if trigger is not None:
            seeded.append(trigger.name)
            if definition.shipped_on:
                set_state(session, trigger, "active", now=now)
    return seeded


def set_state(
    session: Session,
    trigger: Trigger,
    state: str,
    *,
    reason: str | None = None,
    now: datetime,
    active_from: datetime | None = None,
) -> None:
    """Switch it on, off or away. What happened before it first spotted anything (`active_from`) makes no moment.

    `active_from` is set once, by the first step into shadow or active. A retired trigger stays retired.
    """
    if trigger.state == "retired" and state != "retired":
        raise Conflict(f"The trigger {trigger.name} is retired; save a new one under another name.")
    if state == "paused" and not reason:
        raise ValueError("pausing a trigger needs a reason")
    if state in ("shadow", "active") and trigger.active_from is None:
        trigger.active_from = active_from or now
    trigger.state, trigger.paused_reason = state, reason if state == "paused" else None
    session.flush()


def active_triggers(session: Session, kinds: KindTable, *, include_paused: bool = False) -> list[ActiveTrigger]:
    """The triggers that spot, active or in shadow, by name."""
    states = ("active", "shadow", "paused") if include_paused else ("active", "shadow")
    found = session.scalars(
        select(Trigger)
        .where(Trigger.state.in_(states), Trigger.active_from.is_not(None), Trigger.version_id.is_not(None))
        .order_by(Trigger.name)
    )
    return [_active(session, trigger, kinds) for trigger in found]


def definition_of(session: Session, version_id: UUID) -> TriggerDefinition:
    """What a version says. Versions never change, so each is read and checked once in a process."""
    if version_id not in _definitions:
        values = session.scalar(select(TriggerVersion.definition).where(TriggerVersion.id == version_id))
        if values is None:
            raise NotFound(f"There is no trigger version {version_id}.")
        if len(_definitions) >= _KEPT:
            _definitions.clear()
        _definitions[version_id] = _parsed(values, version_id)
    return _definitions[version_id]


def _parsed(values: Json, version_id: UUID) -> TriggerDefinition:
    try:
        return TriggerDefinition.model_validate(values)
    except ValidationError as error:
        raise InvalidDefinition(f"The stored trigger version {version_id} cannot be used: {error}") from error


def _active(session: Session, trigger: Trigger, kinds: KindTable) -> ActiveTrigger:
    if trigger.version_id is None or trigger.active_from is None:
        raise Conflict(f"The trigger {trigger.name} has never been switched on.")
    definition = definition_of(session, trigger.version_id)
    kind = kinds.get(definition.kind)
    if kind is None:
        raise InvalidDefinition(f"The trigger {trigger.name} is of the kind {definition.kind}, which is not here.")
    return ActiveTrigger(
        id=trigger.id,
        version_id=trigger.version_id,
        name=trigger.name,
        state=trigger.state,
        active_from=trigger.active_from,
        salt=trigger.salt,
        definition=definition,
        params=kind.params.model_validate(definition.params),
        kind=kind,
    )


def _create(
    session: Session, definition: TriggerDefinition, *, author: str, reason: str, now: datetime
) -> Trigger | None:
    """A draft with its first version; None where the name is taken, also by a process that does the same just now."""
    created_id = session.scalar(
        insert_into(session, Trigger)
        .values(
            id=new_id(),
            name=definition.name,
            kind=definition.kind,
            family=definition.family,
            occasion=definition.occasion,
            state="draft",
            salt=secrets.token_hex(8),
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Trigger.id)
    )
    if created_id is None:
        return None
    created = session.get_one(Trigger, created_id)
    _add_version(session, created, definition, author=author, reason=reason, now=now)
    return created


def _changed_meanwhile(definition: TriggerDefinition) -> Trigger:
    raise Conflict(f"Somebody else saved the trigger {definition.name} at the same time; look at it and save again.")


def _current(session: Session, trigger: Trigger) -> TriggerDefinition | None:
    """None also where an older Jubilee saved it in a shape that no longer reads: then anything is new."""
    try:
        return definition_of(session, trigger.version_id) if trigger.version_id else None
    except InvalidDefinition:
        return None


def _add_version(
    session: Session, trigger: Trigger, definition: TriggerDefinition, *, author: str, reason: str, now: datetime
) -> None:
    last = session.scalar(select(func.max(TriggerVersion.number)).where(TriggerVersion.trigger_id == trigger.id))
    version = TriggerVersion(
        id=new_id(),
        trigger_id=trigger.id,
        number=(last or 0) + 1,
        definition=definition.model_dump(mode="json", by_alias=True),
        author=author,
        reason=reason,
        created_at=now,
    )
    session.add(version)
    trigger.version_id, trigger.occasion = version.id, definition.occasion
    session.flush()
