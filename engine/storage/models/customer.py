"""A person the company serves."""

import uuid
from datetime import datetime, time

from sqlalchemy import BigInteger, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from engine.ids import new_id
from engine.storage.base import Base, Json
from engine.storage.name_sql import folded


class Customer(Base):
    """A person the company serves, with what a message may need to know. The row is also the customer's lock.

    `first_name` is the chosen name. `bucket` is a uniform number below 2**31 from the id, for control groups.
    `zone_guessed`: nobody said the zone, it was worked out from the country. `region` is the subdivision of the country
    as in ISO 3166-2 (TX for US-TX). `channel_order` is the customer's own order, names with commas between.
    Quiet hours are local, may cross midnight, and stand both or not at all.
    `deceased`, `minor` and `closed` end celebrations for good; `erased_at` says that what identified them is gone.
    """

    __tablename__ = "customers"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    external_id: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en", server_default="en")
    zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    zone_guessed: Mapped[bool] = mapped_column(default=False, server_default=false())
    country: Mapped[str | None] = mapped_column(index=True)
    region: Mapped[str | None]
    traits: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    preferred_channel: Mapped[str | None]
    channel_order: Mapped[str | None]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    deceased: Mapped[bool] = mapped_column(default=False, server_default=false())
    minor: Mapped[bool] = mapped_column(default=False, server_default=false())
    closed: Mapped[bool] = mapped_column(default=False, server_default=false())
    bucket: Mapped[int] = mapped_column(BigInteger)
    last_active_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


# By either name, alone or followed by the other one, as people are looked up (web/queries/finding.py).
Index("ix_customers_last_name", folded(Customer.last_name), folded(Customer.first_name))
Index("ix_customers_first_name", folded(Customer.first_name), folded(Customer.last_name))
# By the beginning of an id; on PostgreSQL only these operators let LIKE use an index.
Index("ix_customers_external_id_begins", Customer.external_id, postgresql_ops={"external_id": "text_pattern_ops"})
