"""What every route needs beside its request: the database, the settings, sessions, channels. One per application."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from engine.channel_terms import Offered
from engine.links import Links
from engine.notices.ways import MAIL
from engine.send.channels.postbox import Postbox
from engine.settings import Settings
from engine.storage.session import Database
from web.session import Sessions
from web.throttle import Throttle


@dataclass(frozen=True)
class Place:
    """The parts of one running application."""

    db: Database
    settings: Settings
    sessions: Sessions
    throttle: Throttle
    postbox: Postbox
    offered: Offered
    fault: str | None  # why the channels cannot be opened
    links: Links

    @property
    def mails(self) -> bool:
        """Whether colleagues can be reached by e-mail."""
        return MAIL in self.offered.names


def place_of(request: Request) -> Place:
    """The parts of the application that serves this request."""
    return cast(Place, request.app.state.place)


def _reading(place: Annotated[Place, Depends(place_of)]) -> Iterator[Session]:
    with place.db.reading() as session:
        yield session


Here = Annotated[Place, Depends(place_of)]
Reading = Annotated[Session, Depends(_reading)]
