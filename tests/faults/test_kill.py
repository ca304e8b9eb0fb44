"""Kill -9 while recording, planning, writing and sending, again and again: nothing is lost, nothing goes twice.

JUBILEE_KILLS says how many kills each run has; many more than the usual ones is a good way to spend a night.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.storage.models import Customer, Delivery, Event, Hold, Message, MessageMoment, Moment, Total
from engine.storage.session import Database
from tests.faults.installation import (
    ROOT,
    Provider,
    expected_moments,
    expected_totals,
    installation,
    orders_of,
    prepare,
)
from tests.faults.work import today

KILLS = int(os.environ.get("JUBILEE_KILLS", "24"))
# The first lines stand for the points that matter most; the others are drawn.
CHOSEN = ("before:2", "after:3", "call:1", "taken:1", "taken:3")
MOST = {"before": 24, "after": 24, "call": 2, "taken": 2, "time": 500}


def plans(seed: int) -> list[str]:
    chance = random.Random(seed)
    drawn = [f"{where}:{chance.randint(1, MOST[where])}" for where in chance.choices(list(MOST), k=KILLS)]
    return [*CHOSEN, *drawn][:KILLS]


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_and_nothing_goes_twice(db: Database, tmp_path: Path, seed: int) -> None:
    """Every event once, totals and moments as counted from the list, every message accepted once, nothing unsettled."""
    jubilee, orders = installation(db.url, tmp_path), orders_of(seed, today())
    prepare(jubilee)
    jubilee.db.dispose()
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.work", db.url, str(tmp_path), str(seed), *plans(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert int(ran.stdout) >= KILLS // 2, "most plans must have killed somebody"
    provider = jubilee.channels["postbox"]
    assert isinstance(provider, Provider)
    with db.reading() as session:
        events = session.scalars(select(Event.message_id)).all()
        assert sorted(events) == sorted({row.message_id for row in orders})
        totals = select(Customer.external_id, Total.value).join(Total, Total.customer_id == Customer.id)
        counted = dict(session.execute(totals.where(Total.metric.like("count:order_completed%"))).all())
        assert counted == dict(expected_totals(orders))
        closed = select(Customer.external_id, Moment.occasion, Moment.state).join(Moment)
        moments = session.execute(closed).all()
        assert sorted(moments) == sorted((*one, "closed") for one in expected_moments(orders))
        # A late order may change which one was the third: then the text was cancelled, and written afresh.
        ended = set(session.execute(select(Message.state, Message.reason)).all())
        assert {("closed", None)} <= ended <= {("closed", None), ("cancelled", "facts_changed")}
        sent = session.scalars(select(Message.id).where(Message.state == "closed")).all()
        assert sorted(provider.accepted()) == sorted(sent)
        assert {message_id for message_id, _ in provider.posted()} <= set(
            sent
        )  # some were killed with the letter in hand
        last = select(Delivery.message_id).where(Delivery.state == "delivered")
        assert sorted(session.scalars(last)) == sorted(sent)
        assert set(session.scalars(select(Delivery.state))) <= {"delivered", "refused"}
        assert session.scalar(select(func.count()).where(Hold.released_at.is_(None))) == 0
        told = session.execute(select(MessageMoment.moment_id).where(MessageMoment.live)).all()
        assert len(told) == len(moments)
