"""What a person may give as a text: one that the message has, in Markdown, not empty and not endless."""

import re

from engine.errors import InvalidInput
from engine.write.shape import says_something
from engine.write.signing import Text, Texts

MAX_BODY = 20_000
MAX_SUBJECT = 200

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")


def checked_texts(texts: Texts, current: Texts) -> dict[str, Text]:
    """The given texts, if they are ones that this message has and that can be sent."""
    if not texts:
        raise InvalidInput("texts: there is nothing to save.")
    for name, text in texts.items():
        if name not in current:
            raise InvalidInput(f"texts: this message has no {name} text.")
        _check_body(name, text.get("body"))
        _check_subject(name, text.get("subject"), current[name].get("subject"))
    return {name: _kept_if_approved(text, current[name]) for name, text in texts.items()}


def _kept_if_approved(text: Text, current: Text) -> Text:
    """The text as it is stored. Words that the provider approved stay so only letter by letter: once changed they are
    an agent's own, which WhatsApp takes within 24 hours after the customer wrote and not later."""
    words = {"subject": (text.get("subject") or "").strip() or None, "body": _one_kind_of_line_end(text)}
    return {**current, **words} if words["body"] == _one_kind_of_line_end(current) else words


def _one_kind_of_line_end(text: Text) -> str:
    return (text.get("body") or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def _check_body(name: str, body: str | None) -> None:
    if not body or not says_something(body):
        raise InvalidInput(f"{name}: the text is empty. Write what you want to say, or skip the message.")
    if len(body) > MAX_BODY:
        raise InvalidInput(f"{name}: the text is longer than {MAX_BODY:,} characters.")
    if found := _TAG.search(body):
        raise InvalidInput(
            f"{name}: {found[0][:40]} looks like HTML. Write Markdown: **bold**, *italic*, [words](link)."
        )


def _check_subject(name: str, subject: str | None, current: str | None) -> None:
    if current is not None and not says_something(subject or ""):
        raise InvalidInput(f"{name}: the subject is empty. Say in a few words what the message is about.")
    if subject and (len(subject) > MAX_SUBJECT or len(subject.strip().splitlines()) > 1):
        raise InvalidInput(f"{name}: a subject is one line of at most {MAX_SUBJECT} characters.")
