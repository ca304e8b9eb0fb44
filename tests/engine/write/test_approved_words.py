"""Words that WhatsApp approved: read and checked with their template, drafted with their blanks filled, and theirs only
as long as nobody changes them."""

from pathlib import Path

import pytest

from engine.errors import InvalidDefinition
from engine.kinds import Fact
from engine.review.given import checked_texts
from engine.write.bodies import body_of, folder_from
from engine.write.folders import TemplateFolder, read_template_folder
from engine.write.mission import Mission, read_mission
from engine.write.signing import Signer, signed
from engine.write.variants import texts_of
from engine.write.wording import render_texts

ABOUT = """name: tea
family: reassure
occasion: tea_time
values: [remembers]
feeling: 2
needs: [customer.first_name, order_count]
free_part: none
whatsapp:
  - locale: en
    template: HX0123
    text: "Tea, {{1}}. Your {{ 2 }} cup, {{1}}."
    variables:
      "1": customer.first_name
      2: order_count | ordinal
"""
FACTS = {
    "customer.first_name": Fact("Ada\n      Eve", "first_name", sayable=True),
    "order_count": Fact(10, "orders", sayable=True),
}
MISSION = Path(__file__).parents[3] / "templates" / "mission.yaml"


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    folder = tmp_path / "tea"
    (folder / "en").mkdir(parents=True)
    (folder / "template.yaml").write_text(ABOUT)
    (folder / "en" / "sms.1.txt").write_text("Tea, {{ customer.first_name }}: {{ order_count }}.")
    return folder


@pytest.fixture
def mission() -> Mission:
    return read_mission(MISSION)


def drafted(folder: TemplateFolder, mission: Mission) -> dict[str, dict[str, object]]:
    return render_texts(texts_of(folder, "en", 1), FACTS, [], mission, locale="en")


def test_approved_words_are_a_text_for_whatsapp(tea: Path) -> None:
    """Beside the others, with the facts that fill their blanks among those that the template needs."""
    words = read_template_folder(tea).texts[1]
    assert (words.channel, words.locale, words.variant, words.template) == ("whatsapp", "en", 1, "HX0123")
    assert (
        words.body == "Tea, {{ customer.first_name }}. Your {{ order_count | ordinal }} cup, {{ customer.first_name }}."
    )
    assert dict(words.variables) == {"1": "{{ customer.first_name }}", "2": "{{ order_count | ordinal }}"}


def test_they_are_stored_and_read_again(tea: Path) -> None:
    """As they were; texts that nobody approved look in storage as they always did."""
    folder = read_template_folder(tea)
    body = body_of(folder)
    assert folder_from(body) == folder
    assert sorted(body["texts"][0]) == ["body", "channel", "locale", "subject", "variant"]


def test_a_draft_says_what_will_be_read_and_what_fills_the_blanks(tea: Path, mission: Mission) -> None:
    """A line end, or more than four spaces, in a name would make WhatsApp refuse it."""
    whatsapp = drafted(read_template_folder(tea), mission)["whatsapp"]
    assert whatsapp["template"] == "HX0123"
    filled = whatsapp["variables"]
    assert isinstance(filled, dict)
    assert filled["2"] == "10th"
    assert filled["1"] == "Ada Eve"


def test_signing_keeps_what_was_approved(tea: Path, mission: Mission) -> None:
    """The approved revision is what goes."""
    texts = drafted(read_template_folder(tea), mission)
    sent = signed(texts, mission, Signer("Kim", "the team", "Acme"), "en")  # type: ignore[arg-type]
    assert sent["whatsapp"]["template"] == "HX0123"
    assert sent["whatsapp"].get("variables") == texts["whatsapp"]["variables"]


def test_changed_words_are_no_longer_the_approved_ones(tea: Path, mission: Mission) -> None:
    """Else the customer would read other words than the agent wrote."""
    texts = drafted(read_template_folder(tea), mission)
    same = {"subject": None, "body": str(texts["whatsapp"]["body"]).replace("\n", "\r\n")}
    assert "template" in checked_texts({"whatsapp": same}, texts)["whatsapp"]  # type: ignore[arg-type]
    other = {"subject": None, "body": "Other words."}
    assert checked_texts({"whatsapp": other}, texts)["whatsapp"] == other  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("template: HX0123", "template: H X", "line 10: whatsapp[0].template: must be the provider's own id"),
        ("    template: HX0123\n", "", "line 9: whatsapp[0].template: is missing"),
        ("locale: en", "locale: english", "line 9: whatsapp[0].locale: is named en, de or pt-BR"),
        ("Tea, {{1}}", "Tea, {{ 1 | x }}", "line 11: whatsapp[0].text: must be the approved words"),
        ("Tea, {{1}}", "Tea [[ signature ]]", "line 11: whatsapp[0].text: must be the approved words"),
        ("Tea, {{1}}", "Tea, {{3}}", "line 12: whatsapp[0].variables: the text has the blank {{3}}"),
        ("Your {{ 2 }} cup", "Your cup", "line 14: whatsapp[0].variables.2: the text has no blank {{2}}"),
        ("customer.first_name\n", "First name\n", "line 13: whatsapp[0].variables.1: must be a fact"),
        ("| ordinal", "| shout", "line 14: whatsapp[0].variables.2: "),
        ("order_count |", "mission.signature |", "line 14: whatsapp[0].variables.2: mission.signature"),
        ('"1": customer', '"1": sender', "line 13: whatsapp[0].variables.1: sender.first_name cannot fill"),
        ("text: \"", "texts: \"", "whatsapp[0].text: is missing"),
        ("    variables", "    more: x\n    variables", "line 12: whatsapp[0].more: is not a field we know"),
        ("order_count |", "amount |", "needs: amount is printed by a text, so it must be listed here"),
        ("whatsapp:\n  -", "whatsapp:\n   ", "line 8: whatsapp: must be a list"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tea: Path, old: str, new: str, said: str) -> None:
    """By file, field and line, before anything is stored."""
    about = tea / "template.yaml"
    before = about.read_text()
    assert old in before
    about.write_text(before.replace(old, new, 1))
    with pytest.raises(InvalidDefinition) as refused:
        read_template_folder(tea)
    assert said in str(refused.value)


def test_free_and_approved_words_do_not_mix_in_one_language(tea: Path) -> None:
    """An agent must know which of the two they read."""
    (tea / "en" / "whatsapp.1.txt").write_text("Tea, {{ customer.first_name }}.")
    with pytest.raises(InvalidDefinition, match="there are free texts for WhatsApp in en already"):
        read_template_folder(tea)
