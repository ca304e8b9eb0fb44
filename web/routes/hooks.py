"""What providers call: receipts, bounces and answers. Each call proves itself, is recorded, and is answered at once; a
worker does the rest. While the database is away it is answered so that the provider calls again.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from engine import clock
from engine.errors import InvalidInput
from engine.listen import inbound, sendgrid, twilio
from engine.listen.confirming import NOTHING, confirmation
from engine.listen.incoming import of_text
from engine.listen.letters import take
from engine.listen.mail import LARGEST_MAIL, Mail
from engine.listen.receipts import store
from engine.listen.replies import Kept, store_reply
from engine.send.channels.sendgrid import SendGridSettings
from engine.send.channels.twilio import TwilioSettings
from engine.settings import read_environment
from engine.storage.models import Customer
from web.outside import ForMachines
from web.place import Here, Place

log = structlog.get_logger()
router = APIRouter(prefix="/hooks", route_class=ForMachines)

MOST_FILES, MOST_FIELDS = 50, 100
JSON, FORM, PARTS = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What providers prove themselves with."""

    events: str
    inbound: str
    twilio: str


def _secrets(request: Request) -> Secrets:
    """Read once for each application."""
    state = request.app.state
    if not hasattr(state, "hook_secrets"):
        of_sendgrid, of_twilio = read_environment(SendGridSettings), read_environment(TwilioSettings)
        state.hook_secrets = Secrets(of_sendgrid.webhook_key, of_sendgrid.inbound_token, of_twilio.auth_token)
    found: Secrets = state.hook_secrets
    return found


Proofs = Annotated[Secrets, Depends(_secrets)]


def _of_type(wanted: str) -> Callable[[Request], None]:
    """Refuse another content type before the body is read."""

    def check(request: Request) -> None:
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != wanted:
            raise HTTPException(415, f"{wanted} is expected")

    return check


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


@router.post("/sendgrid/events", dependencies=[Depends(_of_type(JSON))])
def sendgrid_events(request: Request, place: Here, proofs: Proofs, body: Body) -> Response:
    """SendGrid's signed event webhook."""
    headers = request.headers
    call = sendgrid.Signed(body, headers.get(sendgrid.SIGNATURE_HEADER, ""), headers.get(sendgrid.TIMESTAMP_HEADER, ""))
    _configured(proofs.events, "JUBILEE_SENDGRID_WEBHOOK_KEY")
    try:
        genuine = sendgrid.is_genuine(call, proofs.events, now=clock.machine_now())
    except InvalidInput as error:
        raise _unusable(str(error)) from error
    _only(genuine, "sendgrid/events")
    said = sendgrid.read_events(body)
    _recorded(place, lambda session: store(session, said, now=clock.now(session)))
    return Response(status_code=204)


@router.post("/twilio/status", dependencies=[Depends(_of_type(FORM))])
def twilio_status(request: Request, place: Here, proofs: Proofs, body: Body) -> Response:
    """Twilio's callback about one message."""
    url, fields = _from_twilio(request, place, proofs, body)

    def act(session: Session) -> None:
        now = clock.now(session)
        if said := twilio.read_status(url, fields, now=now):
            store(session, [said], now=now)

    _recorded(place, act)
    return Response(status_code=204)


@router.post("/twilio/inbound", dependencies=[Depends(_of_type(FORM))])
def twilio_inbound(request: Request, place: Here, proofs: Proofs, body: Body) -> Response:
    """A text or WhatsApp message that a customer wrote. STOP and START hold at once, and are confirmed by one text."""
    _, fields = _from_twilio(request, place, proofs, body)
    written = twilio.read_written(fields)
    if written is None:
        return _twiml(NOTHING)

    def act(session: Session) -> tuple[Kept | None, str]:
        kept = store_reply(session, of_text(written), now=clock.now(session))
        return kept, _locale(session, kept.customer_id if kept else None)

    kept, locale = _recorded(place, act)
    answered = None if written.answered else kept
    return _twiml(confirmation(answered, company=place.settings.company_name, locale=locale))


def _inbound_proof(request: Request, proofs: Proofs, token: str = "") -> None:
    """The secret, from the address or as the password of basic auth; looked at before the mail is read."""
    _configured(proofs.inbound, "JUBILEE_SENDGRID_INBOUND_TOKEN")
    given = token or _password(request.headers.get("authorization", ""))
    _only(inbound.is_ours(given, proofs.inbound), "sendgrid/inbound")


async def _mail(request: Request) -> Mail:
    """The mail of the form. Attachments are dropped here, and named."""
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_MAIL) as form:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        files = [value.filename or "" for _, value in form.multi_items() if isinstance(value, UploadFile)]
    return inbound.read_inbound(fields, [name for name in files if name])


_PROVEN_MAIL = [Depends(_of_type(PARTS)), Depends(_inbound_proof)]


@router.post("/sendgrid/inbound", dependencies=_PROVEN_MAIL)
@router.post("/sendgrid/inbound/{token}", dependencies=_PROVEN_MAIL)
def sendgrid_inbound(place: Here, mail: Annotated[Mail, Depends(_mail)]) -> Response:
    """A mail that came to the domain of answers."""
    _recorded(place, lambda session: take(session, mail, links=place.links, now=clock.now(session)))
    return Response(status_code=204)


def _from_twilio(request: Request, place: Place, proofs: Secrets, body: bytes) -> tuple[str, twilio.Fields]:
    """The public address and the fields of a call that Twilio signed for that address."""
    _configured(proofs.twilio, "JUBILEE_TWILIO_AUTH_TOKEN")
    query = request.scope["query_string"].decode("latin-1")
    url = place.settings.public_url.rstrip("/") + request.url.path + (f"?{query}" if query else "")
    fields = twilio.read_form(body)
    signature = request.headers.get(twilio.SIGNATURE_HEADER, "")
    _only(twilio.is_genuine(url, fields, signature, proofs.twilio), request.url.path.removeprefix("/hooks/"))
    return url, fields


def _only(genuine: bool, hook: str) -> None:
    if not genuine:
        log.warning("hook_refused", hook=hook)
        raise HTTPException(403, "this call does not prove where it comes from")


def _configured(secret: str, variable: str) -> None:
    if not secret:
        raise _unusable(f"{variable} is not set")


def _unusable(why: str) -> HTTPException:
    """Ours to mend, so that the provider shall call again."""
    log.error("hook_not_usable", why=why)
    return HTTPException(503, "this is not configured here", {"retry-after": "60"})


def _recorded(place: Place, act: Callable[[Session], Answer]) -> Answer:
    try:
        with place.db.writing() as session:
            return act(session)
    except (DBAPIError, PoolTimeout) as error:
        log.error("hook_not_recorded", error=type(error).__name__)
        raise HTTPException(503, "please call again", {"retry-after": "30"}) from None


def _locale(session: Session, customer_id: UUID | None) -> str:
    found = session.scalar(select(Customer.locale).where(Customer.id == customer_id)) if customer_id else None
    return found or "en"


def _twiml(text: str) -> Response:
    return Response(text, media_type="text/xml")


def _password(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
