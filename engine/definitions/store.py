"""Triggers and their versions in the database. The database rules: YAML seeds it, and is never applied by itself."""

import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.definitions.schema import TriggerDefinition
from engine.errors import Conflict, InvalidDefinition, NotFound
from engine.ids import new_id
from engine.kinds import Kind, KindTable
from engine.remembering import remember
from engine.storage.base import Json
from engine.storage.models import Hold, Moment, Trigger, TriggerVersion
from engine.storage.models.trigger import NOT_FOLDED
from engine.storage.upsert import insert_into
from engine.transitions import TRIGGER

SEED_AUTHOR = "jubilee"
FOLD = "jubilee.fold"
_KEPT = 1_000
# What holds the moments of a trigger that spots and does not send.
_WHILE_OFF = ("trigger_paused", "shadow")
# A page of the console stands at this name.
RESERVED = frozenset({"new"})
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
    """Keep it as the trigger's newest version, in force at once, if it says something new.

    A trigger of a new name begins as a draft. Moments and messages keep pointing to the version that made them.
    """
    trigger = session.scalar(select(Trigger).where(Trigger.name == definition.name).with_for_update())
    if trigger is None:
        return create(session, definition, author=author, reason=reason, now=now) or _changed_meanwhile(definition)
    refuse_another_kind(trigger, definition)
    if _current(session, trigger) == definition:
        return trigger
    version = add_version(session, trigger, definition, author=author, reason=reason, now=now)
    put_in_force(session, trigger, version)
    return trigger


def refuse_another_kind(trigger: Trigger, definition: TriggerDefinition) -> None:
    """Its occurrence keys would mean something else."""
    if (trigger.kind, trigger.family) != (definition.kind, definition.family):
        raise InvalidDefinition(f"The trigger {trigger.name} keeps its kind and family; give the new one its own name.")


def put_in_force(session: Session, trigger: Trigger, version: TriggerVersion) -> None:
    """From now on the trigger does what this version says. What is planned keeps the version that planned it."""
    trigger.version_id, trigger.occasion = version.id, version.definition["occasion"]
    _fold_anew(session, trigger)
    session.flush()


def seed_shipped(session: Session, definitions: Sequence[TriggerDefinition], *, now: datetime) -> list[str]:
    """Create the triggers that are missing, active where they ship switched on, and answer with their names.

    What is there already is left alone, whatever the files say: marketing may have changed it.
    """
    seeded = []
    for definition in definitions:
        trigger = create(session, definition, author=SEED_AUTHOR, reason="shipped with Jubilee", now=now)
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

    `active_from` is set once, by the first step into shadow or active. A retired trigger stays retired. What waited
    because the trigger sent nothing is looked at again at once when it goes on, and what happened is added up anew.
    """
    before = trigger.state
    if before == "retired" and state != "retired":
        raise Conflict(f"The trigger {trigger.name} is retired; save a new one under another name.")
    if state != before and state not in TRIGGER[before]:
        raise Conflict(f"The trigger {trigger.name} is {before}, and from there it cannot become {state}.")
    if state == "paused" and not reason:
        raise ValueError("pausing a trigger needs a reason")
    if state in ("shadow", "active") and trigger.active_from is None:
        trigger.active_from = active_from or now
    if state != "paused":
        trigger.paused_from = None
    elif before != "paused":
        trigger.paused_from = before
    trigger.state, trigger.paused_reason = state, reason if state == "paused" else None
    if before in ("draft", "paused"):
        _fold_anew(session, trigger)
    session.flush()
    if state == "active" and before in ("paused", "shadow"):
        _look_again(session, trigger, now=now)


def _fold_anew(session: Session, trigger: Trigger) -> None:
    """What it watches is added up from all events, by `engine/spot/crossings.py` and soon."""
    if trigger.state in ("shadow", "active"):
        trigger.folded_after = NOT_FOLDED
        ring(session, FOLD)


def _look_again(session: Session, trigger: Trigger, *, now: datetime) -> None:
    waits = exists().where(Hold.moment_id == Moment.id, Hold.released_at.is_(None), Hold.name.in_(_WHILE_OFF))
    session.execute(
        update(Moment)
        .where(Moment.trigger_id == trigger.id, Moment.state == "spotted", Moment.check_at > now, waits)
        .values(check_at=now)
        .execution_options(synchronize_session=False)
    )
    ring(session, "jubilee.plan")


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
    definition = _definitions.get(version_id)
    if definition is None:
        values = session.scalar(select(TriggerVersion.definition).where(TriggerVersion.id == version_id))
        if values is None:
            raise NotFound(f"There is no trigger version {version_id}.")
        definition = remember(_definitions, version_id, _parsed(values, version_id), most=_KEPT)
    return definition


def definitions_of(session: Session, version_ids: Collection[UUID]) -> dict[UUID, TriggerDefinition]:
    """What several versions say, asked for at once; without those that no longer read."""
    found = {version_id: one for version_id in version_ids if (one := _definitions.get(version_id))}
    unread = [version_id for version_id in version_ids if version_id not in found]
    rows = session.execute(
        select(TriggerVersion.id, TriggerVersion.definition).where(TriggerVersion.id.in_(unread))
    ).all()
    for version_id, values in rows:
        with suppress(InvalidDefinition):
            found[version_id] = remember(_definitions, version_id, _parsed(values, version_id), most=_KEPT)
    return found


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


def create(
    session: Session, definition: TriggerDefinition, *, author: str, reason: str, now: datetime
) -> Trigger | None:
    """A draft with its first version; None where the name is taken, also by a process that does the same just now."""
    if definition.name in RESERVED:
        raise InvalidDefinition(f"name: a page of ours is called {definition.name}; give the trigger another name.")
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
    put_in_force(session, created, add_version(session, created, definition, author=author, reason=reason, now=now))
    return created


def _changed_meanwhile(definition: TriggerDefinition) -> Trigger:
    raise Conflict(f"Somebody else saved the trigger {definition.name} at the same time; look at it and save again.")


def _current(session: Session, trigger: Trigger) -> TriggerDefinition | None:
    """None also where an older Jubilee saved it in a shape that no longer reads: then anything is new."""
    try:
        return definition_of(session, trigger.version_id) if trigger.version_id else None
    except InvalidDefinition:
        return None


def add_version(
    session: Session, trigger: Trigger, definition: TriggerDefinition, *, author: str, reason: str, now: datetime
) -> TriggerVersion:
    """Keep it as the newest version; the caller holds the trigger and says whether it is in force."""
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
    session.flush()
    return version
