"""A version comes into force once it is published, by one person or by two; states change only as the table says."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.definitions import publishing, states
from engine.definitions.publishing import Wish, publish, second, want_two_people
from engine.definitions.store import set_state
from engine.definitions.versions import ChangedMeanwhile, NameTaken, Save, newest, proposed, save_version, trigger_named
from engine.errors import Conflict, InvalidDefinition, InvalidInput, NotAllowed, NotFound
from engine.plan.ending import end_retired
from engine.storage.models import AuditEntry, Hold, Message, Moment, Notice, Person, Publication, Template, Trigger
from engine.transitions import TRIGGER
from tests.engine.builders import make_customer, make_definition, make_message, make_moment, make_trigger
from tests.engine.people.staff import make_person
from triggers.table import KINDS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ANSWERS = dict.fromkeys(publishing.QUESTIONS, "Thought about, by two of us.")
WAYS = [(one, other) for one in TRIGGER for other in TRIGGER if one != other]


@pytest.fixture(autouse=True)
def template(session: Session) -> Template:
    """The one that these triggers speak by."""
    made = Template(name="birthday", family="celebrate", occasion="birthday", version_id=uuid4(), created_at=NOW)
    session.add(made)
    return made


@pytest.fixture
def mia(session: Session) -> Person:
    return make_person(session, "mia@example.com", role="marketing")


@pytest.fixture
def tom(session: Session) -> Person:
    return make_person(session, "tom@example.com", role="marketing")


def save(session: Session, person: Person, expected: int, **changed: object) -> int:
    definition = make_definition(**{"name": "birthday"} | changed)  # type: ignore[arg-type]
    return save_version(session, definition, KINDS, Save(person, "a try", expected, NOW)).number


def wish(number: int, goes: str = "active", **answers: str) -> Wish:
    return Wish(number, goes, ANSWERS | answers)


def stands(session: Session) -> tuple[str, int, int | None]:
    """The state, the number in force, and the number that is proposed."""
    trigger = trigger_named(session, "birthday")
    ahead = proposed(session, trigger)
    last = newest(session, trigger).number
    return trigger.state, last - 1 if ahead else last, ahead.number if ahead else None


def test_a_draft_says_what_was_saved_last_and_a_live_one_what_was_published(session: Session, mia: Person) -> None:
    """Saving again what is there makes no version."""
    assert save(session, mia, 0) == 1
    assert save(session, mia, 1, weight=40) == 2
    assert save(session, mia, 2, weight=40) == 2
    assert stands(session) == ("draft", 2, None)
    publish(session, "birthday", wish(2), person=mia, now=NOW)
    assert save(session, mia, 2, weight=50) == 3
    assert stands(session) == ("active", 2, 3)
    publish(session, "birthday", wish(3), person=mia, now=NOW)
    assert stands(session) == ("active", 3, None)
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.at, AuditEntry.id)).all()
    assert sorted(actions) == ["publish", "publish", "save_trigger", "save_trigger", "save_trigger"]


def test_nobody_saves_over_what_they_have_not_seen(session: Session, mia: Person, tom: Person) -> None:
    """Nor makes a new one under a name that is taken."""
    save(session, mia, 0)
    save(session, tom, 1, weight=40)
    with pytest.raises(ChangedMeanwhile):
        save(session, mia, 1, weight=50)
    with pytest.raises(NameTaken):
        save(session, mia, 0)


def test_every_question_is_answered_before_it_speaks(session: Session, mia: Person) -> None:
    """And of exactly the newest version."""
    save(session, mia, 0)
    for refused in (wish(1, evidence=" "), wish(1, feeling="fine"), wish(1, "paused"), wish(1, "retired")):
        with pytest.raises(InvalidInput):
            publish(session, "birthday", refused, person=mia, now=NOW)
    save(session, mia, 1, weight=40)
    with pytest.raises(ChangedMeanwhile):
        publish(session, "birthday", wish(1), person=mia, now=NOW)
    assert stands(session)[0] == "draft"


@pytest.mark.parametrize("goes", ["shadow", "active"])
def test_what_has_no_template_is_kept_and_not_published(session: Session, mia: Person, goes: str) -> None:
    """Its own, or that of an exception: files come in any order, but nothing could be written."""
    in_mourning = {"name": "mourning", "when": {"field": "trait.mourns", "op": "eq", "value": True}}
    save(session, mia, 0, template="to_come")
    save(session, mia, 1, exceptions=[in_mourning | {"then": "alternative", "template": "quiet_one"}])
    with pytest.raises(InvalidInput, match="no template “quiet_one” yet"):
        publish(session, "birthday", wish(2, goes), person=mia, now=NOW)
    save(session, mia, 2, template="to_come")
    with pytest.raises(InvalidInput, match="no template “to_come” yet"):
        publish(session, "birthday", wish(3, goes), person=mia, now=NOW)
    assert stands(session) == ("draft", 3, None)


def test_nobody_agrees_to_what_has_no_template(session: Session, mia: Person, tom: Person, template: Template) -> None:
    """Such as to what was asked for before anybody looked for it."""
    save(session, mia, 0)
    want_two_people(session, "birthday", True, person=mia, now=NOW)
    publish(session, "birthday", wish(1), person=mia, now=NOW)
    session.delete(template)
    with pytest.raises(Conflict, match="no template “birthday” yet"):
        second(session, "birthday", agrees=True, person=tom, now=NOW)
    assert stands(session) == ("draft", 1, None)


def test_two_people_are_two(session: Session, mia: Person, tom: Person) -> None:
    """In the engine, and where somebody goes past it, in the database."""
    save(session, mia, 0)
    want_two_people(session, "birthday", True, person=mia, now=NOW)
    with pytest.raises(NotAllowed):
        want_two_people(session, "birthday", False, person=mia, now=NOW)
    asked = publish(session, "birthday", wish(1), person=mia, now=NOW)
    assert stands(session)[0] == "draft"
    assert set(session.scalars(select(Notice.person_id))) == {None, tom.id}
    with pytest.raises(NotAllowed):
        second(session, "birthday", agrees=True, person=mia, now=NOW)
    with pytest.raises(Conflict):
        publish(session, "birthday", wish(1), person=tom, now=NOW)
    alone = {"state": "done", "settled_by": mia.id, "settled_at": NOW}
    with pytest.raises(IntegrityError, match="two_people"), session.begin_nested():
        session.execute(update(Publication).where(Publication.id == asked.id).values(alone))
    second(session, "birthday", agrees=True, person=tom, now=NOW)
    assert stands(session) == ("active", 1, None)


def test_what_was_asked_for_is_not_agreed_to_when_it_says_something_else(
    session: Session, mia: Person, tom: Person
) -> None:
    """The second person agrees to what the first one answered for, or to nothing."""
    save(session, mia, 0)
    want_two_people(session, "birthday", True, person=mia, now=NOW)
    publish(session, "birthday", wish(1), person=mia, now=NOW)
    save(session, mia, 1, weight=40)
    with pytest.raises(ChangedMeanwhile):
        second(session, "birthday", agrees=True, person=tom, now=NOW)
    publish(session, "birthday", wish(2), person=mia, now=NOW)
    states_of = session.scalars(select(Publication.state).order_by(Publication.asked_at, Publication.id)).all()
    assert sorted(states_of) == ["asked", "withdrawn"]


def test_what_is_retired_is_neither_saved_nor_published_nor_agreed_to(
    session: Session, mia: Person, tom: Person
) -> None:
    """What waited for a second person is withdrawn with it."""
    save(session, mia, 0)
    want_two_people(session, "birthday", True, person=mia, now=NOW)
    asked = publish(session, "birthday", wish(1), person=mia, now=NOW)
    states.retire(session, "birthday", "it is over", person=tom, now=NOW)
    assert (asked.state, asked.settled_by) == ("withdrawn", tom.id)
    with pytest.raises(NotFound):
        second(session, "birthday", agrees=True, person=tom, now=NOW)
    with pytest.raises(Conflict, match="is retired"):
        publish(session, "birthday", wish(1), person=mia, now=NOW)
    with pytest.raises(Conflict, match="is retired"):
        save(session, mia, 1, weight=40)
    assert save(session, mia, 1) == 1  # what it says already is no change


def test_a_new_version_keeps_kind_and_family(session: Session, mia: Person) -> None:
    """As its moments' keys would mean something else."""
    save(session, mia, 0)
    with pytest.raises(InvalidDefinition, match="keeps its kind and family"):
        save(session, mia, 1, family="reassure", control_share=0)
    assert stands(session) == ("draft", 1, None)


def test_agents_change_nothing(session: Session, mia: Person) -> None:
    """Marketing and admins do."""
    agent = make_person(session, "agent@example.com", role="agent")
    save(session, mia, 0)
    for act in (
        lambda: save(session, agent, 1, weight=40),
        lambda: publish(session, "birthday", wish(1), person=agent, now=NOW),
        lambda: states.retire(session, "birthday", "x", person=agent, now=NOW),
    ):
        with pytest.raises(NotAllowed):
            act()


@pytest.mark.parametrize(("source", "target"), [way for way in WAYS if way[1] not in TRIGGER[way[0]]])
def test_a_forbidden_change_of_state_is_refused(session: Session, source: str, target: str) -> None:
    """Every one that the table does not list."""
    trigger = make_trigger(session, state=source)
    with pytest.raises(Conflict):
        set_state(session, trigger, target, reason="because", now=NOW)
    assert trigger.state == source


@pytest.mark.parametrize(("source", "target"), [way for way in WAYS if way[1] in TRIGGER[way[0]]])
def test_a_permitted_change_of_state_is_taken(session: Session, source: str, target: str) -> None:
    """And only a paused one has a reason."""
    trigger = make_trigger(session, state=source)
    set_state(session, trigger, target, reason="because", now=NOW)
    assert (trigger.state, trigger.paused_reason) == (target, "because" if target == "paused" else None)


@pytest.mark.parametrize("before", ["shadow", "active"])
def test_it_goes_on_as_before_the_pause(session: Session, mia: Person, before: str) -> None:
    """And what waited because of it is looked at again at once, where it sends."""
    trigger = make_trigger(session, name="birthday", state=before)
    later = NOW + timedelta(hours=1)
    moment = make_moment(session, make_customer(session), trigger, check_at=later)
    session.add(Hold(moment_id=moment.id, name="trigger_paused", opened_at=NOW))
    states.pause(session, "birthday", "a look", person=mia, now=NOW)
    states.resume(session, "birthday", "looked", person=mia, now=NOW)
    session.refresh(moment)
    assert trigger.state == before
    assert moment.check_at == (NOW if before == "active" else later)


def bring_to(session: Session, message: Message, state: str) -> None:
    """By the ways that are permitted."""
    message.written_at = message.approved_at = message.release_at = message.handed_over_at = NOW
    message.closed_at = NOW if state == "closed" else None
    for step in {"in_review": [state], "approved": [state]}.get(state, ["approved", "handed_over", "closed"]):
        message.state = step
        session.flush()


def test_what_waits_for_a_retired_trigger_ends_by_name_and_nothing_else(session: Session, mia: Person) -> None:
    """Spotted, drafted and approved alike; what went out, and what another trigger has, stays."""
    trigger, other = make_trigger(session, name="birthday"), make_trigger(session, name="other")
    ends = {}
    for state in ("spotted", "in_review", "approved", "closed"):
        moment = make_moment(session, make_customer(session), trigger)
        message = None if state == "spotted" else make_message(session, moment, write_at=NOW)
        if message:
            bring_to(session, message, state)
        session.flush()
        ends[state] = (moment, message)
    foreign = make_moment(session, make_customer(session), other)
    assert states.waiting(session, trigger) == states.Waiting(spotted=1, drafts=1, approved=1)
    assert states.retire(session, "birthday", "it is over", person=mia, now=NOW) == 3
    session.expire_all()
    for state in ("spotted", "in_review", "approved"):
        moment, message = ends[state]
        assert (moment.state, moment.reason) == ("skipped", "trigger_retired")
        assert message is None or (message.state, message.reason) == ("skipped", "trigger_retired")
    gone = ends["closed"][1]
    assert gone is not None
    assert gone.state == "closed"
    assert session.get_one(Moment, foreign.id).state == "spotted"
    assert end_retired(session, now=NOW) == 0
    assert session.scalars(select(Message.state).where(Message.state == "approved")).all() == []


def test_the_rest_of_very_many_ends_with_the_next_rounds(session: Session, mia: Person) -> None:
    """A batch at a time, and what has gone out stands in nobody's way."""
    trigger = make_trigger(session, name="birthday")
    for _ in range(2):
        gone = make_moment(session, make_customer(session), trigger)
        bring_to(session, make_message(session, gone, write_at=NOW), "closed")
    for _ in range(5):
        make_moment(session, make_customer(session, consent=False), trigger)
    session.execute(update(Trigger).values(state="retired"))
    assert [end_retired(session, now=NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_watching_shows_what_nothing_else_would_have_kept_back(session: Session) -> None:
    """Of two moments one was held for another reason too."""
    trigger = make_trigger(session, name="birthday", state="shadow")
    for names in (("shadow",), ("shadow", "cap")):
        moment = make_moment(session, make_customer(session), trigger)
        session.add_all(Hold(moment_id=moment.id, name=name, opened_at=NOW) for name in names)
    session.flush()
    assert states.shown_in_shadow(session, trigger) == states.Shadow(found=2, free=1)
