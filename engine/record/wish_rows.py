"""The rows that a customer's wishes are kept in: preferences, order and hours, suppressions, change log, audit trail.

What a customer's word means is decided in `wishes`; this writes what differs, and remembers each field that did.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.people.audit import Doer, record
from engine.record.attention import look_again
from engine.record.suppressions import Suppressed, lift, suppress
from engine.storage.models import ContactPoint, Customer, CustomerChange, Preference, Suppression

CUSTOMER = Doer("customer")
ASKED = "customer_asked"


@dataclass
class Keeping:
    """One customer, locked, and what somebody says of their wishes: where (`source`) and when."""

    session: Session
    customer: Customer
    source: str
    now: datetime
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, customer_id: UUID, *, source: str, now: datetime) -> Self:
        """Lock the customer. Raises NotFound where there is none, or nothing is kept of them any more."""
        customer = session.scalar(
            select(Customer)
            .where(Customer.id == customer_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        if customer is None or customer.erased_at:
            raise NotFound("Nothing is kept of this customer.")
        return cls(session, customer, source, now)

    def wish(self, occasion: str, wanted: bool | None) -> None:
        """None takes the wish away. One that says the same already stays as it is, with its day."""
        kept = self.session.get(Preference, (self.customer.id, occasion))
        if (kept.wanted if kept else None) == wanted:
            return
        old = _said(kept)
        if kept is not None and wanted is None:
            self.session.delete(kept)
        elif kept is not None and wanted is not None:
            kept.wanted, kept.source, kept.changed_at = wanted, self.source, self.now
        elif wanted is not None:
            kept = Preference(customer_id=self.customer.id, occasion=occasion, wanted=wanted, channel=None)
            kept.source, kept.changed_at = self.source, self.now
            self.session.add(kept)
        self.session.flush()
        self.changes[f"preferences.{occasion}"] = (old, None if wanted is None else _said(kept))

    def column(self, name: str, value: str | time | None) -> None:
        """A column of the customer's own row."""
        old = getattr(self.customer, name)
        if old != value:
            setattr(self.customer, name, value)
            self.changes[name] = (_plain(old), _plain(value))

    def unwanted(self, channels: Collection[str]) -> None:
        """These channels, and no others, were asked not to be used."""
        kept = refused_channels(self.session, self.customer.id)
        for channel in sorted(set(channels) - kept):
            refusal = Suppressed(ASKED, self.source, customer_id=self.customer.id, channel=channel)
            suppress(self.session, [refusal], now=self.now)
            self.changes[f"suppressions.{channel}"] = (None, ASKED)
        for channel in sorted(kept - set(channels)):
            lift(self.session, now=self.now, customer_id=self.customer.id, channel=channel, reasons=[ASKED])
            self.changes[f"suppressions.{channel}"] = (ASKED, None)

    def nothing(self, wanted: bool) -> None:
        """Of the addresses too: the same person may be known twice, and an address outlives an erased customer."""
        points = self.session.execute(
            select(ContactPoint.channel, ContactPoint.address).where(ContactPoint.customer_id == self.customer.id)
        ).all()
        rows = [Suppressed(ASKED, self.source, customer_id=self.customer.id)]
        rows += [Suppressed(ASKED, self.source, address=point.address, channel=point.channel) for point in points]
        if wanted and suppress(self.session, rows, now=self.now):
            self.changes["suppressions.*"] = (None, ASKED)
        lifted = 0 if wanted else sum(self._lift(row) for row in rows)
        if lifted:
            self.changes["suppressions.*"] = (ASKED, None)

    def write_down(self, what: str, doer: Doer = CUSTOMER) -> None:
        """The change log and the audit trail, if anything changed; then planning looks at this customer again."""
        if not self.changes:
            return
        self.customer.updated_at = self.now
        self.session.add_all(self._change(name, old, new) for name, (old, new) in self.changes.items())
        said = {name: new for name, (_, new) in self.changes.items()}
        record(self.session, doer, what, self.customer, now=self.now, source=self.source, changes=said)
        self.session.flush()
        look_again(self.session, [self.customer.id], now=self.now)

    def _lift(self, row: Suppressed) -> int:
        whom = {"customer_id": row.customer_id, "address": row.address, "channel": row.channel}
        return lift(self.session, now=self.now, reasons=[ASKED], **whom)  # type: ignore[arg-type]

    def _change(self, name: str, old: object, new: object) -> CustomerChange:
        return CustomerChange(
            customer_id=self.customer.id,
            field=name,
            old=old,
            new=new,
            effective_at=self.now,
            recorded_at=self.now,
            source=self.source,
        )


def refused_channels(session: Session, customer_id: UUID) -> set[str]:
    """The channels on which this customer asked not to be reached; a STOP and bounces are not among them."""
    asked = select(Suppression.channel).where(
        Suppression.customer_id == customer_id,
        Suppression.channel.is_not(None),
        Suppression.reason == ASKED,
        Suppression.lifted_at.is_(None),
    )
    return {channel for channel in session.scalars(asked) if channel}


def _said(kept: Preference | None) -> dict[str, Any] | None:
    """As the change log keeps a wish, whoever writes it."""
    if kept is None:
        return None
    return {"wanted": kept.wanted, "channel": kept.channel, "changed_at": kept.changed_at.isoformat()}


def _plain(value: object) -> object:
    return value.isoformat("minutes") if isinstance(value, time) else value
