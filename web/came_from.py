"""Which part of the queue somebody came from: the filter goes with them in the address, from page to page and through
every form, so that what comes next is of that part too.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request

from engine.review.filters import Filter

NAME = "from"
_LONGEST = 1_000
_KEPT_AT = ("/messages/", "/postbox/")


def query_of(wanted: Filter, **changed: str) -> str:
    """The filter as the end of an address, with some of it changed."""
    words = {**wanted.words(), **changed}
    return urlencode({name: value for name, value in words.items() if value and (name, value) != ("whose", "all")})


def filter_of(request: Request) -> Filter:
    """The filter of the queue that this page was come to from."""
    return Filter.read(dict(parse_qsl(request.query_params.get(NAME, "")[:_LONGEST])))


def query_to(request: Request) -> str:
    """The same as the end of the queue's address; empty for the whole queue."""
    return query_of(filter_of(request))


def carrying(query: str) -> str:
    """What an address ends in that keeps this filter; empty for the whole queue."""
    return f"?{urlencode({NAME: query})}" if query else ""


def carried(address: str, request: Request) -> str:
    """An address of the writing room with the filter kept; others know it already."""
    came = carrying(query_to(request))
    if not came or not urlsplit(address).path.startswith(_KEPT_AT) or f"{NAME}=" in urlsplit(address).query:
        return address
    return f"{address}&{came[1:]}" if "?" in address else address + came
