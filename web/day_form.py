"""The form of a sensitive day, read from what a browser sends."""

import re
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from engine.calendar.days import WantedDay
from engine.errors import InvalidInput
from web.pause_form import read_places

_SEPARATOR = re.compile(r"[,;\s]+")


def read_day(form: FormData) -> WantedDay:
    """What it says. Raises InvalidInput for a date that is none."""

    def text(name: str) -> str:
        return str(form.get(name, "")).strip()[:500]

    return WantedDay(
        name=text("name"),
        effect="shift" if text("effect") == "shift" else "hold",
        families=[str(one) for one in form.getlist("families")],
        occasions=[one for one in _SEPARATOR.split(text("occasions")) if one],
        countries=read_places(text("countries")),
        source=text("source") or None,
        active=text("active") != "off",
        **_when(text("every"), text("date"), text("holiday")),
    )


def fault_at(complaint: str) -> str:
    """The field where it is to be mended: by the word that the complaint is about."""
    said = complaint.lower()
    words = (("countr", "countries"), ("holiday", "holiday"), ("occasion", "occasions"), ("name", "name"))
    return next((field for word, field in words if word in said), "date" if "day" in said else "")


def _when(every: str, on: str, holiday: str) -> dict[str, Any]:
    if every == "holiday":
        return {"holiday": holiday or None}
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise InvalidInput("Choose the day; for one that comes every year, in any year that has it.") from None
    return {"on": day} if every == "once" else {"month_day": (day.month, day.day)}
