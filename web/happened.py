"""What happened to a message, as its page tells it: each line of the audit trail in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.review.opinions import Happened
from engine.review.views import MessageView
from engine.write.changes import CHANGED
from web.audit_words import action_words
from web.phrases import fact_value, fact_words, reason_words

_SAID: Mapping[str, str] = {
    "edit": "wrote a new wording",
    "approve": "approved it",
    "approve_first": "approved it; a second reader is needed",
    "undo": "took the approval back",
    "skip": "left it out",
    "unskip": "brought it back",
    "bring_back": "brought it back to try again",
    "drop": "dropped it at its deadline",
    "assign": "handed it over",
    "flag": "stopped it: this feels wrong",
    "answer_flag": "answered what felt wrong",
    "ask_second_read": "asked for a second pair of eyes",
    "withdraw_second_read": "took the question to a second reader back",
    "second_read": "read it for a colleague",
    "send_test": "sent themselves a test",
    CHANGED: "brought it back, as facts had changed",
    "fell_back": "moved it to another channel",
    "moved": "moved it to another channel",
    "settled": "settled what became of it",
}
_OURSELVES = frozenset({"writer", "policy", "deadline", "sending"})
_ENDED: Mapping[str, str] = {
    "handed_over": "It is on its way; nothing can be changed any more.",
    "closed": "It has been sent; nothing can be changed any more.",
    "cancelled": "It was cancelled.",
    "expired": "Its time was over.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line, as the page tells it."""

    at: datetime
    actor: str
    words: str


def who(line: Happened) -> str:
    """Who did it; a part of Jubilee that acted by itself is Jubilee."""
    return "Jubilee" if line.actor in _OURSELVES else line.actor


def said_of(line: Happened) -> str:
    """One line: `Robin Agent` did this, with the reason or the facts where there are any."""
    words = _SAID.get(line.action) or action_words(line.action)
    if reason := line.detail.get("reason"):
        return f"{words}: {reason_words(str(reason))}"
    facts = line.detail.get("facts")
    if line.action == CHANGED and isinstance(facts, Mapping):
        told = (f"{fact_words(name)} {_pair(pair)}" for name, pair in facts.items())
        return f"{words}: {'; '.join(told)}"
    return words


def what_became(view: MessageView) -> str:
    """Why a decision came too late, in a sentence for who wanted to make it: what is true of the message now."""
    item, last = view.item, _last_decision(view.history)
    if view.reason == "erased":
        return "The customer asked to be erased in the meantime. The message does not go, and its text is gone."
    if item.state in _ENDED:
        return _ENDED[item.state] + (f" {reason_words(view.reason)}" if view.reason else "")
    if item.state == "skipped":
        return f"It was left out{_by(last)}. {reason_words(view.reason or '')}"
    if item.state == "approved":
        return f"It was approved{_by(last)}, and goes as it stood then."
    if item.state == "draft":
        return "A fact that it says has changed, and it is being written again."
    return f"{who(last)} {_SAID.get(last.action, 'changed it')} in the meantime." if last else "It was changed."


def _by(last: Happened | None) -> str:
    return f" by {who(last)}" if last else ""


def _last_decision(history: Sequence[Happened]) -> Happened | None:
    quiet = ("send_test", "assign", "ask_second_read", "withdraw_second_read")
    return next((line for line in reversed(history) if line.action not in quiet), None)


def _pair(pair: object) -> str:
    if not isinstance(pair, Mapping):
        return ""
    return f"{fact_value(pair.get('old'))} → {fact_value(pair.get('new'))}"
