"""Who may decide about messages: one answer for assigning, the calendar's choices and the backtest's hours."""

from sqlalchemy import ColumnElement, and_

from engine.storage.models import Person
from engine.storage.models.person import ROLES

ROLE = "agent"
DECIDERS = ROLES[ROLES.index(ROLE) :]


def may_decide() -> ColumnElement[bool]:
    """True of everybody who works here and may decide, whatever else their role lets them do."""
    return and_(Person.active, Person.role.in_(DECIDERS))
