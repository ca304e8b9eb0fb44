"""Every category fires where it should and keeps quiet where it should not."""

from dataclasses import replace

import pytest

from engine.tone import CATEGORIES, Category, Finding, ToneContext, check_tone
from tests.engine.tone.examples import EXAMPLES, RECOVER, SERIOUS


def categories(text: str, context: ToneContext) -> set[str]:
    return {finding.category for finding in check_tone(text, context)}


def of(category: str, text: str, context: ToneContext) -> list[Finding]:
    return [finding for finding in check_tone(text, context) if finding.category == category]


def test_every_category_has_examples() -> None:
    """No category is left without a firing and a silent text."""
    assert set(EXAMPLES) == set(CATEGORIES)
    assert len(CATEGORIES) == 21


@pytest.mark.parametrize("category", CATEGORIES)
def test_fires(category: Category) -> None:
    """The text that hurts is found, with a reason and a better direction."""
    example = EXAMPLES[category]
    found = of(category, example.fires, example.context)
    assert found
    assert all(finding.reason and finding.better for finding in found)


@pytest.mark.parametrize("category", CATEGORIES)
def test_stays_silent(category: Category) -> None:
    """A neighbouring text that does not hurt draws nothing but notes."""
    example = EXAMPLES[category]
    found = of(category, example.silent, example.context)
    assert [finding for finding in found if finding.severity != "note"] == []


def test_only_template_mission_and_selling_in_care_block() -> None:
    """Everything else is a person's decision."""
    blocking = {
        finding.category
        for example in EXAMPLES.values()
        for finding in check_tone(example.fires, example.context)
        if finding.severity == "block"
    }
    assert blocking == {"unfilled_template", "selling_in_care"}


def test_empathy_is_hollow_only_without_a_fact_or_an_action_beside_it() -> None:
    """The next sentence may carry the action; the one after that is too late, and a name is no fact."""
    context = replace(RECOVER, facts={"first_name": "Ana", "what_happened": "kettle without lid"})
    assert of("hollow_empathy", "I understand your frustration, Ana. I will call the driver.", context) == []
    assert of("hollow_empathy", "I understand your frustration with a kettle without lid.", context) == []
    assert of("hollow_empathy", "I understand your frustration, Ana. That is life. I have refunded it.", context)


def test_a_third_sentence_about_feelings_is_too_much_even_with_facts() -> None:
    """Two may stand beside what was done; the third is flagged."""
    text = (
        "I understand your frustration on Monday. I know you feel angry about the 3 calls. "
        "I hear what you're saying about Tuesday."
    )
    assert [finding.rule for finding in of("hollow_empathy", text, RECOVER)] == ["too-much-empathy"]


def test_one_apology_is_heard_and_the_second_is_flagged() -> None:
    """Two words of apology in one sentence are one apology."""
    assert of("over_apology_promise", "I'm sorry, so sorry, about the lid.", RECOVER) == []
    found = of("over_apology_promise", "I'm sorry about the lid. We regret the delay. Apologies.", RECOVER)
    assert [finding.text for finding in found] == ["We regret", "Apologies"]


@pytest.mark.parametrize("family", ["recover", "reassure"])
def test_selling_blocks_in_care_and_only_there(family: str) -> None:
    """The same words are no finding of this category in a celebration."""
    text = "Treat yourself: shop now."
    care = ToneContext(family=family)  # type: ignore[arg-type]
    assert {finding.severity for finding in of("selling_in_care", text, care)} == {"block"}
    assert of("selling_in_care", text, ToneContext(family="celebrate")) == []


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Save 20%! Your lamp is on its way."),
        ("en", "Save up to £15 on lamps."),
        ("en", "Get 10% discount."),
        ("en", "The offer ends tonight."),
        ("en", "For today only."),
        ("en", "Buy now."),
        ("de", "Jetzt kaufen und glücklich sein."),
        ("de-AT", "Sparen Sie 20 %."),
        ("de", "Sparen Sie 20 €."),
        ("de", "Das Angebot endet morgen."),
        ("de", "Nur noch heute."),
        ("es", "¡Compre ahora!"),
        ("es-MX", "Ahorra un 20%."),
        ("es", "La oferta termina mañana."),
        ("es", "Solo por hoy."),
    ],
)
def test_selling_is_known_in_every_language_of_the_templates(locale: str, text: str) -> None:
    """What shops shout blocks inside care, in each of the three languages."""
    care = ToneContext(family="recover", locale=locale)
    assert {finding.severity for finding in of("selling_in_care", text, care)} == {"block"}
    assert of("selling_in_care", text, ToneContext(family="celebrate", locale=locale)) == []


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Here are 20% off your next order with the code BDAY20, only until Friday."),
        ("en", "Buy now: the link is below."),
        ("en", "The offer ends tonight."),
        ("en", "Use the code BDAY20 before Sunday."),
        ("en", "Don't miss out!"),
        ("de", "20 % für Sie, nur bis Freitag."),
        ("de-AT", "Jetzt bestellen und feiern."),
        ("de", "Mit dem Code GEB20 bis Sonntag."),
        ("es", "Un 20 % para usted, solo hasta el viernes."),
        ("es-MX", "Compre ahora."),
        ("es", "Con el código CUMPLE20 hasta el domingo."),
    ],
)
def test_a_celebration_that_presses_to_buy_is_a_person_s_decision(locale: str, text: str) -> None:
    """A deadline or an order to buy is warned of; inside care the same words are selling, which blocks."""
    celebration = ToneContext(family="celebrate", locale=locale)
    assert {finding.severity for finding in of("pressure_to_buy", text, celebration)} == {"warn"}
    assert of("pressure_to_buy", text, ToneContext(family="recover", locale=locale)) == []


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Your next coffee is on us. Nothing to click, nothing to buy now or later."),
        ("en", "There is 10% off waiting with your name on it, whenever you like."),
        ("en", "Your tenth order now stands on our wall, and our shop now opens at eight."),
        ("en", "We wanted to wait until Friday. The workshop is closed for a day, but only until Monday."),
        ("de", "Ihr nächster Kaffee geht auf uns, heute oder wann Sie mögen. Die Werkstatt ist nur bis Freitag zu."),
        ("de", "Sie bestellen heute zum zehnten Mal bei uns, und das freut uns bis in die Werkstatt."),
        (
            "es",
            "El próximo café lo pagamos nosotros. Su compra ahora cuenta diez, y el taller cierra solo hasta el lunes.",
        ),
    ],
)
def test_a_plain_gift_presses_nobody(locale: str, text: str) -> None:
    """What may be taken at any time, and words that only look like a shop's."""
    assert of("pressure_to_buy", text, ToneContext(family="celebrate", locale=locale)) == []


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        (
            "en",
            "I read your message only today. To save you 20 minutes I called them, and gave you 20% of it back.",
        ),
        ("de", "Ich habe Ihre Nachricht erst heute gelesen und Ihnen 20 % dieser Bestellung erstattet."),
        ("es", "He leído su mensaje solo hoy y le he devuelto el 20% de este pedido."),
    ],
)
def test_a_remedy_that_came_late_is_not_selling(locale: str, text: str) -> None:
    """Part of the price given back, and that it took until today."""
    assert of("selling_in_care", text, ToneContext(family="recover", locale=locale)) == []


def test_a_remedy_is_not_selling() -> None:
    """Money back, a replacement and a credit are what recovery is made of."""
    text = "I can offer you a refund or a new lamp; I've already credited £10 and upgraded the courier."
    assert of("selling_in_care", text, RECOVER) == []


def test_no_action_is_asked_of_a_celebration() -> None:
    """Only the care families must say what was done."""
    text = "The lid was missing."
    assert of("no_action_in_recovery", text, RECOVER)
    assert of("no_action_in_recovery", text, ToneContext(family="celebrate")) == []


@pytest.mark.parametrize(
    "text",
    [
        "We cancelled your order by mistake.",
        "We sent you the wrong kettle.",
        "I have not refunded it.",
        "Your address has changed.",
        "Your ticket has been resolved.",
        "You have refunded it yourself.",
        "If we refunded it, you would know.",
    ],
)
def test_failures_and_empty_verbs_are_no_action(text: str) -> None:
    """What went wrong, what was not done, and 'resolved' do not count as work."""
    assert of("no_action_in_recovery", text, RECOVER)


@pytest.mark.parametrize(
    "text",
    [
        "I've refunded the postage.",
        "We replaced the lid.",
        "Tom has replaced the lid.",
        "Our workshop has rebuilt the hinge.",
        "The second charge has been reversed.",
        "The pump is fixed.",
        "Your refund is on its way.",
    ],
)
def test_work_done_is_an_action(text: str) -> None:
    """Active, passive, by name or by team."""
    assert of("no_action_in_recovery", text, RECOVER) == []


def test_an_open_problem_needs_only_the_next_step() -> None:
    """Reassuring is work under way or the next news; a recovery needs work done."""
    text = "We are still looking for the parcel. Next news on Thursday."
    assert of("no_action_in_recovery", text, ToneContext(family="reassure")) == []
    assert of("no_action_in_recovery", text, RECOVER)


def test_joy_is_out_of_place_only_when_the_problem_was_serious() -> None:
    """A small problem may end with good news."""
    text = "Good news: the lamp works again."
    assert of("celebration_in_serious_recovery", text, SERIOUS)
    assert of("celebration_in_serious_recovery", text, RECOVER) == []


def test_one_exclamation_mark_is_enough_in_care() -> None:
    """A celebration bears four and then only earns a note."""
    care = of("shouting", "It works! I have replaced it! Bye!", RECOVER)
    assert [(finding.start, finding.severity) for finding in care] == [(28, "warn")]
    assert of("shouting", "Ten! Orders! Thank you! Ana!", ToneContext()) == []
    assert [f.severity for f in of("shouting", "Ten! Orders! Thank! You! Ana!", ToneContext())] == ["note"]


def test_words_that_the_facts_hold_are_not_intimate() -> None:
    """A daughter whom the customer spoke of may be spoken of."""
    text = "The mug for your daughter is on its way."
    assert of("fake_intimacy", text, RECOVER)
    told = replace(RECOVER, facts={"what_happened": "The mug for my daughter broke"})
    assert of("fake_intimacy", text, told) == []


def test_unsayable_facts_are_found_when_they_are_said() -> None:
    """Age is an assumption, anything else fake intimacy; a small number tells only beside its noun."""
    context = ToneContext(facts={"order_count": 10}, unsayable={"age": 44, "children": 2, "city": "Leeds", "spend": 10})
    found = check_tone("At 44, with 2 children in Leeds, ten orders in 2 days.", context)
    assert [(f.text, f.category) for f in found] == [
        ("44", "assumption"),
        ("2", "fake_intimacy"),
        ("Leeds", "fake_intimacy"),
    ]


def test_the_missions_words_block_wherever_they_stand() -> None:
    """Whole words and phrases, in any case; the reason names the word, and a milder remark gives way."""
    context = ToneContext(words_to_avoid=("client", "reach out"), facts={"order_count": 10})
    found = [
        f for f in check_tone("Valued CLIENT, ten orders: Reach\nout. Clientele.", context) if f.severity == "block"
    ]
    assert [f.text for f in found] == ["CLIENT", "Reach\nout"]
    assert "CLIENT" in found[0].reason
    assert {f.rule for f in found} == {"mission-words"}


def test_sameness_looks_past_names_and_numbers_but_not_past_words() -> None:
    """The same sentences for somebody else's fifth order are the same; a new sentence is not."""
    example = EXAMPLES["sameness"]
    found = of("sameness", example.fires, example.context)
    assert [(f.start, f.end) for f in found] == [(0, len(example.fires))]
    assert of("sameness", example.fires, replace(example.context, earlier_texts=())) == []


def test_names_alone_make_no_new_text() -> None:
    """A short text full of names and numbers is the same for the next customer."""
    context = ToneContext(names=("Ana", "Rosa"), earlier_texts=("Thank you Rosa. Six for Rosa. Yours, Rosa.",))
    assert of("sameness", "Thank you Ana. Ten for Ana. Yours, Ana.", context)


def test_a_value_that_is_also_sayable_may_be_said() -> None:
    """Fifty orders are fifty, though the spend is fifty too."""
    context = ToneContext(facts={"order_count": 50, "city": "Graz"}, unsayable={"spend": 50, "town": "Graz"})
    assert of("fake_intimacy", "Fifty orders to Graz.", context) == []
    assert of("fake_intimacy", "Fifty orders to Graz.", replace(context, facts={}))


@pytest.mark.parametrize("text", ["None, I hope. 3 left.", "What is open: None.", "See [date](https://example.test)."])
def test_what_only_looks_like_a_placeholder_is_spared(text: str) -> None:
    """A sentence may begin with None, a list may say None, and a link may be called date."""
    assert of("unfilled_template", text, ToneContext()) == []


@pytest.mark.parametrize(
    "text", ["Hi None, 3 left.", "your None order", "See [date].", "on <date>", "${x}", "*|FNAME|*"]
)
def test_what_a_template_left_behind_blocks(text: str) -> None:
    """None in place of a value, and the marks of several template languages."""
    assert [f.severity for f in of("unfilled_template", text, ToneContext())] == ["block"]


def test_the_answer_is_sorted_and_repeatable() -> None:
    """Findings come in the order of the text, and twice the same."""
    text = " ".join(example.fires for example in EXAMPLES.values())
    first = check_tone(text, SERIOUS)
    assert first == check_tone(text, SERIOUS)
    assert [f.start for f in first] == sorted(f.start for f in first)
    assert len(categories(text, SERIOUS)) > 12
