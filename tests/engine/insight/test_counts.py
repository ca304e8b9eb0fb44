"""What became of moments and messages is counted once each, by day, trigger and template."""

from datetime import timedelta

from sqlalchemy import event as listened
from sqlalchemy.orm import Session

from engine.insight.cases import Wanted
from engine.insight.counts import tallies, tally
from engine.insight.spans import last_days
from engine.insight.tally import Score, Tally
from engine.storage.models import Hold
from tests.engine.builders import NOW, make_customer, make_event, make_message, make_moment, make_trigger
from tests.engine.insight.history import TODAY, answer, at, decide, deliver, hire_one, leave, send, tell

MONTH = last_days(30, today=TODAY)
DAY = TODAY - timedelta(days=10)


def test_every_way_of_a_moment_is_counted(session: Session) -> None:
    """Spotted, held by name, control, ended by reason, written, sent, delivered."""
    trigger, robin = make_trigger(session), hire_one(session)
    waits = make_moment(session, make_customer(session), trigger, send_on=DAY)
    for name in ("open_problem", "cap"):
        session.add(Hold(moment_id=waits.id, name=name, opened_at=NOW))
    session.add(Hold(moment_id=waits.id, name="cap", opened_at=NOW, released_at=NOW))
    decide(session, trigger, on=DAY, control=True)
    make_moment(session, make_customer(session), trigger, send_on=DAY, state="skipped", reason="minor", closed_at=NOW)
    late = make_moment(session, make_customer(session), trigger, send_on=DAY)
    late.state, late.reason, late.closed_at = "expired", "held:cap", NOW
    send(session, make_customer(session), trigger, on=DAY, approver=robin, edited=True)
    send(session, make_customer(session), trigger, on=DAY, approver=robin, took=timedelta(minutes=5))
    send(session, make_customer(session), trigger, on=DAY, state="bounced")
    found = tally(session, Wanted(MONTH, "trigger", trigger_id=trigger.id))
    assert (found.spotted, found.held, found.control, found.skipped, found.expired, found.waiting) == (7, 1, 1, 1, 1, 1)
    assert found.holds == {"open_problem": 1, "cap": 1}
    assert found.endings == {"minor": 1, "held:cap": 1}
    assert (found.written, found.sent, found.delivered, found.came_back) == (3, 3, 2, 1)
    assert (found.approved, found.edited, found.edited_share) == (2, 1, 0.5)
    assert found.quick == (1, 1, 2, 2, 2)
    assert found.half_within == timedelta(minutes=15)


def test_what_customers_did_is_counted_once_for_each_message(session: Session) -> None:
    """Two answers to one message are one answered message; a STOP and an automatic reply are none."""
    trigger = make_trigger(session)
    messages = [send(session, make_customer(session), trigger, on=DAY) for _ in range(4)]
    answer(session, messages[0])
    answer(session, messages[0], negative=True)
    answer(session, messages[1], meaning="automatic")
    answer(session, messages[2], meaning="stop")
    tell(session, messages[0], "clicked")
    tell(session, messages[0], "clicked")
    tell(session, messages[3], "complained")
    found = tally(session, Wanted(MONTH, "all"))
    assert (found.answered, found.unhappy, found.clicked, found.complained) == (1, 1, 1, 1)
    assert found.answered_share == 0.25


def test_who_asks_to_hear_less_within_a_fortnight_is_counted(session: Session) -> None:
    """Not one who asked before or later, nor one who asked for more."""
    trigger = make_trigger(session)
    messages = [send(session, make_customer(session), trigger, on=DAY - timedelta(days=9)) for _ in range(6)]
    leave(session, messages[0])
    leave(session, messages[0], field="preferences.birthday")
    leave(session, messages[1], field="suppressions.email", new="stop")
    leave(session, messages[2], days=-1)
    leave(session, messages[3], days=15)
    leave(session, messages[4], new={"wanted": True})
    leave(session, messages[5], field="locale", new="de")
    assert tally(session, Wanted(MONTH, "all")).unsubscribed == 2


def test_scores_are_those_after_the_message(session: Session) -> None:
    """Within thirty days, as last amended, without what was retracted; NPS as promoters less detractors."""
    trigger = make_trigger(session)
    customer = make_customer(session)
    send(session, customer, trigger, on=DAY)
    after = at(DAY) + timedelta(days=1)
    make_event(session, customer, "csat_answered", occurred_at=at(DAY, 6), properties={"score": 1})
    make_event(session, customer, "csat_answered", occurred_at=after, properties={"score": 4})
    make_event(session, customer, "csat_answered", occurred_at=after, properties={"score": 2}, message_id="wrong")
    make_event(session, customer, "event_retracted", occurred_at=after, corrects="wrong")
    for score in (10, 9, 3):
        make_event(session, customer, "nps_answered", occurred_at=after, properties={"score": score})
    make_event(session, customer, "nps_answered", occurred_at=after, properties={"score": 0}, message_id="amended")
    told = {"properties": {"score": 8}}
    make_event(session, customer, "event_amended", occurred_at=after, corrects="amended", properties=told)
    found = tally(session, Wanted(MONTH, "all")).scores
    assert found == {"csat": Score(1, 4.0, None), "nps": Score(4, 7.5, 25.0)}


def test_a_message_of_two_moments_counts_for_both_triggers_and_once_for_its_template(session: Session) -> None:
    """Each trigger may say that its moment was celebrated; the template was sent once."""
    one, other, customer = make_trigger(session), make_trigger(session), make_customer(session)
    moments = [make_moment(session, customer, trigger, send_on=DAY) for trigger in (one, other)]
    message = deliver(session, moments)
    by_trigger = tallies(session, Wanted(MONTH, "trigger"))
    assert (by_trigger[one.id].sent, by_trigger[other.id].sent) == (1, 1)
    assert tally(session, Wanted(MONTH, "all")).sent == 1
    by_template = tallies(session, Wanted(MONTH, "template"))
    assert {name: (found.spotted, found.sent) for name, found in by_template.items()} == {message.template: (1, 1)}


def test_triggers_and_templates_count_the_same_messages(session: Session) -> None:
    """By the day of the moment, also where a hold let the message go on a later day, or past the last of these."""
    trigger = make_trigger(session)
    send(session, make_customer(session), trigger, on=DAY)
    for on in (TODAY, DAY, TODAY - timedelta(days=30)):
        moment = make_moment(session, make_customer(session), trigger, nominal_on=on, send_on=on)
        make_message(session, moment, state="in_review", send_on=on + timedelta(days=2))
    counted = []
    for wanted in (Wanted(MONTH, "trigger"), Wanted(MONTH, "template")):
        found = tallies(session, wanted).values()
        counted.append((sum(one.written for one in found), sum(one.sent for one in found)))
    assert counted == [(3, 1), (3, 1)]
    by_day = tallies(session, Wanted(MONTH, "day", template="birthday"))
    assert {on: one.written for on, one in by_day.items()} == {DAY: 2, TODAY: 1}


def test_days_add_up_to_the_whole(session: Session) -> None:
    """Counted by day and summed it is what is counted at once; what lies outside the days is not in it."""
    trigger = make_trigger(session)
    for days in (0, 1, 5, 29, 30, -1):
        send(session, make_customer(session), trigger, on=TODAY - timedelta(days=days))
    by_day = tallies(session, Wanted(MONTH, "day", trigger_id=trigger.id))
    assert {(TODAY - on).days: found.sent for on, found in by_day.items()} == {0: 1, 1: 1, 5: 1, 29: 1}
    assert tally(session, Wanted(MONTH, "trigger", trigger_id=trigger.id)).sent == 4


def test_a_draft_that_died_unsent_is_written_and_not_sent(session: Session) -> None:
    """Its template shows it; nothing came after it."""
    trigger = make_trigger(session)
    moment = make_moment(session, make_customer(session), trigger, send_on=DAY)
    make_message(
        session, moment, state="skipped", written_at=NOW, template="birthday", reason="not theirs", closed_at=NOW
    )
    found = tallies(session, Wanted(MONTH, "template"))["birthday"]
    assert (found.spotted, found.written, found.skipped, found.sent) == (1, 1, 1, 0)
    assert found.endings == {"not theirs": 1}


def test_nothing_is_an_empty_tally(session: Session) -> None:
    """Shares of nothing are not known."""
    found = tally(session, Wanted(MONTH, "all"))
    assert (found.spotted, found.sent, found.edited_share, found.half_within) == (0, 0, None, None)
    assert tallies(session, Wanted(MONTH, "trigger")) == {}
    assert Tally().answered_share is None


def test_much_is_asked_with_as_few_statements_as_little(session: Session) -> None:
    """Seven or so, for one moment as for dozens."""
    trigger = make_trigger(session)
    asked: list[str] = []
    listened.listen(session.get_bind(), "before_cursor_execute", lambda *said: asked.append(said[2]))
    counts = []
    for many in (1, 30):
        for _ in range(many):
            send(session, make_customer(session), trigger, on=DAY)
        asked.clear()
        tallies(session, Wanted(MONTH, "trigger"))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 9
