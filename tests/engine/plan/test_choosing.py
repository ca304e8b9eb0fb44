"""Which channel a message takes and why, decided for one customer."""

import pytest

from engine.channel_terms import Offered
from engine.plan.choosing import Choice, Wishes, choose, fallback, ranked

HOUSE = Offered(("email", "inapp", "sms"), ("letter",))
ALL = HOUSE.names


@pytest.mark.parametrize(
    ("wishes", "usable", "channel", "reason"),
    [
        (Wishes(), ALL, "email", "company_order"),
        (Wishes(), ("sms", "inapp"), "inapp", "company_order"),
        (Wishes(preferred="sms"), ALL, "sms", "wished"),
        (Wishes("inapp", "sms"), ALL, "inapp", "wished_for_occasion"),
        # a wish that cannot be met gives way to the next one, and the last wish to the company's order
        (Wishes("inapp", "sms"), ("sms", "email"), "sms", "wished"),
        (Wishes("inapp", "sms"), ("email",), "email", "company_order"),
        (Wishes(order="sms, letter"), ("letter", "email"), "letter", "wished"),
        (Wishes(preferred="letter", order="sms,letter"), ALL, "letter", "wished"),
        # a channel that is not offered is no wish that can be met
        (Wishes("pigeon", "whatsapp", "pigeon,sms"), ALL, "sms", "wished"),
        # the others go only to those who ask for them
        (Wishes(), ("letter",), "email", "company_order"),
        # nothing may be used: what was wished, so that the hold speaks of it
        (Wishes("inapp"), (), "inapp", "wished_for_occasion"),
        (Wishes(), (), "email", "company_order"),
    ],
)
def test_the_customer_chooses_then_the_company(
    wishes: Wishes, usable: tuple[str, ...], channel: str, reason: str
) -> None:
    """Per occasion, then in general, then in the company's order, and always one that may be used."""
    assert choose(wishes, usable, HOUSE) == Choice(channel, reason)


def test_each_channel_comes_once_in_the_order_with_its_best_reason() -> None:
    """What is wished and in the company's order too is wished."""
    order = ranked(Wishes("sms", "email", "email,sms,letter"), HOUSE)
    assert [(choice.channel, choice.reason) for choice in order] == [
        ("sms", "wished_for_occasion"),
        ("email", "wished"),
        ("letter", "wished"),
        ("inapp", "company_order"),
    ]


def test_a_fallback_remembers_from_where_and_why() -> None:
    """As it is stored on the message."""
    assert fallback("email", "mailbox full") == "fallback:email:mailbox full"
