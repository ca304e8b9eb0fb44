"""A text as it would be written for a customer, to be looked at: nothing is stored, and nobody is asked anything."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.definitions.store import definition_of
from engine.write.facts import facts_of, facts_of_moment
from engine.write.material import Material
from engine.write.signing import Signer, signed
from engine.write.store import mission_in_force, template_in_force
from engine.write.tone_of import text_of_channel
from engine.write.variants import choose_variant, texts_of
from engine.write.wording import Line, check_needs, locale_for, render_texts, speaking_locale


@dataclass(frozen=True, slots=True)
class Composed:
    """The text of the message's channel, signed by the team, and the locale it speaks."""

    locale: str
    subject: str | None
    body: str


def compose(session: Session, material: Material, *, company: str, team: str) -> Composed:
    """Raises MissingFact, or whatever else keeps the template in force from speaking of this."""
    message = material.message
    folder, _ = template_in_force(session, message.template)
    mission, _ = mission_in_force(session)
    facts = facts_of(material, company=company, team=team)
    own = facts_of_moment(facts, 0)
    check_needs(folder, own)
    channel = text_of_channel(message.channel, {text.channel: {} for text in folder.texts})
    written_in = locale_for(folder, channel, material.customer.locale)
    offered = [text.variant for text in folder.texts if (text.channel, text.locale) == (channel, written_in)]
    variant = choose_variant(offered, (), message.id)
    locale = speaking_locale(written_in, material.customer.locale)
    lines = []
    for position, spoken in enumerate(material.spoken[1:], start=1):
        other, _ = template_in_force(session, definition_of(session, spoken.moment.trigger_version_id).template)
        lines.append(Line(other, facts_of_moment(facts, position)))
    texts = render_texts(texts_of(folder, written_in, variant), own, lines, mission, locale=locale)
    words = signed(texts, mission, Signer(None, team, company), locale)[channel]
    return Composed(locale, words.get("subject"), words.get("body") or "")
