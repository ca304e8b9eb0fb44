"""The form on a customer's page: its fields as they stand, and the wishes that a sent form differs by. Pure.

Only what differs from what counts is a wish, so that saving an untouched form says nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time

from engine.record.unset import UNSET
from engine.record.wishes import Wishes
from engine.storage.models.consent import ANY
from web.queries.wishes import NOT_THIS_WAY, ChannelWish, OccasionWish, Standing

YES = "yes"
SENT = ("sent", YES)
Fields = Sequence[tuple[str, str]]


class NeedsChannel(ValueError):
    """No way to reach the customer is left, and they did not ask for nothing at all."""


class NeedsHours(ValueError):
    """One hour alone, or twice the same, is no quiet time."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form said, field by field."""

    occasions: frozenset[str]
    ranks: Mapping[str, int]
    refused: frozenset[str]
    quiet: tuple[time, time] | None
    nothing: bool


def fields_of(standing: Standing) -> Fields:
    """The fields of a form that changes nothing: for the page itself, and for the way back to it."""
    return list(_fields(standing))


def read(fields: Fields, standing: Standing) -> Sent:
    """What was sent, about what the page offers and nothing else. Raises NeedsChannel, NeedsHours."""
    last = dict(fields)
    ticked = {value for name, value in fields if name == "occasion"}
    ranks = {one.name: _rank(last.get(f"channel.{one.name}"), one) for one in standing.channels}
    refused = frozenset(one.name for one in standing.channels if _refused(last.get(f"channel.{one.name}"), one))
    nothing = last.get("nothing") == YES
    if standing.channels and not any(ranks.values()) and not nothing:
        raise NeedsChannel
    hours = _hour(last.get("quiet_from", "")), _hour(last.get("quiet_until", ""))
    if hours == (None, None):
        return Sent(frozenset(ticked), ranks, refused, None, nothing)
    if hours[0] is None or hours[1] is None or hours[0] == hours[1]:
        raise NeedsHours
    return Sent(frozenset(ticked), ranks, refused, (hours[0], hours[1]), nothing)


def wishes_of(sent: Sent, standing: Standing) -> Wishes:
    """What the customer wants otherwise than it stands."""
    stood = {one.name: one.rank for one in standing.channels}
    # Of two with the same rank the one that was changed is meant: who makes calls the first leaves the other as it was.
    ranked = sorted(sent.ranks.items(), key=lambda one: (one[1], one[1] == stood[one[0]]))
    order = [name for name, rank in ranked if rank]
    quiet = (standing.quiet_from, standing.quiet_until) if standing.quiet_from and standing.quiet_until else None
    return Wishes(
        occasions=dict(_occasions(sent, standing)),
        order=UNSET if order == standing.order or not order else order,
        unwanted=UNSET if sent.refused == {one.name for one in standing.channels if one.refused} else sent.refused,
        quiet=UNSET if sent.quiet == quiet else sent.quiet,
        nothing=UNSET if sent.nothing == standing.nothing else sent.nothing,
    )


def as_sent(fields: Fields, standing: Standing) -> Standing:
    """The page with what was sent in place of what counts, for showing a form again that could not be kept."""
    last, ticked = dict(fields), {value for name, value in fields if name == "occasion"}
    return replace(
        standing,
        occasions=[replace(one, wanted=one.name in ticked) for one in standing.occasions],
        anything_new=ANY in ticked,
        channels=[replace(one, rank=_rank(last.get(f"channel.{one.name}"), one)) for one in standing.channels],
        quiet_from=_hour_or_none(last.get("quiet_from", "")),
        quiet_until=_hour_or_none(last.get("quiet_until", "")),
        nothing=last.get("nothing") == YES,
    )


def _fields(standing: Standing) -> Iterator[tuple[str, str]]:
    yield SENT
    yield from (("occasion", one.name) for one in standing.occasions if one.wanted)
    if standing.anything_new:
        yield "occasion", ANY
    yield from ((f"channel.{one.name}", str(one.rank or one.unused_as)) for one in standing.channels)
    yield "quiet_from", standing.quiet_from.isoformat("minutes") if standing.quiet_from else ""
    yield "quiet_until", standing.quiet_until.isoformat("minutes") if standing.quiet_until else ""
    if standing.nothing:
        yield "nothing", YES


def _occasions(sent: Sent, standing: Standing) -> Iterator[tuple[str, bool]]:
    """What was never spoken of follows the general wish, so a wish of its own is needed only where the two differ."""
    anything_new = ANY in sent.occasions
    if anything_new != standing.anything_new:
        yield ANY, anything_new
    for one in standing.occasions:
        wanted = one.name in sent.occasions
        if _counts(one, anything_new) != wanted:
            yield one.name, wanted


def _counts(one: OccasionWish, anything_new: bool) -> bool:
    return one.said if one.said is not None else anything_new or not one.marketing


def _refused(value: str | None, one: ChannelWish) -> bool:
    """Not choosing what is not used anyway refuses nothing."""
    return one.refused if value is None else value == NOT_THIS_WAY


def _rank(value: str | None, one: ChannelWish) -> int:
    if value is None:
        return one.rank
    return int(value) if value.isascii() and value.isdigit() and len(value) < 3 else 0


def _hour(text: str) -> time | None:
    try:
        return time.fromisoformat(text.strip()).replace(second=0, microsecond=0, tzinfo=None) if text.strip() else None
    except ValueError:
        raise NeedsHours from None


def _hour_or_none(text: str) -> time | None:
    try:
        return _hour(text)
    except NeedsHours:
        return None
