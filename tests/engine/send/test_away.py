"""A provider that was away refused nobody, and no page says so."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.send.away import away_words, is_refused
from engine.send.channels import sendgrid, smtp, twilio
from engine.storage.models import Delivery
from engine.why import why
from tests.engine.builders import NOW
from tests.engine.send.chain import reachable, ready, refused

GONE = "unreachable: ConnectionRefusedError"


def faults() -> Iterator[tuple[str, str]]:
    """Every row of the channels' own tables."""
    for module in (sendgrid, smtp, twilio):
        for value in vars(module).values():
            rows = value.values() if isinstance(value, dict) else [value]
            yield from ((one.reason, one.whose) for one in rows if isinstance(one, module.Fault))


def test_whose_fault_it_was_is_told_as_the_channels_decide_it() -> None:
    """The delivery keeps the reason alone, so the names must tell."""
    assert len(set(faults())) > 15
    for reason, whose in faults():
        assert bool(away_words("refused", f"{reason}: more")) == (whose == "provider"), reason


@pytest.mark.parametrize(("state", "reason"), [("refused", "550 no"), ("unconfirmed", GONE), ("bounced", GONE)])
def test_what_was_refused_bounced_or_is_unknown_stays_what_it_is(state: str, reason: str) -> None:
    """Only an attempt in vain is told otherwise."""
    assert away_words(state, reason) is None


def test_attempts_that_met_nobody_are_one_line_and_no_refusals(session: Session) -> None:
    """Three in a row, then it was refused for what it is: that one alone counts."""
    customer = reachable(session, "email")
    message = ready(session, customer)
    for number, reason in enumerate((GONE, GONE, GONE, "550 unknown user"), start=1):
        at = NOW + timedelta(minutes=number)
        refused(session, message, fence=number, claimed_at=at, ended_at=at, reason=reason)
    session.expire_all()
    said = [line.text for line in why(session, customer, now=NOW + timedelta(hours=1))]
    assert sum("could not be reached, so it is tried again (3 times)." in line for line in said) == 1
    assert sum("was refused" in line for line in said) == 1
    assert not any("ConnectionRefusedError" in line for line in said)
    assert session.scalar(select(func.count()).select_from(Delivery).where(is_refused())) == 1
