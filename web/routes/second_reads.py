"""A second pair of eyes: asking for it, answering, taking the question back, and the list of what waits for one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from engine import clock
from engine.review.decisions import answer_second_read
from engine.review.items import items_of
from engine.review.second_reads import Word, ask_second_read, waiting_for, withdraw_second_read
from engine.review.story import names_of
from engine.storage.models import Person
from web.forms import Attempt, Given, Version
from web.pages import show
from web.place import Here, Reading
from web.routes.handing import person_of
from web.visitors import Deciding, SignedIn
from web.writing import save_changes, tried

router = APIRouter()
Words = Annotated[str, Form(max_length=2_000)]


@router.get("/second-reads")
def show_second_reads(request: Request, session: Reading, visitor: SignedIn) -> Response:
    """What waits for a word of the visitor, the oldest first."""
    now = clock.now(session)
    reads = waiting_for(session, visitor.id) if visitor.may_decide else []
    values = {
        "reads": reads,
        "items": items_of(session, [read.message_id for read in reads], now=now),
        "names": names_of(session, [read.asked_by for read in reads]),
        "now": now,
    }
    return show(request, "second_reads.html", values)


@router.post("/messages/{message_id}/second-read")
def ask(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Version,
    texts: Given,
    of: Annotated[str, Form(max_length=40)] = "",
    question: Words = "",
) -> Response:
    """Keep what was written, and ask one colleague or anybody."""
    attempt = Attempt(request, place, visitor, message_id, texts)

    def act() -> str:
        save_changes(attempt, version)
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            ask_second_read(session, message_id, of=person_of(of), question=question, person=person, now=now)
        return f"/messages/{message_id}?did=asked"

    return tried(attempt, act)


@router.post("/messages/{message_id}/second-read/answer")
def answer(
    request: Request,
    place: Here,
    visitor: Deciding,
    message_id: UUID,
    version: Version,
    texts: Given,
    word: Annotated[str, Form(max_length=20)] = "",
    remark: Words = "",
) -> Response:
    """Fine, or what should change. The word is about the text in force: what the reader typed into it is not part."""

    def act() -> str:
        seconds = place.settings.release_seconds
        with place.db.writing() as session:
            person, now = session.get_one(Person, visitor.id), clock.now(session)
            said = Word(word, remark)
            answer_second_read(
                session, message_id, said, version=version, person=person, now=now, release_seconds=seconds
            )
        return f"/messages/{message_id}?did=answered"

    return tried(Attempt(request, place, visitor, message_id, texts), act)


@router.post("/messages/{message_id}/second-read/withdraw")
def withdraw(request: Request, place: Here, visitor: Deciding, message_id: UUID, texts: Given) -> Response:
    """Take the open question back."""

    def act() -> str:
        with place.db.writing() as session:
            person = session.get_one(Person, visitor.id)
            withdraw_second_read(session, message_id, person=person, now=clock.now(session))
        return f"/messages/{message_id}?did=withdrawn"

    return tried(Attempt(request, place, visitor, message_id, texts), act)
