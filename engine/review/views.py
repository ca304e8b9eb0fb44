"""What the queue and the page of one message show: plain frozen values, ready for any kind of page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the queue an item stands; the next page begins after it."""

    deadline_at: datetime
    weight: int
    message_id: UUID

    def __str__(self) -> str:
        return f"{self.deadline_at.isoformat()}~{self.weight}~{self.message_id}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """The place that `str` wrote; raises InvalidInput for anything else."""
        try:
            deadline, weight, message_id = text.split("~")
            place = cls(datetime.fromisoformat(deadline), int(weight), UUID(message_id))
        except ValueError:
            raise InvalidInput(f"{text[:80]!r} is no place in the queue") from None
        if place.deadline_at.tzinfo is None or abs(place.weight) > 1_000:
            raise InvalidInput(f"{text[:80]!r} is no place in the queue")
        return place


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A named reason why the message waits; `detail` says which fact, and whom to ask."""

    name: str
    detail: str | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One row of the queue. `question` where no text could be written: it waits for an answer, not for a reading.

    `send_at` is the customer's local time as text, `worst` the gravest finding (note, warn, block), `written` whether
    there is a text, `edited` whether a person changed it.
    """

    message_id: UUID
    version: int
    state: str
    customer_name: str
    external_id: str
    title: str
    family: str
    occasion: str
    why: str
    send_at: str
    zone: str
    send_on: date
    deadline_at: datetime
    weight: int
    must_read: bool
    if_unreviewed: str
    channel: str
    findings: int
    worst: str | None
    holds: Sequence[OpenHold]
    written: bool
    edited: bool

    @property
    def goes_unread(self) -> bool:
        """Whether it goes at its deadline if nobody decides; what the tone check blocks or a person edited does not."""
        return self.if_unreviewed == "send" and not (self.must_read or self.edited or self.worst == "block")

    @property
    def question(self) -> bool:
        """Whether the draft stopped and asks for a fact or a better template."""
        return self.state == "draft"

    @property
    def place(self) -> Place:
        """Ask for what comes after this to get the next page."""
        return Place(self.deadline_at, self.weight, self.message_id)


@dataclass(frozen=True, slots=True)
class FactView:
    """One fact as agents see it: with its source, and whether it may be said aloud."""

    name: str
    value: str | int | bool | None
    source: str
    sayable: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One channel by which the message may go, the name of the text that it carries, and why it has its place."""

    channel: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One wording. No author: the writer drafted it, or a policy signed it."""

    number: int
    author: str | None
    created_at: datetime
    texts: Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """What the customer already got from us."""

    message_id: UUID
    occasion: str
    family: str
    state: str
    send_on: date
    subject: str | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """Everything an agent needs to decide about one message.

    `texts` are what the agent edits, with marks and hints; `preview` is what the customer would get if the person who
    looks approved now. `text` names the one of them that the message's channel carries; `ways` are the channels that
    it would be tried on, in turn. `channel_why` says why it has its channel, `unread` that it came back to be read
    because of that; `approved_texts` are those that its approver had seen. `findings` are the tone
    check's, with `part` (subject or body) and the span within it. `hints` say where the agent's own words belong.
    `written_in` and `reads` are the languages of the text and of the customer.
    """

    item: QueueItem
    customer_id: UUID
    trigger_id: UUID
    facts: Sequence[FactView]
    text: str
    ways: Sequence[Way]
    channel_why: str
    unread: bool
    approved_texts: Sequence[str]
    texts: Mapping[str, Mapping[str, str | None]]
    preview: Mapping[str, Mapping[str, str | None]]
    signature: str | None
    findings: Sequence[Mapping[str, Any]]
    hints: Sequence[str]
    free_part: str
    revisions: Sequence[RevisionView]
    earlier: Sequence[EarlierMessage]
    reason: str | None
    expires_at: datetime
    approved_by: str | None
    release_at: datetime | None
    can_be_undone: bool
    written_in: str | None
    reads: str


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """For badges. `urgent`: the deadline is within a day. `approved`: may still be undone or pulled back."""

    in_review: int
    questions: int
    urgent: int
    approved: int
