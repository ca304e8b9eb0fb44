"""What agents change most is found, and nothing in it belongs to one customer."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.insight.masking import masked
from engine.insight.spans import last_days
from engine.insight.words import Change, changes, differences
from engine.storage.models import Person, Revision, Trigger
from tests.engine.builders import make_customer, make_trigger
from tests.engine.insight.history import TODAY, at, hire_one, send

MONTH = last_days(30, today=TODAY)
DAY = TODAY - timedelta(days=5)


def edit(session: Session, trigger: Trigger, robin: Person, before: str, after: str, **customer: Any) -> None:
    """A message whose draft said `before`, and that somebody made say `after`."""
    message = send(session, make_customer(session, **customer), trigger, on=DAY, approver=robin, edited=True)
    facts = {"order_count": {"value": 10, "source": "event 1", "sayable": True}}
    for number, (text, author) in enumerate(((before, None), (after, robin.id)), start=1):
        session.add(
            Revision(
                message_id=message.id,
                number=number,
                author_id=author,
                locale="en",
                texts={"email": {"subject": "Hello", "body": text}},
                facts=facts,
                findings=[],
                created_at=at(DAY),
            )
        )
    message.number = 2
    session.flush()


def test_a_phrase_a_sentence_and_an_addition_are_told_apart() -> None:
    """Of much the same sentence only the phrase; else the whole sentence."""
    before = "Dear {name}, thank you for everything. We value your custom. See you soon."
    after = "Dear {name}, thank you for all these orders. See you soon. Call me if you like."
    assert list(differences(before, after)) == [
        ("swapped", "everything.", "all these orders."),
        ("dropped", "We value your custom.", ""),
        ("added", "", "Call me if you like."),
    ]


def test_a_change_is_shown_from_five_different_customers_on(session: Session) -> None:
    """Four are too few, and one customer five times is one."""
    trigger, robin = make_trigger(session), hire_one(session)
    for number in range(5):
        edit(session, trigger, robin, "We value your custom. Bye.", "Bye.", first_name=f"Ada{number}")
        if number < 4:
            edit(session, trigger, robin, "Have a nice day. Bye.", "Bye.")
    found = changes(session, MONTH)
    assert found.shown == [Change("dropped", "We value your custom.", "", 5, ["birthday"])]
    assert (found.texts, found.more) == (9, False)
    assert [one.customers for one in changes(session, MONTH, least=1).shown] == [5, 4]
    assert changes(session, last_days(2, today=TODAY)).shown == []


def test_names_and_facts_are_their_placeholders(session: Session) -> None:
    """The same change for customers of many names is one change, and tells none of them."""
    trigger, robin = make_trigger(session), hire_one(session)
    for name in ("Ada", "Ben", "Cleo", "Dora", "Emil"):
        after = (
            f"Thank you, {name}, for the 10th order. Write to {name.lower()}@example.com or see https://example.com/x."
        )
        edit(session, trigger, robin, "Thank you.", after, first_name=name, last_name="van Dyk")
    shown = str(changes(session, MONTH).shown)
    assert "{name}, for the {order_count} order." in shown
    assert "{address}" in shown
    for word in ("Ada", "Ben", "Cleo", "10", "example.com"):
        assert word not in shown


def test_what_is_masked_leaves_no_part_of_a_value() -> None:
    """The longest first; dates and amounts as numbers; company and team are everybody's."""
    facts = {
        "what_happened": {"value": "the blue lamp came broken", "source": "t1", "sayable": True},
        "resolved_on": {"value": "2026-05-12", "source": "t1", "sayable": True},
        "secret": {"value": "ruby", "source": "crm", "sayable": False},
        "company.name": {"value": "Lumen", "source": "settings", "sayable": True},
    }
    text = "**Ms van Dyk**, the blue lamp came broken on May 12. Ruby paid 12.50 at Lumen, Dyk said."
    said = masked(text, facts, ("Anna", "van Dyk"), "en")
    assert said == "Ms {name}, {what_happened} on {resolved_on}. {secret} paid {number} at Lumen, {name} said."


def test_what_was_not_approved_or_belongs_to_an_erased_customer_is_not_read(session: Session) -> None:
    """Neither counts as what agents change."""
    trigger, robin = make_trigger(session), hire_one(session)
    edit(session, trigger, robin, "One. Two.", "Two.", erased_at=at(DAY))
    assert changes(session, MONTH, least=1).texts == 0
