"""The secret that signs sessions and links: configured, or made once and kept in the home folder."""

import os
import secrets
from pathlib import Path

from engine.private import own_file, own_folder
from engine.settings import Settings

SHORTEST_SECRET = 32


def open_secret(settings: Settings) -> str:
    """The configured secret, or one made once and kept in the home folder, readable by its owner alone."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.home / "secret"
    try:
        return _kept(path)
    except FileNotFoundError:
        own_folder(path.parent)
    made = path.with_name(f".secret.{secrets.token_hex(4)}")
    own_file(made)
    made.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    try:
        os.link(made, path)  # whoever comes first decides; another process reads what was made
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return _kept(path)


def _kept(path: Path) -> str:
    secret = path.read_text(encoding="utf-8").strip()
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"{path} holds no usable secret; remove it, and a new one is made")
    return secret
