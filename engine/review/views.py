"""What the queue and the page of one message show: plain frozen values, ready for any kind of page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.errors import InvalidInput
from engine.plan.reasons import FEELS_WRONG
from engine.review.opinions import FlagView, Happened, ReadView
from engine.write.parts import Part


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
class Held:
    """Who has taken a draft, since when, and until when if they do nothing more."""

    by: UUID
    name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One row of the queue. `question` where no text could be written: it waits for an answer, not for a reading.

    `send_at` is the customer's local time as text, `goes_at_once` that it is over and nothing is decided, `goes_until`
    when it would come too late, `worst` the gravest finding (note, warn, block), `written` whether
    there is a text, `edited` whether a person changed it. `person_why` says why it needs a person, `owner_why` why it
    is its owner's, or nobody's. `held` is who writes at it now. `language` is the one that its customer reads.
    `paused` is why its trigger is paused, if it is.
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
    goes_at_once: bool
    goes_until: str
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
    language: str
    person_why: str
    owner_id: UUID | None
    owner_name: str | None
    owner_why: str
    owner_note: str | None
    snoozed_until: datetime | None
    held: Held | None
    paused: str | None = None

    @property
    def goes_unread(self) -> bool:
        """Whether it goes at its deadline if nobody decides; what the tone check blocks, a person edited or a pause
        keeps does not."""
        kept = self.must_read or self.edited or self.worst == "block" or self.paused is not None
        return self.if_unreviewed == "send" and not kept

    @property
    def question(self) -> bool:
        """Whether the draft stopped and asks for a fact or a better template."""
        return self.state == "draft"

    @property
    def stopped(self) -> bool:
        """Whether somebody said that it feels wrong, and marketing has not answered."""
        return any(hold.name == FEELS_WRONG for hold in self.holds)

    @property
    def place(self) -> Place:
        """Ask for what comes after this to get the next page."""
        return Place(self.deadline_at, self.weight, self.message_id)


@dataclass(frozen=True, slots=True)
class FactView:
    """One fact as agents see it: with its source, whether it may be said aloud, and how it stands in a sentence."""

    name: str
    value: str | int | bool | None
    source: str
    sayable: bool
    sayings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that changed since the text that its reader knows. None: not known."""

    name: str
    was: str | int | bool | None
    now: str | int | bool | None


@dataclass(frozen=True, slots=True)
class Way:
    """One channel by which the message may go, the name of the text that it carries, and why it has its place."""

    channel: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One wording. No author: the writer drafted it, or a policy signed it. `signed`: as it was approved."""

    number: int
    author: str | None
    created_at: datetime
    texts: Mapping[str, Mapping[str, str | None]]
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What the customer wrote back."""

    received_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """What the customer already got from us, and what they answered."""

    message_id: UUID
    occasion: str
    family: str
    state: str
    send_on: date
    subject: str | None
    body: str | None = None
    answers: Sequence[Answered] = ()


@dataclass(frozen=True, slots=True)
class MessageView:
    """Everything an agent needs to decide about one message.

    `texts` are what the agent edits, with marks and hints; `preview` is what the customer would get if the person who
    looks approved now. `text` names the one of them that the message's channel carries; `ways` are the channels that
    it would be tried on, in turn. `channel_why` says why it has its channel, `unread` that it came back to be read
    because of that; `approved_texts` are those that its approver had seen. `findings` are the tone
    check's, with `part` (subject or body) and the span within it. `hints` say where the agent's own words belong.
    `written_in` and `reads` are the languages of the text and of the customer.

    `first_texts` is the first draft; `parts` the outline of the text against it. `changes` are the facts that changed
    since a text came back because of them, and `approved_before` the revision that a person had approved then.
    `first_approver` has approved the text in force and waits for a second reader (`four_eyes`). `refusal` says why the
    text cannot be approved as it is stored.
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
    sends_at: datetime
    first_texts: Mapping[str, Mapping[str, str | None]]
    parts: Sequence[Part]
    changes: Sequence[FactChange]
    approved_before: RevisionView | None
    owner: str | None
    owner_note: str | None
    four_eyes: bool
    first_approver: str | None
    flags: Sequence[FlagView]
    second_reads: Sequence[ReadView]
    history: Sequence[Happened]
    refusal: str | None

    @property
    def flag(self) -> FlagView | None:
        """The flag that stops it, if one does."""
        return next((flag for flag in self.flags if flag.open), None)

    @property
    def second_read(self) -> ReadView | None:
        """The open question to a second reader."""
        return next((read for read in self.second_reads if read.open), None)


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """For badges. `urgent`: the deadline is within a day. `approved`: may still be undone or pulled back. `mine` and
    `unassigned` count drafts and questions, `snoozed` those that are put off. `unseen` are light ones below the queue's
    threshold, which go by themselves. `rewritten` are texts that are being
    written anew. None counts further than `COUNTED`: one more means that there are more."""

    in_review: int
    questions: int
    urgent: int
    approved: int
    mine: int = 0
    unassigned: int = 0
    snoozed: int = 0
    unseen: int = 0
    rewritten: int = 0


COUNTED = 1_000
