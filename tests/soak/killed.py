"""Twenty thousand messages, and three times, at random, everybody who works on them is killed -9."""

import contextlib
import random
import time as pause
from pathlib import Path

from engine.storage.session import Database
from tests.faults.site import Site, kill
from tests.servers.databases import postgres_url
from tests.servers.provider import Provider
from tests.servers.run import Run
from tests.soak.figures import Figures
from tests.soak.many import many
from tests.workers.celery_processes import until

WORKERS = 2
KILLS = 3
# Of each worker two children, and of each child the batch in its hands.
IN_HAND = KILLS * WORKERS * 2 * 100
PATIENCE = 1_800


def killed_three_times(run: Run, home: Path, number: int) -> Figures:
    """Nothing twice, nothing lost, and unclear only what was in hand."""
    points = sorted(random.Random().sample(range(number // 20, number * 17 // 20), KILLS))
    with postgres_url(run) as url, Provider() as stub:
        site = Site(Database(url), stub, run.server("redis", "soak"), home)
        many(site, number)
        began = pause.monotonic()
        for at, point in enumerate(points):
            with _workers(site, str(at)) as processes:
                until(lambda point=point: _taken(site) >= point, PATIENCE)  # type: ignore[misc]
                for process in processes:
                    kill(process)
            site.end_leases()
        with _workers(site, "last"):
            until(lambda: _nothing_waits(site), PATIENCE)
        seconds = pause.monotonic() - began
        figures = _figures(site, number, points, seconds)
        site.close()
        site.db.dispose()
    return figures


@contextlib.contextmanager
def _workers(site: Site, name: str):  # type: ignore[no-untyped-def]
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(site.worker(f"{name}-{one}")) for one in range(WORKERS)] + [
            stack.enter_context(site.beat(f"beat-{name}"))
        ]


def _taken(site: Site) -> int:
    with (site.stub.home / "requests.log").open("rb") as log:
        return sum(1 for _ in log)


def _nothing_waits(site: Site) -> bool:
    pause.sleep(2)
    deliveries = site.deliveries()
    return not site.states()["approved"] and not deliveries["claimed"] and not deliveries["submitting"]


def _figures(site: Site, number: int, points: list[int], seconds: float) -> Figures:
    accepted, deliveries = site.accepted(), site.deliveries()
    told = deliveries["accepted"] + deliveries["unconfirmed"]
    twice = sum(count - 1 for count in accepted.values())
    never = number - len(accepted)
    figures = Figures("Two workers and beat, all killed -9 when the provider had taken so many, and started again.")
    figures.add("messages", number)
    figures.add("killed at", ", ".join(f"{point:,}" for point in points))
    figures.promise("taken twice", twice, 0)
    figures.promise("lost: neither taken nor shown as unconfirmed", max(0, number - told), 0)
    figures.promise("unconfirmed", deliveries["unconfirmed"], IN_HAND)
    figures.add("of these not taken by the provider", never)
    figures.add("seconds", f"{seconds:.0f}")
    figures.add("messages a second, with the pauses", f"{number / seconds:.0f}")
    return figures
