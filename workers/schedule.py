"""When the sweeps run. Each looks for what is due in the database, so a missed, doubled or late run does no harm."""

from datetime import timedelta
from typing import Any


def _every(seconds: float, task: str) -> dict[str, Any]:
    # A sweep that waited longer than its interval is dropped: the next one finds the same work.
    return {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": max(seconds, 5)}}


SCHEDULE = {
    "spot": _every(600, "jubilee.spot"),
    "plan": _every(60, "jubilee.plan"),
    "write": _every(30, "jubilee.write"),
    "deadlines": _every(60, "jubilee.deadlines"),
    "send": _every(5, "jubilee.send"),
    "settle": _every(30, "jubilee.settle"),
}
