"""Moments and what held them, as lines of the timeline."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.plan.reasons import ending, sentence
from engine.storage.models import Hold, Moment
from web.phrases import capital
from web.queries.timeline_lines import ENDED, MINE, Said, Source, chosen


def _moments(_viewer: str) -> Select[Any]:
    return chosen(Moment.trigger_version_id, Moment.state, Moment.reason, Moment.nominal_on).where(
        Moment.customer_id == MINE
    )


def _ended_moments(viewer: str) -> Select[Any]:
    return _moments(viewer).where(Moment.state.in_((*ENDED, "control")))


def _say_moment(session: Session, row: Any) -> Said:
    return Said(f"Noticed: {_title(session, row)}", None, "Jubilee")


def _say_moment_ended(session: Session, row: Any) -> Said:
    verb = "left out" if row.state == "control" else row.state
    return Said(f"{_title(session, row)}: {verb}", capital(ending(row.reason)) if row.reason else None, "Jubilee")


def _holds(_viewer: str) -> Select[Any]:
    return (
        chosen(Hold.name, Hold.detail, Moment.trigger_version_id, Moment.nominal_on)
        .join(Moment, Moment.id == Hold.moment_id)
        .where(Moment.customer_id == MINE)
    )


def _say_hold(verb: str) -> Callable[[Session, Any], Said]:
    def say(session: Session, row: Any) -> Said:
        return Said(f"{_title(session, row)}: {verb}", sentence(row.name), row.detail)

    return say


def _title(session: Session, row: Any) -> str:
    return f"{definition_of(session, row.trigger_version_id).title} ({row.nominal_on.day} {row.nominal_on:%B %Y})"


MOMENTS: tuple[Source, ...] = (
    Source("holds", Moment.closed_at, Moment.id, _ended_moments, _say_moment_ended, True),
    Source("holds", Hold.released_at, Hold.id, _holds, _say_hold("not held any more"), True),
    Source("holds", Hold.opened_at, Hold.id, _holds, _say_hold("held")),
    Source("holds", Moment.spotted_at, Moment.id, _moments, _say_moment),
)
