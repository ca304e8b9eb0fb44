"""Holds that come from what marketing configured: the trigger's state, its audience, its exceptions."""

from typing import Any

from sqlalchemy import case, literal, not_

from engine.conditions import to_sql
from engine.plan.candidates import Judged
from engine.plan.reasons import EXCEPTION
from engine.plan.sql import HoldRow, hold_row
from engine.storage.models import Customer, Moment, Trigger


def trigger_off(j: Judged) -> HoldRow:
    """Only active triggers send (design section 7): paused ones wait, retired ones are over, shadow ones only watch."""
    name = case(
        (Trigger.state == "shadow", "shadow"), (Trigger.state == "retired", "trigger_retired"), else_="trigger_paused"
    )
    return (
        hold_row(j.c, name, detail=Trigger.paused_reason)
        .join(Trigger, Trigger.id == j.c.c.trigger_id)
        .where(Trigger.state != "active")
    )


def audience_not_met(j: Judged) -> list[HoldRow]:
    """The customer is not, or not yet, among those that the trigger is meant for."""
    return [
        _asked(j, version_id, hold_row(j.c, "audience_not_met")).where(not_(to_sql(definition.audience)))
        for version_id, definition in j.definitions.items()
        if definition.audience is not None
    ]


def exceptions(j: Judged) -> list[HoldRow]:
    """The trigger's own exceptions that hold or skip (design section 4)."""
    return [
        _asked(j, version_id, hold_row(j.c, f"{EXCEPTION}{rule.name}", detail=literal(rule.then))).where(
            to_sql(rule.when)
        )
        for version_id, definition in j.definitions.items()
        for rule in definition.exceptions
        if rule.then != "alternative"
    ]


def _asked(j: Judged, version_id: Any, rows: HoldRow) -> HoldRow:
    """Joined with what a condition may ask about."""
    return (
        rows.join(Customer, Customer.id == j.c.c.customer_id)
        .join(Moment, Moment.id == j.c.c.moment_id)
        .where(j.c.c.version_id == version_id)
    )
