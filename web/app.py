"""Puts the web application together: one database for its life, security around every answer, sign-in before pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import APIRouter, Depends, FastAPI

from engine.channel_terms import Offered
from engine.errors import InvalidInput
from engine.links import Links
from engine.secret import open_secret
from engine.send.channels import offered, open_channels
from engine.send.channels.postbox import Postbox
from engine.settings import Settings
from engine.storage.session import Database
from web.errors import handle_errors
from web.place import Place
from web.routes import (
    calls,
    customers,
    health,
    hooks,
    inapp_api,
    leaving,
    messages,
    overview,
    postbox,
    queue,
    replies,
    sending,
    signing_in,
)
from web.security import SecurityHeaders
from web.session import Sessions
from web.static_files import FOLDER, ROOT, KeptFiles
from web.throttle import Throttle
from web.visitors import own_form, signed_in

log = structlog.get_logger()

# Whoever adds a room adds its routes here, and they ask for the sign-in by themselves.
SIGNED_IN: tuple[APIRouter, ...] = (
    queue.router,
    replies.router,
    messages.router,
    customers.router,
    postbox.router,
    overview.router,
    calls.router,
    sending.router,
)

# Routers of the class web.outside.FromOutside: no session, no form token; each proves itself in its own way.
FROM_OUTSIDE: tuple[APIRouter, ...] = (leaving.router, inapp_api.router, hooks.router)


def make_app(configuration: Settings) -> FastAPI:
    """The application over the installation that `configuration` names."""
    secret = open_secret(configuration)
    place = Place(
        db=Database(configuration.database),
        settings=configuration,
        sessions=Sessions(secret),
        throttle=Throttle(),
        postbox=Postbox(configuration.postbox),
        offered=_offered(configuration),
        links=Links(secret, configuration.public_url),
    )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        place.db.dispose()

    app = FastAPI(
        title="Jubilee", lifespan=life, dependencies=[Depends(own_form)], openapi_url=None, redirect_slashes=False
    )
    app.state.place = place
    app.add_middleware(SecurityHeaders)
    app.mount(ROOT, KeptFiles(directory=FOLDER), name="static")
    app.include_router(health.router)
    app.include_router(signing_in.router)
    for router in SIGNED_IN:
        app.include_router(router, dependencies=[Depends(signed_in)])
    for router in FROM_OUTSIDE:
        app.include_router(router)
    handle_errors(app)
    return app


def _offered(configuration: Settings) -> Offered:
    """What this installation offers; the pages send nothing themselves, so nothing is kept open.

    Where a channel is not configured well the pages must come up all the same: the page Sending says what is wrong.
    """
    try:
        channels = open_channels(configuration)
    except InvalidInput as error:
        log.error("channels_cannot_be_opened", why=str(error))
        return Offered()
    for channel in channels.values():
        channel.close()
    return offered(channels, configuration)
