"""The one way a text is released, whoever does it: a person, a trigger's policy, or a deadline.

It fills in who signs, takes out what hints are left, has the result read by the tone check once more, and stores it, so
that what goes is word for word a revision.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.errors import InvalidInput
from engine.kinds import Fact
from engine.plan.intents import hasten
from engine.storage.models import Message, MessageMoment, Moment, Person, Revision
from engine.write.facts import fact_from
from engine.write.free_parts import waits_for_words
from engine.write.material import Material, gather
from engine.write.mission import Mission
from engine.write.revisions import add_revision, first_draft_of, revision_of, unstored, with_texts, wording_of
from engine.write.signing import Signer, Texts, needs_a_person, signed
from engine.write.stops import check_stops, has_four_eyes, is_flagged
from engine.write.store import mission_in_force, mission_of, template_of
from engine.write.tone_of import Row, blocks, check_text, may_go_unread, text_of_channel

RELEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """A revision with all that is needed to read it aloud and to sign it: it is signed as the mission says that it was
    written under, and what it may not say is told by the one in force."""

    revision: Revision
    material: Material
    facts: Mapping[str, Fact]
    mission: Mission
    in_force: Mission

    @property
    def channel_text(self) -> str:
        """The name of the text that the message's channel carries."""
        return text_of_channel(self.material.message.channel, self.revision.texts)

    def signer(self, person: str | None) -> Signer:
        """Who would stand under it; the team where no person does."""
        team, company = self._said("sender.team"), self._said("company.name")
        return Signer(person, team, company)

    def as_sent(self, person: str | None) -> dict[str, dict[str, str | None]]:
        """The texts as the customer would get them."""
        return signed(self.revision.texts, self.mission, self.signer(person), self.revision.locale)

    def findings_in(self, texts: Texts, sender: str | None) -> list[Row]:
        """What the tone check says of the text that the channel would carry."""
        text = texts[text_of_channel(self.material.message.channel, texts)]
        return check_text(text, self.material, self.facts, self.in_force, locale=self.revision.locale, sender=sender)

    def saying(self, texts: Texts) -> "Draft":
        """The same with other texts, which are nowhere stored."""
        return replace(self, revision=unstored(with_texts(wording_of(self.revision), texts, self.revision.findings)))

    def _said(self, name: str) -> str:
        fact = self.facts.get(name)
        return str(fact.value) if fact is not None and fact.value else ""


def draft_of(session: Session, message: Message, revision: Revision | None = None) -> Draft:
    """The revision in force, or this one, ready to be read and signed."""
    revision = revision or revision_of(session, message)
    in_force, _ = mission_in_force(session)
    mission = mission_of(session, revision.mission_id) if revision.mission_id else in_force
    facts = {name: fact_from(stored) for name, stored in revision.facts.items()}
    return Draft(revision, gather(session, [message])[message.id], facts, mission, in_force)


def approve_text(
    session: Session,
    message: Message,
    *,
    person: Person | None,
    now: datetime,
    release_seconds: int = RELEASE_SECONDS,
    draft: Draft | None = None,
    seen: Collection[str] = (),
) -> Revision:
    """Sign and release. The caller holds the message and has made sure that it may be released by this person.

    `draft` spares reading again what the caller has at hand. `seen` are the texts that the person had before them,
    besides the one that goes: should the channel refuse that one, one of these may go instead. A policy covers all.

    Raises InvalidInput where the mission or the law forbids the text, the agent's own words are missing, somebody
    flagged it, or a second person has to read it first.
    """
    check_stops(session, message, person)
    draft = draft or draft_of(session, message)
    texts, findings = readied(session, message, draft, person)
    covered = _approved_texts(session, message, draft, texts if person is None else seen)
    wording = replace(
        with_texts(wording_of(draft.revision), texts, findings), author_id=person.id if person is not None else None
    )
    revision = add_revision(session, message, wording, now=now)
    message.state, message.approved_at = "approved", now
    message.approved_by = person.id if person else None
    message.approved_texts = covered
    # The minute is there to undo a click; what the policy releases, nobody clicked.
    message.release_at = now + timedelta(seconds=release_seconds if person else 0)
    if person:
        hasten(session, message, now=now)
    session.flush()
    return revision


def readied(
    session: Session, message: Message, draft: Draft, person: Person | None
) -> tuple[dict[str, dict[str, str | None]], list[Row]]:
    """The texts signed, and what the tone check says of them. Raises InvalidInput where they may not go as they are."""
    _check_free_part(session, message, draft)
    sender = person.name if person else None
    texts = draft.as_sent(sender)
    findings = draft.findings_in(texts, sender)
    if blocks(findings):
        raise InvalidInput(_forbidden(findings))
    return texts, findings


def covers(session: Session, message: Message, channel: str) -> bool:
    """Whether an approval that was given for `channel` covers the text that the message's present channel carries: the
    same text, or one that was approved with it, and that may go as it is.
    """
    revision = revision_of(session, message)
    kind = text_of_channel(message.channel, revision.texts)
    if kind == text_of_channel(channel, revision.texts):
        return True
    if kind not in _approved_with(message, revision):
        return False
    draft = draft_of(session, message, revision)
    approver = session.get(Person, message.approved_by) if message.approved_by else None
    findings = draft.findings_in(revision.texts, approver.name if approver else None)
    if approver is not None:
        return not blocks(findings)
    unsigned = revision_of(session, message, message.number - 1).texts
    return may_go_unread(findings) and not needs_a_person(unsigned[kind])


def policy_may_release(session: Session, message: Message, revision: Revision) -> bool:
    """Whether nobody needs to have read it: a light text that nobody forbids, repeats, stops or speaks in its own
    name."""
    if message.must_read or message.edited or free_part_of(session, revision) == "required":
        return False
    text = revision.texts[text_of_channel(message.channel, revision.texts)]
    if not may_go_unread(revision.findings) or needs_a_person(text):
        return False
    return not is_flagged(session, message.id) and not has_four_eyes(session, message.id)


def goes_by_itself(session: Session, message: Message, revision: Revision) -> bool:
    """Whether every trigger it speaks for lets its light texts go as soon as they are written."""
    versions = session.scalars(
        select(Moment.trigger_version_id)
        .join(MessageMoment, MessageMoment.moment_id == Moment.id)
        .where(MessageMoment.message_id == message.id, MessageMoment.live)
    )
    policies = {definition_of(session, version).review.policy for version in versions}
    return policies == {"auto"} and policy_may_release(session, message, revision)


def take_back(session: Session, message: Message, *, now: datetime) -> Revision:
    """Back to review, with the texts as they were before they were signed. The caller holds the message.

    A deadline that is over is moved to the hour of sending: what somebody took back must not be dropped as unread.
    """
    unsigned = wording_of(revision_of(session, message, message.number - 1))
    message.state = "in_review"
    message.approved_at = message.approved_by = message.release_at = message.approved_texts = None
    if message.deadline_at <= now:
        message.deadline_at = message.send_at if message.send_at > now else message.expires_at
    return add_revision(session, message, unsigned, now=now)


def free_part_of(session: Session, revision: Revision) -> str:
    """none, suggested or required, as the template said when this was written."""
    return template_of(session, revision.template_version_id).free_part if revision.template_version_id else "none"


def _approved_texts(session: Session, message: Message, draft: Draft, seen: Collection[str]) -> list[str]:
    """The text that goes, and those seen with it that do not wait for words of a person."""
    rest = [name for name in draft.revision.texts if name in seen and name != draft.channel_text]
    if free_part_of(session, draft.revision) == "required":
        rest = [name for name in rest if not _waits(session, message, draft, name)]
    return [draft.channel_text, *rest]


def _approved_with(message: Message, revision: Revision) -> Collection[str]:
    """Of messages that were approved before this was kept: all texts, if nobody had to read them."""
    if message.approved_texts is not None:
        return message.approved_texts
    return () if message.edited or message.must_read or message.approved_by else list(revision.texts)


def _check_free_part(session: Session, message: Message, draft: Draft) -> None:
    if free_part_of(session, draft.revision) != "required":
        return
    if _waits(session, message, draft, draft.channel_text):
        raise InvalidInput("This message needs words of your own: write in place of each hint, or answer it.")


def _waits(session: Session, message: Message, draft: Draft, name: str) -> bool:
    first = first_draft_of(session, message, draft.revision).texts
    return waits_for_words(str(draft.revision.texts[name]["body"]), str(first.get(name, {}).get("body") or ""))


def _forbidden(findings: list[Row]) -> str:
    first = next(finding for finding in findings if finding["severity"] == "block")
    return f"This text cannot go: {first['reason']} {first['better']}"
