"""Renders one wording of a template for one message: every channel's text, with marks where its sender will stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidInput, MissingFact
from engine.kinds import Fact
from engine.write.facts import ALSO, sayable_values
from engine.write.folders import TemplateFolder
from engine.write.mission import Mission
from engine.write.phrasing import parse_locale
from engine.write.sandbox import render
from engine.write.signing import Stamps, new_stamps
from engine.write.text_files import FORMATS, TemplateText
from engine.write.variants import locale_of

# Given to every text besides the facts: who signs, and the mission.
_GIVEN = ("mission.signature", "mission.statement", "sender.name", "sender.team", ALSO)


@dataclass(frozen=True, slots=True)
class Line:
    """The one sentence by which a merged moment speaks, of its own template and facts."""

    folder: TemplateFolder
    facts: Mapping[str, Fact]


def check_needs(folder: TemplateFolder, facts: Mapping[str, Fact]) -> None:
    """Raise MissingFact for the first fact the template needs that is not known or may not be said aloud."""
    for name in folder.needs:
        fact = facts.get(name)
        if name not in _GIVEN and (fact is None or fact.value in (None, "") or not fact.sayable):
            raise MissingFact(name, folder.name)


def render_texts(
    texts: list[TemplateText], facts: Mapping[str, Fact], lines: list[Line], mission: Mission, *, locale: str
) -> dict[str, dict[str, Any]]:
    """Channel -> subject and body, and for words that the provider approved its `template` and the `variables` that
    fill it. Raises what the sandbox raises; nothing of it is stored then."""
    stamps = new_stamps()
    values = _values(facts, mission, stamps) | {ALSO: [_render_line(line, mission, stamps, locale) for line in lines]}
    return {text.channel: _render(text, values, stamps, locale) for text in texts}


def speaking_locale(written_in: str, customer_locale: str) -> str:
    """The customer's own locale where it is of the language written in: dates read en-GB in an English text."""
    if customer_locale.partition("-")[0] != written_in.partition("-")[0]:
        return written_in
    try:
        parse_locale(customer_locale)
    except InvalidInput:
        return written_in
    return customer_locale


def _values(facts: Mapping[str, Fact], mission: Mission, stamps: Stamps) -> dict[str, object]:
    values = sayable_values(facts)
    sender = values.get("sender")
    values["sender"] = {**(sender if isinstance(sender, dict) else {}), "name": stamps.sender}
    values["mission"] = {"signature": stamps.signature, "statement": mission.statement}
    return values


def _render_line(line: Line, mission: Mission, stamps: Stamps, locale: str) -> str:
    """As plain text: it is escaped for the channel where the message prints it."""
    source = line.folder.lines.get(locale) or line.folder.lines.get(locale.partition("-")[0])
    source = source or line.folder.lines.get("en")
    if source is None:
        raise InvalidInput(f"the template {line.folder.name} has no line for merging in {locale}")
    values = _values(line.facts, mission, stamps)
    return render(source, values, channel_format="text", locale=locale, name=f"the line of {line.folder.name}")


def _render(text: TemplateText, values: Mapping[str, object], stamps: Stamps, locale: str) -> dict[str, Any]:
    name = f"{text.locale}/{text.channel}.{text.variant}"
    plain = FORMATS[text.channel] == "txt"
    body = render(text.body, values, channel_format="text" if plain else "markdown", locale=locale, name=name)
    subject = (
        render(text.subject, values, channel_format="text", locale=locale, name=f"the subject of {name}")
        if text.subject
        else None
    )
    words = {"subject": stamps.to_marks(subject) if subject else None, "body": stamps.to_marks(body)}
    if text.template is None:
        return words
    filled = {
        blank: render(source, values, channel_format="text", locale=locale, name=name)
        for blank, source in text.variables
    }
    return {**words, "template": text.template, "variables": filled}


def locale_for(folder: TemplateFolder, channel: str, customer_locale: str) -> str:
    """The language to write in; raises InvalidInput where the template speaks neither the customer's nor English."""
    locale = locale_of(folder, channel, customer_locale)
    if locale is None:
        raise InvalidInput(f"the template {folder.name} has no {channel} text in {customer_locale} or English")
    return locale
