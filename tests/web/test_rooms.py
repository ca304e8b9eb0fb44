"""Which rooms the frame lists, for whom, and which of them a page belongs to."""

import pytest

from tests.web.conftest import NewBrowser
from tests.web.office import Office
from web.rooms import GROUPS, groups_for, room_of

EVERYTHING = {room.path for group in GROUPS for room in group.rooms}


def paths(role: str, pages: set[str]) -> list[str]:
    return [room.path for group in groups_for(role, pages) for room in group.rooms]


def test_a_room_is_listed_once_it_has_a_page() -> None:
    """And a group without rooms has no heading."""
    assert paths("agent", {"/queue", "/sending"}) == ["/queue", "/sending"]
    assert [group.name for group in groups_for("agent", {"/queue"})] == ["Work"]


def test_who_may_not_enter_is_not_shown_the_door() -> None:
    """Accounts are for admins, the audit is for marketing too, and a viewer reads no notes."""
    assert {"/people", "/audit"} <= set(paths("admin", EVERYTHING))
    assert "/people" not in paths("marketing", EVERYTHING)
    assert not {"/people", "/audit"} & set(paths("agent", EVERYTHING))
    assert "/notes" not in paths("viewer", EVERYTHING)


@pytest.mark.parametrize(
    ("path", "room"),
    [("/queue", "/queue"), ("/messages/0191", "/queue"), ("/customers/a/b", "/customers"), ("/", "/")],
)
def test_a_page_belongs_to_a_room(path: str, room: str) -> None:
    """A message belongs to the queue that it was opened from."""
    assert room_of(path) == room


@pytest.mark.databases("sqlite")
def test_the_frame_says_where_one_is(browser: NewBrowser, office: Office) -> None:
    """Once in the column and once behind the bar of phones, which shows the queue a third time."""
    page = browser("agent").get(f"/messages/{office.orders}").text
    assert page.count('<a href="/queue" aria-current="page">') == 3
    rooms = page.count('<nav class="rooms"')
    assert rooms == 2
