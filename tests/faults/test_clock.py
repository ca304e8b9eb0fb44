"""R14: clocks that jump, days that are missing or have an hour twice, zones that change name, customers who move."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select, update

from engine import clock, rounds
from engine.dates.windows import Window
from engine.send import sending
from engine.send.calls import Calls
from engine.send.claiming import Claim
from engine.send.slots import Intent, is_open, slots
from engine.send.submitting import Sender, start
from engine.storage.models import Customer, Installation, Message, Moment
from engine.storage.session import Database
from tests.faults.installation import WITH_BIRTHDAY, Provider, installation, prepare
from tests.faults.site import Site


def a_round(url: str, home: Path) -> list[str]:
    """Everything once; what the provider has taken by then."""
    jubilee = installation(url, home)
    for activity in (rounds.spot, rounds.plan, rounds.write, rounds.meet_deadlines):
        activity(jubilee)
    rounds.send(jubilee, "w")
    rounds.settle(jubilee)
    jubilee.db.dispose()
    provider = jubilee.channels["postbox"]
    assert isinstance(provider, Provider)
    return [str(one) for one in provider.accepted()]


@pytest.mark.parametrize("jumps", [(24, 0), (24, -24, 0), (0, -24, 24, 0), (0, 24 * 7, 0)])
def test_r14_the_clock_jumps_to_and_fro(db: Database, tmp_path: Path, jumps: tuple[int, ...]) -> None:
    """A day ahead, back, a week: everybody is greeted once, whatever the clock said in between."""
    prepare(jubilee := installation(db.url, tmp_path))
    jubilee.db.dispose()
    for hours in jumps:
        with db.writing() as session:
            session.merge(Installation(name=clock.HOURS_AHEAD, value=hours))
        a_round(db.url, tmp_path)
    taken = a_round(db.url, tmp_path)
    assert len(taken) == len(set(taken)) == WITH_BIRTHDAY
    with db.reading() as session:
        assert session.scalar(select(func.count()).where(Moment.occasion == "birthday")) == WITH_BIRTHDAY


@pytest.fixture
def set_by(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[timedelta], None]]:
    """Set the machine's clock by so much once something has been claimed, before it is checked again."""
    travellers: list[time_machine.travel] = []

    def jump(by: timedelta) -> None:
        def started(sender: Sender, calls: Calls, claims: Sequence[Claim]) -> None:
            if not travellers:
                travellers.append(time_machine.travel(datetime.now(UTC) + by))
                travellers[0].start()
            start(sender, calls, claims)

        monkeypatch.setattr(sending, "start", started)

    yield jump
    for traveller in travellers:
        traveller.stop()


@pytest.mark.databases("postgres")
def test_r14_the_machines_clock_is_set_back_between_claim_and_check(
    site: Site, set_by: Callable[[timedelta], None]
) -> None:
    """Five seconds, as time servers do: the lease still runs, and it goes once."""
    site.due(3)
    set_by(timedelta(seconds=-5))
    with site.here() as jubilee:
        rounds.send(jubilee, "w")
        assert site.deliveries() == {"accepted": 3}
        rounds.send(jubilee, "w")
    assert site.deliveries() == {"accepted": 3}
    site.all_is_well()


@pytest.mark.databases("postgres")
def test_r14_the_machines_clock_is_set_ahead_between_claim_and_check(
    site: Site, set_by: Callable[[timedelta], None]
) -> None:
    """An hour: the lease is over, so nothing is handed over by it; claimed anew, it goes once."""
    site.due(3)
    set_by(timedelta(hours=1))
    with site.here() as jubilee:
        for _ in range(3):
            rounds.send(jubilee, "w")
            rounds.settle(jubilee)
    assert site.deliveries()["accepted"] == 3
    assert site.deliveries()["refused"] >= 3
    site.all_is_well()


# zone, day, the window, and the instant of its first opening
DAYS = {
    "a gap at two": ("Europe/Berlin", date(2026, 3, 29), (time(2, 30), time(4)), "2026-03-29T01:00Z"),
    "an hour twice": ("Europe/Berlin", date(2026, 10, 25), (time(2, 30), time(4)), "2026-10-25T00:30Z"),
    "a gap at midnight, Havana": ("America/Havana", date(2026, 3, 8), (time(0), time(4)), "2026-03-08T05:00Z"),
    "a gap at midnight, Beirut": ("Asia/Beirut", date(2026, 3, 29), (time(0), time(4)), "2026-03-28T22:00Z"),
    "a gap at midnight, Cairo": ("Africa/Cairo", date(2026, 4, 24), (time(0, 30), time(4)), "2026-04-23T22:00Z"),
    "a leap day": ("UTC", date(2028, 2, 29), (time(9), time(12)), "2028-02-29T09:00Z"),
    "the new name of Kyiv": ("Europe/Kyiv", date(2026, 6, 1), (time(9), time(12)), "2026-06-01T06:00Z"),
    "the old name of Kyiv": ("Europe/Kiev", date(2026, 6, 1), (time(9), time(12)), "2026-06-01T06:00Z"),
}


@pytest.mark.parametrize("case", DAYS)
def test_r14_the_first_opening_of_a_strange_day(case: str) -> None:
    """The first instant after a gap, the first of an hour that comes twice, and both names of a zone."""
    name, day, (start, end), first = DAYS[case]
    wanted = datetime.fromisoformat(first.replace("Z", "+00:00"))
    intent = Intent(day, Window(start, end), name, wanted + timedelta(days=3))
    opening = next(iter(slots(intent, after=wanted - timedelta(hours=12))))
    assert (opening.at, opening.on) == (wanted, day)
    assert is_open(intent, now=wanted)
    assert not is_open(intent, now=wanted - timedelta(minutes=1))


@pytest.mark.databases("postgres")
def test_r14_the_customer_moves_between_queue_and_sending(site: Site) -> None:
    """It was their morning; where they live now it is night: it waits for the morning there."""
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    window = {"window_start": hour.time(), "window_end": (hour + timedelta(hours=2)).time()}
    (one,) = site.due(1, **window)
    with site.db.writing() as session:
        session.execute(update(Customer).values(zone="Pacific/Auckland"))
    with site.worker():
        site.sweep_until(lambda: site.message(one).zone == "Pacific/Auckland" or bool(site.accepted()))
    assert site.accepted() == {}
    with site.db.reading() as session:
        assert session.scalars(select(Message.send_at)).one() > now + timedelta(hours=1)
