"""Tells marketing once that a message which somebody stopped ends unanswered. Nobody else can set it free."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.dates.team import TeamHours, after_team_hours
from engine.dates.zones import zone
from engine.notices.telling import News, tell
from engine.storage.models import Flag, Message, Person

KIND = "flag_ends"
_ANSWER = ("marketing", "admin")


def alert_unanswered(session: Session, *, now: datetime, team: TeamHours, hours: float) -> int:
    """Have told what is stopped and ends within so many hours of the team; answers how many notices that made."""
    horizon = after_team_hours(now, hours, team)
    ending = session.execute(
        select(Flag.id, Message.deadline_at)
        .join(Message, Message.id == Flag.message_id)
        .where(
            Flag.answered_at.is_(None),
            Message.state.in_(("draft", "in_review")),
            Message.deadline_at > now,
            Message.deadline_at <= horizon,
        )
        .order_by(Message.deadline_at, Flag.id)
    ).all()
    if not ending:
        return 0
    there = or_(Person.away_until.is_(None), Person.away_until <= now)
    whom = session.scalars(select(Person.id).where(Person.active, Person.role.in_(_ANSWER), there)).all()
    made = 0
    for flag_id, deadline_at in ending:
        at = deadline_at.astimezone(zone(team.zone))
        for person_id in (None, *whom):
            news = News(
                key=f"{KIND}:{flag_id}:{person_id or 'webhook'}",
                kind=KIND,
                subject=f"A stopped message ends unanswered on {at:%A}, {at:%H:%M}",
                body=f"Somebody stopped a message because it feels wrong. Without your answer it ends on {at:%A} "
                f"{at.day} {at:%B}, {at:%H:%M} ({team.zone}), and does not go.",
                path=f"/flags#{flag_id}",
                person_id=person_id,
            )
            made += tell(session, news, now=now)
    return made
