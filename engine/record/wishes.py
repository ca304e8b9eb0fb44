"""What customers say about being written to, wherever they say it: on their page, by one-click unsubscribe, by a STOP.

The one place that decides what such a word means. What was planned is looked at again at once, and what was approved
meets the same wishes before it goes. From light to grave (an objection counts however it reaches us: GDPR Art. 21 and
cx-rules L10):

- a wish for one occasion, an order of channels, quiet hours: `say`;
- STOP from one number or address: `stop`, undone by `start`: that channel, for everything (cx-rules L4);
- unsubscribe: `leave`: no message of class marketing on any channel, also about occasions that do not exist yet, and
  none about the occasion of the message that was answered so. Service messages about other problems of the customer's
  own may still come, and the page says so;
- "nothing at all": `say` with `nothing`: a suppression of the customer and of their addresses, service included.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.people.audit import Doer
from engine.record.suppressions import Suppressed, lift, suppress
from engine.record.unset import UNSET, Unset
from engine.record.wish_rows import ASKED, CUSTOMER, Keeping, refused_channels
from engine.storage.models import ContactPoint, Customer, Preference, Trigger
from engine.storage.models.consent import ANY
from engine.storage.models.contact_point import hash_of_address

__all__ = [
    "ASKED",
    "STOP",
    "Occasion",
    "Wishes",
    "leave",
    "occasions",
    "refused_channels",
    "say",
    "start",
    "stop",
    "way_words",
    "word_of_leaving",
]

STOP = "stop"
_SPOKEN = ("active", "paused")
_WAYS = {
    "unsubscribe": "by the link in a message",
    "customer": "on their own page",
    "reply": "by a reply",
}
Changes = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a customer wants from now on; what is UNSET stays as it is.

    `occasions`: occasion -> wanted; `*` stands for every occasion of class marketing without a wish of its own.
    `order`: the channels they want, the first first; empty: the company's order. `unwanted`: all channels they do not
    want to be reached on. `quiet`: local hours (from, until), None for none. `nothing`: no message at all.
    """

    occasions: Mapping[str, bool] = field(default_factory=dict)
    order: Sequence[str] | Unset = UNSET
    unwanted: Collection[str] | Unset = UNSET
    quiet: tuple[time, time] | Unset | None = UNSET
    nothing: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class Occasion:
    """One occasion that customers may hear about. `title` is that of its trigger; both classes may speak of one."""

    name: str
    title: str
    marketing: bool
    service: bool


def say(
    session: Session,
    customer_id: UUID,
    wishes: Wishes,
    *,
    now: datetime,
    source: str = "customer",
    doer: Doer = CUSTOMER,
) -> Changes:
    """Keep what the customer said: each field that changed, with what it was and what it is now.

    `doer` is the person who writes it down for them. Raises NotFound where nothing is kept of such a customer.
    """
    keeping = Keeping.of(session, customer_id, source=source, now=now)
    for occasion, wanted in wishes.occasions.items():
        keeping.wish(occasion, wanted)
    if not isinstance(wishes.order, Unset):
        keeping.column("channel_order", ",".join(wishes.order) or None)
        keeping.column("preferred_channel", next(iter(wishes.order), None))
    if not isinstance(wishes.quiet, Unset):
        for name, hour in zip(("quiet_from", "quiet_until"), wishes.quiet or (None, None), strict=True):
            keeping.column(name, hour)
    if not isinstance(wishes.unwanted, Unset):
        keeping.unwanted(wishes.unwanted)
    if not isinstance(wishes.nothing, Unset):
        keeping.nothing(wishes.nothing)
    keeping.write_down("wishes", doer)
    return keeping.changes


def leave(session: Session, customer_id: UUID, *, now: datetime, source: str, occasion: str | None = None) -> Changes:
    """No more messages of class marketing, nor any about this `occasion`: that of the message they answered so.

    The known occasions are refused one by one too, so that a file with an older yes does not bring them back. One that
    a service trigger speaks about as well keeps no wish of its own, so that service still goes.
    """
    keeping = Keeping.of(session, customer_id, source=source, now=now)
    keeping.wish(ANY, False)
    for one in _occasions(session, states=None):
        if one.marketing and one.name != occasion:
            keeping.wish(one.name, None if one.service else False)
    if occasion:
        keeping.wish(occasion, False)
    keeping.write_down("unsubscribe")
    return keeping.changes


def stop(
    session: Session, channel: str, address: str, *, now: datetime, source: str, customer_id: UUID | None = None
) -> bool:
    """Whoever wrote from this address wants nothing on this channel any more; False where that was known.

    The address need not be a known customer's, so that it holds for whoever gets it later; customers it is known of
    are suppressed on the channel themselves, so that it holds for their next address.
    """
    customers = _owners(session, channel, address) | ({customer_id} if customer_id else set())
    rows = [Suppressed(STOP, source, address=address, channel=channel)]
    rows += [Suppressed(STOP, source, customer_id=one, channel=channel) for one in sorted(customers)]
    new = suppress(session, rows, now=now)
    if new:
        _tell(session, customers, "stop", {f"suppressions.{channel}": (None, STOP)}, now=now, source=source)
    return bool(new)


def start(session: Session, channel: str, address: str, *, now: datetime, source: str) -> bool:
    """They take their STOP back; whether there was one. What they said otherwise stays."""
    customers = _owners(session, channel, address)
    lifted = lift(session, now=now, address=address, channel=channel, reasons=[STOP])
    lifted += sum(lift(session, now=now, customer_id=one, channel=channel, reasons=[STOP]) for one in sorted(customers))
    if lifted:
        _tell(session, customers, "start", {f"suppressions.{channel}": (STOP, None)}, now=now, source=source)
    return bool(lifted)


def word_of_leaving(kept: Collection[Preference]) -> Preference | None:
    """Which of one customer's wishes says that they unsubscribed from all marketing; None where they asked for
    something since, or only chose on their page what they want."""
    left = next((one for one in kept if one.occasion == ANY and not one.wanted), None)
    if left is None:
        return None
    chosen = any(one.wanted and (left.source == "customer" or one.changed_at > left.changed_at) for one in kept)
    return None if chosen else left


def way_words(source: str) -> str:
    """How somebody told us, by the source that their wish keeps."""
    return _WAYS.get(source, f"by {source}")


def occasions(session: Session) -> list[Occasion]:
    """What customers may hear about here, by name: what triggers speak of that send, or would if nobody paused them."""
    return _occasions(session, states=_SPOKEN)


def _occasions(session: Session, *, states: Sequence[str] | None) -> list[Occasion]:
    query = select(Trigger.occasion, Trigger.version_id)
    if states is not None:
        query = query.where(Trigger.state.in_(states))
    classes: dict[str, set[str]] = {}
    titles: dict[str, str] = {}
    for name, version_id in session.execute(query.order_by(Trigger.occasion, Trigger.name)):
        if version_id is None:
            continue
        definition = definition_of(session, version_id)
        classes.setdefault(name, set()).add(definition.legal_class)
        titles.setdefault(name, definition.title)
    return [Occasion(name, titles[name], "marketing" in kinds, "service" in kinds) for name, kinds in classes.items()]


def _owners(session: Session, channel: str, address: str) -> set[UUID]:
    return set(
        session.scalars(
            select(ContactPoint.customer_id).where(
                ContactPoint.channel == channel, ContactPoint.address_hash == hash_of_address(address)
            )
        )
    )


def _tell(
    session: Session, customers: Iterable[UUID], what: str, changes: Changes, *, now: datetime, source: str
) -> None:
    for customer in session.scalars(select(Customer).where(Customer.id.in_(list(customers))).order_by(Customer.id)):
        Keeping(session, customer, source, now, dict(changes)).write_down(what)
