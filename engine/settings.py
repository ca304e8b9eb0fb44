"""Configuration from the environment (`JUBILEE_*`, and `*_FILE` for secrets), read once and checked, with errors that
name the variable."""

import os
from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.channel_terms import TERMS
from engine.dates.text_law import law_of
from engine.dates.zones import zone
from engine.errors import InvalidInput

PREFIX = "JUBILEE_"
ALERT_LEVELS = ("owner", "substitute", "marketing")
MOST_ALERT_HOURS = 80
Configuration = TypeVar("Configuration", bound=BaseSettings)


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
    public_url: str = Field(
        "", description="Where customers' links lead, and providers' receipts; empty: this machine, at the port above"
    )
    postal_address: str = Field("", description="The company's postal address, which every marketing mail must show")
    channel_order: str = Field(
        "email,inapp,letter,sms,whatsapp",
        description="The company's order of channels; one that is not listed goes only to customers who ask for it",
    )
    sending: bool = Field(True, description="The switch that stops all sending")
    live: bool = Field(False, description="Whether real channels reach customers; off: redirect mode")
    redirect_to: str = Field(
        "", description="Where redirect mode sends instead, by channel: email=test@example.com,sms=+4930123456"
    )
    allowed_addresses: str = Field(
        "", description="Addresses that redirect mode leaves as they are, with commas; @example.com allows a domain"
    )
    daily_caps: str = Field("", description="The most messages a day by channel, for the first weeks: email=200,sms=50")
    spread_minutes: int = Field(
        30, ge=0, le=240, description="Over how many minutes the messages of one hour are spread"
    )
    text_hours: str = Field(
        "legal",
        description="The law on the hours of texts and calls: legal, legal without some rows (legal,-US-TX), or off",
    )
    release_seconds: int = Field(60, ge=0, description="How long an approval can be undone before the message may go")
    queue_from_weight: int = Field(
        0, ge=0, le=100, description="Below this weight the queue leaves out what goes unread anyway; 0: it shows all"
    )
    alert_hours: str = Field(
        "8,4,2",
        description="Team hours before its deadline at which an unread draft is told to owner, substitute, marketing",
    )
    care_light_after: int = Field(4, ge=1, description="So many heavy recoveries in a row: a light one is offered")
    care_breather_after: int = Field(6, ge=1, description="So many heavy recoveries in a row: a breather is offered")
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

    @field_validator("channel_order")
    @classmethod
    def _channels_are_known(cls, order: str) -> str:
        if unknown := [name for name in split(order) if name not in TERMS]:
            raise ValueError(f"there is no channel {unknown[0]!r}; known are {', '.join(TERMS)}")
        return order

    @field_validator("alert_hours")
    @classmethod
    def _hours_fall(cls, hours: str) -> str:
        found = split(hours)
        if len(found) != len(ALERT_LEVELS) or not all(part.isascii() and part.isdigit() for part in found):
            raise ValueError("must be three whole numbers with commas, such as 8,4,2")
        if sorted(map(int, found), reverse=True) != [int(part) for part in found] or int(found[0]) > MOST_ALERT_HOURS:
            raise ValueError(f"must fall from at most {MOST_ALERT_HOURS}, such as 8,4,2")
        return hours

    @field_validator("text_hours")
    @classmethod
    def _law_is_known(cls, setting: str) -> str:
        law_of(setting)  # a ValueError says what is meant
        return setting

    @model_validator(mode="before")
    @classmethod
    def _links_lead_here(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("public_url"):
            return {**given, "public_url": f"http://127.0.0.1:{given.get('port') or cls.model_fields['port'].default}"}
        return given

    @field_validator("redirect_to")
    @classmethod
    def _redirects_can_be_reached(cls, pairs: str) -> str:
        for channel, address in _of_channels(pairs).items():
            user, at, domain = address.rpartition("@")
            if channel == "email" and not (user and at and domain and " " not in address):
                raise ValueError(f"{address!r} is no e-mail address")
            if TERMS[channel].is_text_message and not (address.startswith("+") and address[1:].isdigit()):
                raise ValueError(f"{address!r} is no number that begins with + and the country's code")
        return pairs

    @field_validator("daily_caps")
    @classmethod
    def _caps_are_numbers(cls, pairs: str) -> str:
        for channel, number in _of_channels(pairs).items():
            if not (number.isascii() and number.isdigit()):
                raise ValueError(f"the cap of {channel} must be a whole number, not {number!r}")
        return pairs

    @property
    def redirects(self) -> Mapping[str, str]:
        """Where redirect mode sends instead, by channel."""
        return split_pairs(self.redirect_to)

    @property
    def caps(self) -> Mapping[str, int]:
        """The most messages a day, by channel."""
        return {channel: int(number) for channel, number in split_pairs(self.daily_caps).items()}

    @property
    def order(self) -> tuple[str, ...]:
        """The company's order of channels."""
        return tuple(split(self.channel_order))

    @property
    def alert_levels(self) -> Mapping[str, int]:
        """How many team hours before the deadline who is told."""
        return dict(zip(ALERT_LEVELS, map(int, split(self.alert_hours)), strict=True))

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
    return read_environment(Settings)


def read_environment(kind: type[Configuration]) -> Configuration:
    """Read one group of settings, each also from the file that its `..._FILE` names. A channel has a group of its own,
    with its `env_prefix`. Raises InvalidInput that names every variable at fault."""
    prefix = str(kind.model_config.get("env_prefix", PREFIX))
    try:
        return kind(**_secrets_from_files(kind, prefix, os.environ))
    except ValidationError as error:
        faults = "; ".join(f"{prefix}{str((*e['loc'], '')[0]).upper()}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"the environment cannot be used: {faults}") from error


def split(text: str) -> list[str]:
    """The parts of a list with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def split_pairs(text: str) -> dict[str, str]:
    """`email=200,sms=50` as a dict. Raises ValueError where a part has no `=`."""
    pairs = {}
    for part in split(text):
        name, equals, value = part.partition("=")
        if not equals or not value.strip():
            raise ValueError(f"{part!r} must be written as channel=value")
        pairs[name.strip()] = value.strip()
    return pairs


def _of_channels(pairs: str) -> dict[str, str]:
    found = split_pairs(pairs)
    if unknown := [name for name in found if name not in TERMS]:
        raise ValueError(f"there is no channel {unknown[0]!r}; known are {', '.join(TERMS)}")
    return found


def _secrets_from_files(kind: type[BaseSettings], prefix: str, environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in kind.model_fields:
        variable = f"{prefix}{name.upper()}_FILE"
        if path := environment.get(variable):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise InvalidInput(f"{variable}: cannot read {path}: {error.strerror}") from error
    return found
