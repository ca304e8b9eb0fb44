"""An agent who believes that everything should wait says so, and marketing hears of it at once."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.calendar.pauses import LONGEST_REASON
from engine.errors import InvalidInput
from engine.notices.telling import News, tell
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.storage.models import Person

ROLE = "agent"
# Asked again within this time it is told once.
_AN_HOUR = timedelta(hours=1)


def ask_for_pause(session: Session, reason: str, *, person: Person, now: datetime) -> int:
    """Tell everybody who may press it; how many people that are. Nothing waits because of it."""
    require(person, ROLE)
    why = " ".join(reason.split())
    if not 1 <= len(why) <= LONGEST_REASON:
        raise InvalidInput(f"Say what happened, in up to {LONGEST_REASON} characters.")
    hour = int(now.timestamp() // _AN_HOUR.total_seconds())
    those = session.scalars(select(Person).where(Person.active, Person.role.in_(("marketing", "admin")))).all()
    for one in those:
        news = News(
            key=f"ask_pause:{person.id}:{hour}:{one.id}",
            kind="ask_pause",
            subject=f"{person.name} asks for a “not now”",
            body=f"{person.name} believes that messages should wait: {why}",
            path="/not-now",
            person_id=one.id,
        )
        tell(session, news, now=now)
    record(session, Doer(person.name, person.id), "ask_for_pause", person, now=now, reason=why)
    return len(those)
