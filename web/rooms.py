"""The rooms of the desk, as its frame lists them. A room is shown to those who may enter it, once it has a page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.storage.models.person import ROLES


@dataclass(frozen=True, slots=True)
class Room:
    """One entry. `role` is the least that may enter; `busy` stands in the bar of a phone too."""

    path: str
    name: str
    role: str = "viewer"
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Rooms that belong together, under one heading."""

    name: str
    rooms: Sequence[Room]


GROUPS: Sequence[Group] = (
    Group(
        "Work",
        (
            Room("/today", "Today", busy=True),
            Room("/queue", "Queue", busy=True),
            Room("/replies", "Replies", busy=True),
            Room("/calls", "Calls", busy=True),
            Room("/customers", "Customers", busy=True),
            Room("/notes", "Notes", role="agent"),
            Room("/notes/new", "Leave a note"),
            Room("/postbox", "Postbox"),
        ),
    ),
    Group(
        "Set up",
        (
            Room("/triggers", "Triggers"),
            Room("/templates", "Templates"),
            Room("/mission", "Mission"),
            Room("/flags", "Flags"),
            Room("/sending", "Sending"),
        ),
    ),
    Group("Look", (Room("/calendar", "Calendar"), Room("/insight", "Insight"))),
    Group("People", (Room("/people", "People", role="admin"), Room("/audit", "Audit", role="marketing"))),
)
# Whose pages stand elsewhere than their room.
ALSO_IN = {"/messages": "/queue", "/rehearsals": "/triggers", "/not-now": "/calendar"}


def groups_for(role: str, pages: Collection[str]) -> list[Group]:
    """The groups with what a person of this role may enter; `pages` are the paths that the application answers."""
    found = [Group(group.name, [one for one in group.rooms if _open(one, role, pages)]) for group in GROUPS]
    return [group for group in found if group.rooms]


def room_of(path: str) -> str:
    """The path of the room that this page belongs to: the first part of its own, mostly."""
    first = "/" + path.strip("/").partition("/")[0]
    return ALSO_IN.get(first, first)


def _open(room: Room, role: str, pages: Collection[str]) -> bool:
    return room.path in pages and ROLES.index(role) >= ROLES.index(room.role)
