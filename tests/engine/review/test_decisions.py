"""Editing, approving, undoing and skipping: what each does, what it refuses, and that it is audited."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound
from engine.ids import new_id
from engine.plan.ending import end_message
from engine.review.decisions import ChangedMeanwhile, approve, edit, skip, undo, unskip
from engine.storage.models import Customer, Message, MessageMoment, Moment, Person, Revision
from tests.engine.builders import NOW, make_customer
from tests.engine.review.desk import audited, claim, person, written
from tests.engine.write.desk import COMPANY, birthday, body, latest, orders, seed, solved

SOON = NOW + timedelta(seconds=30)
MINE = {"email": {"subject": "For you, Ada", "body": "Dear Ada, 14 February is yours.\n\n[[ signature ]]"}}


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


@pytest.fixture
def ada(session: Session) -> Person:
    return person(session)


@pytest.fixture
def message(session: Session) -> Message:
    return written(session, birthday(session))


def refreshed(session: Session, message: Message) -> Message:
    session.expire_all()
    return message


# editing


def test_an_edit_is_a_new_revision_of_its_author(session: Session, message: Message, ada: Person) -> None:
    """The old one stays, and texts that were not given stay as they were."""
    sms = body(session, message, "sms")
    edit(session, message.id, MINE, version=message.version, person=ada, now=SOON)
    revision = latest(session, message)
    assert (revision.number, revision.author_id, revision.created_at) == (2, ada.id, SOON)
    assert revision.texts["email"] == MINE["email"]
    assert revision.texts["sms"]["body"] == sms
    assert message.edited
    assert len(session.scalars(select(Revision)).all()) == 2
    assert audited(session, message) == [("Ada Agent", "edit")]


def test_the_tone_of_an_edit_is_checked(session: Session, message: Message, ada: Person) -> None:
    """Against the customer's facts: it is another day than the one in the record."""
    wrong = {"email": {"subject": "x", "body": "Dear Ada, we apologize for any inconvenience.\n\n[[ signature ]]"}}
    edit(session, message.id, wrong, version=message.version, person=ada, now=SOON)
    categories = {finding["category"] for finding in latest(session, message).findings}
    assert {"non_apology", "status_cliche"} <= categories


def test_a_stale_edit_is_refused_with_both_texts(session: Session, message: Message, ada: Person) -> None:
    """Nobody's work is lost, and what is stored is the first one's."""
    seen = message.version
    edit(session, message.id, MINE, version=seen, person=ada, now=NOW)
    other = {"email": {"subject": "Another", "body": "Dear Ada, what a day.\n\n[[ signature ]]"}}
    with pytest.raises(ChangedMeanwhile) as refused:
        edit(session, message.id, other, version=seen, person=ada, now=NOW)
    assert refused.value.yours == other
    assert refused.value.theirs["email"] == MINE["email"]
    assert refused.value.version == refreshed(session, message).version
    assert body(session, message) == MINE["email"]["body"]


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({}, "nothing to save"),
        ({"fax": {"subject": None, "body": "x"}}, "no fax text"),
        ({"email": {"subject": "x", "body": " \n"}}, "email: the text is empty"),
        ({"email": {"subject": "", "body": "x"}}, "the subject is empty"),
        ({"email": {"subject": "a\nBcc: b@example.com", "body": "x"}}, "a subject is one line"),
        ({"email": {"subject": "x", "body": "x" * 20_001}}, "longer than 20,000"),
        ({"email": {"subject": "x", "body": "Hello <b>Ada</b>"}}, "<b> looks like HTML"),
        ({"email": {"subject": "x", "body": '<a href="http://x.example">x</a>'}}, "looks like HTML"),
    ],
)
def test_what_cannot_be_sent_is_not_saved(
    session: Session, message: Message, ada: Person, texts: dict[str, dict[str, str | None]], complaint: str
) -> None:
    """Each refusal names the text at fault and leaves nothing behind."""
    before = message.version
    with pytest.raises(InvalidInput, match=complaint):
        edit(session, message.id, texts, version=before, person=ada, now=NOW)
    assert (refreshed(session, message).version, message.number, message.edited) == (before, 1, False)


@pytest.mark.parametrize("words", ["2 < 3 and 4 > 3", "I <3 you", "see <https://shop.example/x>"])
def test_signs_that_only_resemble_html_are_welcome(session: Session, message: Message, ada: Person, words: str) -> None:
    """People write them."""
    edit(
        session,
        message.id,
        {"email": {"subject": "x", "body": words}},
        version=message.version,
        person=ada,
        now=NOW,
    )
    assert body(session, message) == words


def test_a_viewer_decides_nothing(session: Session, message: Message) -> None:
    """Roles are least by default."""
    viewer = person(session, "Vi Viewer", "viewer")
    version = message.version
    with pytest.raises(NotAllowed):
        edit(session, message.id, MINE, version=version, person=viewer, now=NOW)
    with pytest.raises(NotAllowed):
        approve(session, message.id, version=version, person=viewer, now=NOW)
    with pytest.raises(NotAllowed):
        undo(session, message.id, version=version, person=viewer, now=NOW)
    with pytest.raises(NotAllowed):
        skip(session, message.id, version=version, reason="no", person=viewer, now=NOW)
    with pytest.raises(NotAllowed):
        unskip(session, message.id, version=version, person=viewer, now=NOW)


def test_what_is_not_there_cannot_be_decided(session: Session, ada: Person) -> None:
    """An unknown id."""
    with pytest.raises(NotFound):
        approve(session, new_id(), version=1, person=ada, now=NOW)


# approving


def test_an_approval_is_signed_and_waits_a_minute(session: Session, message: Message, ada: Person) -> None:
    """What goes is word for word a revision, with the name of who read it."""
    approve(session, message.id, version=message.version, person=ada, now=NOW, release_seconds=60)
    text = body(session, message)
    assert (message.state, message.approved_by, message.approved_at) == ("approved", ada.id, NOW)
    assert message.release_at == NOW + timedelta(seconds=60)
    assert text.endswith(f"Ada Agent, {COMPANY}")
    assert audited(session, message) == [("Ada Agent", "approve")]


def test_the_one_who_approves_signs_whoever_edited(session: Session, message: Message, ada: Person) -> None:
    """The name is that of the last reader."""
    bob = person(session, "Bob Agent")
    edit(session, message.id, MINE, version=message.version, person=bob, now=NOW)
    approve(session, message.id, version=refreshed(session, message).version, person=ada, now=NOW)
    assert body(session, message).endswith(f"Ada Agent, {COMPANY}")


def test_hints_do_not_go_out(session: Session, ada: Person) -> None:
    """A suggested free part that was left alone is taken out, without a gap."""
    message = written(session, orders(session))
    assert "[[ hint:" in body(session, message)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    assert "[[" not in str(latest(session, message).texts)


def test_an_obligatory_free_part_has_to_be_written(session: Session, ada: Person) -> None:
    """Neither untouched, nor with its hints merely deleted, may it go."""
    message = written(session, solved(session, serious=True))
    with pytest.raises(InvalidInput, match="words of your own"):
        approve(session, message.id, version=message.version, person=ada, now=NOW)
    draft = latest(session, message).texts["email"]
    lines = [line for line in draft["body"].splitlines() if "[[ hint" not in line]
    bare = {"email": {**draft, "body": "\n".join(lines)}}
    edit(session, message.id, bare, version=message.version, person=ada, now=NOW)
    with pytest.raises(InvalidInput, match="words of your own"):
        approve(session, message.id, version=refreshed(session, message).version, person=ada, now=NOW)
    own = {"email": {**draft, "body": "\n".join([*lines[:4], "You waited in for it twice.", *lines[4:]])}}
    edit(session, message.id, own, version=refreshed(session, message).version, person=ada, now=NOW)
    approve(session, message.id, version=refreshed(session, message).version, person=ada, now=NOW)
    assert "[[" not in body(session, message)
    assert body(session, message).count("Ada Agent") == 2  # in the text, and under it


def test_what_the_mission_forbids_cannot_be_approved(session: Session, message: Message, ada: Person) -> None:
    """The refusal says what and why; the message stays where it was."""
    texts = {"email": {"subject": "x", "body": "Dear Ada, unfortunately 14 February is over.\n\n[[ signature ]]"}}
    edit(session, message.id, texts, version=message.version, person=ada, now=NOW)
    version = refreshed(session, message).version
    with pytest.raises(InvalidInput, match="unfortunately"):
        approve(session, message.id, version=version, person=ada, now=NOW)
    assert (refreshed(session, message).state, message.version, message.number) == ("in_review", version, 2)


def test_a_warning_warns_and_does_not_block(session: Session, message: Message, ada: Person) -> None:
    """A person decides; the audit keeps how grave it was."""
    texts = {"email": {"subject": "x", "body": "Dear Ada, it is 14 February! Hurray! Yes! Yes! Yes!!! [[ signature ]]"}}
    edit(session, message.id, texts, version=message.version, person=ada, now=NOW)
    assert latest(session, message).findings
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    assert refreshed(session, message).state == "approved"


def test_what_would_come_too_late_is_not_approved(session: Session, message: Message, ada: Person) -> None:
    """Late is worse than never, from the very instant of expiry."""
    with pytest.raises(InvalidInput, match="too late"):
        approve(session, message.id, version=message.version, person=ada, now=message.expires_at)


def test_an_approved_message_is_not_approved_again(session: Session, message: Message, ada: Person) -> None:
    """The second one is told what it is now."""
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    with pytest.raises(Conflict, match="is approved"):
        approve(session, message.id, version=refreshed(session, message).version, person=ada, now=NOW)


def test_an_unwritten_draft_cannot_be_approved(session: Session, ada: Person) -> None:
    """There is nothing to read yet."""
    message = written(session, solved(session, problem={"what_we_did": None}))
    with pytest.raises(Conflict, match="not written yet"):
        approve(session, message.id, version=message.version, person=ada, now=NOW)


def test_an_approval_of_what_somebody_just_changed_is_refused(session: Session, message: Message, ada: Person) -> None:
    """No one's name stands under a text they did not read."""
    seen = message.version
    edit(session, message.id, MINE, version=seen, person=person(session, "Bob Agent"), now=NOW)
    with pytest.raises(ChangedMeanwhile):
        approve(session, message.id, version=seen, person=ada, now=NOW)
    assert refreshed(session, message).state == "in_review"


# undoing


def test_an_approval_can_be_undone(session: Session, message: Message, ada: Person) -> None:
    """It is in review again, with the text as it was before it was signed, and can be approved by somebody else."""
    draft = body(session, message)
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    undo(session, message.id, version=refreshed(session, message).version, person=ada, now=SOON)
    assert body(session, message) == draft
    assert (message.state, message.approved_at, message.approved_by, message.release_at) == (
        "in_review",
        None,
        None,
        None,
    )
    bob = person(session, "Bob Agent")
    approve(session, message.id, version=message.version, person=bob, now=SOON)
    assert body(session, message).endswith(f"Bob Agent, {COMPANY}")
    assert "Ada Agent" not in body(session, message)
    assert [action for _, action in audited(session, message)] == ["approve", "undo", "approve"]


def test_it_can_be_pulled_back_long_after_the_minute(session: Session, message: Message, ada: Person) -> None:
    """As long as no worker has it."""
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    claim(session, message, "refused", ended_at=NOW, reason="outside_window")
    undo(session, message.id, version=refreshed(session, message).version, person=ada, now=NOW + timedelta(hours=5))
    assert refreshed(session, message).state == "in_review"


def test_what_a_worker_has_claimed_cannot_be_undone(session: Session, message: Message, ada: Person) -> None:
    """Also within the minute: it is on its way."""
    approve(session, message.id, version=message.version, person=ada, now=NOW)
    claim(session, message)
    version = refreshed(session, message).version
    with pytest.raises(Conflict, match="being sent"):
        undo(session, message.id, version=version, person=ada, now=SOON)
    with pytest.raises(Conflict, match="being sent"):
        skip(session, message.id, version=version, reason="no", person=ada, now=SOON)
    assert (refreshed(session, message).state, message.version) == ("approved", version)


def test_only_an_approval_can_be_undone(session: Session, message: Message, ada: Person) -> None:
    """A message in review has nothing to take back."""
    with pytest.raises(Conflict, match="in review"):
        undo(session, message.id, version=message.version, person=ada, now=NOW)


# skipping


def test_a_skip_ends_the_message_and_its_moment_with_a_reason(session: Session, message: Message, ada: Person) -> None:
    """Nothing is skipped silently."""
    skip(session, message.id, version=message.version, reason="  she moved\naway ", person=ada, now=NOW)
    moment = session.scalars(select(Moment)).one()
    assert (message.state, message.reason) == (moment.state, moment.reason) == ("skipped", "she moved away")
    assert audited(session, message) == [("Ada Agent", "skip")]


def test_a_skip_needs_a_reason(session: Session, message: Message, ada: Person) -> None:
    """Blanks are none."""
    with pytest.raises(InvalidInput, match="reason"):
        skip(session, message.id, version=message.version, reason=" \n ", person=ada, now=NOW)


def test_a_draft_that_asks_for_a_fact_can_be_skipped(session: Session, ada: Person) -> None:
    """Its question is answered by leaving it."""
    message = written(session, solved(session, problem={"what_we_did": None}))
    skip(session, message.id, version=message.version, reason="told her on the phone", person=ada, now=NOW)
    assert refreshed(session, message).state == "skipped"


@pytest.mark.parametrize("approved_before", [False, True])
def test_a_skip_can_be_taken_back_within_the_minute(
    session: Session, message: Message, ada: Person, approved_before: bool
) -> None:
    """Message and moment are as before, alive and unsigned."""
    draft = body(session, message)
    if approved_before:
        approve(session, message.id, version=message.version, person=ada, now=NOW)
    skip(session, message.id, version=refreshed(session, message).version, reason="oops", person=ada, now=NOW)
    unskip(session, message.id, version=message.version, person=ada, now=NOW + timedelta(seconds=60))
    assert body(session, message) == draft
    assert (message.state, message.reason) == ("in_review", None)
    assert session.execute(select(Moment.state, Moment.reason)).one() == ("written", None)
    assert session.scalars(select(MessageMoment.live)).all() == [True]


def test_a_skip_cannot_be_taken_back_after_the_minute(session: Session, message: Message, ada: Person) -> None:
    """The day may have been given to something else."""
    skip(session, message.id, version=message.version, reason="oops", person=ada, now=NOW)
    with pytest.raises(Conflict, match="within a minute"):
        unskip(
            session, message.id, version=message.version, person=ada, now=NOW + timedelta(seconds=60, microseconds=1)
        )


def test_what_jubilee_skipped_is_not_brought_back_by_hand(session: Session, message: Message, ada: Person) -> None:
    """Its reason still holds."""
    end_message(session, message.id, "skipped", "deceased", now=NOW)
    with pytest.raises(Conflict, match="within a minute"):
        unskip(session, message.id, version=refreshed(session, message).version, person=ada, now=NOW)


def test_a_day_that_was_given_to_another_message_is_not_taken_back(session: Session, ada: Person) -> None:
    """At most one celebration per customer and local day, also after an undo."""
    customer: Customer = make_customer(session)
    message = written(session, birthday(session, customer))
    skip(session, message.id, version=message.version, reason="oops", person=ada, now=NOW)
    orders(session, customer=customer, send_on=message.send_on)
    with pytest.raises(Conflict, match="taken this day"):
        unskip(session, message.id, version=message.version, person=ada, now=SOON)
    assert refreshed(session, message).state == "skipped"
