"""Puts the web application together: one database for its life, security around every answer, sign-in before pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware

from engine.channel_terms import Offered
from engine.errors import InvalidInput
from engine.links import Links
from engine.logs import keep_values_out
from engine.secret import open_secret
from engine.send.channels import close, offered, open_channels
from engine.send.channels.postbox import Postbox
from engine.settings import Settings
from engine.storage.session import Database
from web.errors import handle_errors
from web.place import Place
from web.routes import (
    access,
    account,
    calendar,
    calls,
    customers,
    flags,
    follow_ups,
    handing,
    health,
    hooks,
    inapp_api,
    insight,
    insight_files,
    leaving,
    live,
    messages,
    mission,
    not_now,
    notes,
    outcomes,
    overview,
    people,
    postbox,
    previews,
    queue,
    queue_acts,
    rehearsals,
    replies,
    second_reads,
    sending,
    sensitive_days,
    signing_in,
    template_looks,
    template_versions,
    templates,
    trail,
    trigger_editing,
    trigger_files,
    trigger_states,
    triggers,
    unread,
)
from web.security import SecurityHeaders
from web.session import Sessions
from web.static_files import FOLDER, ROOT, KeptFiles
from web.throttle import Throttle
from web.visitors import own_form, signed_in

log = structlog.get_logger()
# Pages are compressed while somebody waits: the last percent would cost more time than it saves.
SMALLEST_COMPRESSED, COMPRESSION = 500, 5

# Whoever adds a room adds its routes here, and they ask for the sign-in by themselves.
SIGNED_IN: tuple[APIRouter, ...] = (
    queue.router,
    queue_acts.router,
    live.router,
    replies.router,
    messages.router,
    previews.router,
    handing.router,
    second_reads.router,
    flags.router,
    customers.router,
    notes.router,
    postbox.router,
    overview.router,
    trigger_files.router,
    trigger_editing.router,
    triggers.router,
    trigger_states.router,
    rehearsals.router,
    insight.router,
    insight_files.router,
    outcomes.router,
    unread.router,
    follow_ups.router,
    calls.router,
    template_versions.router,
    template_looks.router,
    templates.router,
    mission.router,
    sending.router,
    not_now.router,
    sensitive_days.router,
    calendar.router,
    account.router,
    people.router,
    trail.router,
)

# What is before the sign-in: the only pages of ours that anybody may open.
OPEN: tuple[APIRouter, ...] = (health.router, signing_in.router, access.router)

# Routers of the class web.outside.FromOutside: no session, no form token; each proves itself in its own way.
FROM_OUTSIDE: tuple[APIRouter, ...] = (leaving.router, inapp_api.router, hooks.router)


def make_app(configuration: Settings) -> FastAPI:
    """The application over the installation that `configuration` names."""
    keep_values_out()
    secret = open_secret(configuration)
    known, fault = _offered(configuration)
    place = Place(
        db=Database(configuration.database),
        settings=configuration,
        sessions=Sessions(secret),
        throttle=Throttle(),
        postbox=Postbox(configuration.postbox),
        offered=known,
        fault=fault,
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
    app.state.pages = frozenset(
        route.path for router in SIGNED_IN for route in router.routes if isinstance(route, APIRoute)
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED, compresslevel=COMPRESSION)
    app.mount(ROOT, KeptFiles(directory=FOLDER), name="static")
    for router in OPEN:
        app.include_router(router)
    for router in SIGNED_IN:
        app.include_router(router, dependencies=[Depends(signed_in)])
    for router in FROM_OUTSIDE:
        app.include_router(router)
    handle_errors(app)
    return app


def _offered(configuration: Settings) -> tuple[Offered, str | None]:
    """What this installation offers, or why nothing; the pages send nothing themselves, so nothing is kept open.

    Where a channel is not configured well the pages must come up all the same: the page Sending says what is wrong.
    """
    try:
        channels = open_channels(configuration)
    except InvalidInput as error:
        log.error("channels_cannot_be_opened", why=str(error))
        return Offered(), str(error)
    close(channels)
    return offered(channels, configuration), None
