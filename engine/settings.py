"""Configuration from the environment (`JUBILEE_*`, and `*_FILE` for secrets), read once and checked, with errors that
name the variable."""

import os
from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.dates.zones import zone
from engine.errors import InvalidInput

PREFIX = "JUBILEE_"


class Settings(BaseSettings):
    """Every setting, its default and what it is for; the README's table is checked against this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    home: Path = Field(Path("var"), description="Folder for the local database, the postbox and the local secret")
    database_url: str = Field("", description="PostgreSQL or SQLite address; empty: a SQLite file in the home folder")
    broker_url: str = Field("memory://", description="Redis address for Celery; memory:// serves one process only")
    secret_key: str = Field("", description="Signs sessions and links; empty: made once and kept in the home folder")
    host: str = Field("127.0.0.1", description="Address the web pages listen on")
    port: int = Field(8000, ge=1, le=65535, description="Port the web pages listen on")
    company_name: str = Field("Our shop", description="The company's name as customers know it")
    team_name: str = Field("the customer care team", description="Signs what no person has read")
    team_zone: str = Field("UTC", description="Time zone of the team that reviews")
    team_country: str = Field("", description="Country (ISO code) whose public holidays the team keeps")
    team_start: time = Field(time(9), description="When the team's working day begins")
    team_end: time = Field(time(17), description="When the team's working day ends")
    default_channel: str = Field("postbox", description="Channel for customers who prefer none")
    sending: bool = Field(True, description="The switch that stops all sending")
    release_seconds: int = Field(60, ge=0, description="How long an approval can be undone before the message may go")
    log_level: str = Field("INFO", description="How much is logged")

    @field_validator("team_zone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        zone(name)  # UnknownZone is a ValueError that says what is meant
        return name

    @field_validator("database_url")
    @classmethod
    def _address_can_be_read(cls, url: str) -> str:
        if url and not url.startswith(("postgresql+psycopg://", "sqlite:///")):
            raise ValueError("must begin with postgresql+psycopg:// or sqlite:///")
        return url

    @property
    def database(self) -> str:
        """The URL that is really used."""
        return self.database_url or f"sqlite:///{(self.home / 'jubilee.db').absolute()}"

    @property
    def postbox(self) -> Path:
        """Where the postbox channel keeps what would have been sent."""
        return self.home / "postbox"


@lru_cache
def settings() -> Settings:
    """Read the environment once. Raises InvalidInput that names every variable at fault."""
    try:
        return Settings(**_secrets_from_files(os.environ))
    except ValidationError as error:
        faults = "; ".join(f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"the environment cannot be used: {faults}") from error


def _secrets_from_files(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in Settings.model_fields:
        variable = f"{PREFIX}{name.upper()}_FILE"
        if path := environment.get(variable):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise InvalidInput(f"{variable}: cannot read {path}: {error.strerror}") from error
    return found
