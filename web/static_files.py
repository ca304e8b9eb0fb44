"""Stylesheet, scripts and icon, under a path that changes with their content, so that browsers keep them for good."""

import gzip
import hashlib
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


ROOT = f"/static/{_fingerprint()}"


class KeptFiles(StaticFiles):
    """Files that never change under their address, compressed once and as well as can be."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year."""
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
                response = _compressed(path)
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
            response.headers["vary"] = "Accept-Encoding"
        return response


def _compressed(path: str) -> Response:
    kind, _ = guess_type(path)
    return Response(_squeezed(path), media_type=kind, headers={"content-encoding": "gzip"})


@cache
def _squeezed(path: str) -> bytes:
    return gzip.compress((FOLDER / path).read_bytes(), 9, mtime=0)
