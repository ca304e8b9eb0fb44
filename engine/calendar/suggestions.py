"""Sensitive days that are offered, each with its source; none is in force before somebody adds it."""

from functools import cache
from pathlib import Path

import yaml

from engine.calendar.days import WantedDay

_FILE = Path(__file__).with_name("suggestions.yaml")


@cache
def suggestions() -> tuple[WantedDay, ...]:
    """In the order of the file."""
    read = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(
        WantedDay(
            name=one["name"],
            countries=tuple(one.get("countries", ())),
            month_day=(one["month"], one["day"]) if "month" in one else None,
            holiday=one.get("holiday"),
            source=one["source"],
        )
        for one in read
    )
