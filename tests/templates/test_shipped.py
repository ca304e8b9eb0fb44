"""The shipped texts: every one renders with ordinary facts, keeps to its channel, and says something of its own."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.errors import MissingFact
from engine.write.folders import TemplateFolder, facts_in, read_all
from engine.write.free_parts import without_hints
from engine.write.markdown import lay_out_email, to_html, to_text
from engine.write.mission import read_mission
from engine.write.sandbox import render
from engine.write.syntax import facts_used
from engine.write.text_files import FORMATS, TemplateText
from tests.templates.facts import typical_facts

TEMPLATES = Path(__file__).parents[2] / "templates"
FOLDERS = {folder.name: folder for folder in read_all(TEMPLATES)}
TEXTS = [(folder, text) for folder in FOLDERS.values() for text in folder.texts]
NAMED = [f"{folder.name}-{text.locale}-{text.channel}-{text.variant}" for folder, text in TEXTS]
EVERY_TEXT = pytest.mark.parametrize(("folder", "text"), TEXTS, ids=NAMED)

SHIPPED = {
    "birthday": {"en", "es", "de"},
    "first_order_anniversary": {"en", "es", "de"},
    "days_together": {"en"},
    "order_milestone": {"en"},
    "spend_milestone": {"en"},
    "monthly_streak": {"en"},
    "ticket_solved": {"en", "es", "de"},
    "ticket_solved_serious": {"en"},
    "outage_over": {"en"},
    "refund_completed": {"en"},
    "still_working_on_it": {"en"},
}
# GSM 03.38, the basic table: each of these is one of the 160 characters of a text message.
GSM = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà")
GSM |= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def write(folder: TemplateFolder, text: TemplateText, **changed: object) -> str:
    """The text as its reader sees it: filled, without hints, and without markup."""
    facts = typical_facts(folder, text.locale) | changed
    body = fill(text.body, facts, text)
    return body if FORMATS[text.channel] == "txt" else to_text(body)


def fill(source: str, facts: Mapping[str, object], text: TemplateText) -> str:
    channel_format = "text" if FORMATS[text.channel] == "txt" else "markdown"
    return without_hints(render(source, facts, channel_format=channel_format, locale=text.locale))


def missed(folder: TemplateFolder, text: TemplateText, **changed: object) -> str | None:
    """The fact for which the text stops, if it does."""
    try:
        write(folder, text, **changed)
    except MissingFact as missing:
        return missing.fact
    return None


def threes(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def test_all_occasions_are_there_in_their_languages() -> None:
    """Eleven templates; three of them in three languages."""
    assert {name: {text.locale for text in folder.texts} for name, folder in FOLDERS.items()} == SHIPPED


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_each_language_has_two_variants_for_each_channel(folder: TemplateFolder) -> None:
    """Email, text message and in-app, so that no customer gets the same text twice."""
    for locale in SHIPPED[folder.name]:
        found = [(text.channel, text.variant) for text in folder.texts if text.locale == locale]
        assert found == [(channel, variant) for channel in ("email", "inapp", "sms") for variant in (1, 2)]


@EVERY_TEXT
def test_a_text_renders_with_ordinary_facts(folder: TemplateFolder, text: TemplateText) -> None:
    """It names the customer, is signed, and shows nothing of the machinery."""
    said = write(folder, text)
    assert "Maria" in said
    assert said.endswith("Rosa Lind, Loom & Lantern")
    assert not re.search(r"[{}\[\]\\*<>]|None|  |\.\.| [.,;:]", said)
    if text.subject:
        subject = fill(text.subject, typical_facts(folder, text.locale), text)
        assert 0 < len(subject) <= 60
        assert "\n" not in subject


@EVERY_TEXT
def test_a_text_stops_exactly_for_the_facts_it_needs(folder: TemplateFolder, text: TemplateText) -> None:
    """Taken away one by one: what it prints stops it, what it only asks for does not."""
    facts = typical_facts(folder, text.locale)
    used = facts_used(text.body)
    for fact in folder.needs:
        gone = {} if isinstance(facts[fact.partition(".")[0]], dict) else None
        assert missed(folder, text, **{fact.partition(".")[0]: gone}) == (fact if fact in used.needed else None)
    for fact in folder.may_use:
        assert missed(folder, text, **{fact: None}) is None


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_needs_are_the_facts_its_texts_print(folder: TemplateFolder) -> None:
    """Worked out from the syntax: nothing is printed unlisted, nothing is listed unprinted."""
    used = facts_in(folder)
    assert set(folder.needs) == used.needed
    assert set(folder.may_use) == used.optional


@EVERY_TEXT
def test_the_first_name_is_never_guessed(folder: TemplateFolder, text: TemplateText) -> None:
    """Without it each text stops."""
    with pytest.raises(MissingFact, match=r"customer\.first_name"):
        write(folder, text, customer={"first_name": ""})


@EVERY_TEXT
def test_text_messages_fit_into_one(folder: TemplateFolder, text: TemplateText) -> None:
    """160 characters of the GSM alphabet, on one line; an accent outside it would cut the room to 70."""
    if text.channel == "sms":
        said = write(folder, text)
        assert set(said) <= GSM
        assert "\n" not in said
        assert len(said) <= 160


@EVERY_TEXT
def test_variants_differ_really(folder: TemplateFolder, text: TemplateText) -> None:
    """Beside the facts and the signature hardly three words in a row are shared."""
    for other in folder.texts:
        if (other.locale, other.channel) == (text.locale, text.channel) and other.variant > text.variant:
            one, two = threes(write(folder, text)), threes(write(folder, other))
            shared = one & two - threes("Rosa Lind Loom Lantern")
            for fact in typical_facts(folder, text.locale).values():
                shared -= threes(str(fact))
            assert len(shared) / len(one | two) < 0.25


@EVERY_TEXT
def test_merged_moments_are_told_in_every_celebration(folder: TemplateFolder, text: TemplateText) -> None:
    """Whatever the channel, the lines of the other moments are in it, and a recovery has none."""
    said = write(folder, text, also=["And there is more.", "And more."])
    assert ("And there is more. And more." in said) == (folder.family == "celebrate")


def test_every_line_for_merging_reads_alone() -> None:
    """One sentence, filled with ordinary facts."""
    for folder in FOLDERS.values():
        for locale, line in folder.lines.items():
            said = render(line, typical_facts(folder, locale), channel_format="text", locale=locale)
            assert re.fullmatch(r"(And|Y|Und) .{10,90}\.", said)


@pytest.mark.parametrize("years", [1, 2, 10])
def test_one_year_is_not_one_years(years: int) -> None:
    """Numbers agree in every language."""
    folder = FOLDERS["first_order_anniversary"]
    for text in folder.texts:
        said = write(folder, text, years=years)
        assert not re.search(r"\b(1|one|un|ein|einem) (years|años|Jahre|Jahren)\b", said)
        in_words = rf"\b({'one|un|ein|einem' if years == 1 else years}) (year|año|Jahr)"
        assert re.search(in_words, said, re.IGNORECASE)


@EVERY_TEXT
def test_no_one_stands_under_what_they_did_not_read(folder: TemplateFolder, text: TemplateText) -> None:
    """The sender's name comes with the signature; a body says it only where a person must write."""
    if folder.free_part != "required":
        assert "sender." not in text.body + (text.subject or "")


@EVERY_TEXT
def test_voices_are_quiet(folder: TemplateFolder, text: TemplateText) -> None:
    """No exclamation marks, at most one apology, nothing to click, no amount, no age, no survey."""
    subject = fill(text.subject or "", typical_facts(folder, text.locale), text)
    said = f"{subject}\n{write(folder, text)}"
    assert "!" not in said
    assert len(re.findall(r"\b(sorry|apolog|siento|perdón|disculp|entschuldig|leid)", said, re.IGNORECASE)) <= 1
    assert not re.search(r"https?:|www\.|[€$£%]|survey|encuesta|umfrage|rabatt|discount|descuento", said, re.IGNORECASE)


@EVERY_TEXT
def test_a_text_with_a_next_step_reads_on(folder: TemplateFolder, text: TemplateText) -> None:
    """Where there is one it is told, as a sentence of its own."""
    if "next_step" in folder.may_use:
        assert re.search(r": It is done\.( |\n|$)", write(folder, text, next_step="it is done"))


def test_only_the_serious_recovery_requires_words() -> None:
    """A person must write there; elsewhere they may."""
    assert [name for name, folder in FOLDERS.items() if folder.free_part == "required"] == ["ticket_solved_serious"]


def test_every_value_of_the_mission_is_expressed() -> None:
    """And no template names a value that the mission does not have."""
    mission = read_mission(TEMPLATES / "mission.yaml")
    assert {value for folder in FOLDERS.values() for value in folder.values} == {value.name for value in mission.values}


@EVERY_TEXT
def test_the_missions_words_to_avoid_are_avoided(folder: TemplateFolder, text: TemplateText) -> None:
    """The house keeps its own rules."""
    said = ((text.subject or "") + " " + write(folder, text)).lower()
    assert not [word for word in read_mission(TEMPLATES / "mission.yaml").words_to_avoid if word in said]


def test_a_shipped_mail_stands_on_its_sheet() -> None:
    """From template to the whole mail, with an awkward name on the way."""
    folder = FOLDERS["birthday"]
    text = folder.texts[0]
    facts = typical_facts(folder, text.locale) | {"customer": {"first_name": "<b>Zoë</b> *"}}
    body = to_html(fill(text.body, facts, text))
    mail = lay_out_email(body, fill(text.subject or "", facts, text), "", "Loom & Lantern", lang=text.locale)
    assert "&lt;b&gt;Zoë&lt;/b&gt; *" in body
    assert body in mail


SORRY = r"\b(I am sorry|Das tut mir leid|Es tut mir leid|Lo siento|Siento que)\b"


@EVERY_TEXT
def test_a_recovery_is_sorry_once_and_in_the_first_person(folder: TemplateFolder, text: TemplateText) -> None:
    """Mails and the app's texts of what is over; what is still open says it at its end, a serious one in a person's
    words, and no celebration has anything to be sorry for."""
    times = len(re.findall(SORRY, write(folder, text)))
    if folder.family != "recover" or folder.free_part == "required":
        assert times == 0
    elif text.channel != "sms":
        assert times == 1
