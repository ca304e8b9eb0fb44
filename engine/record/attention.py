"""Asks planning and spotting to look at customers again, because something about them just changed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.bell import ring
from engine.storage.models import Moment


def look_again(session: Session, customer_ids: Collection[UUID], *, now: datetime) -> None:
    """Plan the spotted moments of these customers anew, and spot them anew for the open window."""
    if not customer_ids:
        return
    session.execute(
        update(Moment)
        .where(Moment.customer_id.in_(customer_ids), Moment.state == "spotted", Moment.check_at > now)
        .values(check_at=now)
        .execution_options(synchronize_session=False)
    )
    ring(session, "jubilee.plan")
    ring(session, "jubilee.spot")
