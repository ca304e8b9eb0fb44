"""For every category a text that fires it and one that must not, in the setting where it matters."""

from dataclasses import dataclass, field

from engine.tone import Category, ToneContext

TEN_ORDERS = ToneContext(facts={"order_count": 10, "years": 4}, names=("Ana", "Tom"))
RECOVER = ToneContext(family="recover", names=("Ana", "Tom"))
SERIOUS = ToneContext(family="recover", names=("Ana", "Tom"), serious=True)


@dataclass(frozen=True)
class Example:
    fires: str
    silent: str
    context: ToneContext = field(default=TEN_ORDERS)


EXAMPLES: dict[Category, Example] = {
    "hollow_empathy": Example(
        "I understand your frustration, and I'm here to help.",
        "I understand your frustration. I have refunded both charges.",
        RECOVER,
    ),
    "non_apology": Example(
        "We apologize for any inconvenience this may have caused.",
        "I am sorry that your parcel came without the charger.",
        RECOVER,
    ),
    "blame_dodging": Example(
        "Mistakes were made, and you should have read the label.",
        "I sent it to your old address. If you don't understand the label, call me.",
        RECOVER,
    ),
    "status_cliche": Example(
        "You are a valued customer.",
        "I am glad that you wrote about the hinge: it changed how we pack.",
    ),
    "policy_wall": Example(
        "That's our policy, and you'll have to send it back.",
        "I don't know how to thank you. You will find the new lid in the box.",
    ),
    "calming_order": Example(
        "Please calm down, there is no need to shout.",
        "The sea was calm; there is no need to answer.",
    ),
    "pity": Example(
        "You poor thing, at least nobody was hurt.",
        "The repair takes at least two days, and I have put a lamp in the parcel.",
        RECOVER,
    ),
    "minimiser": Example(
        "It was only a small issue, no problem!",
        "Your tenth order just arrived, and we had no problem with it.",
    ),
    "over_apology_promise": Example(
        "I am sorry about the lid. Again, my apologies: it will never happen again.",
        "I am sorry about the lid. It happened on Monday; I have sent a new one.",
        RECOVER,
    ),
    "fake_intimacy": Example(
        "We noticed that you opened our last mail with your daughter.",
        "You wrote that the mug broke in the dishwasher.",
    ),
    "selling_in_care": Example(
        "Take 15% off your next order, and leave us a review.",
        "I have refunded your order. There is no survey at the end of this.",
        RECOVER,
    ),
    "pressure_to_buy": Example(
        "Here are 20% off with the code BDAY20, only until Friday. Buy now.",
        "Your next coffee is on us, whenever you like. There is no need to hurry.",
    ),
    "over_formal": Example(
        "Dear Sir/Madam, kindly be advised that your parcel left.",
        "Dear Ana, your parcel left this morning.",
    ),
    "unfilled_template": Example(
        "Dear {{ first_name }}, thank you for 10 orders.",
        "Dear Ana, None of your ten orders got lost: see [the list](https://example.test).",
    ),
    "assumption": Example(
        "Happy 40th birthday, you must be thrilled.",
        "Happy birthday. Your tenth birthday with us is a quiet one.",
    ),
    "no_concrete_fact": Example(
        "Hi Ana, thank you for everything. We are glad to have you.",
        "Hi Ana, thank you for the tenth order.",
    ),
    "no_action_in_recovery": Example(
        "The lid of your kettle was missing, and we sent you the wrong one after that.",
        "The lid of your kettle was missing. I have sent a new one by courier.",
        RECOVER,
    ),
    "celebration_in_serious_recovery": Example(
        "Congratulations, we are thrilled that your heating works again 🎉",
        "Your heating works again. We replaced the pump on Monday.",
        SERIOUS,
    ),
    "wrong_fact": Example(
        "Hi Ana, this is your twelfth order.",
        "Hi Ana, this is your tenth order; we are open 24 hours, and the 5-year guarantee of 2026 holds.",
    ),
    "shouting": Example(
        "TEN ORDERS ALREADY!!! That is AMAZING.",
        "Ten orders already! The USB cable is in the box. I like it.",
    ),
    "sameness": Example(
        "Hi Ana, your tenth order is packed and on the way. Thank you for coming back to our small shop.",
        "Hi Ana, the tenth box has your letter about the hinge taped inside its lid, where you will find it.",
        ToneContext(
            facts={"order_count": 10},
            names=("Ana", "Bob"),
            earlier_texts=(
                "Hi Bob, your fifth order is packed and on the way. Thank you for coming back to our small shop.",
            ),
        ),
    ),
}
