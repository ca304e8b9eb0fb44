"""The table of the hours in which texts and calls may reach people, by country and state, and what follows from it
where it is not known by which clock somebody lives, or in which state, or in which country.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml
from babel.core import get_global

from engine.dates.rules import NEVER, Day, Hours, Rule, Week, common

LEGAL_HOURS = "legal_hours"
ELSEWHERE = "elsewhere"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Row:
    """The hours of one country (US) or state (US-TX). `second_hand`: quoted by somebody, not read in the law itself."""

    place: str
    name: str
    week: Week
    holiday: Day | None
    source: str
    second_hand: bool


@dataclass(frozen=True, eq=False)
class Law:
    """The rows in force. Where more than one may hold, only what all of them allow."""

    rows: Mapping[str, Row]

    def rules(self, country: str | None, region: str | None, *, zone_guessed: bool) -> list[Rule]:
        """The rule for somebody of whom so much is known; none where every row that could bind them is off.

        Where the zone was guessed, every clock of the state, or else of the country, has to allow it. Where they never
        do (Antarctica's stations), what all rows allow has to do, by the clock that was guessed.
        """
        code, _, part = (country or "").upper().partition("-")
        region = (region or part).upper()
        rows = self._binding(code, region)
        if not rows:
            return []
        country = f"{code}-{region}" if region else code or None
        rule = _strictest(rows, country, clocks_of(code, region) if zone_guessed else ())
        return [rule if _has_hours(rule) else _strictest(list(self.rows.values()), country, ())]

    def _binding(self, code: str, region: str) -> Sequence[Row]:
        if not code:
            return list(self.rows.values())
        states = {place: row for place, row in self.rows.items() if place.startswith(f"{code}-")}
        if states and not is_region(code, region):
            return [*states.values(), *self._of(code, ELSEWHERE)]
        return self._of(f"{code}-{region}", code, ELSEWHERE)

    def _of(self, *places: str) -> list[Row]:
        """The row of the first of these places that has one."""
        return [self.rows[place] for place in places if place in self.rows][:1]


@lru_cache(maxsize=64)
def law_of(setting: str) -> Law:
    """The law as JUBILEE_TEXT_HOURS has it: `legal`, `legal` without some rows (`legal,-US-RI,-US-TX`), or `off`.

    Raises ValueError where it says something else.
    """
    words = [word.strip() for word in setting.split(",") if word.strip()]
    if words == ["off"]:
        return Law({})
    rows = shipped_rows()
    for word in words[1:]:
        if not word.startswith("-") or word[1:] not in rows:
            raise ValueError(f"{word!r} takes away no row of the table: write -US-TX for that of Texas")
    if words[:1] != ["legal"]:
        raise ValueError("must be `legal`, `legal` without some rows such as legal,-US-TX, or `off`")
    return Law({place: row for place, row in rows.items() if f"-{place}" not in words})


@cache
def shipped_rows() -> Mapping[str, Row]:
    """The rows of text_hours.yaml, by place."""
    return {raw["place"]: _row(raw) for raw in yaml.safe_load(_text("text_hours.yaml"))}


def is_region(country: str, region: str) -> bool:
    """Whether this is a subdivision of the country, as far as we know: of most countries we know none."""
    known = regions_of(country)
    return bool(region) and (not known or region in known)


@cache
def regions_of(country: str) -> frozenset[str]:
    """The subdivisions whose zones are known, such as the states of the US; mostly none."""
    return frozenset(place.partition("-")[2] for place in _region_zones() if place.startswith(f"{country}-"))


def clocks_of(country: str, region: str) -> tuple[str, ...]:
    """The zones of a state, that of most people first, or else of its country; none where neither is known."""
    state = _region_zones().get(f"{country}-{region}")
    return tuple(state or get_global("territory_zones").get(country, ()))


def _row(raw: Mapping[str, Any]) -> Row:
    every = _day(raw["every_day"])
    week = tuple(_day(raw[name]) if name in raw else every for name in _WEEKDAYS)
    holiday = _day(raw["holiday"]) if "holiday" in raw else None
    return Row(raw["place"], raw["name"], week, holiday, " ".join(raw["source"].split()), raw["second_hand"])


def _day(text: str) -> Day:
    """`08:00-20:00`, or `none`."""
    if text == "none":
        return NEVER
    start, end = ((int(at[:2]) * 60 + int(at[3:])) for at in text.split("-"))
    return ((start, end),)


def _strictest(rows: Sequence[Row], country: str | None, clocks: tuple[str, ...]) -> Rule:
    week = tuple(common(row.week[day] for row in rows) for day in range(7))
    holidays = [row.holiday for row in rows if row.holiday is not None]
    return Rule(LEGAL_HOURS, week, common(holidays) if holidays else None, country, clocks)


def _has_hours(rule: Rule) -> bool:
    """Whether the clocks of a guess ever agree, on an ordinary Tuesday in winter and in summer."""
    tuesdays = (datetime(2026, 1, 13, tzinfo=UTC), datetime(2026, 6, 9, tzinfo=UTC))
    return not rule.clocks or all(Hours((rule,)).within((day, day + timedelta(days=1)), "UTC") for day in tuesdays)


@cache
def _region_zones() -> Mapping[str, Sequence[str]]:
    found: Mapping[str, Sequence[str]] = yaml.safe_load(_text("region_zones.yaml"))
    return found


def _text(name: str) -> str:
    return files("engine.dates").joinpath(name).read_text(encoding="utf-8")
