"""What a message that is only tried lacks, as its author reads it."""

from engine.errors import MissingFact
from engine.kinds import Fact
from engine.write.questions import say_unwritten


def test_what_is_not_known_is_said_with_what_becomes_of_such_customers() -> None:
    """With the line that says it and how the text would do without, where a line says it."""
    needed = say_unwritten(MissingFact("customer.first_name", "birthday"), {})
    assert needed == "The first name (customer.first_name) is not known of them, so their drafts are held."
    printed = say_unwritten(MissingFact("order_count", "birthday", 3), {"order_count": Fact(None, "an event")})
    assert printed.startswith("The order count (order_count) is not known of them, and line 3 says it.")
    assert printed.endswith("put those words between {% if order_count %} and {% endif %}.")


def test_what_may_not_be_said_is_not_called_unknown() -> None:
    """It is known, and no condition around it would help."""
    said = say_unwritten(MissingFact("amount", "spend", 2), {"amount": Fact(49_000, "an event", sayable=False)})
    assert said == "The amount (amount) may not be said aloud, but the text says it, so their drafts are held."
