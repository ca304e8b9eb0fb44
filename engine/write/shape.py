"""Plain checks of a text besides how it sounds: that there is something in it, that it is no longer than its channel
bears, and that it holds no letters that nobody sees. Their findings stand beside those of the tone check.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from unicodedata import category

from engine.send.segments import segments_of
from engine.unseen import TURNING
from engine.write.signing import Text, masked

Row = dict[str, Any]
# How many characters a text of a channel may have before a reader would call it long; a text message counts its parts.
LONGEST: Mapping[str, int] = {"email": 3_000, "letter": 3_000, "whatsapp": 1_000, "inapp": 700}
MOST_PARTS = 2
_MOST_SHOWN = 20
_SEEN = frozenset("LNSP")  # letters, numbers, symbols, punctuation
_MARKUP = frozenset("*_#>`~-|\\")
# Letters that turn the direction of what follows, and letters that leave no trace on the page.
_TURNING = re.compile(f"[{TURNING}]+")
_HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb]+"
    # Joiners belong into emoji, and into words of scripts that need them; between Latin letters and blanks they hide.
    "|(?<=[\\s\u0021-\u024f])[\u200c\u200d]+|[\u200c\u200d]+(?=[\\s\u0021-\u024f]|$)"
)


def shape_of(text: Text, kind: str) -> list[Row]:
    """What is to be said of this text of the channel's `kind`; spans are within their `part`."""
    found = [*_hidden("subject", text.get("subject") or ""), *_hidden("body", text.get("body") or "")]
    subject, body = text.get("subject"), text.get("body") or ""
    if subject is not None and not says_something(subject):
        found.append(_whole("subject", subject, "empty", "block", *_NO_SUBJECT))
    if not says_something(body):
        return [*found, _whole("body", body, "empty", "block", *_NOTHING)]
    return [*found, *_length(masked(body), kind)]


def says_something(text: str) -> bool:
    """Whether a reader would see anything but blanks, marks and hints."""
    return any(category(letter)[0] in _SEEN and letter not in _MARKUP for letter in masked(text))


_NOTHING = (
    "There is nothing in this text: the customer would get an empty message.",
    "Write what you want to say, or skip the message.",
)
_NO_SUBJECT = ("The subject is empty.", "Say in a few words what the message is about.")
_TURNED = (
    "Letters that nobody sees turn the direction here: what is read is not what is written.",
    "Take them out, and write the words anew.",
)
_UNSEEN = (
    "There are letters here that nobody sees. They split words, and cost room in a text message.",
    "Take them out; they often come with what was copied from elsewhere.",
)


def _hidden(part: str, text: str) -> Iterator[Row]:
    for pattern, rule, severity, (reason, better) in (
        (_TURNING, "turned-direction", "warn", _TURNED),
        (_HIDDEN, "hidden-letters", "warn", _UNSEEN),
    ):
        for place, match in enumerate(pattern.finditer(text)):
            if place < _MOST_SHOWN:
                yield _row(part, match.start(), match.end(), "hidden_letters", severity, reason, better, rule)


def _length(body: str, kind: str) -> Iterator[Row]:
    body = body.strip()
    if kind == "sms":
        parts = segments_of(body).count
        if parts > MOST_PARTS:
            reason = f"It takes {parts} text messages, which is much for one greeting."
            yield _whole("body", body, "too_long", "warn", reason, f"Say it in {MOST_PARTS} at most.")
    elif len(body) > LONGEST.get(kind, len(body)):
        reason = f"It has {len(body):,} characters; beyond {LONGEST[kind]:,} few read on."
        yield _whole("body", body, "too_long", "warn", reason, "Leave out what matters less.")


def _whole(part: str, text: str, kind: str, severity: str, reason: str, better: str) -> Row:
    return _row(part, 0, len(text), kind, severity, reason, better, kind.replace("_", "-"))


def _row(part: str, start: int, end: int, kind: str, severity: str, reason: str, better: str, rule: str) -> Row:
    return {
        "part": part,
        "start": start,
        "end": end,
        "text": "",
        "category": kind,
        "severity": severity,
        "reason": reason,
        "better": better,
        "rule": rule,
    }
