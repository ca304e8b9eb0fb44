"""A person the company serves."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, false
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json


class Customer(Base):
    """A person the company serves, with what a message may need to know. The row is also the customer's lock.

    `first_name` is the chosen name. `bucket` is a uniform number below 2**31 from the id, for control groups.
    `deceased`, `minor` and `closed` end celebrations for good; `erased_at` says that what identified them is gone.
    """

    __tablename__ = "customers"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    external_id: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en", server_default="en")
    zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    country: Mapped[str | None]
    traits: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    preferred_channel: Mapped[str | None]
    deceased: Mapped[bool] = mapped_column(default=False, server_default=false())
    minor: Mapped[bool] = mapped_column(default=False, server_default=false())
    closed: Mapped[bool] = mapped_column(default=False, server_default=false())
    bucket: Mapped[int] = mapped_column(BigInteger)
    last_active_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
