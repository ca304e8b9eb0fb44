"""The named reasons to hold a moment: one story for each, told on both databases."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.plan.holds import HoldView, holds_of, store_holds
from engine.storage.models import Consent, ContactPoint, Customer, Hold, Moment, Note, Preference, Suppression
from engine.storage.models.consent import BASES
from engine.storage.models.contact_point import hash_of_address
from tests.engine.builders import (
    NOW,
    make_consent,
    make_customer,
    make_event,
    make_message,
    make_moment,
    make_problem,
    make_trigger,
)

EMAIL = Offered(("email",), ("postbox",))  # the postbox only for those who ask for it
DAY = timedelta(days=1)


def names(session: Session, moment: Moment, **how: Any) -> set[str]:
    """The names of what holds the moment now."""
    return {hold.name for hold in holds_of(session, [moment.id], now=how.pop("now", NOW), **how).get(moment.id, [])}


def the_hold(session: Session, moment: Moment, **how: Any) -> HoldView:
    """The only hold of the moment."""
    (hold,) = holds_of(session, [moment.id], now=how.pop("now", NOW), **how)[moment.id]
    return hold


def moment_of(session: Session, customer: Customer, family: str = "celebrate", **definition: Any) -> Moment:
    """A moment of a new trigger of this family."""
    return make_moment(session, customer, make_trigger(session, family=family, **definition))


def note(session: Session, customer: Customer, kind: str, expires_at: datetime | None) -> None:
    session.add(Note(customer_id=customer.id, kind=kind, text="so it is", created_at=NOW - DAY, expires_at=expires_at))
    session.flush()


def test_nothing_holds_an_ordinary_moment(session: Session) -> None:
    """A customer who agreed, was active and has no trouble hears from us."""
    assert names(session, moment_of(session, make_customer(session))) == set()


# The customer


@pytest.mark.parametrize(
    ("fields", "name", "families"),
    [
        ({"deceased": True}, "deceased", {"celebrate", "reassure", "recover"}),
        ({"closed": True}, "closed", {"celebrate", "reassure", "recover"}),
        ({"erased_at": NOW}, "erased", {"celebrate", "reassure", "recover"}),
        ({"minor": True}, "minor", {"celebrate"}),
    ],
)
def test_who_the_customer_is(session: Session, fields: dict[str, Any], name: str, families: set[str]) -> None:
    """Nothing goes to the dead, the gone and the erased; children are spared celebrations."""
    customer = make_customer(session, **fields)
    held = {f for f in ("celebrate", "reassure", "recover") if name in names(session, moment_of(session, customer, f))}
    assert held == families


@pytest.mark.parametrize(("kind", "recovers"), [("life_event", False), ("not_now", True)])
def test_a_note_holds_until_it_expires(session: Session, kind: str, recovers: bool) -> None:
    """A life event keeps celebrations away; who asked to be left alone hears nothing at all."""
    customer = make_customer(session)
    note(session, customer, kind, NOW + DAY)
    moment = moment_of(session, customer)
    assert the_hold(session, moment) == HoldView(kind, None, NOW + DAY)
    assert names(session, moment, now=NOW + DAY) == set()
    assert (kind in names(session, moment_of(session, customer, "recover"))) is recovers


def test_a_note_of_another_kind_holds_nothing(session: Session) -> None:
    """A compliment is no reason to be silent."""
    customer = make_customer(session)
    note(session, customer, "compliment", None)
    assert names(session, moment_of(session, customer)) == set()


@pytest.mark.parametrize(
    ("last_active_at", "quiet"),
    [
        # The moment is of 2 June 2026; what was done on 2 June 2025 itself does not count.
        # Midnight in Berlin is 22:00 UTC.
        (datetime(2025, 6, 2, 21, 59, 59, tzinfo=UTC), True),
        (datetime(2025, 6, 2, 22, 0, 0, tzinfo=UTC), False),
        (None, True),
    ],
)
def test_years_together_need_a_year_together(session: Session, last_active_at: datetime | None, quiet: bool) -> None:
    """Who did nothing in the twelve months before is not told how long we are together."""
    customer = make_customer(session, last_active_at=last_active_at)
    on = date(2026, 6, 2)
    tenure = make_moment(session, customer, make_trigger(session, holds_quiet_relationship=True), nominal_on=on)
    other = make_moment(session, customer, make_trigger(session), nominal_on=on)
    assert names(session, tenure) == ({"relationship_quiet"} if quiet else set())
    assert names(session, other) == set()


# Permission


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([], "consent_unknown"),
        ([{"state": "refused"}], "consent_refused"),
        ([{"basis": "implied", "expires_at": NOW}], "consent_expired"),
        ([{"basis": "implied", "expires_at": NOW + DAY}], None),
        # the more particular row wins, occasion before channel
        ([{"state": "refused"}, {"occasion": "birthday"}], None),
        ([{"channel": "postbox"}, {"occasion": "birthday", "state": "refused"}], "consent_refused"),
        ([{"channel": "postbox", "state": "refused"}, {"occasion": "birthday"}], None),
        ([{"channel": "email"}], "consent_unknown"),
        ([{"occasion": "order_milestone"}], "consent_unknown"),
        # one in force before one that expired
        ([{"occasion": "birthday", "expires_at": NOW}, {}], None),
        ([{"occasion": "birthday", "expires_at": NOW}, {"state": "refused"}], "consent_refused"),
    ],
)
def test_marketing_needs_a_recorded_consent(session: Session, rows: list[dict[str, Any]], name: str | None) -> None:
    """Unknown, refused and expired each hold by their name."""
    customer = make_customer(session, consent=False)
    for row in rows:
        make_consent(session, customer, **row)
    assert names(session, moment_of(session, customer)) == ({name} if name else set())


@pytest.mark.parametrize("basis", BASES)
def test_a_hold_of_consent_says_on_which_ground_the_ruling_one_stood(session: Session, basis: str) -> None:
    """And not on which the others stand, that are less particular."""
    customer = make_customer(session, consent=False)
    make_consent(session, customer, state="refused", basis=next(one for one in BASES if one != basis))
    make_consent(session, customer, occasion="birthday", basis=basis, state="refused")
    assert the_hold(session, moment_of(session, customer)).detail == basis


@pytest.mark.parametrize(
    ("rows", "held"), [([], set()), ([{"expires_at": NOW}], set()), ([{"state": "refused"}], {"consent_refused"})]
)
def test_service_needs_only_that_nobody_refused(session: Session, rows: list[dict[str, Any]], held: set[str]) -> None:
    """The recovery of the customer's own problem is no marketing."""
    customer = make_customer(session, consent=False)
    for row in rows:
        make_consent(session, customer, **row)
    service = {"class": "service"}
    assert names(session, moment_of(session, customer, "recover", **service)) == held


@pytest.mark.parametrize(
    ("of", "suppression", "held"),
    [
        ("customer", {}, True),
        ("customer", {"channel": "email"}, True),
        ("customer", {"channel": "sms"}, False),
        ("customer", {"lifted_at": NOW}, False),
        ("Ada@Example.org ", {}, True),
        ("ada@example.org", {"channel": "email"}, True),
        ("ada@example.org", {"channel": "sms"}, False),
        ("bob@example.org", {}, False),
    ],
)
def test_whom_we_must_not_write_to(session: Session, of: str, suppression: dict[str, Any], held: bool) -> None:
    """Per customer and per address, on one channel or on all, until it is lifted."""
    customer = make_customer(session, email="ada@example.org")
    whom = {"customer_id": customer.id} if of == "customer" else {"address_hash": hash_of_address(of)}
    session.add(Suppression(**whom, reason="complaint", source="test", created_at=NOW, **suppression))
    moment = moment_of(session, customer)
    assert names(session, moment, channels=EMAIL) == ({"suppressed"} if held else set())


def test_an_unwanted_occasion_is_not_spoken_of(session: Session) -> None:
    """Preferences are per occasion: others are not touched."""
    customer = make_customer(session)
    session.add(
        Preference(customer_id=customer.id, occasion="birthday", wanted=False, source="test", changed_at=NOW - DAY)
    )
    assert names(session, moment_of(session, customer)) == {"occasion_off"}
    assert names(session, moment_of(session, customer, occasion="order_milestone")) == set()


@pytest.mark.parametrize(
    ("preferred", "wished", "address", "held"),
    [
        (None, None, True, False),
        (None, None, False, True),
        ("postbox", None, False, False),
        ("pigeon", None, False, True),  # not offered: the company's order counts
        ("postbox", "email", False, False),  # the wish for the occasion cannot be met, the other can
    ],
)
def test_a_customer_must_be_reachable(
    session: Session, preferred: str | None, wished: str | None, address: bool, held: bool
) -> None:
    """On one of the channels they wish for, or of the company's; which of them, `test_channels` says."""
    customer = make_customer(session, email="ada@example.org" if address else None, preferred_channel=preferred)
    if wished:
        session.add(
            Preference(
                customer_id=customer.id,
                occasion="birthday",
                wanted=True,
                channel=wished,
                source="test",
                changed_at=NOW,
            )
        )
    assert names(session, moment_of(session, customer), channels=EMAIL) == ({"no_channel"} if held else set())


def test_an_address_that_bounced_reaches_nobody(session: Session) -> None:
    """An unusable contact point counts as none."""
    customer = make_customer(session, email="ada@example.org")
    session.query(ContactPoint).one().usable = False
    assert names(session, moment_of(session, customer), channels=EMAIL) == {"no_channel"}


# Trouble


def test_nobody_is_celebrated_while_a_problem_is_open(session: Session) -> None:
    """The recovery itself is not held by it, and a mere contact is no problem."""
    customer, other = make_customer(session), make_customer(session)
    make_problem(session, customer)
    make_problem(session, other, state="contact")
    assert names(session, moment_of(session, customer)) == {"open_problem"}
    assert names(session, moment_of(session, customer, "recover")) == set()
    assert names(session, moment_of(session, other)) == set()


def test_a_resolved_problem_settles_for_four_days(session: Session) -> None:
    """Until the last of them has stayed resolved long enough."""
    customer = make_customer(session)
    make_problem(session, customer, state="resolved", resolved_at=NOW - 3 * DAY)
    make_problem(session, customer, state="resolved", resolved_at=NOW - 2 * DAY)
    moment = moment_of(session, customer)
    assert the_hold(session, moment) == HoldView("settling", None, NOW + 2 * DAY)
    assert names(session, moment, now=NOW + 2 * DAY) == set()


@pytest.mark.parametrize(
    ("state", "sent", "held"),
    [
        ("spotted", None, True),
        ("planned", "draft", True),
        ("written", "approved", True),
        ("written", "handed_over", False),
        ("cancelled", None, False),
    ],
)
def test_a_recovery_on_its_way_goes_first(session: Session, state: str, sent: str | None, held: bool) -> None:
    """Until it has gone out, or ended."""
    customer = make_customer(session)
    trigger = make_trigger(session, family="recover")
    recovery = make_moment(session, customer, trigger, state=state)
    if sent:
        make_message(session, recovery, state=sent, handed_over_at=None if sent != "handed_over" else NOW - 8 * DAY)
    assert names(session, moment_of(session, customer)) == ({"recovery_first"} if held else set())


def test_a_recovery_that_only_watches_holds_nobody(session: Session) -> None:
    """A trigger in shadow has no effect on customers."""
    customer = make_customer(session)
    make_moment(session, customer, make_trigger(session, family="recover", state="shadow"))
    assert names(session, moment_of(session, customer)) == set()


def test_seven_days_lie_between_a_recovery_and_a_celebration(session: Session) -> None:
    """Counted from the hand-over."""
    customer = make_customer(session)
    recovery = make_moment(session, customer, make_trigger(session, family="recover"), state="closed")
    make_message(session, recovery, state="closed", handed_over_at=NOW - 5 * DAY)
    moment = moment_of(session, customer)
    assert the_hold(session, moment) == HoldView("recovery_gap", None, NOW + 2 * DAY)
    assert names(session, moment, now=NOW + 2 * DAY) == set()


@pytest.mark.parametrize(
    ("event", "score", "held"),
    [
        ("csat_answered", 2, True),
        ("csat_answered", 3, False),
        ("ticket_answered", 1, True),
        ("nps_answered", 6, True),
        ("nps_answered", 7, False),
        ("csat_answered", None, False),
        ("csat_answered", "2", False),
    ],
)
def test_a_low_score_holds_celebrations_for_thirty_days(session: Session, event: str, score: Any, held: bool) -> None:
    """CSAT up to 2 of 5 and NPS up to 6 of 10 are low."""
    customer = make_customer(session)
    make_event(session, customer, event, occurred_at=NOW - 10 * DAY, properties={"score": score})
    moment = moment_of(session, customer)
    assert names(session, moment) == ({"low_answer"} if held else set())
    assert names(session, moment, now=NOW + 20 * DAY) == set()
    assert names(session, moment_of(session, customer, "recover")) == set()


@pytest.mark.parametrize(
    ("corrections", "held"),
    [
        ([("event_retracted", {})], False),
        ([("event_amended", {"properties": {"score": 5}})], False),
        ([("event_amended", {"properties": {"comment": "oh"}})], True),
        ([("event_retracted", {}), ("event_amended", {"properties": {"score": 1}})], True),
        ([("event_amended", {"properties": {"score": 1}}), ("event_retracted", {})], False),
    ],
)
def test_the_last_correction_of_an_answer_counts(
    session: Session, corrections: list[tuple[str, dict[str, Any]]], held: bool
) -> None:
    """A retracted answer holds nothing, an amended one by its new score."""
    customer = make_customer(session)
    answer = make_event(session, customer, "csat_answered", properties={"score": 2})
    for hour, (name, properties) in enumerate(corrections):
        at = NOW - timedelta(minutes=30 - hour)
        make_event(session, customer, name, occurred_at=at, corrects=answer.message_id, properties=properties)
    assert names(session, moment_of(session, customer)) == ({"low_answer"} if held else set())


# The trigger


@pytest.mark.parametrize(
    ("state", "name"), [("paused", "trigger_paused"), ("retired", "trigger_retired"), ("shadow", "shadow")]
)
def test_only_active_triggers_send(session: Session, state: str, name: str) -> None:
    """Also those of a moment that was written and approved before the trigger was switched off."""
    trigger = make_trigger(session, state=state)
    spotted, written = (make_moment(session, make_customer(session), trigger) for _ in range(2))
    make_message(session, written, state="approved")
    assert names(session, spotted) == names(session, written) == {name}


GERMANS = {"field": "customer.country", "op": "eq", "value": "DE"}


def test_a_trigger_speaks_to_its_audience_alone(session: Session) -> None:
    """Each trigger asks its own question, also where moments of several are judged at once."""
    trigger, other = make_trigger(session, audience=GERMANS), make_trigger(session, audience={"not": GERMANS})
    german, austrian = make_customer(session), make_customer(session, country="AT")
    moments = {
        name: make_moment(session, customer, asked)
        for name, customer, asked in [("a", german, trigger), ("b", austrian, trigger), ("c", german, other)]
    }
    held = holds_of(session, [moment.id for moment in moments.values()], now=NOW)
    assert set(held) == {moments["b"].id, moments["c"].id}
    assert {hold.name for holds in held.values() for hold in holds} == {"audience_not_met"}


@pytest.mark.parametrize(("then", "final"), [("hold", False), ("skip", True)])
def test_an_exception_of_the_trigger_holds_or_skips(session: Session, then: str, final: bool) -> None:
    """By its own name, which marketing gave."""
    rule = {"name": "second_time", "when": {"field": "moment.severity", "op": "eq", "value": "serious"}, "then": then}
    trigger = make_trigger(session, exceptions=[rule])
    facts = {"severity": {"value": "serious", "source": "problem", "sayable": False}}
    meant = make_moment(session, make_customer(session), trigger, facts=facts)
    hold = the_hold(session, meant)
    assert (hold.name, hold.final) == ("exception:second_time", final)
    assert names(session, make_moment(session, make_customer(session), trigger)) == set()


def test_a_new_version_does_not_judge_what_an_older_one_planned(session: Session) -> None:
    """A spotted moment is judged by the version in force, a planned one by the version that planned it."""
    old, new = make_trigger(session), make_trigger(session, audience={"not": GERMANS})
    spotted, planned = (make_moment(session, make_customer(session), old) for _ in range(2))
    make_message(session, planned)
    old.version_id = new.version_id
    session.flush()
    assert names(session, spotted) == {"audience_not_met"}
    assert names(session, planned) == set()


# Limits


@pytest.mark.parametrize(
    ("days_away", "held"),
    [
        ([-1], False),  # two messages in thirty days, this one included
        ([-1, -29], True),
        ([-1, -30], False),  # the thirtieth day before is outside
        ([1, 29], True),  # planned ahead of this one
        ([-29, 29], False),  # no thirty days hold all three
    ],
)
def test_a_customer_hears_from_us_so_often_and_no_more(session: Session, days_away: list[int], held: bool) -> None:
    """At most `messages` of the family within `days` days."""
    customer, trigger = make_customer(session), make_trigger(session, caps={"messages": 2, "days": 30})
    on = date(2026, 6, 2)
    for days in days_away:
        make_message(session, make_moment(session, customer, trigger, nominal_on=on + days * DAY), state="draft")
    assert names(session, make_moment(session, customer, trigger, nominal_on=on)) == ({"cap"} if held else set())


@pytest.mark.parametrize(
    ("family", "state", "held"),
    [("celebrate", "draft", True), ("recover", "draft", False), ("celebrate", "cancelled", False)],
)
def test_the_cap_counts_what_went_or_will_go(session: Session, family: str, state: str, held: bool) -> None:
    """Of the same family; a message that ended unsent weighs nothing."""
    customer, trigger = make_customer(session), make_trigger(session, caps={"messages": 1, "days": 30})
    before = make_trigger(session, family=family)
    make_message(session, make_moment(session, customer, before, nominal_on=date(2026, 5, 30)), state=state, reason="x")
    assert ("cap" in names(session, make_moment(session, customer, trigger))) is held


@pytest.mark.parametrize("family", ["celebrate", "reassure", "recover"])
def test_a_message_does_not_count_itself(session: Session, family: str) -> None:
    """The second check of an approved message finds nothing that the first did not."""
    trigger = make_trigger(session, family=family, caps={"messages": 1, "days": 30})
    moment = make_moment(session, make_customer(session), trigger)
    make_message(session, moment, state="approved")
    assert names(session, moment) == set()


# The rows


def open_names(session: Session, moment: Moment) -> set[str]:
    return set(session.scalars(select(Hold.name).where(Hold.moment_id == moment.id, Hold.released_at.is_(None))))


def test_holds_open_once_and_are_released_when_gone(session: Session) -> None:
    """A row for each reason; what no longer holds gets its end, what still does keeps its beginning."""
    moment = moment_of(session, make_customer(session))
    store_holds(session, [moment.id], {moment.id: [HoldView("cap"), HoldView("minor")]}, now=NOW)
    store_holds(session, [moment.id], {moment.id: [HoldView("cap", None, NOW + DAY)]}, now=NOW + DAY)
    rows = {hold.name: (hold.opened_at, hold.until, hold.released_at) for hold in session.scalars(select(Hold))}
    assert rows == {"cap": (NOW, NOW + DAY, None), "minor": (NOW, None, NOW + DAY)}


def test_what_the_writer_holds_the_planner_does_not_release(session: Session) -> None:
    """A missing fact stays missing whatever the customer's consent says, and is told by the second check."""
    moment = moment_of(session, make_customer(session))
    session.add(Hold(moment_id=moment.id, name="missing_fact", detail="years", opened_at=NOW))
    session.flush()
    store_holds(session, [moment.id], {}, now=NOW)
    assert open_names(session, moment) == {"missing_fact"}
    assert the_hold(session, moment) == HoldView("missing_fact", "years")


def test_one_statement_judges_many(session: Session) -> None:
    """The number of statements does not grow with the number of customers."""
    trigger = make_trigger(session)
    moments = [make_moment(session, make_customer(session, consent=number > 0), trigger) for number in range(5)]
    assert list(holds_of(session, [moment.id for moment in moments], now=NOW)) == [moments[0].id]
    assert session.scalars(select(Consent)).first() is not None


def test_a_statement_that_was_made_before_is_asked_of_the_present(session: Session) -> None:
    """It is made once for all that is alike; when it is asked, and of whom, is said anew each time."""
    trigger = make_trigger(session)
    one, other = (make_moment(session, make_customer(session), trigger) for _ in range(2))
    note(session, session.get_one(Customer, one.customer_id), "not_now", NOW + DAY)
    assert names(session, one) == {"not_now"}
    assert names(session, other) == set()
    assert names(session, one, now=NOW + 2 * DAY) == set()
    assert names(session, one) == {"not_now"}
