"""The table of the hours of texts: what stands in it, that its page says the same, and how rows are switched off."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.core import get_global

from engine.dates.hours import hours_for
from engine.dates.rules import Day
from engine.dates.text_law import clocks_of, law_of, regions_of, shipped_rows
from engine.dates.zones import zone

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "hours.md"


def shown(day: Day | None) -> str:
    if day is None:
        return "as the day"
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in day) or "none"


def test_the_page_shows_the_table_as_it_is() -> None:
    """Each row with its hours, its source, and whether it is second-hand; and no row besides."""
    rows = [
        f"| `{row.place}` | {row.name} | {shown(row.week[0])} | {shown(row.week[5])} | {shown(row.week[6])} "
        f"| {shown(row.holiday)} | {row.source}{' (second-hand)' if row.second_hand else ''} |"
        for row in shipped_rows().values()
    ]
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("| `") and line.count("|") == 8] == rows


def test_every_row_has_a_source_and_a_place_of_its_own() -> None:
    """Law is a default with its source named beside it."""
    rows = shipped_rows()
    assert all(row.source for row in rows.values())
    assert all(row.week[0] == row.week[day] for row in rows.values() for day in range(5))
    assert {place.partition("-")[0] for place in rows} - {"elsewhere"} <= set(get_global("territory_zones"))
    assert {place.partition("-")[2] for place in rows if place.startswith("US-")} <= regions_of("US")


def test_the_clocks_of_the_states_exist_and_are_those_of_their_country() -> None:
    """A zone that does not exist would stop a text with an error instead of a reason."""
    assert len(regions_of("US")) == 56  # 50 states, the capital, 5 territories
    for region in regions_of("US"):
        assert all(zone(name) for name in clocks_of("US", region))


COUNTRIES = sorted(code for code in get_global("territory_zones") if code.isalpha() and code != "ZZ")


@pytest.mark.parametrize("country", COUNTRIES)
def test_there_are_hours_for_texts_in_every_country_of_which_no_more_is_known(country: str) -> None:
    """Its clocks may be many hours apart: every working day has a while that all of them allow, or, for the stations in
    Antarctica, one by the clock that was guessed."""
    rules = hours_for("sms", country=country, region=None, zone_guessed=True, quiet=None)
    for start in (datetime(2026, 1, 13, tzinfo=UTC), datetime(2026, 6, 9, tzinfo=UTC)):  # Tuesdays
        allowed = rules.within((start, start + timedelta(days=1)), "UTC")
        assert sum(((end - begin) for begin, end in allowed), timedelta()) >= timedelta(hours=1)


@pytest.mark.parametrize("setting", ["", "none", "legal,US-TX", "legal,-US-XX", "off,-US-TX", "-US-TX"])
def test_a_setting_that_cannot_be_meant_is_refused(setting: str) -> None:
    """Nobody believes a row to be off, or the law on, that is not."""
    with pytest.raises(ValueError, match=r"US-TX|off"):
        law_of(setting)


def test_no_rows_no_rules() -> None:
    """Where every row that could bind somebody is off, the law says nothing about them."""
    assert law_of("off").rules("US", "TX", zone_guessed=True) == []
    assert law_of("legal,-elsewhere").rules("DE", None, zone_guessed=False) == []
    assert law_of("legal,-elsewhere").rules("US", "NY", zone_guessed=False) != []
