"""The local postbox: one letter a message, whoever posts it and how often."""

import threading
from dataclasses import replace
from pathlib import Path

from engine.ids import new_id
from engine.send.channels.postbox import Postbox
from engine.send.outgoing import Accepted, NotTaken, OutgoingMessage

LETTER = OutgoingMessage(
    message_id=new_id(),
    delivery_id=new_id(),
    address="ada@example.com",
    recipient_name="Ada",
    sender_name="Kim, Acme",
    subject="Ünïcode 🎂",
    text="Hello Ada",
    html="<p>Hello Ada</p>",
    occasion="birthday",
)


def test_a_letter_is_kept_as_it_was_posted(tmp_path: Path) -> None:
    """Every part of it."""
    box = Postbox(tmp_path / "new" / "folder")
    assert box.send(LETTER) == Accepted(str(LETTER.delivery_id), delivered=True)
    letter = box.letter(LETTER.message_id)
    assert letter is not None
    assert (letter.subject, letter.text, letter.html) == (LETTER.subject, LETTER.text, LETTER.html)
    assert (letter.recipient_name, letter.address) == ("Ada", "ada@example.com")


def test_a_second_attempt_posts_no_second_letter_and_changes_none(tmp_path: Path) -> None:
    """The first one counts, as the customer may have read it."""
    box = Postbox(tmp_path)
    box.send(LETTER)
    box.send(replace(LETTER, text="another text", delivery_id=new_id()))
    assert [message_id for message_id, _ in box.posted()] == [LETTER.message_id]
    letter = box.letter(LETTER.message_id)
    assert letter is not None
    assert letter.text == "Hello Ada"
    assert box.find(LETTER.message_id) == Accepted(str(LETTER.delivery_id), delivered=True)


def test_two_that_post_at_once_leave_one_whole_letter(tmp_path: Path) -> None:
    """Nobody ever sees half a letter, and no draft is left lying about."""
    box, start = Postbox(tmp_path), threading.Barrier(8)

    def post() -> None:
        start.wait()
        box.send(replace(LETTER, text="x" * 100_000))

    posting = [threading.Thread(target=post) for _ in range(8)]
    for thread in posting:
        thread.start()
    for thread in posting:
        thread.join()
    assert [path.name for path in tmp_path.iterdir()] == [f"{LETTER.message_id}.json"]


def test_the_postbox_knows_what_it_never_took(tmp_path: Path) -> None:
    """Also before the folder exists."""
    box = Postbox(tmp_path / "none")
    assert box.find(new_id()) == NotTaken()
    assert box.letter(new_id()) is None
    assert list(box.posted()) == []
