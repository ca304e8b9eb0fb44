"""When the sweeps run. Each looks for what is due in the database, so a missed, doubled or late run does no harm."""

from datetime import timedelta
from typing import Any

# A sweep that nobody took for so long is dropped, as the next one finds the same work. Not shorter: the clocks of two
# machines may differ, and a sweep that is always too old would never run.
KEEP_SECONDS = 120


def _every(seconds: float, task: str) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": timedelta(seconds=seconds),
        "options": {"expires": max(seconds, KEEP_SECONDS), "ignore_result": True},
    }


SCHEDULE = {
    "spot": _every(600, "jubilee.spot"),
    "fold": _every(60, "jubilee.fold"),
    "plan": _every(60, "jubilee.plan"),
    "write": _every(30, "jubilee.write"),
    "facts": _every(600, "jubilee.facts"),
    "deadlines": _every(60, "jubilee.deadlines"),
    "alerts": _every(300, "jubilee.alerts"),
    "send": _every(5, "jubilee.send") | {"kwargs": {"linger": True}},
    "answer": _every(10, "jubilee.answer"),
    "settle": _every(30, "jubilee.settle"),
    "listen": _every(60, "jubilee.listen"),
    "mailbox": _every(60, "jubilee.mailbox"),
    "notices": _every(60, "jubilee.notices"),
    "rehearse": _every(30, "jubilee.rehearse"),
    "digest": _every(3600, "jubilee.digest"),
    "effects": _every(3600, "jubilee.effects"),
}
