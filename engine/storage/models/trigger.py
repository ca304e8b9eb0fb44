"""What marketing configures."""

import uuid
from datetime import date, datetime

from sqlalchemy import false
from sqlalchemy.orm import Mapped, mapped_column

from engine import transitions
from engine.ids import new_id
from engine.storage.base import Base, needs, one_of

NOT_FOLDED = uuid.UUID(int=0)  # before every customer's id


class Trigger(Base):
    """A trigger by its lasting name; what it says is in the version in force. Only `active` ones send.

    A newer version than the one in force is proposed: it counts once it is published. `two_people`: whoever asks for
    that does not do it. `paused_from` is the state it goes back to when it goes on.

    `version_id` has no foreign key, as the two tables would point at each other; one function writes both.

    `scanned_through` is the nominal date up to which the calendar has been searched, so that a missed day is made up.

    `folded_after`: since it was switched on or changed, what it watches was folded anew for all customers up to this
    one; `NOT_FOLDED` where that has not begun, None where it is done.
    """

    __tablename__ = "triggers"
    __table_args__ = (
        one_of("state", transitions.TRIGGER),
        one_of("paused_from", ("shadow", "active")),
        one_of("family", ("celebrate", "reassure", "recover")),
        needs("paused", "paused_reason"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    family: Mapped[str]
    occasion: Mapped[str]
    state: Mapped[str]
    paused_reason: Mapped[str | None]
    paused_from: Mapped[str | None]
    two_people: Mapped[bool] = mapped_column(default=False, server_default=false())
    active_from: Mapped[datetime | None]
    salt: Mapped[str]
    version_id: Mapped[uuid.UUID | None]
    scanned_through: Mapped[date | None]
    folded_after: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]
