"""The choice of a channel in SQL: it agrees with the plain function, and with the rules that hold by permission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.channel_terms import TERMS, Offered
from engine.plan.candidates import circumstances_of, judge
from engine.plan.choosing import Wishes, choose
from engine.plan.holds import holds_of
from engine.storage.models import ContactPoint, Customer, Moment, Preference, Suppression
from engine.storage.models.contact_point import hash_of_address
from tests.conftest import NewDatabase
from tests.engine.builders import NOW, make_consent, make_customer, make_message, make_moment, make_trigger

CHANNELS = ("email", "sms", "whatsapp", "postbox", "webhook")
PERMISSION = {"no_channel", "suppressed", "consent_unknown", "consent_refused", "consent_expired"}
DAY = timedelta(days=1)

_names = st.sampled_from(CHANNELS)
_maybe = st.none() | _names | st.just("pigeon")
_chance = st.sampled_from([0, 1, 2, 3])
Row = Mapping[str, object]


@dataclass(frozen=True)
class Person:
    """One made-up customer: wishes, addresses that work or not, consents, suppressions."""

    wishes: Wishes
    addresses: Mapping[str, bool]
    consents: Mapping[tuple[str, str], Row]
    suppressed: Sequence[tuple[str, str | None]]


_wishes = st.builds(Wishes, _maybe, _maybe, st.none() | st.lists(_names | st.just("pigeon"), max_size=4).map(", ".join))
_consent = st.sampled_from(
    [
        {},
        {"state": "refused"},
        {"basis": "implied", "expires_at": NOW - DAY},
        {"basis": "implied", "expires_at": NOW},
        {"basis": "implied", "expires_at": NOW + DAY},
    ]
)
_people = st.builds(
    Person,
    _wishes,
    st.dictionaries(st.sampled_from(("email", "sms", "whatsapp")), st.booleans()),
    st.dictionaries(
        st.tuples(_names | st.just("*"), st.sampled_from(("birthday", "*", "order_milestone"))), _consent, max_size=4
    ),
    st.lists(st.tuples(st.sampled_from(("customer", "email", "number")), st.none() | _names), max_size=2),
)
_offered = st.permutations(CHANNELS).flatmap(
    lambda names: st.integers(1, len(names)).map(lambda count: Offered(tuple(names[:count]), tuple(names[count:])))
)


def in_sql(session: Session, moments: Sequence[Moment], offered: Offered) -> list[tuple[str, str]]:
    """What the one statement chooses for each of these moments."""
    scope = Moment.id.in_([moment.id for moment in moments])
    circumstances = circumstances_of(session, scope, now=NOW, channels=offered)
    c = judge(session, scope, circumstances, now=NOW, channels=offered).c.c
    chosen = {row.moment_id: (row.channel, row.channel_reason) for row in session.execute(select(c))}
    return [chosen[moment.id] for moment in moments]


def made(session: Session, person: Person, number: int) -> Customer:
    """The rows of a made-up person; the same number reaches them by sms and by whatsapp."""
    preferred, order = person.wishes.preferred, person.wishes.order
    customer = make_customer(session, consent=False, preferred_channel=preferred, channel_order=order)
    own = {"email": f"ada{number}@example.org", "number": f"+4930{number}"}
    for channel, usable in person.addresses.items():
        address = own["email" if channel == "email" else "number"]
        session.add(ContactPoint(customer_id=customer.id, channel=channel, address=address, usable=usable))
    for (channel, occasion), fields in person.consents.items():
        make_consent(session, customer, channel=channel, occasion=occasion, **fields)
    for whom, channel in person.suppressed:
        of = {"customer_id": customer.id} if whom == "customer" else {"address_hash": hash_of_address(own[whom])}
        session.add(Suppression(**of, channel=channel, reason="r", source="test", created_at=NOW))
    if (channel := person.wishes.for_occasion) is not None:
        wish = Preference(customer_id=customer.id, occasion="birthday", wanted=True, channel=channel, source="test")
        wish.changed_at = NOW
        session.add(wish)
    session.flush()
    return customer


def usable(session: Session, moment: Moment, person: Person, *, service: bool) -> set[str]:
    """The channels on which no rule of permission would hold the moment: each is tried as a message's own, whether it
    is offered or not."""
    message, free = make_message(session, moment), set()
    for channel in CHANNELS:
        message.channel = channel
        session.flush()
        held = {hold.name for hold in holds_of(session, [moment.id], now=NOW).get(moment.id, ())}
        assert {name for name in held if name.startswith("consent")} == consent_holds(person, channel, service)
        if not held & PERMISSION:
            free.add(channel)
    return free


def consent_holds(person: Person, channel: str, service: bool) -> set[str]:
    """What the rule of consent has to say, in plain Python: one in force before one that expired, then the more
    particular, occasion first."""
    speak: list[tuple[bool, bool, bool, bool]] = []
    for (of, occasion), row in person.consents.items():
        if of in (channel, "*") and occasion in ("birthday", "*"):
            refused, expires_at = row.get("state") == "refused", row.get("expires_at")
            expired = not refused and isinstance(expires_at, datetime) and expires_at <= NOW
            speak.append((expired, occasion == "*", of == "*", refused))
    if not speak:
        return set() if service else {"consent_unknown"}
    expired, _, _, refused = min(speak)
    if refused:
        return {"consent_refused"}
    return {"consent_expired"} if expired and not service else set()


# A consent that has expired lets nothing through, however seldom chance makes one that decides.
EXPIRED = Person(
    Wishes(),
    {"email": True},
    {("email", "*"): {"basis": "implied", "expires_at": NOW}, ("postbox", "*"): {}},
    [],
)


@settings(max_examples=25)
@example(people=[EXPIRED], offered=Offered(("email", "postbox")), service=False)
@given(people=st.lists(_people, min_size=1, max_size=4), offered=_offered, service=st.booleans())
def test_the_set_is_chosen_as_each_one_would_be(
    new_database: NewDatabase, people: list[Person], offered: Offered, service: bool
) -> None:
    """For any wishes, addresses, consents and suppressions: one statement for all, the plain function for each, and
    what may be used is what no rule would hold."""
    with new_database() as db, db.writing() as session:
        legal = {"family": "recover", "class": "service"} if service else {}
        trigger = make_trigger(session, occasion="birthday", **legal)
        customers = [made(session, person, number) for number, person in enumerate(people)]
        moments = [make_moment(session, customer, trigger) for customer in customers]
        chosen = in_sql(session, moments, offered)
        for person, moment, found in zip(people, moments, chosen, strict=True):
            expected = choose(person.wishes, usable(session, moment, person, service=service), offered)
            assert found == (expected.channel, expected.reason)


@pytest.mark.parametrize(
    ("days", "channel", "reason"),
    [(9, "letter", "wished"), (2, "email", "company_order")],
)
def test_a_letter_is_chosen_while_it_would_be_there_in_time(
    session: Session, days: int, channel: str, reason: str
) -> None:
    """It needs three working days; today is a Monday."""
    customer = make_customer(session, email="ada@example.org", preferred_channel="letter")
    session.add(ContactPoint(customer_id=customer.id, channel="letter", address="1 Main Street"))
    moment = make_moment(session, customer, make_trigger(session), nominal_on=(NOW + days * DAY).date())
    offered = Offered(("email", "letter"), lead_days=3)
    assert in_sql(session, [moment], offered) == [(channel, reason)]


def test_only_known_channels_are_tried() -> None:
    """The property above covers channels that need an address and channels that do not."""
    assert {TERMS[channel].addressed for channel in CHANNELS} == {True, False}
