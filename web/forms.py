"""The texts that a form of the writing room carries, and what somebody tried with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Request

from web.place import Place
from web.visitors import Visitor

FIELD = "text."
Version = Annotated[int, Form(ge=1)]
Texts = Mapping[str, Mapping[str, str | None]]
Act = Callable[[], str]


async def _texts(request: Request) -> Texts:
    """The fields `text.<name>.subject` and `text.<name>.body` of the form, by the text's name."""
    texts: dict[str, dict[str, str | None]] = {}
    for field, value in (await request.form()).items():
        name, _, part = field.removeprefix(FIELD).partition(".")
        if field.startswith(FIELD) and part in ("subject", "body") and isinstance(value, str):
            texts.setdefault(name, {"subject": None, "body": ""})[part] = value
    return texts


Given = Annotated[Texts, Depends(_texts)]


@dataclass(frozen=True)
class Attempt:
    """What somebody tried on the message's page: who, where, and with which texts."""

    request: Request
    place: Place
    visitor: Visitor
    message_id: UUID
    texts: Texts
