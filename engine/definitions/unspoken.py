"""Which templates a trigger speaks by are not here. It may be kept before they are, in any order; not published."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.schema import TriggerDefinition
from engine.storage.models import Template


def unspoken(session: Session, definition: TriggerDefinition) -> tuple[str, ...]:
    """A sentence for each of its templates that is not here, its own first."""
    here = session.scalars(
        select(Template.name).where(Template.name.in_(definition.templates), Template.version_id.is_not(None))
    ).all()
    return tuple(
        f"There is no template “{name}” yet: nothing could be written."
        for name in definition.templates
        if name not in here
    )
