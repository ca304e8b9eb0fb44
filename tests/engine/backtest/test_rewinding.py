"""Taking changes back, one after the other. Pure."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.rewinding import Change, Stretch, rewind

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2025, 1, number, tzinfo=UTC)


def test_without_changes_there_is_one_stretch() -> None:
    """What is known now was known always."""
    assert rewind({"zone": "UTC"}, [], ALWAYS) == [Stretch(ALWAYS, {"zone": "UTC"})]


def test_each_change_ends_a_stretch() -> None:
    """Two fields that changed on two days make three stretches."""
    changes = [Change("country", "FR", day(5)), Change("zone", None, day(9))]
    assert rewind({"country": "DE", "zone": "Europe/Berlin"}, changes, ALWAYS) == [
        Stretch(ALWAYS, {"country": "FR", "zone": None}),
        Stretch(day(5), {"country": "DE", "zone": None}),
        Stretch(day(9), {"country": "DE", "zone": "Europe/Berlin"}),
    ]


def test_of_changes_at_one_instant_none_is_seen_alone() -> None:
    """A file that changes two fields at once makes one stretch."""
    changes = [Change("country", "FR", day(5)), Change("zone", "Europe/Paris", day(5))]
    assert [one.since for one in rewind({}, changes, ALWAYS)] == [ALWAYS, day(5)]


def test_a_change_that_was_recorded_later_for_an_earlier_day_comes_first() -> None:
    """The order is that of the days on which they became true."""
    changes = [Change("plan", "free", day(9)), Change("plan", None, day(5))]
    assert [one.fields["plan"] for one in rewind({"plan": "gold"}, changes, ALWAYS)] == [None, "free", "gold"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(1, 20)), max_size=12))
def test_rewinding_finds_what_was_told(told: list[tuple[str, int, int]]) -> None:
    """Tell values in the order of their days, keep the log as recording does, and every day is found as it was."""
    state: dict[str, int | None] = {"a": None, "b": None}
    log, days = [], {}
    for field, value, number in sorted(told, key=lambda one: one[2]):
        if state[field] != value:
            log.append(Change(field, state[field], day(number)))
            state[field] = value
        days[number] = dict(state)
    stretches = rewind(state, log, ALWAYS)
    for number, expected in days.items():
        known = [one.fields for one in stretches if one.since <= day(number)][-1]
        assert known == expected
