"""Cancels moments that are no longer true. Apart from `ending`, which those who decide what is true use themselves."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.plan.ending import cancel_moments
from engine.spot.truth import no_longer_true


def cancel_untrue(session: Session, moment_ids: Sequence[uuid.UUID], *, now: datetime) -> int:
    """Cancel those of the moments that are no longer true, each with its reason."""
    by_reason: dict[str, list[uuid.UUID]] = {}
    for moment_id, reason in no_longer_true(session, moment_ids, now=now).items():
        by_reason.setdefault(reason, []).append(moment_id)
    return sum(cancel_moments(session, ids, reason, now=now) for reason, ids in by_reason.items())
