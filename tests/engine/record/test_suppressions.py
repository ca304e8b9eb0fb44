"""Suppressions are made once, found by address whoever had it, and lifted exactly."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.record.suppressions import Suppressed, lift, suppress
from engine.storage.models import Suppression
from tests.engine.builders import NOW, make_customer

ADDRESS = Suppressed("bounced", "provider", address="ada@example.com", channel="email")


def standing(session: Session) -> int:
    found = session.scalar(select(func.count()).select_from(Suppression).where(Suppression.lifted_at.is_(None)))
    return int(found or 0)


def test_the_same_is_kept_once(session: Session) -> None:
    """However often a provider says it, and however the address is written."""
    again = Suppressed("bounced", "another", address=" ADA@example.com", channel="email")
    assert suppress(session, [ADDRESS, again], now=NOW) == 1
    assert suppress(session, [ADDRESS], now=NOW) == 0
    assert standing(session) == 1


def test_another_reason_channel_or_customer_stands_beside_it(session: Session) -> None:
    """So that lifting one leaves the others."""
    ada = make_customer(session)
    rows = [
        ADDRESS,
        Suppressed("complained", "provider", address="ada@example.com", channel="email"),
        Suppressed("bounced", "provider", address="ada@example.com"),
        Suppressed("bounced", "provider", customer_id=ada.id, channel="email"),
    ]
    assert suppress(session, rows, now=NOW) == 4
    assert lift(session, now=NOW, address="ada@example.com", channel="email", reasons=["bounced"]) == 1
    assert standing(session) == 3


def test_what_was_lifted_may_be_made_again(session: Session) -> None:
    """A second bounce after the address was mended."""
    suppress(session, [ADDRESS], now=NOW)
    assert lift(session, now=NOW, address="ada@example.com", channel="email") == 1
    assert suppress(session, [ADDRESS], now=NOW) == 1
