"""What customers say about being written to, wherever they say it: on their page, by one-click unsubscribe, by a STOP.

The one place that decides what such a word means and writes it down: wishes and suppressions, the change log, the
audit trail, and a new look at what was planned. What was approved meets the same wishes again before it goes.

Four words, from light to grave (an objection counts however it reaches us, GDPR Art. 21 and cx-rules L10):

- a wish for one occasion, an order of channels, quiet hours: `say`;
- STOP to one number or address: `stop`, undone by `start`: that address on that channel, for everything (L4);
- unsubscribe: `leave`: no message of class marketing on any channel, also about occasions that do not exist yet.
  What concerns a problem of the customer's own (class service) may still come, and the page says so;
- "nothing at all": `say` with `nothing`: a suppression of the customer and of their addresses, service included.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.errors import NotFound
from engine.ids import new_id
from engine.people.audit import Doer, record
from engine.record.attention import look_again
from engine.record.suppressions import Suppressed, lift, suppress
from engine.record.unset import UNSET, Unset
from engine.storage.models import ContactPoint, Customer, CustomerChange, Preference, Suppression, Trigger
from engine.storage.models.consent import ANY
from engine.storage.models.contact_point import hash_of_address

CUSTOMER = Doer("customer")
ASKED = "customer_asked"
STOP = "stop"
_SPOKEN = ("active", "paused", "shadow")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a customer wants from now on; what is UNSET stays as it is.

    `occasions`: occasion -> wanted; `*` stands for every occasion of class marketing without a wish of its own.
    `order`: the channels they want, the first first; empty: the company's order. `unwanted`: all channels they do not
    want to be reached on. `quiet`: local hours (from, until), None for none. `nothing`: no message at all.
    """

    occasions: Mapping[str, bool] = field(default_factory=dict)
    order: Sequence[str] | Unset = UNSET
    unwanted: Iterable[str] | Unset = UNSET
    quiet: tuple[time, time] | None | Unset = UNSET
    nothing: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class Occasion:
    """One occasion that customers of this installation may hear about."""

    name: str
    marketing: bool


Changes = Mapping[str, tuple[Any, Any]]


def say(session: Session, customer_id: UUID, wishes: Wishes, *, now: datetime, source: str = "customer") -> Changes:
    """Keep what the customer said: each field that changed, with what it was and what it is now.

    Raises NotFound where there is no such customer, or nothing is kept of them any more.
    """
    raise NotImplementedError


def leave(session: Session, customer_id: UUID, *, now: datetime, source: str) -> Changes:
    """No more messages of class marketing, on any channel, about any occasion, also one that is new later."""
    raise NotImplementedError


def stop(
    session: Session, channel: str, address: str, *, now: datetime, source: str, customer_id: UUID | None = None
) -> bool:
    """Whoever wrote from this address wants nothing there any more; False where that was known. No address is needed
    to be of a known customer, so that it holds for whoever gets it later."""
    raise NotImplementedError


def start(session: Session, channel: str, address: str, *, now: datetime, source: str) -> bool:
    """They take their STOP back; whether there was one. What they said otherwise stays."""
    raise NotImplementedError
