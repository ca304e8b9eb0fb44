"""Sensitive days as planning and sending are handed them."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.dates.sensitive import DayRule
from engine.storage.models import SensitiveDay
from engine.storage.session import past_the_orm

_ACTIVE = select(SensitiveDay).where(SensitiveDay.active).order_by(SensitiveDay.id)


def rules_of(session: Session) -> tuple[DayRule, ...]:
    """The sensitive days that are switched on."""
    rows = past_the_orm(session).execute(_ACTIVE)
    return tuple(rule_of(row) for row in rows)


def rule_of(row: Any) -> DayRule:
    """A stored day, or a row of its columns, as a rule."""
    return DayRule(
        name=row.name,
        effect="shift" if row.effect == "shift" else "hold",
        families=tuple(row.families),
        occasions=tuple(row.occasions),
        countries=tuple(row.countries),
        on=row.on_date,
        month_day=(row.month, row.day) if row.month and row.day else None,
        holiday=row.holiday,
    )


def with_days(session: Session, offered: Offered) -> Offered:
    """What the installation offers, with its sensitive days as they stand now; as it is where it has them already."""
    return offered if offered.sensitive is not None else replace(offered, sensitive=rules_of(session))
