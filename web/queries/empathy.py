"""The empathy map of one customer: what they say and do as observed, what they think and feel as somebody reads it.

Says are their own words, each with its day and where it was said; does are events. Only the other half is a reading.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.listen.quoting import parted
from engine.record.event_kinds import LOW_SCORES, NOT_THEIR_DOING
from engine.storage.models import Event, Person, Reading, Reply
from web.phrases import sentence_case, words
from web.queries.timeline_words import event_detail

EACH = 5
MOST_READINGS = 30
LONGEST_QUOTE = 240
# Answers to surveys.
_SURVEYS = tuple(LOW_SCORES)
_COMMENTS = ("comment", "text")


@dataclass(frozen=True, slots=True)
class Observed:
    """Something said or done, with its day and its source."""

    text: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Read:
    """What somebody believes, with their name and the day."""

    id: UUID
    quadrant: str
    text: str
    author: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EmpathyMap:
    """The four quadrants, the latest of each."""

    says: Sequence[Observed]
    does: Sequence[Observed]
    readings: Sequence[Read]

    def of(self, quadrant: str) -> Sequence[Read]:
        """The readings of `thinks` or of `feels`."""
        return [one for one in self.readings if one.quadrant == quadrant]


def empathy_map(session: Session, customer_id: UUID) -> EmpathyMap:
    """In four statements, each of them over a few rows."""
    said = sorted(
        (*_replies(session, customer_id), *_survey_answers(session, customer_id)), key=lambda one: one.at, reverse=True
    )
    return EmpathyMap(said[:EACH], _does(session, customer_id), _readings(session, customer_id))


def _replies(session: Session, customer_id: UUID) -> Iterator[Observed]:
    rows = session.execute(
        select(Reply.text, Reply.received_at, Reply.channel)
        .where(Reply.customer_id == customer_id, Reply.meaning == "text")
        .order_by(Reply.received_at.desc(), Reply.id.desc())
        .limit(EACH)
    )
    for text, at, channel in rows:
        if quote := _short(parted(text)[0]):
            yield Observed(quote, at, f"a reply by {words(channel)}")


def _survey_answers(session: Session, customer_id: UUID) -> Iterator[Observed]:
    rows = session.execute(
        select(Event.name, Event.properties, Event.occurred_at)
        .where(Event.customer_id == customer_id, Event.name.in_(_SURVEYS))
        .order_by(Event.occurred_at.desc(), Event.id.desc())
        .limit(EACH)
    )
    for name, said, at in rows:
        comment = next((value for key in _COMMENTS if isinstance(value := said.get(key), str) and value.strip()), None)
        score = said.get("score")
        quote = _short(comment) if comment else f"score {score}" if isinstance(score, int | float | str) else None
        if quote:
            yield Observed(quote, at, words(name))


def _does(session: Session, customer_id: UUID) -> list[Observed]:
    rows = session.execute(
        select(Event.name, Event.properties, Event.occurred_at, Event.source)
        .where(Event.customer_id == customer_id, Event.name.not_in((*_SURVEYS, *NOT_THEIR_DOING)))
        .order_by(Event.occurred_at.desc(), Event.id.desc())
        .limit(EACH)
    )
    return [
        Observed(": ".join(part for part in (sentence_case(name), event_detail(said)) if part), at, source)
        for name, said, at, source in rows
    ]


def _readings(session: Session, customer_id: UUID) -> list[Read]:
    rows = session.execute(
        select(Reading.id, Reading.quadrant, Reading.text, Person.name, Reading.created_at)
        .outerjoin(Person, Person.id == Reading.author_id)
        .where(Reading.customer_id == customer_id, Reading.withdrawn_at.is_(None))
        .order_by(Reading.created_at.desc(), Reading.id.desc())
        .limit(MOST_READINGS)
    )
    return [Read(*row) for row in rows]


def _short(text: str) -> str:
    quote = " ".join(text.split())
    return quote if len(quote) <= LONGEST_QUOTE else f"{quote[:LONGEST_QUOTE].rstrip()} …"
