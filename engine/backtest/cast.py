"""The triggers of a run: those that are looked at, and all others that are active, as they meet at the same customers.

They keep their ids, salts and versions, so that the control group is the one it would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import insert, select

from engine.backtest.scratch import Scratch
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import ActiveTrigger, active_triggers, definition_of
from engine.errors import NotFound
from engine.ids import new_id
from engine.kinds import KindTable
from engine.storage.models import Trigger, TriggerVersion

# One that is not stored yet gets the same id and the same lots in every run.
_NAMESPACE = UUID("6f1d1a34-7a0a-4c1c-8f0e-3a5f4f2f5b11")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody on the stage. `subjects` are the ids of those that the run is about."""

    triggers: Sequence[ActiveTrigger]
    definitions: dict[UUID, TriggerDefinition]
    subjects: frozenset[UUID]

    def name(self, trigger_id: UUID) -> str:
        """The name of a trigger."""
        return self.definitions[trigger_id].name


def cast_triggers(
    run: Scratch, kinds: KindTable, subjects: Sequence[TriggerDefinition | str], *, active_from: datetime, anew: bool
) -> Cast:
    """Fill the run's triggers: `subjects` by name or as definitions of their own, and what else is active.

    `anew`: all of them as if they had been switched on at `active_from`; else as they stand, and those that are not
    active yet from then on. Raises NotFound for a name that is not stored.
    """
    stored = _stored(run)
    named = {subject if isinstance(subject, str) else subject.name: subject for subject in subjects}
    missing = [name for name, subject in named.items() if isinstance(subject, str) and name not in stored]
    if missing:
        raise NotFound(f"there is no trigger {missing[0]}; there are {', '.join(sorted(stored)) or 'none'}")
    versions = run.stored(TriggerVersion)
    run.session.execute(insert(TriggerVersion).from_select([c.name for c in versions.c], select(*versions.c)))
    definitions: dict[UUID, TriggerDefinition] = {}
    for name in sorted(stored.keys() | named.keys()):
        row, subject = stored.get(name), named.get(name)
        if subject is None and (row is None or row["state"] != "active"):
            continue
        definition = _definition(run, row, subject)
        new = row is None or row["state"] != "active" or anew
        row = dict(row or _unknown(definition, active_from)) | {"state": "active", "paused_reason": None}
        row |= {"active_from": active_from, "scanned_through": None} if new else {}
        if row.get("version_id") is None or isinstance(subject, TriggerDefinition):
            row |= {"version_id": _new_version(run, row, definition, active_from), "occasion": definition.occasion}
        run.session.execute(insert(Trigger), [row])
        definitions[row["id"]] = definition
    on_stage = active_triggers(run.session, kinds)
    return Cast(on_stage, definitions, frozenset(one.id for one in on_stage if one.name in named))


def _stored(run: Scratch) -> dict[str, Row]:
    table = run.stored(Trigger)
    return {row.name: row._asdict() for row in run.session.execute(select(*table.c))}


def _definition(run: Scratch, row: Row | None, subject: TriggerDefinition | str | None) -> TriggerDefinition:
    if isinstance(subject, TriggerDefinition):
        return subject
    if row is None or row["version_id"] is None:
        raise NotFound(f"the trigger {subject} has no version yet")
    return definition_of(run.session, row["version_id"])


def _unknown(definition: TriggerDefinition, at: datetime) -> Row:
    trigger_id = uuid5(_NAMESPACE, definition.name)
    return {
        **{"id": trigger_id, "name": definition.name, "kind": definition.kind, "family": definition.family},
        **{"salt": trigger_id.hex[:16], "created_at": at},
    }


def _new_version(run: Scratch, row: Row, definition: TriggerDefinition, at: datetime) -> UUID:
    """One that is stored nowhere else."""
    version = {
        **{"id": new_id(), "trigger_id": row["id"], "number": 0, "author": "backtest", "reason": "backtest"},
        **{"definition": definition.model_dump(mode="json", by_alias=True), "created_at": at},
    }
    run.session.execute(insert(TriggerVersion), [version])
    return UUID(str(version["id"]))
