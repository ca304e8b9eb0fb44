"""Light celebrations approved together: which may, how each is checked, and taking the batch back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.ids import new_id
from engine.review.bulk import approve_several, batch_of, light, remember, undo_several
from engine.review.decisions import edit
from engine.review.taking import take
from engine.storage.models import Message, Person
from tests.engine.builders import NOW, make_customer, make_trigger
from tests.engine.review.desk import audited, claim, person, written
from tests.engine.write.desk import birthday, seed, solved


@pytest.fixture
def kim(session: Session) -> Person:
    seed(session)
    return person(session, "Kim")


def easy(session: Session, **fields: Any) -> Message:
    review = fields.pop("review", {})
    trigger = make_trigger(session, review=review)
    return written(session, birthday(session, trigger=trigger, **{"must_read": False} | fields))


def together(session: Session, kim: Person, *messages: Message) -> tuple[set[UUID], dict[UUID, str]]:
    chosen = [(message.id, message.version) for message in messages]
    done = approve_several(session, chosen, person=kim, now=NOW, release_seconds=60)
    return {message_id for message_id, _ in done.went}, dict(done.refused)


def test_light_celebrations_go_together_each_signed_and_audited(session: Session, kim: Person) -> None:
    """By the same approval as any other."""
    first, second = easy(session), easy(session)
    went, refused = together(session, kim, first, second)
    assert (went, refused) == ({first.id, second.id}, {})
    session.expire_all()
    assert (first.state, first.approved_by) == ("approved", kim.id)
    assert ("Kim", "approve") in audited(session, second)


def test_what_must_be_read_by_itself_is_refused_and_stops_no_other(session: Session, kim: Person) -> None:
    """A recovery, one that must be read, a heavy one, four eyes, a remark on its tone, one that another writes at."""
    fine = easy(session)
    reasons = {
        written(session, solved(session, must_read=False)): "Only celebrations",
        easy(session, must_read=True): "by itself",
        easy(session, weight=50): "by itself",
        easy(session, review={"must_read_weight": 20}, weight=20): "by itself",
        easy(session, review={"four_eyes": True}): "Two people",
        easy(session, customer=make_customer(session, first_name="Kindly")): "remark on its tone",
        (held := easy(session)): "Lee is writing at this",
    }
    take(session, held.id, person=person(session, "Lee"), now=NOW)
    went, refused = together(session, kim, fine, *reasons)
    assert went == {fine.id}
    for message, reason in reasons.items():
        assert reason in refused[message.id]
        session.refresh(message)
        assert message.state == "in_review"


def test_only_the_version_that_was_read_goes(session: Session, kim: Person) -> None:
    """What somebody changed meanwhile is refused, and so is what came too late or is not there."""
    changed, late = easy(session), easy(session, expires_at=NOW)
    stale = (changed.id, changed.version)
    texts = {"email": {"subject": "x", "body": "Dear Ada, 14 February. [[ signature ]]"}}
    edit(session, changed.id, texts, version=changed.version, person=kim, now=NOW)
    nowhere = new_id()
    done = approve_several(
        session, [stale, (late.id, late.version), (nowhere, 1)], person=kim, now=NOW, release_seconds=60
    )
    assert done.went == []
    assert {why for _, why in done.refused} == {
        "Somebody else changed this message in the meantime.",
        "This message would come too late; late is worse than never.",
        "There is no such message.",
    }


def test_what_is_shown_to_be_read_is_what_goes(session: Session, kim: Person) -> None:
    """Word for word, with the name under it; nothing is shown of those that must be opened."""
    message, heavy = easy(session, channel="email"), easy(session, must_read=True)
    shown = light(session, [message.id, heavy.id], person=kim)
    assert set(shown) == {message.id}
    together(session, kim, message)
    session.expire_all()
    from tests.engine.write.desk import latest

    sent = latest(session, message).texts[shown[message.id].text]
    assert (shown[message.id].subject, shown[message.id].body) == (sent["subject"], sent["body"])
    assert "Kim" in shown[message.id].body


def test_a_batch_is_taken_back_whole(session: Session, kim: Person) -> None:
    """But what a worker holds by then, which says so; and nobody takes another's back."""
    back, gone = easy(session), easy(session)
    chosen = [(back.id, back.version), (gone.id, gone.version)]
    done = approve_several(session, chosen, person=kim, now=NOW, release_seconds=60)
    batch = remember(session, done, person=kim, now=NOW)
    lee = person(session, "Lee")
    assert batch_of(session, batch, person_id=lee.id, now=NOW, release_seconds=60) is None
    shown = batch_of(session, batch, person_id=kim.id, now=NOW + timedelta(seconds=20), release_seconds=60)
    assert shown is not None
    assert (set(shown.went), shown.seconds) == ({back.id, gone.id}, 40)
    claim(session, gone)
    undone = undo_several(session, batch, person=kim, now=NOW)
    assert [message_id for message_id, _ in undone.went] == [back.id]
    assert "being sent right now" in dict(undone.refused)[gone.id]


@pytest.mark.parametrize("many", [1, 5])
def test_what_is_light_is_found_in_a_few_statements(session: Session, kim: Person, many: int) -> None:
    """However many rows a page has."""
    ids = [easy(session).id for _ in range(many)]
    light(session, ids, person=kim)
    seen: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert len(light(session, ids, person=kim)) == many
    assert len(seen) == 2
