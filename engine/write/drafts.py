"""Writes the drafts that are due: template, facts and mission become texts, the tone check reads them, and the message
waits for a person or is released by its trigger's policy. One bad message never stops the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.channel_terms import TERMS, Offered, text_kind
from engine.definitions.store import definition_of
from engine.errors import InvalidInput, JubileeError, MissingFact
from engine.kinds import Fact
from engine.people.audit import Doer, record
from engine.plan.chains import chains_of
from engine.plan.channel_reasons import NO_TEXT
from engine.plan.choosing import fallback
from engine.review.assigning import assign_owners
from engine.storage.models import Message, Moment, Revision
from engine.write.approval import RELEASE_SECONDS, Draft, approve_text, goes_by_itself
from engine.write.facts import facts_of, facts_of_moment, to_json
from engine.write.folders import TemplateFolder
from engine.write.material import Material, gather
from engine.write.questions import MISSING_FACT, TEMPLATE_REFUSED, answered, ask, say_missing
from engine.write.revisions import Wording, add_revision
from engine.write.store import mission_in_force, template_in_force
from engine.write.tone_of import check_text, text_of_channel
from engine.write.variants import choose_variant, locale_of, texts_of
from engine.write.wording import Line, check_needs, locale_for, render_texts, speaking_locale

NO_OTHERS = Offered(())
POLICY = Doer("policy")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class House:
    """What this installation says of itself in every message, and the channels it offers."""

    company: str
    team: str
    offered: Offered


def write_due(
    session: Session,
    *,
    now: datetime,
    limit: int = 100,
    company: str,
    team_name: str,
    release_seconds: int = RELEASE_SECONDS,
    offered: Offered = NO_OTHERS,
) -> int:
    """Write up to `limit` drafts whose time has come, and answer how many were tried.

    What cannot be written is held as `missing_fact` or `template_refused`, says why, and is tried again in an hour.
    Where the template has no text for a message's channel, it takes the next one of these that its customer can be
    reached by: which texts a template has is known only here, as it is written with the template in force.
    """
    due = session.scalars(
        select(Message)
        .where(Message.state == "draft", Message.write_at <= now)
        .order_by(Message.write_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    house = House(company, team_name, offered)
    for material in gather(session, due).values():
        _write_or_ask(session, material, house, now=now, release_seconds=release_seconds)
    session.flush()
    assign_owners(session, [message.id for message in due], now=now)
    return len(due)


def _write_or_ask(session: Session, material: Material, house: House, *, now: datetime, release_seconds: int) -> None:
    message, lead = material.message, material.lead.moment.id
    try:
        with session.begin_nested():
            draft = _write(session, material, house, now=now)
    except MissingFact as missing:
        detail = say_missing(missing, material, company=house.company, team=house.team)
        ask(session, message, lead, MISSING_FACT, detail, now=now)
    except JubileeError as error:
        ask(session, message, lead, TEMPLATE_REFUSED, f"template {message.template}: {error}", now=now)
    except OperationalError:
        raise  # the database's trouble, not this message's
    except Exception as error:
        log.exception("draft_failed", message=str(message.id))
        ask(session, message, lead, TEMPLATE_REFUSED, f"template {message.template}: {type(error).__name__}", now=now)
    else:
        if goes_by_itself(session, message, draft.revision):
            release_by_policy(session, draft, POLICY, now=now, release_seconds=release_seconds)


def release_by_policy(session: Session, draft: Draft, doer: Doer, *, now: datetime, release_seconds: int) -> bool:
    """Let it go unread, signed by the team. False where the signed text turned out to be forbidden: a person looks."""
    message = draft.material.message
    try:
        with session.begin_nested():
            approve_text(session, message, person=None, now=now, release_seconds=release_seconds, draft=draft)
            message.version += 1
            record(session, doer, "approve", message, now=now, revision=message.number)
            session.flush()
    except InvalidInput:
        session.refresh(message)
        return False
    return True


def _write(session: Session, material: Material, house: House, *, now: datetime) -> Draft:
    message = material.message
    folder, version_id = template_in_force(session, message.template)
    mission, mission_id = mission_in_force(session)
    facts = facts_of(material, company=house.company, team=house.team)
    own = facts_of_moment(facts, 0)
    check_needs(folder, own)
    _take_channel_with_text(session, material, folder, house.offered, now=now)
    channel = text_of_channel(message.channel, {text.channel: {} for text in folder.texts})
    written_in = locale_for(folder, channel, material.customer.locale)
    variant = _variant(folder, channel, written_in, material)
    locale = speaking_locale(written_in, material.customer.locale)
    lines = _lines(session, material, facts)
    texts = render_texts(texts_of(folder, written_in, variant), own, lines, mission, locale=locale)
    findings = check_text(texts[channel], material, facts, mission, locale=locale, sender=None)
    wording = Wording(texts, to_json(facts), findings, locale, variant, version_id, mission_id)
    revision = _store(session, material, wording, now=now)
    return Draft(revision, material, facts, mission, in_force=mission)


def _take_channel_with_text(
    session: Session, material: Material, folder: TemplateFolder, offered: Offered, *, now: datetime
) -> None:
    """Only the channel changes: its hours are asked before it goes. Post is left out, as its day may be over."""
    message, locale = material.message, material.customer.locale
    if _has_text(folder, message.channel, locale):
        return
    for choice in chains_of(session, [message.id], offered, now=now).get(message.id, ()):
        if not TERMS[choice.channel].by_post and _has_text(folder, choice.channel, locale):
            message.channel_reason = fallback(message.channel, NO_TEXT)
            message.channel = choice.channel
            return
    raise InvalidInput(f"it has no text for {message.channel} in {locale} or English")


def _has_text(folder: TemplateFolder, channel: str, locale: str) -> bool:
    kind = text_kind(channel, {text.channel for text in folder.texts}) if channel in TERMS else None
    return kind is not None and locale_of(folder, kind, locale) is not None


def _variant(folder: TemplateFolder, channel: str, locale: str, material: Material) -> int:
    offered = [text.variant for text in folder.texts if (text.channel, text.locale) == (channel, locale)]
    received = [
        earlier.variant
        for earlier in material.earlier
        if earlier.template == material.message.template and earlier.variant is not None
    ]
    return choose_variant(offered, received, material.message.id)


def _lines(session: Session, material: Material, facts: dict[str, Fact]) -> list[Line]:
    lines = []
    for position, spoken in enumerate(material.spoken[1:], start=1):
        template = definition_of(session, spoken.moment.trigger_version_id).template
        folder, _ = template_in_force(session, template)
        lines.append(Line(folder, facts_of_moment(facts, position)))
    return lines


def _store(session: Session, material: Material, wording: Wording, *, now: datetime) -> Revision:
    message = material.message
    revision = add_revision(session, message, wording, now=now)
    message.state, message.written_at, message.edited = "in_review", now, False
    message.version += 1
    session.flush()
    _mark_written(session, [spoken.moment.id for spoken in material.spoken], now=now)
    answered(session, material.spoken, now=now)
    return revision


def _mark_written(session: Session, moment_ids: Sequence[UUID], *, now: datetime) -> None:
    session.execute(
        update(Moment)
        .where(Moment.id.in_(moment_ids), Moment.state == "planned")
        .values(state="written", written_at=now)
    )
