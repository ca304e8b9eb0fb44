"""Where customers live and when they may be disturbed, as rows tell it: a guess about the zone is marked as one."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.record.customers import CustomerRow, Recorded, record_customers
from engine.record.rejection import Rejection
from engine.storage.models import Customer, CustomerChange

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def record(session: Session, row: CustomerRow) -> Recorded:
    return record_customers(session, [row], now=NOW, source="test")


def customer(session: Session) -> Customer:
    return session.scalars(select(Customer).execution_options(populate_existing=True)).one()


def zone(session: Session) -> tuple[str, bool]:
    found = customer(session)
    return found.zone, found.zone_guessed


def refusal(session: Session, row: CustomerRow) -> Rejection:
    recorded = record(session, row)
    assert recorded.created == 0
    return recorded.rejected[0]


@pytest.mark.parametrize(
    ("country", "region", "guess"),
    [
        ("DE", None, "Europe/Berlin"),
        ("US", "CA", "America/Los_Angeles"),
        ("US-CA", None, "America/Los_Angeles"),
        # most of Texas lives by Chicago's clock, El Paso by Denver's
        ("US", "TX", "America/Chicago"),
        # several clocks, and nobody says which
        ("US", None, "UTC"),
        ("ES", "MD", "UTC"),
        (None, None, "UTC"),
    ],
)
def test_a_zone_that_nobody_stated_is_marked_as_a_guess(
    session: Session, country: str | None, region: str | None, guess: str
) -> None:
    """Also where it is no better than UTC."""
    record(session, CustomerRow("C1", country=country, region=region))
    assert zone(session) == (guess, True)


def test_a_stated_zone_is_no_guess(session: Session) -> None:
    """From the first row on, or from a later one, even where it says what was guessed."""
    record(session, CustomerRow("C1", country="DE"))
    record(session, CustomerRow("C1", zone="Europe/Berlin"))
    assert zone(session) == ("Europe/Berlin", False)
    record(session, CustomerRow("C1", country="JP"))
    assert zone(session) == ("Europe/Berlin", False)


def test_a_guess_is_made_again_when_the_place_changes(session: Session) -> None:
    """Who moves from Germany to Japan is not left on Berlin's clock; who says nothing of a place keeps the guess."""
    record(session, CustomerRow("C1", country="DE"))
    record(session, CustomerRow("C1", first_name="Ana"))
    assert zone(session) == ("Europe/Berlin", True)
    record(session, CustomerRow("C1", country="JP"))
    assert zone(session) == ("Asia/Tokyo", True)


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (CustomerRow("C1", region="US-TX"), ("US", "TX")),
        (CustomerRow("C1", country="US", region="tx"), ("US", "TX")),
        (CustomerRow("C1", country="US", region="US-TX"), ("US", "TX")),
        (CustomerRow("C1", country="DE-BY", region="BY"), ("DE-BY", "BY")),
        (CustomerRow("C1", region="TX"), (None, "TX")),
    ],
)
def test_a_region_may_name_its_country(session: Session, row: CustomerRow, kept: tuple[str | None, str]) -> None:
    """US-TX and TX are the same state."""
    record(session, row)
    found = customer(session)
    assert (found.country, found.region) == kept


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (CustomerRow("C1", country="US", region="Texas"), "region"),
        (CustomerRow("C1", country="US", region="XX"), "region"),
        (CustomerRow("C1", country="DE", region="US-TX"), "region"),
        (CustomerRow("C1", region="XQ-TX"), "country"),
        (CustomerRow("C1", quiet_from="22:00"), "quiet_until"),
        (CustomerRow("C1", quiet_until="07:00"), "quiet_from"),
        (CustomerRow("C1", quiet_from="22:00", quiet_until=""), "quiet_until"),
        (CustomerRow("C1", quiet_from="22 Uhr", quiet_until="07:00"), "quiet_from"),
        (CustomerRow("C1", quiet_from="24:00", quiet_until="07:00"), "quiet_from"),
        (CustomerRow("C1", quiet_from="07:00", quiet_until="7:00"), "quiet_until"),
        (CustomerRow("C1", channel_order="email,fax"), "channel_order"),
        (CustomerRow("C1", channel_order="email,sms,email"), "channel_order"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_column(session: Session, row: CustomerRow, column: str) -> None:
    """A state that does not exist would have no law, half a night no end, and an unknown channel no way."""
    assert refusal(session, row).column == column


def test_quiet_hours_and_the_order_of_channels_are_kept_and_remembered(session: Session) -> None:
    """In one spelling; the first of the order is the preferred one, unless the row says another."""
    record(session, CustomerRow("C1", quiet_from="22:00", quiet_until="7:00", channel_order=" sms , email"))
    found = customer(session)
    assert (found.quiet_from, found.quiet_until) == (time(22), time(7))
    assert (found.channel_order, found.preferred_channel) == ("sms,email", "sms")
    log = {change.field: change.new for change in session.scalars(select(CustomerChange))}
    assert {name: log[name] for name in ("quiet_from", "quiet_until", "channel_order")} == {
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "channel_order": "sms,email",
    }


def test_saying_the_same_again_changes_nothing(session: Session) -> None:
    """Hours in the database are compared with hours in a file."""
    row = CustomerRow("C1", region="US-TX", quiet_from="22:00", quiet_until="07:00", channel_order="sms,email")
    record(session, row)
    again = record_customers(session, [row], now=NOW + timedelta(days=1), source="test")
    assert (again.changed, again.unchanged) == (0, 1)


def test_quiet_hours_and_order_can_be_taken_away(session: Session) -> None:
    """Both ends of the night together."""
    record(session, CustomerRow("C1", quiet_from="22:00", quiet_until="07:00", channel_order="sms"))
    record(session, CustomerRow("C1", quiet_from=None, quiet_until=None, channel_order=None))
    found = customer(session)
    assert (found.quiet_from, found.quiet_until, found.channel_order, found.preferred_channel) == (None,) * 4
