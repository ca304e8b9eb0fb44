"""What ended because nobody read it in time, behind the numbers of Today."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from engine import clock
from web.pages import show
from web.place import Reading
from web.queries.unread import DAYS, NOBODY, ended, name_of_owner, title_of

router = APIRouter()
Word = Annotated[str, Query(max_length=100)]


@router.get("/today/unread")
def show_unread(request: Request, session: Reading, owner: Word = "", trigger: Word = "", after: Word = "") -> Response:
    """A page of them, the last first; of one owner or of one trigger where the address says so."""
    found, more = ended(session, now=clock.now(session), owner=owner, trigger=trigger, after=after)
    narrowed = {name: value for name, value in (("owner", owner), ("trigger", trigger)) if value}
    values = {
        "ended": found,
        "more": urlencode({**narrowed, "after": found[-1].place}) if more else "",
        "owner_name": "Nobody’s" if owner == NOBODY else name_of_owner(session, owner),
        "title": title_of(session, trigger),
        "days": DAYS,
    }
    return show(request, "unread.html", values)
