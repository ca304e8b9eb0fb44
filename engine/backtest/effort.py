"""What the team would have to read, day by day, against the hours of those who may decide."""

from collections import defaultdict
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select

from engine.backtest.ensemble import Ensemble
from engine.backtest.outcomes import OUTCOMES
from engine.backtest.results import Effort, EffortDay
from engine.dates.team import TeamHours
from engine.dates.workdays import is_working_day
from engine.dates.zones import local_date
from engine.definitions.schema import TriggerDefinition
from engine.people.deciding import may_decide
from engine.storage.models import Person

# Reading a draft, looking at who the customer is, changing a word. A recovery is written, not only read.
MINUTES = {"celebrate": 4, "reassure": 8, "recover": 12}
_ONE_DAY = timedelta(days=1)


def reckon_effort(played: Ensemble, first: date, last: date) -> Effort:
    """Every message that a person reads counts on the day of its draft; what goes by itself counts nothing."""
    agents = played.first.run.session.scalar(select(func.count(Person.id)).where(may_decide())) or 0
    mine, others = _drafts(played)
    days = []
    for number in range((last - first).days + 1):
        on = first + number * _ONE_DAY
        available = agents * _minutes_of_day(played.first.team) if is_working_day(on, played.first.team.country) else 0
        own, other = mine.get(on, (0, 0)), others.get(on, (0, 0))
        if available or own[0] or other[0]:
            days.append(EffortDay(on, own[0], other[0], own[1] + other[1], available))
    return Effort(agents, MINUTES["celebrate"], tuple(days))


def _drafts(played: Ensemble) -> tuple[dict[date, tuple[int, int]], dict[date, tuple[int, int]]]:
    """(drafts, minutes) by day, of the triggers that the run is about and of the others."""
    o = OUTCOMES.c
    query = (
        select(o.trigger_id, o.family, o.planned_at, func.count())
        .where(o.message_id.is_not(None), o.position == 0, o.planned_at.is_not(None))
        .group_by(o.trigger_id, o.family, o.planned_at)
    )
    found: tuple[dict[date, tuple[int, int]], ...] = (defaultdict(lambda: (0, 0)), defaultdict(lambda: (0, 0)))
    for trigger_id, family, planned_at, count in played.rows(lambda _: query):
        if not _is_read(played.cast.definitions[trigger_id]):
            continue
        days, on = found[0 if _is_subject(played, trigger_id) else 1], local_date(planned_at, played.first.team.zone)
        drafts, minutes = days[on]
        days[on] = (drafts + count, minutes + count * MINUTES[family])
    return found[0], found[1]


def _is_subject(played: Ensemble, trigger_id: UUID) -> bool:
    return trigger_id in played.cast.subjects


def _is_read(definition: TriggerDefinition) -> bool:
    review = definition.review
    return review.policy == "person" or definition.weight >= review.must_read_weight


def _minutes_of_day(team: TeamHours) -> int:
    return int(team.window.length.total_seconds() // 60)
