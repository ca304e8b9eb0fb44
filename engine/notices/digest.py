"""The weekly digest of front-line notes for marketing: how many of which kind, and what complaints name.

Counts alone, and words of ours: no customer's name and nobody's words, as mails of colleagues outlive an erasure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours
from engine.dates.zones import first_instant, local_date
from engine.notices.telling import News, tell
from engine.record.notes import COMPLAINT
from engine.storage.models import Note, Person

PATH = "/notes"
_KINDS = {
    "complaint": ("complaint", "complaints"),
    "compliment": ("compliment", "compliments"),
    "life_event": ("life event", "life events"),
    "not_now": ("“not a good time”", "“not a good time”"),
    "other": ("other note", "other notes"),
}


@dataclass(frozen=True, slots=True)
class Digest:
    """One ISO week of the team's calendar, Monday to Sunday. `occasions` and `categories` are what complaints name."""

    week: str
    begins_on: date
    kinds: Mapping[str, int]
    occasions: Mapping[str, int]
    categories: Mapping[str, int]


def tell_digest(session: Session, *, now: datetime, team: TeamHours) -> int:
    """Tell marketing of the last whole week, once for each person; how many were told now. A week without any note is
    not worth a mail. Whenever it runs in the week after, it does the same, so that a missed Monday is made up; but not
    before the team's Monday begins."""
    begins_on = last_week(now, team)
    if now < first_instant(begins_on + timedelta(days=7), team.start, team.zone):
        return 0
    digest = digest_of(session, begins_on, team)
    if not digest.kinds:
        return 0
    people = session.scalars(select(Person.id).where(Person.role == "marketing", Person.active).order_by(Person.id))
    subject, body = subject_of(digest), body_of(digest)
    news = [News(f"digest:{digest.week}:{one}", "digest", subject, body, PATH, one) for one in people]
    return sum(tell(session, one, now=now) for one in news)


def last_week(now: datetime, team: TeamHours) -> date:
    """The Monday of the last week that is over where the team works."""
    today = local_date(now, team.zone)
    return today - timedelta(days=today.weekday() + 7)


def digest_of(session: Session, begins_on: date, team: TeamHours) -> Digest:
    """What the notes of that week come to; withdrawn ones do not count."""
    begins, ends = (first_instant(begins_on + timedelta(days=days), time(0), team.zone) for days in (0, 7))
    rows = session.execute(
        select(Note.kind, Note.occasion, Note.category, func.count())
        .where(Note.created_at >= begins, Note.created_at < ends, Note.withdrawn_at.is_(None))
        .group_by(Note.kind, Note.occasion, Note.category)
    ).all()
    kinds: dict[str, int] = {}
    named: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for kind, occasion, category, count in rows:
        kinds[kind] = kinds.get(kind, 0) + count
        for counts, name in zip(named, (occasion, category), strict=True):
            if kind == COMPLAINT and name:
                counts[name] = counts.get(name, 0) + count
    year, week, _ = begins_on.isocalendar()
    return Digest(f"{year}-W{week:02d}", begins_on, kinds, *named)


def subject_of(digest: Digest) -> str:
    """What stands in the list of mails."""
    total = sum(digest.kinds.values())
    return f"{total} {'note' if total == 1 else 'notes'} from the front line in week {digest.week[-2:]}"


def body_of(digest: Digest) -> str:
    """The counts in plain sentences, the most frequent first."""
    on = digest.begins_on
    lines = [f"In the week from Monday, {on.day} {on:%B %Y}, colleagues who met customers left:", ""]
    lines += [f"- {count} {_KINDS[kind][count != 1]}" for kind, count in _ranked(digest.kinds)]
    for named, of in ((digest.categories, "Complaints are about"), (digest.occasions, "Complaints name our messages")):
        if named:
            said = ", ".join(f"{name.replace('_', ' ')} ({count})" for name, count in _ranked(named))
            lines += ["", f"{of}: {said}."]
    return "\n".join([*lines, "", "What was said is in Jubilee, under Notes."])


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
