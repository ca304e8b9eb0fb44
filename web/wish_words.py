"""What was saved on a customer's page, as they read it: pairs of what it is about and how it is from now on. Pure."""

from collections.abc import Iterator

from engine.record.wishes import Changes
from engine.settings import split
from engine.storage.models.consent import ANY
from web.customer_words import Words
from web.queries.wishes import Standing


def said(changes: Changes, standing: Standing, words: Words) -> Iterator[tuple[str, str]]:
    """One pair for each thing that changed."""
    titles = {one.name: words.occasion(one.name, one.title) for one in standing.occasions}
    for name, (_, new) in changes.items():
        group, _, rest = name.partition(".")
        if group == "preferences":
            title = words("anything_new") if rest == ANY else titles.get(rest, words.occasion(rest))
            wanted = next((one.wanted for one in standing.occasions if one.name == rest), bool(new and new["wanted"]))
            yield title, _yes_or_no(wanted, words)
        elif group == "suppressions":
            title = words("all_messages") if rest == ANY else words.channel(rest)
            yield title, _yes_or_no(new is None, words)
        elif name == "channel_order":
            yield words("order"), ", ".join(words.channel(one) for one in split(new or "")) or words("none")
    if {"quiet_from", "quiet_until"} & changes.keys():
        yield words("quiet_hours"), _hours(standing) or words("none")


def _yes_or_no(wanted: bool, words: Words) -> str:
    return words("yes") if wanted else words("no")


def _hours(standing: Standing) -> str:
    if not standing.quiet_from or not standing.quiet_until:
        return ""
    return f"{standing.quiet_from.isoformat('minutes')} \u2013 {standing.quiet_until.isoformat('minutes')}"
