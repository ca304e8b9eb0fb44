"""Publishing: a version comes into force once its questions are answered, by one person or by two.

The answers are kept with the version. Where a trigger wants two people, whoever asks is not who publishes: here, and in
a CHECK of the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of, put_in_force, set_state
from engine.definitions.unspoken import unspoken
from engine.definitions.versions import MARKETING, ChangedMeanwhile, newest, trigger_named
from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound
from engine.notices.telling import News, tell_all
from engine.people.accounts import require
from engine.people.audit import Doer, record
from engine.storage.models import Person, Publication, Trigger, TriggerVersion
from engine.transitions import TRIGGER

LONGEST_ANSWER = 2_000
SHORTEST_ANSWER = 10
ADMIN = "admin"
NOTICE = "publish"
QUESTIONS: Mapping[str, str] = {
    "feeling": "How will our customers feel about this?",
    "alternatives": "Which situations need an alternative, or silence?",
    "evidence": "What evidence says so?",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: which version, in which state the trigger goes on, and the answers by question."""

    number: int
    goes: str
    answers: Mapping[str, str]


def faults_of(session: Session, wish: Wish, trigger: Trigger, version: TriggerVersion) -> dict[str, str]:
    """What is not answered yet, by field; under `template`, what could not be written."""
    faults = {}
    if silent := _silent(session, version):
        faults["template"] = silent
    for name in QUESTIONS:
        written = wish.answers.get(name, "").strip()
        if len(written) < SHORTEST_ANSWER:
            faults[name] = "Answer in a sentence; it is kept with this version."
        elif len(written) > LONGEST_ANSWER:
            faults[name] = f"At most {LONGEST_ANSWER:,} characters."
    if wish.goes not in choices(trigger):
        faults["goes"] = "Choose whether it watches first, or sends."
    return faults


def choices(trigger: Trigger) -> tuple[str, ...]:
    """The states in which it can go on once published."""
    stays = (trigger.state,) if trigger.state in ("shadow", "active", "paused") else ()
    ways = [one for one in ("shadow", "active") if one in TRIGGER[trigger.state]]
    return tuple(one for one in ("shadow", "active", "paused") if one in (*ways, *stays))


def asked(session: Session, trigger: Trigger) -> Publication | None:
    """What waits for a second person."""
    return session.scalar(select(Publication).where(Publication.trigger_id == trigger.id, Publication.state == "asked"))


def last_answers(session: Session, version: TriggerVersion) -> Mapping[str, str]:
    """What was answered for this very version before, such as when it began to watch."""
    found = session.scalar(
        select(Publication.answers)
        .where(Publication.version_id == version.id)
        .order_by(Publication.asked_at.desc(), Publication.id.desc())
        .limit(1)
    )
    return found or {}


def publish(session: Session, name: str, wish: Wish, *, person: Person, now: datetime) -> Publication:
    """Put the newest version in force; where the trigger wants two people, ask for the second one.

    Raises InvalidInput where a question is not answered or a template is not here, ChangedMeanwhile where there is a
    newer version by now.
    """
    require(person, MARKETING)
    trigger = trigger_named(session, name, lock=True)
    version = newest(session, trigger)
    if version.number != wish.number:
        raise ChangedMeanwhile
    if trigger.state == "retired":
        raise Conflict(f"The trigger {name} is retired; nothing of it is published any more.")
    if faults := faults_of(session, wish, trigger, version):
        raise InvalidInput("; ".join(f"{field}: {fault}" for field, fault in faults.items()))
    if waits := asked(session, trigger):
        if waits.version_id == version.id:
            raise Conflict("Somebody asked for this already; it waits for a second person.")
        _settle(session, waits, "withdrawn", person, now=now)
    publication = Publication(
        trigger_id=trigger.id,
        version_id=version.id,
        state="asked",
        goes=wish.goes,
        answers={name: wish.answers[name].strip() for name in QUESTIONS},
        two_people=trigger.two_people,
        asked_by=person.id,
        asked_at=now,
    )
    session.add(publication)
    session.flush()
    if trigger.two_people:
        _note(session, trigger, version, "ask_to_publish", publication, person, now=now)
        _tell_others(session, trigger, publication, now=now)
        return publication
    return _put(session, trigger, version, publication, person, now=now)


def second(session: Session, name: str, *, agrees: bool, person: Person, now: datetime) -> Publication:
    """The second person's word. Whoever asked may take it back, and not agree with themselves."""
    require(person, MARKETING)
    trigger = trigger_named(session, name, lock=True)
    publication = asked(session, trigger)
    if publication is None:
        raise NotFound("Nothing waits for a second person here.")
    version = session.get_one(TriggerVersion, publication.version_id)
    if not agrees:
        _settle(session, publication, "withdrawn", person, now=now)
        _note(session, trigger, version, "refuse_to_publish", publication, person, now=now)
        return publication
    if publication.two_people and publication.asked_by == person.id:
        raise NotAllowed("You asked for this yourself; it takes a second person to publish it.")
    if newest(session, trigger).id != version.id:
        raise ChangedMeanwhile
    if silent := _silent(session, version):
        raise Conflict(silent)
    return _put(session, trigger, version, publication, person, now=now)


def want_two_people(session: Session, name: str, wanted: bool, *, person: Person, now: datetime) -> None:
    """Whether publishing takes two. Anybody of marketing may ask for it; only an admin takes it away."""
    trigger = trigger_named(session, name, lock=True)
    require(person, MARKETING if wanted else ADMIN)
    if trigger.two_people == wanted:
        return
    trigger.two_people = wanted
    action = "want_two_people" if wanted else "want_one_person"
    record(session, Doer(person.name, person.id), action, trigger, now=now)
    session.flush()


def _silent(session: Session, version: TriggerVersion) -> str:
    return " ".join(unspoken(session, definition_of(session, version.id)))


def _put(
    session: Session,
    trigger: Trigger,
    version: TriggerVersion,
    publication: Publication,
    person: Person,
    *,
    now: datetime,
) -> Publication:
    put_in_force(session, trigger, version)
    if trigger.state != publication.goes:
        set_state(session, trigger, publication.goes, now=now)
    _settle(session, publication, "done", person, now=now)
    _note(session, trigger, version, "publish", publication, person, now=now)
    return publication


def _tell_others(session: Session, trigger: Trigger, publication: Publication, *, now: datetime) -> None:
    """Everybody who may agree, and the company's webhook."""
    others = select(Person.id).where(
        Person.role.in_((MARKETING, ADMIN)), Person.active, Person.id != publication.asked_by
    )
    news = News(
        key=f"{NOTICE}:{publication.id}",
        kind=NOTICE,
        subject="A trigger waits for a second person",
        body="A colleague answered the questions and wants to publish it. Read them, and agree or not.",
        path=f"/triggers/{trigger.name}",
    )
    tell_all(session, news, session.scalars(others).all(), now=now)


def _settle(session: Session, publication: Publication, state: str, person: Person, *, now: datetime) -> None:
    publication.state, publication.settled_by, publication.settled_at = state, person.id, now
    session.flush()


def _note(
    session: Session,
    trigger: Trigger,
    version: TriggerVersion,
    action: str,
    publication: Publication,
    person: Person,
    *,
    now: datetime,
) -> None:
    doer = Doer(person.name, person.id)
    record(session, doer, action, trigger, now=now, version=version.number, goes=publication.goes)
