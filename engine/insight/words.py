"""What agents change most in drafts: the last draft compared with the text that was approved, sentence by sentence.

Only what agents changed for several different customers is shown, with facts and names as their placeholders.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from engine.insight.masking import masked
from engine.insight.spans import Span
from engine.storage.models import Customer, Message, Revision

# From so many different customers on a change is shown, and so many texts are read at most, the newest.
LEAST_CUSTOMERS = 5
MOST_TEXTS = 1_500
MOST_SHOWN = 25
_GONE = ("approved", "handed_over", "closed")
_SENTENCES = re.compile(r"(?<=[.!?…:])\s+|\n+")
_ALIKE = 0.45
_LONGEST_PHRASE = 10
_LONGEST_SENTENCE = 240


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is swapped (`old` became `new`), dropped or added; for how many customers, and in which templates."""

    kind: str
    old: str
    new: str
    customers: int
    templates: Sequence[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What was found in `texts` edited texts; `more` says that older ones were not read."""

    texts: int
    more: bool
    shown: Sequence[Change]


Key = tuple[str, str, str]


def changes(
    session: Session,
    span: Span,
    *,
    template: str | None = None,
    trigger_id: UUID | None = None,
    least: int = LEAST_CUSTOMERS,
) -> Changes:
    """The most frequent changes of the texts that went, or will go, on these days: one statement."""
    rows = _pairs(session, span, template, trigger_id)
    who: dict[Key, set[UUID]] = defaultdict(set)
    where: dict[Key, set[str]] = defaultdict(set)
    for row in rows[:MOST_TEXTS]:
        for key in _of_message(row):
            who[key].add(row.customer_id)
            where[key].add(row.template)
    found = [
        Change(*key, customers=len(customers), templates=sorted(where[key]))
        for key, customers in who.items()
        if len(customers) >= max(least, 1)
    ]
    found.sort(key=lambda one: (-one.customers, one.kind, one.old, one.new))
    return Changes(min(len(rows), MOST_TEXTS), len(rows) > MOST_TEXTS, found[:MOST_SHOWN])


def differences(before: str, after: str) -> Iterator[Key]:
    """What became of each sentence, as (kind, old, new): a phrase where the sentence stayed much the same."""
    old, new = _sentences(before), _sentences(after)
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        gone, come = old[a:b], new[c:d]
        for one, other in zip(gone, come, strict=False):
            yield from _within(one, other)
        yield from (("dropped", one, "") for one in gone[len(come) :])
        yield from (("added", "", one) for one in come[len(gone) :])


def _within(old: str, new: str) -> Iterator[Key]:
    one, other = old.split(), new.split()
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < _ALIKE:
        yield "dropped", old, ""
        yield "added", "", new
        return
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal" and max(b - a, d - c) <= _LONGEST_PHRASE:
            yield _phrase(" ".join(one[a:b]), " ".join(other[c:d]))


def _phrase(old: str, new: str) -> Key:
    kind = "swapped" if old and new else "dropped" if old else "added"
    return kind, old, new


def _sentences(text: str) -> list[str]:
    return [" ".join(one.split())[:_LONGEST_SENTENCE] for one in _SENTENCES.split(text) if one.strip()]


def _of_message(row: Any) -> set[Key]:
    """Each change once, however often this message has it."""
    found: set[Key] = set()
    for channel, after in row.after.items():
        before = row.before.get(channel)
        if before:
            for part in ("subject", "body"):
                found |= set(differences(_masked(row, before, part), _masked(row, after, part)))
    return found


def _masked(row: Any, text: Mapping[str, str | None], part: str) -> str:
    return masked(text.get(part) or "", row.facts, (row.first_name, row.last_name), row.locale)


def _pairs(session: Session, span: Span, template: str | None, trigger_id: UUID | None) -> Sequence[Any]:
    """The newest texts that a person changed, each beside the writer's last draft of it."""
    final, draft, other = aliased(Revision), aliased(Revision), aliased(Revision)
    last_draft = (
        select(func.max(other.number))
        .where(other.message_id == Message.id, other.author_id.is_(None), other.number < Message.number)
        .correlate(Message)
        .scalar_subquery()
    )
    query = (
        select(Message.customer_id, Message.template, Customer.first_name, Customer.last_name)
        .add_columns(draft.texts.label("before"), final.texts.label("after"), final.facts, final.locale)
        .join(final, and_(final.message_id == Message.id, final.number == Message.number))
        .join(draft, and_(draft.message_id == Message.id, draft.number == last_draft))
        .join(Customer, Customer.id == Message.customer_id)
        .where(
            Message.send_on.between(span.first, span.last),
            Message.edited,
            Message.state.in_(_GONE),
            final.author_id.is_not(None),
            Customer.erased_at.is_(None),
        )
        .order_by(Message.send_on.desc(), Message.id.desc())
        .limit(MOST_TEXTS + 1)
    )
    if template is not None:
        query = query.where(Message.template == template)
    if trigger_id is not None:
        query = query.where(Message.trigger_id == trigger_id)
    return session.execute(query).all()
