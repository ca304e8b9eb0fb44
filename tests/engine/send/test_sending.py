"""The ordinary way out: claimed, submitted, accepted, closed."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.send.outgoing import Accepted
from engine.storage.session import Database
from tests.engine.builders import NOW
from tests.engine.send.approved import Ending, Stub, approved, deliveries, message, moment, postbox


def test_a_message_that_is_due_goes_once(db: Database) -> None:
    """The channel is called once, whatever is tried again afterwards."""
    message_id = approved(db)
    ending = Ending(db)
    assert [ending.send(), ending.send()] == [1, 0]
    assert [call.message_id for call in ending.calls] == [message_id]


def test_accepted_is_not_delivered(db: Database) -> None:
    """The provider took it: the moment is over, and the message waits for its receipt."""
    message_id = approved(db)
    Ending(db).send()
    assert [delivery.state for delivery in deliveries(db, message_id)] == ["accepted"]
    assert (message(db, message_id).state, moment(db, message_id).state) == ("handed_over", "closed")


def test_where_taking_is_delivering_the_message_is_closed(db: Database, tmp_path: Path) -> None:
    """The postbox has it: nothing more will be heard."""
    message_id = approved(db)
    assert Ending(db, postbox(tmp_path)).send() == 1
    assert [delivery.state for delivery in deliveries(db, message_id)] == ["delivered"]
    assert message(db, message_id).state == "closed"


def test_the_letter_is_what_was_approved(db: Database) -> None:
    """The wording of the last revision, and the team's name where no person approved it."""
    approved(db)
    ending = Ending(db)
    ending.send()
    letter = ending.calls[0]
    assert (letter.subject, letter.recipient_name) == ("Happy birthday", "Ada")
    assert letter.text.partition("\n\n-- \n")[0] == "Hello Ada,\n\nhappy birthday to you!\n\nKim"
    assert letter.sender_name == "the care team, Acme"


def test_an_unsigned_text_does_not_go(db: Database) -> None:
    """A mark where a name should stand stops it, and says why; the others of the batch go."""
    unsigned, signed = approved(db, number=1), approved(db)
    ending = Ending(db)
    assert ending.send() == 1
    assert [call.message_id for call in ending.calls] == [signed]
    assert [delivery.reason for delivery in deliveries(db, unsigned)] == ["cannot_compose:unsigned"]


@pytest.mark.parametrize("field", ["send_at", "release_at"])
def test_nothing_goes_before_its_time(db: Database, field: str) -> None:
    """Neither before its hour nor in the minute in which the approval can be undone."""
    approved(db, **{field: NOW + timedelta(seconds=1)})
    ending = Ending(db)
    assert ending.send() == 0
    ending.now = NOW + timedelta(seconds=1)
    assert ending.send() == 1


def test_the_channel_is_called_without_a_transaction(db: Database) -> None:
    """Another writer gets through while the provider takes its time, and sees what is on its way."""
    message_id = approved(db)
    seen = []

    def look(outgoing: object) -> Accepted:
        with db.writing() as session:
            session.connection()
        seen.append(deliveries(db, message_id)[0].state)
        return Accepted("1")

    Ending(db, Stub(look)).send()
    assert seen == ["submitting"]
