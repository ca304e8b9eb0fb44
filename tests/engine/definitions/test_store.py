"""Versions are kept and never change; what is shipped seeds a trigger once and never overwrites it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.definitions import store
from engine.definitions.schema import TriggerDefinition
from engine.definitions.store import active_triggers, definition_of, save_definition, seed_shipped, set_state
from engine.errors import Conflict, InvalidDefinition
from engine.storage.models import Trigger, TriggerVersion
from tests.engine.definitions.kinds import KINDS, Params

NOW = datetime(2026, 2, 14, 9, tzinfo=UTC)


def birthday(**changed: Any) -> TriggerDefinition:
    values = {
        "name": "birthday", "title": "Birthday", "family": "celebrate", "occasion": "birthday", "kind": "anniversary",
        "params": {"of": "birthday"}, "template": "birthday",
    }  # fmt: skip
    return TriggerDefinition.model_validate(values | changed)


def save(session: Session, definition: TriggerDefinition) -> Trigger:
    return save_definition(session, definition, author="mia", reason="try", now=NOW)


def numbers(session: Session) -> list[int]:
    return list(session.scalars(select(TriggerVersion.number).order_by(TriggerVersion.number)))


def test_a_new_trigger_is_a_draft(session: Session) -> None:
    """Nothing goes out because a file was read."""
    trigger = save(session, birthday())
    assert (trigger.state, trigger.active_from) == ("draft", None)
    assert active_triggers(session, KINDS) == []


def test_saying_the_same_again_makes_no_version(session: Session) -> None:
    """Applying a file twice is applying it once."""
    save(session, birthday())
    save(session, birthday())
    assert numbers(session) == [1]


def test_a_change_makes_a_version_and_keeps_the_old_one(session: Session) -> None:
    """Messages keep pointing to the version that made them."""
    first = save(session, birthday()).version_id
    assert first
    trigger = save(session, birthday(weight=77))
    assert numbers(session) == [1, 2]
    assert trigger.version_id
    assert definition_of(session, trigger.version_id).weight == 77
    assert definition_of(session, first).weight == 30


def test_what_is_stored_reads_as_what_was_saved(session: Session) -> None:
    """Times, conditions and the alias `class` come back."""
    definition = birthday(
        send={"window_start": "10:30", "window_end": "12:00"},
        audience={"not": {"field": "customer.country", "op": "in", "value": ["DE", "AT"]}},
        exceptions=[{"name": "vip", "when": {"field": "trait.vip", "op": "eq", "value": True}, "then": "hold"}],
    )
    trigger = save(session, definition)
    values = session.scalar(select(TriggerVersion.definition))
    assert values is not None
    assert TriggerDefinition.model_validate(values) == definition
    assert trigger.version_id


def test_a_trigger_keeps_its_kind_and_family(session: Session) -> None:
    """Its occurrence keys would mean something else."""
    save(session, birthday())
    with pytest.raises(InvalidDefinition, match="keeps its kind"):
        save(session, birthday(kind="milestone"))


def test_shipped_triggers_are_seeded_once(session: Session) -> None:
    """What marketing changed or switched off since stays as it is."""
    assert seed_shipped(session, [birthday()], now=NOW) == ["birthday"]
    trigger = save(session, birthday(weight=77))
    set_state(session, trigger, "paused", reason="too many", now=NOW)
    assert seed_shipped(session, [birthday(weight=5)], now=NOW + timedelta(days=1)) == []
    assert trigger.version_id
    assert definition_of(session, trigger.version_id).weight == 77
    assert trigger.state == "paused"


def test_what_ships_switched_off_is_a_draft(session: Session) -> None:
    """Spend and streaks may feel watched, so somebody has to want them."""
    seed_shipped(session, [birthday(shipped_on=False)], now=NOW)
    assert active_triggers(session, KINDS) == []


def test_an_active_trigger_comes_with_its_parameters(session: Session) -> None:
    """Checked by its kind, ready to be asked."""
    seed_shipped(session, [birthday()], now=NOW)
    [trigger] = active_triggers(session, KINDS)
    assert (trigger.name, trigger.active_from, trigger.params) == ("birthday", NOW, Params(of="birthday"))


def test_it_is_active_from_the_first_time_on(session: Session) -> None:
    """A pause does not forget what it has already celebrated."""
    trigger = save(session, birthday())
    set_state(session, trigger, "shadow", now=NOW)
    set_state(session, trigger, "paused", reason="a look", now=NOW + timedelta(days=1))
    assert active_triggers(session, KINDS) == []
    assert [one.state for one in active_triggers(session, KINDS, include_paused=True)] == ["paused"]
    set_state(session, trigger, "active", now=NOW + timedelta(days=2))
    assert (trigger.active_from, trigger.paused_reason) == (NOW, None)


def test_a_pause_has_a_reason_and_retiring_is_for_good(session: Session) -> None:
    """Nothing stops silently, and a name is not used for two things."""
    trigger = save(session, birthday())
    set_state(session, trigger, "active", now=NOW)
    with pytest.raises(ValueError, match="needs a reason"):
        set_state(session, trigger, "paused", now=NOW)
    set_state(session, trigger, "retired", now=NOW)
    with pytest.raises(Conflict, match="is retired"):
        set_state(session, trigger, "active", now=NOW)


def test_a_kind_that_is_not_here_is_named(session: Session) -> None:
    """A trigger that nobody can ask is an error, not silence."""
    seed_shipped(session, [birthday(kind="streak", params={})], now=NOW)
    with pytest.raises(InvalidDefinition, match="birthday is of the kind streak"):
        active_triggers(session, KINDS)


def test_what_was_read_a_moment_ago_is_not_read_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a process remembers as many versions as it may: the oldest makes room, and no more than that."""
    monkeypatch.setattr(store, "_definitions", {})
    monkeypatch.setattr(store, "_KEPT", 3)
    for number in range(4):
        save(session, birthday(name=f"birthday_{number}"))
    versions = session.scalars(select(TriggerVersion.id).order_by(TriggerVersion.id)).all()
    for version_id in versions:
        definition_of(session, version_id)
    asked: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    for version_id in reversed(versions):
        definition_of(session, version_id)
    assert len(asked) == 1
