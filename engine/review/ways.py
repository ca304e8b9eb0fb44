"""The ways a message may go, as its reader is shown them: the channels in turn, and which text each carries.

What is shown here is what an approval covers: the page, and the command line, name these texts as seen.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.channel_terms import Offered, text_kind
from engine.plan.chains import chains_of, in_turn
from engine.plan.channel_reasons import channel_sentence
from engine.review.views import Way
from engine.storage.models import Message
from engine.write.signing import Texts

_WAITING = ("draft", "in_review", "approved")


def ways_of(session: Session, message: Message, texts: Texts, offered: Offered, *, now: datetime) -> Sequence[Way]:
    """The channels that a message with these texts would be tried on by now, in turn. Where none may be used, and of a
    message that has gone or ended, its own."""
    own = Way(message.channel, text_kind(message.channel, texts) or "", channel_sentence(message.channel_reason))
    if message.state not in _WAITING or not texts:
        return [own] if own.text else []
    chain = chains_of(session, [message.id], offered, now=now).get(message.id, ())
    ways = [
        own if choice.channel == own.channel else Way(choice.channel, kind, channel_sentence(choice.reason))
        for choice in in_turn(chain, message.channel, message.channel_reason)
        if (kind := text_kind(choice.channel, texts))
    ]
    return ways or ([own] if own.text else [])
