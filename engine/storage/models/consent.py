"""What a customer agreed to, on which ground, and until when."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.storage.base import Base, one_of

ANY = "*"
BASES = ("express", "implied", "contract", "legitimate_interest")


class Consent(Base):
    """The legal basis to write on a channel about an occasion; `*` stands for every channel or every occasion.

    The more particular row wins, occasion before channel. Implied consent expires.
    """

    __tablename__ = "consents"
    __table_args__ = (
        one_of("state", ("granted", "refused")),
        one_of("basis", BASES),
    )

    customer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True, default=ANY)
    occasion: Mapped[str] = mapped_column(primary_key=True, default=ANY)
    state: Mapped[str]
    basis: Mapped[str]
    source: Mapped[str]
    given_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
