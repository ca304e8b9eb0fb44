"""What is found out about a past that is long over: the moment ends when it is spotted, by the name it has live."""

from datetime import date, timedelta

import pytest

from engine.channel_terms import Offered
from engine.storage.session import Database
from tests.engine.backtest import world as told
from tests.engine.backtest.world import World, early

FIRST, LAST = date(2025, 1, 1), date(2025, 2, 20)
# Their third order was known for none, as the first was refunded; six weeks later the refund turns out to be none.
KNOWN = date(2025, 2, 17)


@pytest.fixture
def world(db: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    """Letters only: of one that is due to be planned it would be said that the post takes too long."""
    monkeypatch.setattr(told, "OFFERED", Offered(("letter",), lead_days=2))
    made = World(db, FIRST, LAST)
    made.trigger(
        "orders", kind="milestone", occasion="orders", send={"expires_after_days": 6},
        params={
            "aggregate": "count", "event": "order_completed", "thresholds": [3],
            "corrections": [{"event": "order_refunded"}],
        },
    )  # fmt: skip
    made.customer("ada", contacts={"letter": "1 Some Street"})
    for number, day in enumerate((2, 3, 4), 1):
        made.happens(early(date(2025, 1, day)), "ada", "order_completed", order_id=f"o{number}")
        if number == 1:
            refund = f"m{len(made.deeds)}"
            made.happens(early(date(2025, 1, day), 40), "ada", "order_refunded", order_id="o1")
    made.happens(early(KNOWN), "ada", "event_retracted", message_id=refund)
    return made


def test_a_moment_that_was_over_for_weeks_when_it_was_spotted_is_too_late(world: World) -> None:
    """The looks leave out what ended before the last one, but for a long time: so far back is searched for it."""
    moments, _ = world.live()
    assert {(on, state, reason) for *_, on, state, reason in moments} == {(date(2025, 1, 4), "expired", "too_late")}
    assert date(2025, 1, 4) + timedelta(days=30) < KNOWN
    for at_once in (False, True):
        found, _ = world.rehearsed(at_once=at_once)
        assert found == moments, f"at_once={at_once}"
