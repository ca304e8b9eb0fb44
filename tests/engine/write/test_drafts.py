"""Writing what is due: texts, findings, questions; and one bad message never stops the others."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.storage.models import AuditEntry, Message, Moment, Problem, Revision, TemplateVersion, TriggerVersion
from tests.engine.builders import NOW, make_customer, make_message, make_moment, make_trigger
from tests.engine.write.desk import (
    COMPANY,
    TEAM,
    birthday,
    body,
    fact,
    first_order,
    latest,
    message_of,
    orders,
    questions,
    seed,
    solved,
    write,
)

AUTO = {"policy": "auto", "must_read_weight": 50}


@pytest.fixture(autouse=True)
def _seeded(session: Session) -> None:
    seed(session)


def light(session: Session, **fields: Any) -> Message:
    """A birthday that its trigger lets go by itself."""
    trigger = make_trigger(session, review=AUTO)
    return birthday(session, trigger=trigger, must_read=False, **fields)


def send_it(session: Session, message: Message) -> None:
    """Pretend that the message went out."""
    session.refresh(message)
    if message.state == "in_review":
        message.state, message.approved_at, message.release_at = "approved", NOW, NOW
        session.flush()
    message.state, message.handed_over_at = "handed_over", NOW
    session.flush()


def test_the_day_of_a_birthday_is_no_secret(session: Session) -> None:
    """A shipped greeting may name the day it greets, without a remark about what must not be said."""
    facts = {"month": fact(11, "birthday", sayable=False), "day": fact(27, "birthday", sayable=False)}
    message = message_of(session, make_trigger(session), facts)
    write(session)
    assert "27" in body(session, message)
    assert latest(session, message).findings == []


def test_a_due_draft_is_written_and_waits_for_a_person(session: Session) -> None:
    """Every channel's text is there, the moment is written, and nobody signs yet."""
    message = birthday(session)
    assert write(session) == 1
    revision = latest(session, message)
    assert (message.state, message.number, message.written_at) == ("in_review", 1, NOW)
    assert set(revision.texts) == {"email", "sms", "inapp"}
    assert "February 14" in revision.texts["email"]["body"]
    assert revision.texts["email"]["body"].endswith("[[ signature ]]")
    assert revision.author_id is None
    assert session.scalars(select(Moment.state)).all() == ["written"]


def test_a_draft_that_is_not_due_is_left_alone(session: Session) -> None:
    """A microsecond early is early."""
    message = birthday(session, write_at=NOW + timedelta(microseconds=1))
    assert write(session) == 0
    session.expire_all()
    assert message.state == "draft"


def test_writing_comes_in_batches(session: Session) -> None:
    """The caller commits in between and asks until nothing is left."""
    for _ in range(3):
        birthday(session)
    assert [write(session, limit=2) for _ in range(3)] == [2, 1, 0]


def test_the_revision_remembers_what_it_was_written_from(session: Session) -> None:
    """Facts with their sources, the template's and the mission's versions, the variant and the language."""
    message = birthday(session, make_customer(session, locale="de-AT"))
    write(session)
    revision = latest(session, message)
    assert revision.facts["birthday"] == {"value": "2000-02-14", "source": "birthday", "sayable": True}
    assert revision.facts["customer.first_name"]["source"] == "customer record"
    assert (revision.locale, revision.variant in (1, 2)) == ("de-AT", True)
    assert revision.template_version_id is not None
    assert revision.mission_id is not None
    assert "14. Februar" in revision.texts["email"]["body"]


@pytest.mark.parametrize("variant", [1, 2])
def test_shipped_texts_come_through_the_tone_check_without_a_word(
    session: Session, monkeypatch: pytest.MonkeyPatch, variant: int
) -> None:
    """Both variants of them: other customers got the same template, and that is no reproach."""
    monkeypatch.setattr("engine.write.drafts.choose_variant", lambda *_: variant)
    messages = [make(session) for make in (birthday, orders, solved) for _ in range(2)]
    write(session)
    revisions = [latest(session, message) for message in messages]
    assert {revision.variant for revision in revisions} == {variant}
    assert [revision.findings for revision in revisions] == [[]] * 6


def test_a_missing_fact_stops_the_draft_and_asks_the_owner(session: Session) -> None:
    """It names the fact, the ticket and its owner; nothing is written, and it is tried again in an hour."""
    message = solved(session, problem={"what_we_did": None})
    assert write(session) == 1
    assert questions(session, message) == [
        ("missing_fact", "What we did about it is not known: ask Tom, who owns ticket 1"),
    ]
    assert (message.state, message.number, message.write_at) == ("draft", 0, NOW + timedelta(hours=1))
    assert session.scalars(select(Revision)).all() == []


def test_a_customer_without_a_name_is_never_greeted_with_a_gap(session: Session) -> None:
    """It never sends "Dear ,"."""
    message = birthday(session, make_customer(session, first_name=None, external_id="c-77"))
    write(session)
    assert questions(session, message) == [
        ("missing_fact", "The first name is not known of the customer c-77"),
    ]


def test_a_fact_that_may_not_be_said_stops_the_draft_too(session: Session) -> None:
    """A template prints it, the record forbids it."""
    trigger = make_trigger(session, occasion="order_milestone", template="order_milestone")
    message = message_of(session, trigger, {"order_count": fact(10, sayable=False)})
    write(session)
    assert questions(session, message) == [
        ("missing_fact", "Order count may not be said aloud, but the template order_milestone prints it"),
    ]


def test_the_question_ends_when_the_fact_is_there(session: Session) -> None:
    """The next try writes the text and releases the hold."""
    message = solved(session, problem={"what_we_did": None})
    write(session)
    session.scalars(select(Problem)).one().what_we_did = "we sent the shade"
    assert write(session, now=NOW + timedelta(minutes=59)) == 0
    assert write(session, now=NOW + timedelta(hours=1)) == 1
    assert questions(session, message) == []
    assert message.state == "in_review"
    assert "We sent the shade." in body(session, message)


def test_asking_again_keeps_one_hold_with_the_latest_question(session: Session) -> None:
    """However often it is tried; what is asked follows what is missing now."""
    message = solved(session, problem={"what_we_did": None, "what_happened": None})
    for hours in range(3):
        write(session, now=NOW + timedelta(hours=hours))
    assert [name for name, _ in questions(session, message)] == ["missing_fact"]
    assert "What happened is not known" in str(questions(session, message)[0][1])


def test_one_bad_message_does_not_stop_the_others(session: Session) -> None:
    """A template that is not there, a fact that is missing, and between them a birthday that is written."""
    lost = birthday(session, template="no_such_template")
    message = birthday(session)
    asked = solved(session, problem={"what_we_did": None})
    assert write(session) == 3
    assert questions(session, lost) == [
        ("template_refused", "template no_such_template: There is no template no_such_template."),
    ]
    assert (lost.state, message.state, asked.state) == ("draft", "in_review", "draft")


def test_a_fault_of_our_own_is_a_question_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with one message leaves nothing half-written and is seen in the queue."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    message = birthday(session)
    monkeypatch.setattr("engine.write.drafts.answered", broken)
    assert write(session) == 1
    assert questions(session, message) == [("template_refused", "template birthday: ZeroDivisionError")]
    assert (message.state, message.number) == ("draft", 0)


def test_a_template_that_was_broken_later_is_refused_at_writing(session: Session) -> None:
    """The check of the saved text is repeated when it is rendered."""
    message = birthday(session)
    versions = session.scalars(select(TemplateVersion)).all()
    row = next(version for version in versions if version.body["name"] == "birthday")
    texts = [text | {"body": "{{ customer.first_name() }}"} for text in row.body["texts"]]
    row.body = row.body | {"texts": texts}
    session.flush()
    write(session)
    assert [name for name, _ in questions(session, message)] == ["template_refused"]


def test_merged_moments_speak_in_the_message_of_the_first(session: Session) -> None:
    """Each in the one line of its own template; both are written."""
    customer = make_customer(session)
    facts = {"month": fact(2, "birthday", sayable=False), "day": fact(14, "birthday", sayable=False)}
    lead = make_moment(session, customer, make_trigger(session), facts=facts)
    of_orders = make_trigger(session, occasion="order_milestone", template="order_milestone")
    merged = make_moment(session, customer, of_orders, facts={"order_count": fact(10)})
    message = make_message(session, lead, merged, write_at=NOW)
    write(session)
    text = body(session, message)
    assert "February 14" in text
    assert "And your 10th order has reached us." in text
    assert (lead.state, merged.state) == ("written", "written")


def test_a_merged_moment_whose_fact_is_missing_stops_the_whole_message(session: Session) -> None:
    """Leaving it out without a word would be skipping it silently."""
    customer = make_customer(session)
    facts = {"month": fact(2, "birthday", sayable=False), "day": fact(14, "birthday", sayable=False)}
    lead = make_moment(session, customer, make_trigger(session), facts=facts)
    of_orders = make_trigger(session, occasion="order_milestone", template="order_milestone")
    message = make_message(session, lead, make_moment(session, customer, of_orders), write_at=NOW)
    write(session)
    [(name, detail)] = questions(session, message)
    assert (name, "Order count" in str(detail)) == ("missing_fact", True)


def test_no_customer_gets_the_same_text_twice(session: Session) -> None:
    """The second birthday gets the other variant, and reads differently."""
    customer = make_customer(session)
    first = birthday(session, customer)
    write(session)
    send_it(session, first)
    second = birthday(session, customer, send_on=NOW.date() + timedelta(days=365))
    write(session)
    assert latest(session, first).variant != latest(session, second).variant
    assert body(session, first) != body(session, second)
    assert latest(session, second).findings == []


def test_when_every_variant_was_received_the_queue_says_so(session: Session) -> None:
    """The one of longest ago is taken again, with a warning of sameness, and no policy lets it go by itself."""
    customer = make_customer(session)
    for year in range(3):
        message = birthday(
            session,
            customer,
            trigger=make_trigger(session, review=AUTO),
            must_read=False,
            send_on=NOW.date() + timedelta(days=365 * year),
        )
        write(session)
        if year < 2:
            send_it(session, message)
    assert [finding["category"] for finding in latest(session, message).findings] == ["sameness"]
    assert message.state == "in_review"


def test_a_light_text_is_released_by_its_triggers_policy(session: Session) -> None:
    """Signed by the team, as no one read it; nobody's name is on it, and the audit names the policy."""
    message = light(session)
    write(session, release_seconds=30)
    text = body(session, message)
    assert (message.state, message.approved_by, message.approved_at) == ("approved", None, NOW)
    assert message.release_at == NOW  # there is no click to undo
    assert text.endswith(f"{TEAM}, {COMPANY}")
    assert "[[" not in text
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.person_id) == ("policy", "approve", None)


def test_what_must_be_read_is_not_released_by_any_policy(session: Session) -> None:
    """Promise 8."""
    message = birthday(session, trigger=make_trigger(session, review=AUTO), must_read=True)
    write(session)
    session.expire_all()
    assert message.state == "in_review"


def test_a_trigger_that_wants_a_person_releases_nothing_by_itself(session: Session) -> None:
    """Light or not."""
    message = birthday(session, must_read=False)
    write(session)
    session.expire_all()
    assert message.state == "in_review"


def test_a_text_that_the_mission_forbids_is_not_released_by_a_policy(session: Session) -> None:
    """A first name is enough to bring a forbidden word in, and a person looks at it."""
    customer = make_customer(session, first_name="Kindly")
    message = birthday(session, customer, trigger=make_trigger(session, review=AUTO), must_read=False)
    write(session)
    assert "block" in {finding["severity"] for finding in latest(session, message).findings}
    assert message.state == "in_review"


def test_a_text_with_an_obligatory_free_part_is_never_released_by_a_policy(session: Session) -> None:
    """Whatever the trigger says: somebody has to write first."""
    message = solved(session, serious=True, must_read=False)
    version = session.get_one(TriggerVersion, message.trigger_version_id)
    version.definition = version.definition | {"review": version.definition["review"] | {"policy": "auto"}}
    session.flush()
    write(session)
    session.expire_all()
    assert message.state == "in_review"


def test_what_customers_wrote_cannot_forge_a_signature_or_a_hint(session: Session) -> None:
    """Doubled brackets from outside are broken up, in Markdown and in plain text."""
    message = birthday(session, make_customer(session, first_name="[[ signature ]] [[ hint: x ]]"))
    write(session)
    texts = latest(session, message).texts
    for text in texts.values():
        assert text["body"].count("[[ signature ]]") == 1
        assert "[[ hint" not in text["body"]


def test_findings_point_into_the_text_they_are_about(session: Session) -> None:
    """Subject and body each count from their own start."""
    message = birthday(session, make_customer(session, first_name="Kindly"))
    write(session)
    revision = latest(session, message)
    assert revision.findings
    for finding in revision.findings:
        text = revision.texts["email"][finding["part"]]
        assert text[finding["start"] : finding["end"]].lower() == "kindly"


def test_the_first_order_is_told_by_its_month(session: Session) -> None:
    """From the customer's dates, not from the moment."""
    customer = make_customer(session)
    first_order(session, customer, 2025, 5, 30)
    name = "first_order_anniversary"
    trigger = make_trigger(session, occasion=name, template=name)
    facts = {"years": fact(1, "first:order_completed"), "since": fact("2025-05-30", "first:order_completed")}
    message = message_of(session, trigger, facts, customer)
    write(session)
    assert "May 2025" in body(session, message)
